using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>RFC 6902.</summary>
internal static class JsonPatch
{
    public static JsonNode? Apply(JsonNode? document, JsonArray operations) => operations.Aggregate(document, Apply);

    private static JsonNode? Apply(JsonNode? document, JsonNode? operation)
    {
        var path = Path(operation, "path");
        switch (operation.Text("op"))
        {
            case "test":
                return JsonNode.DeepEquals(Find(document, path), operation!["value"]) ? document : throw ApiException.Unprocessable();
            case "add":
                return Put(document, path, operation!["value"]?.DeepClone(), mustExist: false);
            case "replace":
                return Put(document, path, operation!["value"]?.DeepClone(), mustExist: true);
            case "remove":
                Remove(document, path);
                return document;
            case "copy":
                return Put(document, path, Find(document, Path(operation, "from"))?.DeepClone(), mustExist: false);
            case "move":
                var from = Path(operation, "from");
                var moved = Find(document, from)?.DeepClone();
                Remove(document, from);
                return Put(document, path, moved, mustExist: false);
            default:
                throw ApiException.Unprocessable();
        }
    }

    private static string[] Path(JsonNode? operation, string name) => operation.Text(name) switch
    {
        null => throw ApiException.Unprocessable(),
        "" => [],
        ['/', ..] path => [.. path[1..].Split('/').Select(part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))],
        _ => throw ApiException.Unprocessable(),
    };

    private static JsonNode? Find(JsonNode? document, ReadOnlySpan<string> path)
    {
        foreach (var part in path)
        {
            document = document switch
            {
                JsonObject map when map.TryGetPropertyValue(part, out var found) => found,
                JsonArray array => array[Index(array, part, array.Count - 1)],
                _ => throw ApiException.Unprocessable(),
            };
        }

        return document;
    }

    private static JsonNode? Put(JsonNode? document, string[] path, JsonNode? value, bool mustExist)
    {
        if (path is not [.. var parents, var last])
        {
            return value;
        }

        switch (Find(document, parents))
        {
            case JsonObject map when !mustExist || map.ContainsKey(last):
                map[last] = value;
                break;
            case JsonArray array when mustExist:
                array[Index(array, last, array.Count - 1)] = value;
                break;
            case JsonArray array:
                array.Insert(last == "-" ? array.Count : Index(array, last, array.Count), value);
                break;
            default:
                throw ApiException.Unprocessable();
        }

        return document;
    }

    private static void Remove(JsonNode? document, string[] path)
    {
        switch (path is [.. var parents, _] ? Find(document, parents) : null)
        {
            case JsonObject map when map.Remove(path[^1]):
                break;
            case JsonArray array:
                array.RemoveAt(Index(array, path[^1], array.Count - 1));
                break;
            default:
                throw ApiException.Unprocessable();
        }
    }

    private static int Index(JsonArray array, string part, int last) =>
        int.TryParse(part, out var index) && index >= 0 && index <= last && index <= array.Count ? index : throw ApiException.Unprocessable();
}
