using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>A strategic merge patch: some lists are merged by a key field, and some as sets.</summary>
internal static class StrategicMerge
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteFrom = "$deleteFromPrimitiveList/";

    /// <summary>The lists of the modelled kinds that are merged, with their keys; every other list is replaced.</summary>
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
        ["initContainers"] = "name",
        ["ephemeralContainers"] = "name",
        ["ports"] = "containerPort",
        ["volumeDevices"] = "devicePath",
        ["imagePullSecrets"] = "name",
        ["hostAliases"] = "ip",
        ["topologySpreadConstraints"] = "topologyKey",
    };

    private static readonly HashSet<string> _sets = new(StringComparer.Ordinal) { "finalizers" };

    public static JsonObject Apply(JsonObject into, JsonObject patch)
    {
        if (patch.Text(Directive) == "replace")
        {
            into.Clear();
        }

        if (patch.ContainsKey(RetainKeys))
        {
            foreach (var name in into.Select(field => field.Key).Except(patch.Texts(RetainKeys)).ToList())
            {
                into.Remove(name);
            }
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
                // Ports of Services have another key than ports of containers.
                into[name] = Merge(into[name] as JsonArray ?? [], array, name == "ports" && array.Any(port => port.At("port") is not null) ? "port" : key);
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
            var at = items.FindIndex(old => JsonNode.DeepEquals(old[key], item[key]));
            switch (item.Text(Directive))
            {
                case "delete":
                    items.RemoveAll(old => JsonNode.DeepEquals(old[key], item[key]));
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
