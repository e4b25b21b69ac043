using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Fields that a client has written and the model does not use. They are stored as JSON text and returned, as an API server does.</summary>
internal static class UnsimulatedFields
{
    // The model adds to these lists, and takes from them: what a client once sent must not hide that.
    private static readonly string[] _ownedLists = ["spec.taints", "spec.tolerations"];

    /// <summary>Returns what an object has beyond its modelled part, or in another way; null if nothing.</summary>
    /// <param name="sent">The object that a client has sent.</param>
    /// <param name="modelled">The modelled part.</param>
    /// <param name="except">Fields that are not compared.</param>
    public static string? Of(JsonObject sent, JsonObject modelled, params ReadOnlySpan<string> except)
    {
        var rest = new JsonObject();
        foreach (var (name, value) in sent)
        {
            if (!except.Contains(name) && Difference(value, modelled[name], name) is { } difference)
            {
                rest[name] = difference;
            }
        }

        return rest.Count == 0 ? null : Sorted(rest)!.ToJsonString();
    }

    /// <summary>Adds stored fields to the modelled part of an object.</summary>
    public static void Restore(JsonObject json, string? stored)
    {
        if (stored is not null)
        {
            Merge(json, JsonNode.Parse(stored)!.AsObject());
        }
    }

    /// <summary>The paths of stored fields, for a warning. What is in containers is left out: no container really runs.</summary>
    public static IEnumerable<string> Paths(string? stored, string prefix) => stored is null ? [] : Paths(JsonNode.Parse(stored)!, prefix);

    /// <summary>An empty text counts as none: the model may set the field later.</summary>
    private static JsonNode? Difference(JsonNode? sent, JsonNode? modelled, string path)
    {
        switch (sent)
        {
            case null:
            case JsonValue value when value.TryGetValue(out string? text) && text.Length == 0:
                return null;
            case JsonObject map when modelled is JsonObject other:
                var rest = new JsonObject();
                foreach (var (name, value) in map)
                {
                    if (Difference(value, other[name], $"{path}.{name}") is { } difference)
                    {
                        rest[name] = difference;
                    }
                }

                return rest.Count == 0 ? null : rest;
            case JsonArray when _ownedLists.Contains(path):
                return null;
            default:
                return JsonNode.DeepEquals(sent, modelled) ? null : sent.DeepClone();
        }
    }

    /// <summary>The same JSON with sorted names: the order in which clients send fields has no meaning.</summary>
    private static JsonNode? Sorted(JsonNode? json) => json switch
    {
        JsonObject map => new JsonObject(map.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, Sorted(field.Value)))),
        JsonArray array => Json.Array(array, Sorted),
        _ => json?.DeepClone(),
    };

    private static void Merge(JsonObject into, JsonObject stored)
    {
        foreach (var (name, value) in stored)
        {
            if (value is JsonObject map && into[name] is JsonObject other)
            {
                Merge(other, map);
            }
            else
            {
                into[name] = value?.DeepClone();
            }
        }
    }

    private static IEnumerable<string> Paths(JsonNode? json, string path) => json switch
    {
        JsonObject { Count: > 0 } map => map.Where(field => field.Key is not ("containers" or "initContainers")).SelectMany(field => Paths(field.Value, path.Length == 0 ? field.Key : $"{path}.{field.Key}")),
        JsonArray volumes when path.EndsWith("spec.volumes", StringComparison.Ordinal) =>
            Enumerable.Range(0, volumes.Count).Where(i => volumes[i].At("persistentVolumeClaim") is null).Select(i => $"{path}[{i}]"),
        JsonArray claims when path.EndsWith("spec.volumeClaimTemplates", StringComparison.Ordinal) =>
            Enumerable.Range(0, claims.Count).Where(i => claims[i].At("spec", "resources") is not null).Select(i => $"{path}[{i}].spec.resources"),
        JsonArray tolerations when path.EndsWith("spec.tolerations", StringComparison.Ordinal) =>
            Enumerable.Range(0, tolerations.Count).Where(i => tolerations[i].At("tolerationSeconds") is not null).Select(i => $"{path}[{i}].tolerationSeconds"),
        null or JsonObject or JsonArray { Count: 0 } => [],
        JsonValue value when value.TryGetValue(out bool flag) && !flag => [],
        _ => [path],
    };
}
