using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Finds fields that a client has written and the model does not store. The server warns the client of them, as API servers do for unknown fields.</summary>
internal static class DroppedFields
{
    private const int Most = 10;

    /// <summary>Fields that the server sets, and silently ignores from clients.</summary>
    private static readonly HashSet<string> _silent = new(StringComparer.Ordinal)
    {
        "apiVersion", "kind", "metadata.managedFields", "metadata.selfLink", "metadata.generation", "metadata.generateName", "metadata.resourceVersion",
        "metadata.uid", "metadata.creationTimestamp", "metadata.namespace",
    };

    /// <param name="sent">The object that the client has sent.</param>
    /// <param name="kept">The object as it is stored.</param>
    /// <param name="ignored">The part that is not written through this path: <c>status</c>, or <c>spec</c>.</param>
    public static IReadOnlyList<string> Of(JsonObject sent, JsonObject kept, string ignored) =>
        [.. sent.Where(field => field.Key != ignored).SelectMany(field => Compare(field.Value, kept[field.Key], field.Key)).Take(Most)];

    private static IEnumerable<string> Compare(JsonNode? sent, JsonNode? kept, string path)
    {
        if (sent is null or JsonArray { Count: 0 } or JsonObject { Count: 0 } || _silent.Contains(path))
        {
            return [];
        }

        return (sent, kept) switch
        {
            (_, null) => IsZero(sent) ? [] : [$"unknown field \"{path}\""],
            (JsonObject map, JsonObject other) => map.SelectMany(field => Compare(field.Value, other[field.Key], $"{path}.{field.Key}")),
            (JsonArray array, JsonArray other) => array.SelectMany((item, i) => Compare(item, i < other.Count ? other[i] : null, $"{path}[{i}]")),
            _ => path.StartsWith("metadata.", StringComparison.Ordinal) || JsonNode.DeepEquals(sent, kept) || IsMoment(path) ? [] : [$"field \"{path}\" is not simulated and stays {kept.ToJsonString()}"],
        };
    }

    private static bool IsZero(JsonNode sent) => sent is JsonValue value && ((value.TryGetValue(out bool flag) && !flag) || (value.TryGetValue(out string? text) && text.Length == 0));

    private static bool IsMoment(string path) => path.EndsWith("Time", StringComparison.Ordinal) || path.EndsWith("Timestamp", StringComparison.Ordinal);
}
