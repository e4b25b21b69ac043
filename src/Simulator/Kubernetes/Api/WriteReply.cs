using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The result of a write.</summary>
/// <param name="Code">The HTTP status.</param>
/// <param name="Item">The object as it is now; null if <paramref name="Other"/> is the answer.</param>
/// <param name="Other">The answer, if it is not an object.</param>
/// <param name="Warnings">Warnings for the client, although the write was not refused.</param>
internal sealed record WriteReply(int Code, KubernetesObject? Item, JsonObject? Other = null, IReadOnlyList<string>? Warnings = null);
