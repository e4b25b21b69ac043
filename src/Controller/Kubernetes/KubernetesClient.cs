using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The API calls other than list and watch.</summary>
internal sealed class KubernetesClient(HttpClient http, KubernetesTranslation kubernetesTranslation, TimeProvider clock)
{
    /// <summary>The deadline of a request that changes the cluster, and of any other that must be short; the lease must outlive it.</summary>
    public static readonly TimeSpan ActDeadline = TimeSpan.FromSeconds(5);

    /// <summary>Deletes exactly this incarnation of a pod, without waiting for its node.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="mayNotLeave">Whether the request may not leave any more: asked when there is a connection.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<MutationAnswer> DeleteAsync(Pod pod, Func<bool> mayNotLeave, CancellationToken cancellation) =>
        DeleteAsync($"api/v1/namespaces/{pod.Key.Namespace}/pods/{pod.Key.Name}", pod.Uid, gracePeriodSeconds: 0, ("", "pods"), mayNotLeave, cancellation);

    /// <summary>Gives exactly this incarnation of a pod the condition <c>DisruptionTarget</c>, as the cluster's own controllers do before they delete one: a Job need not count it as failed.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="message">Why it will be deleted.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task MarkDisruptedAsync(Pod pod, string message, CancellationToken cancellation)
    {
        var condition = new JsonObject
        {
            ["type"] = "DisruptionTarget",
            ["status"] = "True",
            ["reason"] = "DeletionByPiraeusHAController",
            ["message"] = message,
            ["lastTransitionTime"] = clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Uid.Value }, ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        using var request = Request(HttpMethod.Patch, $"api/v1/namespaces/{pod.Key.Namespace}/pods/{pod.Key.Name}/status", new StringContent(patch.ToJsonString(), Encoding.UTF8, "application/strategic-merge-patch+json"));
        await http.SendAsync(request, ActDeadline, clock, cancellation);
    }

    /// <summary>Deletes exactly this incarnation of an attachment; it disappears when the external attacher has detached the volume.</summary>
    /// <param name="attachment">The attachment.</param>
    /// <param name="mayNotLeave">As for a pod.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<MutationAnswer> DeleteAsync(Attachment attachment, Func<bool> mayNotLeave, CancellationToken cancellation) =>
        DeleteAsync($"apis/storage.k8s.io/v1/volumeattachments/{attachment.Name}", attachment.Uid, gracePeriodSeconds: null, ("storage.k8s.io", "volumeattachments"), mayNotLeave, cancellation);

    /// <summary>Every pod bound to a node, whatever its labels.</summary>
    public Task<ImmutableArray<Pod>> PodsOnAsync(NodeName node, CancellationToken cancellation) => PodsAsync($"api/v1/pods?fieldSelector={Uri.EscapeDataString($"spec.nodeName={node}")}&", cancellation);

    /// <summary>Every pod of a namespace, whatever its labels.</summary>
    public Task<ImmutableArray<Pod>> PodsInAsync(string @namespace, CancellationToken cancellation) => PodsAsync($"api/v1/namespaces/{@namespace}/pods?", cancellation);

    private async Task<ImmutableArray<Pod>> PodsAsync(string query, CancellationToken cancellation)
    {
        var pods = ImmutableArray.CreateBuilder<Pod>();
        for (string? next = null; ;)
        {
            var page = await SendAsync(HttpMethod.Get, $"{query}limit=500&continue={Uri.EscapeDataString(next ?? "")}", null, KubernetesJson.Default.WireListWirePod, ApiRequests.Deadline, cancellation);
            pods.AddRange(page.Items.OfType<WirePod>().Select(kubernetesTranslation.Pod));
            next = page.Metadata.Continue;
            if (string.IsNullOrEmpty(next))
            {
                return pods.ToImmutable();
            }
        }
    }

