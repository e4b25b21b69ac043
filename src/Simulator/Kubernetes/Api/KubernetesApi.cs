using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Answers requests.</summary>
/// <param name="present">Returns an object as readers see it, where the store does not write every change.</param>
internal sealed class KubernetesApi(ObjectStore store, WorldClock clock, WallClock wallClock, Watches watches, KubernetesHazards hazards, KubernetesOptions options, Func<KubernetesObject, KubernetesObject> present)
{
    private readonly Writes _writes = new(store, wallClock);
    private readonly Deletions _deletions = new(store);
    private readonly WatchApi _watchApi = new(store, clock, watches, wallClock, hazards, options);

    public async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (AccessReviews.Has(path))
        {
            await AccessReviews.AnswerAsync(context, path);
            return;
        }

        if (RequestTarget.Find(path) is not { } target)
        {
            await Reply.JsonAsync(context, StatusCodes.Status200OK, AboutTheServer(context, path) ?? throw NotSimulated.Path(context.Request.Path.Value!));
            return;
        }

        if (target is { Kind: PodKind, Subresource: { } part } && NotSimulated.OfPods(part) is { } what)
        {
            _ = clock.Ask(() => _writes.Existing(target));
            throw NotSimulated.Container(what, target.Name!);
        }

        CheckSubresource(target, context.Request);
        target = target with { IsDryRun = RequestTarget.IsDry(context.Request.Query["dryRun"]), FieldValidation = context.Request.Query["fieldValidation"].ToString() };
        await (context.Request.Method switch
        {
            "GET" when WatchApi.IsSet(context.Request.Query, "watch") => _watchApi.AnswerAsync(context, target),
            "GET" when target.Name is null => ListAsync(context, target),
            "GET" => GetAsync(context, target),
            "POST" or "PUT" or "PATCH" => WriteAsync(context, target),
            "DELETE" => DeleteAsync(context, target),
            _ => throw ApiException.MethodNotAllowed(),
        });
    }

    private static JsonNode? AboutTheServer(HttpContext context, string[] path) => context.Request.Method != "GET" ? null : path switch
    {
        ["version"] => Discovery.Version.DeepClone(),
        ["openapi", "v3", ..] => OpenApi.Find(path),
        _ => Discovery.Find(path, context.Request.Host.Value ?? ""),
    };

    private static void CheckSubresource(RequestTarget target, HttpRequest request)
    {
        var isOfPods = target.Subresource is "eviction" or "binding" && target.Kind is PodKind;
        if (target.Subresource is not null && !isOfPods && !(target.Subresource == "status" && target.Kind.HasStatus) && !(target.Subresource == "scale" && target.Kind.HasScale))
        {
            throw NotSimulated.Path(request.Path.Value!);
        }

        var canCreate = isOfPods || (target.Name is null && (target.Namespace is not null || !target.Kind.IsNamespaced));
        var canDelete = target.Subresource is null && (target.Name is not null || canCreate);
        if (request.Method switch { "GET" => isOfPods, "POST" => !canCreate, "PUT" or "PATCH" => target.Name is null || isOfPods, _ => !canDelete })
        {
            throw ApiException.MethodNotAllowed();
        }
    }

    private async Task ListAsync(HttpContext context, RequestTarget target)
    {
        var objectRendering = ObjectRendering.Of(context.Request, target.Kind, wallClock, isList: true);
        var (items, metadata) = clock.Ask(() =>
        {
            var (found, about) = Lists.Answer(target, store, context.Request.Query);
            return (found.Select(present).ToList(), about);
        });
        await Reply.BytesAsync(context, StatusCodes.Status200OK, Json.Bytes(json => objectRendering.Write(json, items, metadata)));
    }

    private async Task GetAsync(HttpContext context, RequestTarget target)
    {
        if (target.Subresource == "scale")
        {
            await Reply.JsonAsync(context, StatusCodes.Status200OK, clock.Ask(() => _writes.Scale(target)));
            return;
        }

        var objectRendering = ObjectRendering.Of(context.Request, target.Kind, wallClock, isList: false);
        var item = clock.Ask(() => present(_writes.Existing(target)));
        await Reply.BytesAsync(context, StatusCodes.Status200OK, Json.Bytes(json => objectRendering.Write(json, item)));
    }

    private async Task WriteAsync(HttpContext context, RequestTarget target)
    {
        if (context.Request.Method == "PATCH")
        {
            var patch = await RequestBody.JsonAsync(context);
            await AnswerAsync(context, target, clock.Ask(() => Patch(target, RequestBody.TypeOf(context.Request), patch)));
            return;
        }

        var body = await RequestBody.ObjectAsync(context);
        await AnswerAsync(context, target, clock.Ask(() => Write(context.Request.Method, target, body)));
    }

    private WriteReply Write(string method, RequestTarget target, JsonObject body) => target.Subresource switch
    {
        "eviction" => _deletions.Delete(target, body["deleteOptions"]?.DeepClone() as JsonObject ?? []) is var evicted ? evicted with { Code = StatusCodes.Status201Created, Item = null, Other = Deletions.Success() } : evicted,
        "binding" => _writes.Bind(target, body),
        "scale" => _writes.Rescale(target, body),
        _ => method == "POST" ? _writes.Create(target, body) : _writes.Replace(target, body),
    };

    private WriteReply Patch(RequestTarget target, string? type, JsonNode? patch) =>
        target.Subresource == "scale" ? _writes.Rescale(target, Patches.Apply(type, _writes.Scale(target), patch)) : _writes.Patch(target, type, patch);

    private async Task DeleteAsync(HttpContext context, RequestTarget target)
    {
        var query = context.Request.Query;
        var options = await RequestBody.ObjectAsync(context, mayBeMissing: true);
        if (!options.ContainsKey("gracePeriodSeconds") && int.TryParse(query["gracePeriodSeconds"], out var grace))
        {
            options["gracePeriodSeconds"] = grace;
        }

        if (!options.ContainsKey("propagationPolicy") && query["propagationPolicy"].ToString() is { Length: > 0 } policy)
        {
            options["propagationPolicy"] = policy;
        }

        if (target.Name is not null)
        {
            await AnswerAsync(context, target, clock.Ask(() => _deletions.Delete(target, options)));
            return;
        }

        var objectRendering = ObjectRendering.Of(context.Request, target.Kind, wallClock, isList: true);
        var (items, version) = clock.Ask(() => (_deletions.DeleteAll(target, target.Selector(query), options), store.Version));
        await Reply.BytesAsync(context, StatusCodes.Status200OK, Json.Bytes(json => objectRendering.Write(json, items, new() { ["resourceVersion"] = MetadataJson.Version(version) })));
    }

    private async Task AnswerAsync(HttpContext context, RequestTarget target, WriteReply written)
    {
        foreach (var warning in written.Warnings ?? [])
        {
            // A header is ASCII, but a field's name need not be.
            var quoted = string.Concat(warning.Select(letter => letter is '"' or '\\' ? $"\\{letter}" : letter is >= ' ' and <= '~' ? $"{letter}" : "?"));
            context.Response.Headers.Append("Warning", $"299 - \"{quoted}\"");
        }

        if (written.Item is { } item)
        {
            var objectRendering = ObjectRendering.Of(context.Request, target.Kind, wallClock, isList: false);
            await Reply.BytesAsync(context, written.Code, Json.Bytes(json => objectRendering.Write(json, item)));
        }
        else
        {
            await Reply.JsonAsync(context, written.Code, written.Other!);
        }
    }
}
