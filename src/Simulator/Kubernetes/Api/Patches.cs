using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The three ways of patching an object.</summary>
internal static class Patches
{
    public const string JsonPatchType = "application/json-patch+json";
    public const string MergeType = "application/merge-patch+json";
    public const string StrategicType = "application/strategic-merge-patch+json";

    /// <summary>The object as it would be; the one that is given may be changed on the way.</summary>
    public static JsonObject Apply(string? contentType, JsonObject item, JsonNode? patch) => contentType switch
    {
        JsonPatchType => JsonPatch.Apply(item, patch as JsonArray ?? throw ApiException.BadRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch")) as JsonObject
            ?? throw ApiException.Unprocessable(),
        MergeType => Merge(item, Map(patch)),
        StrategicType => StrategicMerge.Apply(item, Map(patch)),
        _ => throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "UnsupportedMediaType", "415: Unsupported Media Type") { Details = [] },
    };

    private static JsonObject Map(JsonNode? patch) => patch as JsonObject ?? throw ApiException.BadRequest("json: cannot unmarshal array into Go value of type map[string]interface {}");

    /// <summary>RFC 7386.</summary>
    private static JsonObject Merge(JsonObject into, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    into.Remove(name);
                    break;
                case JsonObject map:
                    // What is merged into nothing loses its nulls on the way.
                    var merged = Merge(into[name] as JsonObject ?? [], map);
                    if (merged.Parent is null)
                    {
                        into[name] = merged;
                    }

                    break;
                default:
                    into[name] = value.DeepClone();
                    break;
            }
        }

        return into;
    }
}

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

/// <summary>A merge that knows which lists are maps by one of their fields, and which are sets.</summary>
internal static class StrategicMerge
{
    private const string Directive = "$patch";
    private const string DeleteFrom = "$deleteFromPrimitiveList/";

    /// <summary>The lists of the modelled kinds that are merged, and by what; every other list is replaced.</summary>
    private static readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal)
    {
        ["containers"] = "name",
        ["volumes"] = "name",
        ["volumeMounts"] = "mountPath",
        ["env"] = "name",
        ["conditions"] = "type",
        ["addresses"] = "type",
        ["ownerReferences"] = "uid",
        ["drivers"] = "name",
    };

    private static readonly HashSet<string> _sets = new(StringComparer.Ordinal) { "finalizers" };

    public static JsonObject Apply(JsonObject into, JsonObject patch)
    {
        if (patch.Text(Directive) == "replace")
        {
            into.Clear();
        }

        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(DeleteFrom, StringComparison.Ordinal))
            {
                var doomed = patch.Texts(name);
                into[name[DeleteFrom.Length..]] = Json.Array(into.Texts(name[DeleteFrom.Length..]).Except(doomed));
            }
            else if (!name.StartsWith('$'))
            {
                Apply(into, name, value);
            }
        }

        return into;
    }

    private static void Apply(JsonObject into, string name, JsonNode? value)
    {
        switch (value)
        {
            case null:
            case JsonObject map when map.Text(Directive) == "delete":
                into.Remove(name);
                break;
            case JsonObject map:
                var merged = Apply(into[name] as JsonObject ?? [], map);
                if (merged.Parent is null)
                {
                    into[name] = merged;
                }

                break;
            case JsonArray array when _sets.Contains(name):
                into[name] = Json.Array(into.Texts(name).Union(array.Texts()));
                break;
            case JsonArray array when _keys.TryGetValue(name, out var key):
                into[name] = Merge(into[name] as JsonArray ?? [], array, key);
                break;
            default:
                into[name] = value.DeepClone();
                break;
        }
    }

    private static JsonArray Merge(JsonArray into, JsonArray patch, string key)
    {
        var isReplaced = patch.Any(item => item.Text(Directive) == "replace");
        List<JsonObject> items = isReplaced ? [] : [.. into.OfType<JsonObject>().Select(item => (JsonObject)item.DeepClone())];
        foreach (var item in patch.OfType<JsonObject>())
        {
            var at = items.FindIndex(old => old.Text(key) == item.Text(key));
            switch (item.Text(Directive))
            {
                case "delete":
                    items.RemoveAll(old => old.Text(key) == item.Text(key));
                    break;
                case "replace" when item.Count == 1:
                    break;
                case not null and not "merge" and not "replace":
                    throw ApiException.BadRequest($"unknown patch type found: {item.Text(Directive)}");
                default:
                    if (at < 0)
                    {
                        items.Add(Apply([], item));
                    }
                    else
                    {
                        Apply(items[at], item);
                    }

                    break;
            }
        }

        return new([.. items]);
    }
}
