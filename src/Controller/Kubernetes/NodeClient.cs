using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The changes that are made to nodes. Others write them too, so each is read, changed and written back only if nobody was faster.</summary>
internal sealed class NodeClient(HttpClient http, TimeProvider clock)
{
    /// <summary>How often somebody else may be faster before we give up for now.</summary>
    private const int Tries = 5;

    /// <summary>Keeps new pods away from a node that has lost storage.</summary>
    public Task<Outcome> TaintAsync(NodeName node, CancellationToken cancellation) => ChangeAsync(node, "", ("nodes", ["get", "patch"]), found =>
    {
        var taints = Array(found["spec"]?["taints"]);
        return taints.Exists(IsLostQuorum)
            ? null
            : Patch(NodeTaint.Owner, [.. taints, new JsonObject { ["key"] = NodeTaint.Key, ["effect"] = NodeTaint.Effect }]);
    }, cancellation);

    /// <summary>Takes our taint back, and leaves every other.</summary>
    public Task<Outcome> UntaintAsync(NodeName node, CancellationToken cancellation) => ChangeAsync(node, "", ("nodes", ["get", "patch"]), found =>
    {
        var taints = Array(found["spec"]?["taints"]);
        var isOurs = found["metadata"]?["annotations"]?[NodeTaint.OwnerAnnotation]?.GetValue<string>() == NodeTaint.Owner;
        return isOurs ? Patch(null, [.. taints.Where(taint => !IsLostQuorum(taint))]) : null;
    }, cancellation);

    /// <summary>Takes volumes off the list of those that the node says it uses, which the attach-detach controller would wait for.</summary>
    /// <param name="node">The lost node, whose kubelet does not say so itself.</param>
    /// <param name="names">The volumes, as the list names them.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<Outcome> ReleaseAsync(NodeName node, IReadOnlySet<string> names, CancellationToken cancellation) => ChangeAsync(node, "/status", ("nodes/status", ["patch"]), found =>
    {
        var inUse = Array(found["status"]?["volumesInUse"]);
        var kept = inUse.FindAll(volume => !names.Contains(volume?.GetValue<string>() ?? ""));

        // Only the list must be as it was read. The attach-detach controller writes the same status whenever it has detached a volume.
        return kept.Count == inUse.Count ? null : new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/status/volumesInUse", ["value"] = new JsonArray([.. inUse.Select(volume => volume?.DeepClone())]) },
            new JsonObject { ["op"] = "replace", ["path"] = "/status/volumesInUse", ["value"] = new JsonArray([.. kept]) });
    }, cancellation);

    /// <summary>The volumes that a node's kubelet last said to use; none of a node that there is not.</summary>
    /// <exception cref="KubernetesException">The server would not say.</exception>
    public async Task<ImmutableArray<string>> VolumesInUseAsync(NodeName node, CancellationToken cancellation)
    {
        try
        {
            var found = await SendAsync(HttpMethod.Get, $"api/v1/nodes/{node}", null, cancellation);
            return [.. Array(found["status"]?["volumesInUse"]).Select(volume => volume?.GetValue<string>()).OfType<string>()];
        }
        catch (KubernetesException gone) when (gone.Status == HttpStatusCode.NotFound)
        {
            return [];
        }
        catch (KubernetesException forbidden) when (forbidden.Status == HttpStatusCode.Forbidden)
        {
            throw new KubernetesException(forbidden.Status, $"{Permission.Missing("", "nodes", "get")} ({forbidden.Message})", forbidden.RetryAfter);
        }
    }

    /// <param name="node">The node.</param>
    /// <param name="subresource">What is patched: the node, or its <c>/status</c>.</param>
    /// <param name="rule">The permission that it takes.</param>
    /// <param name="change">A patch for the node as it is, refused if that is no longer so: an object to merge, or a list of operations; null if there is nothing to change.</param>
    /// <param name="cancellation">Ends it.</param>
    private async Task<Outcome> ChangeAsync(
        NodeName node, string subresource, (string Resource, string[] Verbs) rule, Func<JsonNode, JsonNode?> change, CancellationToken cancellation)
    {
        // One deadline for all of it: the lease that was asked for covers no more.
        using var late = new CancellationTokenSource(KubernetesClient.ActDeadline, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            for (var tries = 1; ; tries++)
            {
                var found = await SendAsync(HttpMethod.Get, $"api/v1/nodes/{node}", null, either.Token);
                if (change(found) is not { } patch)
                {
                    return new(Answer.Unchanged);
                }

                if (patch is JsonObject merged)
                {
                    // The version makes the server refuse it if the node has changed since.
                    merged["metadata"]!["resourceVersion"] = found["metadata"]!["resourceVersion"]!.GetValue<string>();
                }

                try
                {
                    await SendAsync(HttpMethod.Patch, $"api/v1/nodes/{node}{subresource}", patch, either.Token);
                    return new(Answer.Accepted);
                }
                catch (KubernetesException conflict) when (conflict.Status is HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity && tries < Tries)
                {
                    // Somebody else was faster: look again.
                }
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return new(Answer.TimedOut, $"node {node} could not be changed within {KubernetesClient.ActDeadline.TotalSeconds} s");
        }
        catch (Exception failed) when (Requests.OutcomeOf(failed, "", rule.Resource, rule.Verbs) is not null)
        {
            return Requests.OutcomeOf(failed, "", rule.Resource, rule.Verbs)!;
        }
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode? patch, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        if (patch is not null)
        {
            request.Content = new StringContent(patch.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(patch is JsonArray ? "application/json-patch+json" : "application/merge-patch+json"));
        }

        using var response = await http.SendAsync(request, KubernetesClient.ActDeadline, clock, cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        return await JsonNode.ParseAsync(body, cancellationToken: cancellation) ?? throw new JsonException($"the answer to {method} {path} is null");
    }

    private static JsonObject Patch(string? owner, IEnumerable<JsonNode?> taints) => new()
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [NodeTaint.OwnerAnnotation] = owner } },
        ["spec"] = new JsonObject { ["taints"] = new JsonArray([.. taints]) },
    };

    private static bool IsLostQuorum(JsonNode? taint) =>
        taint?["key"]?.GetValue<string>() == NodeTaint.Key && taint["effect"]?.GetValue<string>() == NodeTaint.Effect;

    // A node of JSON has one parent: what goes into a patch is a copy.
    private static List<JsonNode?> Array(JsonNode? array) => [.. ((array as JsonArray) ?? []).Select(item => item?.DeepClone())];
}

/// <summary>The taint that Piraeus' components know and tolerate, and how it is known to be ours: others may set the same.</summary>
internal static class NodeTaint
{
    public const string Key = "drbd.linbit.com/lost-quorum";
    public const string Effect = "NoSchedule";
    public const string OwnerAnnotation = "drbd.linbit.com/lost-quorum-tainted-by";
    public const string Owner = Release.Name;
}
