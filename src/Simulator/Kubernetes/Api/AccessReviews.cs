using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Answers what the user may do (<c>kubectl auth can-i</c>): everything that is simulated, and nothing else.</summary>
internal static class AccessReviews
{
    private const string Access = "SelfSubjectAccessReview";
    private const string RulesKind = "SelfSubjectRulesReview";
    private const string Subject = "SelfSubjectReview";

    private static readonly string[] _paths = ["/", "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version"];

    /// <summary>The groups of reviews, with the plural and the kind of each.</summary>
    public static IReadOnlyList<(string Group, string Plural, string Kind)> Table { get; } =
    [
        ("authentication.k8s.io", "selfsubjectreviews", Subject),
        ("authorization.k8s.io", "selfsubjectaccessreviews", Access),
        ("authorization.k8s.io", "selfsubjectrulesreviews", RulesKind),
    ];

    /// <summary>Whether a path is one of a review.</summary>
    public static bool Has(string[] path) => path is ["apis", var group, ApiKind.Version, var plural] && Table.Any(review => review.Group == group && review.Plural == plural);

    /// <summary>Answers a review that was sent.</summary>
    public static async Task AnswerAsync(HttpContext context, string[] path)
    {
        if (context.Request.Method != "POST")
        {
            throw ApiException.MethodNotAllowed();
        }

        var (group, _, kind) = Table.First(review => review.Group == path[1] && review.Plural == path[3]);
        var sent = await RequestBody.ObjectAsync(context);
        var answer = new JsonObject { ["kind"] = kind, ["apiVersion"] = $"{group}/{ApiKind.Version}", ["metadata"] = new JsonObject() };
        answer.With("spec", sent["spec"]?.DeepClone());
        answer["status"] = kind switch
        {
            Access => AnswerTo(sent["spec"]),
            RulesKind => AllRules(),
            _ => new JsonObject { ["userInfo"] = new JsonObject { ["username"] = "simulator", ["groups"] = new JsonArray("system:masters", "system:authenticated") } },
        };
        await Reply.JsonAsync(context, StatusCodes.Status201Created, answer);
    }

    private static JsonObject AnswerTo(JsonNode? spec)
    {
        var objection = spec.At("resourceAttributes") is { } resource ? ObjectionTo(resource) : ObjectionToPath(spec.At("nonResourceAttributes"));
        return new JsonObject { ["allowed"] = objection is null }.With("reason", objection);
    }

    private static string? ObjectionTo(JsonNode resource)
    {
        var (group, plural, part, verb) = (resource.Text("group") ?? "", resource.Text("resource") ?? "", resource.Text("subresource") ?? "", resource.Text("verb") ?? "");
        var name = group.Length == 0 ? plural : $"{plural}.{group}";
        if (plural == "*" || group == "*")
        {
            return "only some resources are simulated";
        }

        if (Table.Any(review => review.Group == group && review.Plural == plural))
        {
            return verb == "create" ? null : $"{verb} of {name} is not simulated";
        }

        if (ApiKinds.Find(group, plural) is not { } kind)
        {
            return $"the resource {name} is not simulated";
        }

        var verbs = part.Length == 0 ? ApiKind.Verbs : Discovery.Subresources(kind).FirstOrDefault(known => known.Name == part).Verbs;
        return verbs is null ? $"the resource {plural}/{part} is not simulated" : verb == "*" || verbs.Contains(verb) ? null : $"{verb} of {name} is not simulated";
    }

    private static string? ObjectionToPath(JsonNode? asked)
    {
        var (path, verb) = (asked.Text("path") ?? "", asked.Text("verb") ?? "");
        var isKnown = _paths.Any(known => known.EndsWith('*') ? path.StartsWith(known[..^1], StringComparison.Ordinal) : path == known);
        return isKnown && verb == "get" ? null : $"{verb} of {path} is not simulated";
    }

    private static JsonObject AllRules() => new()
    {
        ["resourceRules"] = Json.Array(Rules(), rule => rule),
        ["nonResourceRules"] = new JsonArray(new JsonObject { ["verbs"] = new JsonArray("get"), ["nonResourceURLs"] = Json.Array(_paths) }),
        ["incomplete"] = false,
    };

    private static IEnumerable<JsonObject> Rules() =>
    [
        .. Table.Select(review => Rule(review.Group, review.Plural, "create")),
        .. ApiKinds.Table.Select(kind => Rule(kind.Group, kind.Plural, ApiKind.Verbs)),
        .. ApiKinds.Table.SelectMany(kind => Discovery.Subresources(kind).Select(part => Rule(kind.Group, $"{kind.Plural}/{part.Name}", part.Verbs))),
    ];

    private static JsonObject Rule(string group, string resource, params string[] verbs) =>
        new JsonObject { ["verbs"] = Json.Array(verbs), ["apiGroups"] = new JsonArray(group), ["resources"] = new JsonArray(resource) };
}
