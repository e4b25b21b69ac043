using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Reads and changes nodes. Others write them too, so each change reads the node and is written back only if the node has not changed since.</summary>
internal sealed class NodeClient(HttpClient http, TimeProvider clock)
{
    /// <summary>How many conflicting writes are tolerated before we give up for now.</summary>
    private const int Tries = 5;

    /// <summary>Keeps new pods away from a node that has lost storage.</summary>
    /// <param name="node">The node.</param>
    /// <param name="mayNotLeave">Whether the request may not leave any more: asked when there is a connection.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<MutationAnswer> TaintAsync(NodeName node, Func<bool> mayNotLeave, CancellationToken cancellation) => ChangeAsync(node, "", ("nodes", ["get", "patch"]), mayNotLeave, found =>
    {
        var taints = Array(found["spec"]?["taints"]);
        return taints.Exists(IsLostQuorum)
            ? null
            : Patch(NodeTaint.Owner, [.. taints, new JsonObject { ["key"] = NodeTaint.Key, ["effect"] = NodeTaint.Effect }]);
    }, cancellation);

    /// <summary>Removes our taint, and leaves every other.</summary>
    /// <inheritdoc cref="TaintAsync"/>
    public Task<MutationAnswer> UntaintAsync(NodeName node, Func<bool> mayNotLeave, CancellationToken cancellation) => ChangeAsync(node, "", ("nodes", ["get", "patch"]), mayNotLeave, found =>
    {
        var taints = Array(found["spec"]?["taints"]);
        var isOurs = found["metadata"]?["annotations"]?[NodeTaint.OwnerAnnotation]?.GetValue<string>() == NodeTaint.Owner;
        return isOurs ? Patch(null, [.. taints.Where(taint => !IsLostQuorum(taint))]) : null;
    }, cancellation);

    /// <summary>Removes volumes from the node's list of volumes in use, which the attach-detach controller would wait for.</summary>
    /// <param name="node">The lost node, whose kubelet does not update the list itself.</param>
    /// <param name="names">The volumes, as the list names them.</param>
    /// <param name="mayNotLeave">As for a taint.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<MutationAnswer> ReleaseAsync(NodeName node, IReadOnlySet<string> names, Func<bool> mayNotLeave, CancellationToken cancellation) => ChangeAsync(node, "/status", ("nodes/status", ["patch"]), mayNotLeave, found =>
    {
        var inUse = Array(found["status"]?["volumesInUse"]);
        var kept = inUse.FindAll(volume => !names.Contains(volume?.GetValue<string>() ?? ""));

        // Only the list must be as it was read: the attach-detach controller writes the same status whenever it has detached a volume.
        return kept.Count == inUse.Count ? null : new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/status/volumesInUse", ["value"] = new JsonArray([.. inUse.Select(volume => volume?.DeepClone())]) },
            new JsonObject { ["op"] = "replace", ["path"] = "/status/volumesInUse", ["value"] = new JsonArray([.. kept]) });
    }, cancellation);

    /// <summary>Keeps new pods away from a node, as <c>kubectl cordon</c> does.</summary>
    public Task<MutationAnswer> CordonAsync(NodeName node, CancellationToken cancellation) => SetSchedulableAsync(node, false, cancellation);

    /// <summary>Lets a node take new pods again.</summary>
    public Task<MutationAnswer> UncordonAsync(NodeName node, CancellationToken cancellation) => SetSchedulableAsync(node, true, cancellation);

    private Task<MutationAnswer> SetSchedulableAsync(NodeName node, bool isSchedulable, CancellationToken cancellation) => ChangeAsync(node, "", ("nodes", ["get", "patch"]), () => false, found =>
        (found["spec"]?["unschedulable"]?.GetValue<bool>() ?? false) == !isSchedulable ? null
        : new JsonObject { ["metadata"] = new JsonObject(), ["spec"] = new JsonObject { ["unschedulable"] = isSchedulable ? null : true } }, cancellation);

    /// <summary>The state of a node now.</summary>
    /// <exception cref="KubernetesException">The server did not return the node.</exception>
    public async Task<NodeState> StateAsync(NodeName node, CancellationToken cancellation)
    {
        try
        {
            return KubernetesTranslation.State(await GetAsync(
                node, async (body, token) => await JsonSerializer.DeserializeAsync(body, KubernetesJson.Default.WireNode, token), cancellation));
        }
        catch (KubernetesException gone) when (gone.IsMissing)
        {
            return NodeState.Absent;
        }
        catch (KubernetesException forbidden) when (forbidden.Status == HttpStatusCode.Forbidden)
        {
            throw new KubernetesException(forbidden.Status, RefusalText.Explain(forbidden, RefusalText.Missing("", "nodes", "get")), forbidden.RetryAfter);
        }
    }

    /// <param name="node">The node.</param>
    /// <param name="subresource">The patched resource: the node, or its <c>/status</c>.</param>
    /// <param name="rule">The permission that this needs.</param>
    /// <param name="mayNotLeave">Whether the patch may not leave any more.</param>
    /// <param name="change">A patch for the node as it was read, which is refused if the node has changed: an object to merge, or a list of operations; null if there is nothing to change.</param>
    /// <param name="cancellation">Ends it.</param>
    private async Task<MutationAnswer> ChangeAsync(
        NodeName node, string subresource, (string Resource, string[] Verbs) rule, Func<bool> mayNotLeave, Func<JsonNode, JsonNode?> change, CancellationToken cancellation)
    {
        // One deadline for all of it: the leadership that was checked covers no more.
        using var late = new CancellationTokenSource(KubernetesClient.ActDeadline, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            for (var tries = 1; ; tries++)
            {
                var found = await GetAsync(node, async (body, token) => await JsonNode.ParseAsync(body, cancellationToken: token), either.Token);
                if (PatchFor(found, change) is not { } patch)
                {
                    return new(MutationOutcome.Unchanged);
                }

                try
                {
                    return new(await PatchAsync(node, subresource, patch, mayNotLeave, either.Token) ? MutationOutcome.Accepted : MutationOutcome.NotSent);
                }
                catch (KubernetesException conflict) when (conflict.Status is HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity && tries < Tries)
                {
                    // Another client wrote first: read the node again.
                }
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return new(MutationOutcome.TimedOut, $"node {node} could not be changed within {KubernetesClient.ActDeadline.TotalSeconds} s");
        }
        catch (Exception failed) when (ApiRequests.OutcomeOf(failed, "", rule.Resource, rule.Verbs) is not null)
        {
            return ApiRequests.OutcomeOf(failed, "", rule.Resource, rule.Verbs)!;
        }
    }

    private async Task<T> GetAsync<T>(NodeName node, Func<Stream, CancellationToken, Task<T?>> read, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/v1/nodes/{node}");
        return await http.SendAsync(request, KubernetesClient.ActDeadline, read, clock, cancellation) ?? throw new JsonException($"node {node} is null");
    }

    /// <returns>Whether it was sent.</returns>
    private async Task<bool> PatchAsync(NodeName node, string subresource, JsonNode patch, Func<bool> mayNotLeave, CancellationToken cancellation)
    {
        using var body = new CheckedContent(Encoding.UTF8.GetBytes(patch.ToJsonString()), mayNotLeave, patch is JsonArray ? "application/json-patch+json" : "application/merge-patch+json");
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"api/v1/nodes/{node}{subresource}") { Content = body };
        try
        {
            await http.SendAsync(request, KubernetesClient.ActDeadline, clock, cancellation);
            return true;
        }
        catch (Exception) when (body.WasWithheld)
        {
            return false;
        }
    }

    /// <exception cref="JsonException">The server sent something other than a node.</exception>
    private static JsonNode? PatchFor(JsonNode found, Func<JsonNode, JsonNode?> change)
    {
        try
        {
            var patch = change(found);
            if (patch is JsonObject merged)
            {
                // The version makes the server refuse it if the node has changed since.
                merged["metadata"]!["resourceVersion"] = found["metadata"]?["resourceVersion"]?.GetValue<string>() ?? throw new JsonException("a node without a version");
            }

            return patch;
        }
        catch (Exception strange) when (strange is InvalidOperationException or ArgumentException)
        {
            throw new JsonException($"what should be a node is none: {strange.Message}", strange); // a value of another kind, or a duplicate field
        }
    }

    private static JsonObject Patch(string? owner, IEnumerable<JsonNode?> taints) => new()
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [NodeTaint.OwnerAnnotation] = owner } },
        ["spec"] = new JsonObject { ["taints"] = new JsonArray([.. taints]) },
    };

    private static bool IsLostQuorum(JsonNode? taint) =>
        taint?["key"]?.GetValue<string>() == NodeTaint.Key && taint["effect"]?.GetValue<string>() == NodeTaint.Effect;

    // A JsonNode has only one parent, so a patch needs a copy.
    private static List<JsonNode?> Array(JsonNode? array) => [.. ((array as JsonArray) ?? []).Select(item => item?.DeepClone())];
}

/// <summary>The state of a node that a failover needs, as it is now.</summary>
/// <param name="VolumesInUse">The volumes that its kubelet last reported in use. Never default.</param>
/// <param name="Ready">Whether its condition Ready is True; null if not known.</param>
/// <param name="Tainted">Whether it carries the taint, whether we have set it or not; null if not known.</param>
internal sealed record NodeState(ImmutableArray<string> VolumesInUse, bool? Ready, bool? Tainted)
{
    /// <summary>For a node that does not exist.</summary>
    public static NodeState Absent { get; } = new([], Ready: false, Tainted: false);

    /// <summary>For a node that could not be read.</summary>
    public static NodeState Unknown { get; } = new([], null, null);
}

/// <summary>The taint that Piraeus' components know and tolerate, and how we recognize our own: others may set the same.</summary>
internal static class NodeTaint
{
    public const string Key = "drbd.linbit.com/lost-quorum";
    public const string Effect = "NoSchedule";
    public const string OwnerAnnotation = "drbd.linbit.com/lost-quorum-tainted-by";
    public const string Owner = ProgramVersion.Name;
}
