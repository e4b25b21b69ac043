using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Evicts pods as <c>kubectl drain</c> does: with their grace period, and only if their PodDisruptionBudget allows it.</summary>
internal sealed class EvictionClient(HttpClient http, TimeProvider clock)
{
    /// <summary>The API version of an Eviction that the server takes: <c>policy/v1</c> since Kubernetes 1.22.</summary>
    /// <exception cref="KubernetesException">The server did not list its resources, or knows no eviction.</exception>
    public async Task<string> VersionAsync(CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/v1");
        var served = await http.SendAsync(request, KubernetesClient.ActDeadline, async (body, token) => await JsonNode.ParseAsync(body, cancellationToken: token), clock, cancellation);
        var eviction = (served?["resources"] as JsonArray)?.FirstOrDefault(resource => resource?["name"]?.GetValueKind() == JsonValueKind.String && resource["name"]!.GetValue<string>() == "pods/eviction");
        return $"{eviction?["version"]}" is { Length: > 0 } version ? $"policy/{version}" : throw new KubernetesException(HttpStatusCode.NotFound, "the server knows no eviction of pods");
    }

    /// <summary>Evicts exactly this incarnation of a pod.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="version">The API version of an Eviction, as <see cref="VersionAsync"/> has it.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="KubernetesException">The server refused; with status 429, because of a PodDisruptionBudget.</exception>
    public async Task EvictAsync(Pod pod, string version, CancellationToken cancellation)
    {
        var eviction = new JsonObject
        {
            ["apiVersion"] = version,
            ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["namespace"] = pod.Key.Namespace, ["name"] = pod.Key.Name },
            ["deleteOptions"] = new JsonObject { ["preconditions"] = new JsonObject { ["uid"] = pod.Uid.Value } },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/namespaces/{pod.Key.Namespace}/pods/{pod.Key.Name}/eviction")
        {
            Content = new StringContent(eviction.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        };
        try
        {
            await http.SendAsync(request, KubernetesClient.ActDeadline, clock, cancellation);
        }
        catch (KubernetesException forbidden) when (forbidden.Status == HttpStatusCode.Forbidden)
        {
            throw new KubernetesException(forbidden.Status, RefusalText.Explain(forbidden, RefusalText.Missing("", "pods/eviction", "create")), forbidden.RetryAfter);
        }
    }
}
