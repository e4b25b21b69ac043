using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>What a write came to.</summary>
/// <param name="Code">The HTTP status.</param>
/// <param name="Item">The object as it is now; null if <paramref name="Other"/> is the answer.</param>
/// <param name="Other">What is answered instead of an object.</param>
/// <param name="Warnings">What the client should know, though nothing is refused.</param>
internal sealed record WriteReply(int Code, KubernetesObject? Item, JsonObject? Other = null, IReadOnlyList<string>? Warnings = null);