    /// <summary>The newest warning about an object that is not our own; null if there is none.</summary>
    public async Task<string?> WarningAboutAsync(string @namespace, Uid about, CancellationToken cancellation)
    {
        var selector = Uri.EscapeDataString($"involvedObject.uid={about},type=Warning");
        try
        {
            var events = await SendAsync(HttpMethod.Get, $"api/v1/namespaces/{@namespace}/events?fieldSelector={selector}&limit=100", null, KubernetesJson.Default.WireListWireWarning, ActDeadline, cancellation);
            return events.Items.OfType<WireWarning>().Where(warning => warning.Source?.Component != ProgramVersion.Name).MaxBy(warning => warning.LastTimestamp ?? warning.EventTime)?.Message;
        }
        catch (KubernetesException forbidden) when (forbidden.Status == HttpStatusCode.Forbidden)
        {
            throw new KubernetesException(forbidden.Status, RefusalText.Explain(forbidden, RefusalText.Missing("", "events", "list")), forbidden.RetryAfter);
        }
    }

    public async Task CreateEventAsync(WireEvent happened, CancellationToken cancellation)
    {
        using var request = Request(HttpMethod.Post, $"api/v1/namespaces/{happened.Metadata.Namespace}/events", Body(happened, KubernetesJson.Default.WireEvent));
        await http.SendAsync(request, ActDeadline, clock, cancellation);
    }

    /// <returns>Null if there is no such Lease.</returns>
    public Task<WireLease?> GetLeaseAsync(ObjectKey key, CancellationToken cancellation) => FindAsync($"{LeasesOf(key)}/{key.Name}", KubernetesJson.Default.WireLease, cancellation);

    /// <returns>Null if there is no such ConfigMap.</returns>
    public Task<WireConfigMap?> GetConfigMapAsync(ObjectKey key, CancellationToken cancellation) => FindAsync($"{ConfigMapsOf(key)}/{key.Name}", KubernetesJson.Default.WireConfigMap, cancellation);

    /// <summary>The API server's version, such as <c>v1.34.1</c>.</summary>
    public async Task<string> VersionAsync(CancellationToken cancellation) => (await SendAsync(HttpMethod.Get, "version", null, KubernetesJson.Default.WireServerVersion, ActDeadline, cancellation)).GitVersion;

