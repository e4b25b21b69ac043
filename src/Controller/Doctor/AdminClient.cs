using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Doctor;

/// <summary>The API calls that only the checks make.</summary>
internal sealed class AdminClient(HttpClient http, TimeProvider clock)
{
    /// <summary>Labels of the agents: of Operator v2's, and of the Helm chart's.</summary>
    private static readonly string[] AgentLabels = ["app.kubernetes.io/component=ha-controller", "app.kubernetes.io/name=piraeus-ha-controller"];

    public async Task<string> VersionAsync(CancellationToken cancellation) => (await GetAsync("version", KubernetesJson.Default.WireServerVersion, cancellation)).GitVersion;

    /// <summary>Whether this account has a right, in the whole cluster or for one object.</summary>
    public async Task<bool> MayAsync(Permission right, ObjectKey? only, CancellationToken cancellation)
    {
        var kind = right.Resource.Split('/');
        var review = new WireAccessReview
        {
            Spec = new()
            {
                ResourceAttributes = new()
                {
                    Group = right.Group,
                    Resource = kind[0],
                    Subresource = kind.Length > 1 ? kind[1] : null,
                    Verb = right.Verb,
                    Namespace = only?.Namespace,
                    Name = right.Verb == "create" ? null : only?.Name, // a creation cannot be limited to a name
                },
            },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(review, KubernetesJson.Default.WireAccessReview)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        return (await SendAsync(request, KubernetesJson.Default.WireAccessReview, cancellation)).Status?.Allowed == true;
    }

    /// <returns>Null if there is no such Lease.</returns>
    public Task<WireLease?> LeaseAsync(ObjectKey key, CancellationToken cancellation) => new KubernetesClient(http, new("", LabelSelector.Parse("")), clock).GetLeaseAsync(key, cancellation);

    /// <summary>The pods of agents of version 1.x, which belong to a DaemonSet.</summary>
    public async Task<IReadOnlyList<string>> AgentsAsync(CancellationToken cancellation)
    {
        var agents = new List<string>();
        foreach (var label in AgentLabels)
        {
            var pods = await GetAsync($"api/v1/pods?labelSelector={Uri.EscapeDataString(label)}", KubernetesJson.Default.WireListWirePod, cancellation);
            agents.AddRange(pods.Items.OfType<WirePod>().Where(pod => pod.Metadata.OwnerReferences?.Exists(owner => owner?.Kind == "DaemonSet") == true).Select(pod => $"{pod.Metadata.Namespace}/{pod.Metadata.Name}"));
        }

        return [.. agents.Distinct()];
    }

    private async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await SendAsync(request, type, cancellation);
    }

    private Task<T> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellation) => http.SendAsync(
        request, ApiRequests.Deadline, async (answer, token) => await JsonSerializer.DeserializeAsync(answer, type, token) ?? throw new JsonException("the answer is null"), clock, cancellation);
}