    /// <summary>Whether our account has a right.</summary>
    /// <param name="group">The API group; empty for the core group.</param>
    /// <param name="resource">The resource, with its subresource.</param>
    /// <param name="verb">The verb.</param>
    /// <param name="only">The only object that it is about; null for the whole cluster.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<bool> MayAsync(string group, string resource, string verb, ObjectKey? only, CancellationToken cancellation)
    {
        var kind = resource.Split('/');
        var review = new WireAccessReview
        {
            Spec = new()
            {
                ResourceAttributes = new()
                {
                    Group = group,
                    Resource = kind[0],
                    Subresource = kind.Length > 1 ? kind[1] : null,
                    Verb = verb,
                    Namespace = only?.Namespace,
                    Name = verb == "create" ? null : only?.Name, // a creation cannot be limited to a name
                },
            },
        };
        var answer = await SendAsync(
            HttpMethod.Post, "apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Body(review, KubernetesJson.Default.WireAccessReview), KubernetesJson.Default.WireAccessReview, ActDeadline, cancellation);
        return answer.Status?.Allowed == true;
    }

    /// <summary>The pods with a label that belong to a DaemonSet.</summary>
    public async Task<IReadOnlyList<ObjectKey>> DaemonSetPodsAsync(string label, CancellationToken cancellation)
    {
        var pods = await SendAsync(HttpMethod.Get, $"api/v1/pods?labelSelector={Uri.EscapeDataString(label)}", null, KubernetesJson.Default.WireListWirePod, ApiRequests.Deadline, cancellation);
        return [.. pods.Items.OfType<WirePod>().Select(kubernetesTranslation.Pod).Where(pod => pod.Owner is { Kind: "DaemonSet" }).Select(pod => pod.Key)];
    }

    /// <summary>The zone of each node that has the label <c>topology.kubernetes.io/zone</c>.</summary>
    public async Task<IReadOnlyDictionary<NodeName, string>> ZonesAsync(CancellationToken cancellation)
    {
        var nodes = await SendAsync(HttpMethod.Get, "api/v1/nodes?labelSelector=topology.kubernetes.io%2Fzone", null, KubernetesJson.Default.WireListWireMetadataOnly, ApiRequests.Deadline, cancellation);
        return nodes.Items.OfType<WireMetadataOnly>().ToDictionary(node => new NodeName(node.Metadata.Name), node => node.Metadata.Labels!["topology.kubernetes.io/zone"]);
    }

    /// <summary>Creates the Lease, or replaces it if it is still the version that was read.</summary>
    /// <exception cref="KubernetesException">With status 409 if another client wrote first.</exception>
    public Task<WireLease> WriteLeaseAsync(ObjectKey key, WireLease lease, CancellationToken cancellation) =>
        WriteAsync(LeasesOf(key), lease.Metadata.ResourceVersion is null ? null : key.Name, lease, KubernetesJson.Default.WireLease, cancellation);

    /// <summary>Creates the ConfigMap, or replaces it if it is still the version that was read.</summary>
    /// <exception cref="KubernetesException">With status 409 if another client wrote first.</exception>
    public Task<WireConfigMap> WriteConfigMapAsync(ObjectKey key, WireConfigMap map, CancellationToken cancellation) =>
        WriteAsync(ConfigMapsOf(key), map.Metadata.ResourceVersion is null ? null : key.Name, map, KubernetesJson.Default.WireConfigMap, cancellation);

    private async Task<MutationAnswer> DeleteAsync(string path, Uid uid, long? gracePeriodSeconds, (string Group, string Resource) kind, Func<bool> mayNotLeave, CancellationToken cancellation)
    {
        var options = new WireDeleteOptions { GracePeriodSeconds = gracePeriodSeconds, Preconditions = new() { Uid = uid.Value } };
        using var body = new CheckedContent(JsonSerializer.SerializeToUtf8Bytes(options, KubernetesJson.Default.WireDeleteOptions), mayNotLeave);
        using var request = Request(HttpMethod.Delete, path, body);
        try
        {
            await http.SendAsync(request, ActDeadline, clock, cancellation);
            return new(MutationOutcome.Accepted);
        }
        catch (Exception) when (body.WasWithheld)
        {
            return new(MutationOutcome.NotSent);
        }
        catch (Exception failed) when (ApiRequests.OutcomeOf(failed, kind.Group, kind.Resource, "delete") is not null)
        {
            return ApiRequests.OutcomeOf(failed, kind.Group, kind.Resource, "delete")!;
        }
    }

    private async Task<T?> FindAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await SendAsync(HttpMethod.Get, path, null, type, ActDeadline, cancellation);
        }
        catch (KubernetesException none) when (none.IsMissing)
        {
            return null;
        }
    }

    /// <param name="collection">The path of all objects of the kind.</param>
    /// <param name="existing">The name of the object to replace; null to create it.</param>
    /// <param name="value">The object.</param>
    /// <param name="type">Its type.</param>
    /// <param name="cancellation">Ends it.</param>
    private Task<T> WriteAsync<T>(string collection, string? existing, T value, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        SendAsync(existing is null ? HttpMethod.Post : HttpMethod.Put, existing is null ? collection : $"{collection}/{existing}", Body(value, type), type, ActDeadline, cancellation);

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? body, JsonTypeInfo<T> type, RequestLimits limits, CancellationToken cancellation)
    {
        using var request = Request(method, path, body);
        return await http.SendAsync(request, limits, ReadAsync, clock, cancellation);

        async Task<T> ReadAsync(Stream answer, CancellationToken token) =>
            await JsonSerializer.DeserializeAsync(answer, type, token) ?? throw new JsonException($"the answer to {method} {path} is null");
    }

    private static string ConfigMapsOf(ObjectKey key) => $"api/v1/namespaces/{key.Namespace}/configmaps";

    private static string LeasesOf(ObjectKey key) => $"apis/coordination.k8s.io/v1/namespaces/{key.Namespace}/leases";

    private static HttpRequestMessage Request(HttpMethod method, string path, HttpContent? body) => new(method, path) { Content = body };

    // With a length, because some middleboxes drop a chunked body on DELETE.
    private static ByteArrayContent Body<T>(T value, JsonTypeInfo<T> type) => new(JsonSerializer.SerializeToUtf8Bytes(value, type))
    {
        Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
    };
}
