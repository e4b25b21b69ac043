using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Finds fields that Kubernetes does not have, with the answer that the client wants: <c>fieldValidation</c> is <c>Strict</c>, <c>Warn</c> or <c>Ignore</c>.</summary>
internal static class FieldValidation
{
    /// <summary>Removes unknown fields from an object.</summary>
    /// <returns>The warnings for the client.</returns>
    /// <exception cref="ApiException">There are unknown fields, and validation is strict.</exception>
    public static IReadOnlyList<string> Check(ApiKind kind, JsonObject json, string validation)
    {
        var unknown = new List<string>();
        Prune(json, kind.QualifiedName, "", unknown);
        return (unknown.Count, validation) switch
        {
            (0, _) or (_, "Ignore") => [],
            (_, "Strict") => throw ApiException.BadRequest($"{kind.Name} in version \"{kind.ApiVersion}\" cannot be handled as a {kind.Name}: strict decoding error: {string.Join(", ", unknown)}"),
            _ => unknown,
        };
    }

    private static void Prune(JsonNode? json, string type, string path, List<string> unknown)
    {
        if (json is not JsonObject map || !FieldTable.Types.TryGetValue(type, out var fields))
        {
            return;
        }

        foreach (var (name, value) in map.ToList())
        {
            var here = path.Length == 0 ? name : $"{path}.{name}";
            if (!fields.TryGetValue(name, out var field))
            {
                if (name is not ("kind" or "apiVersion") || !fields.ContainsKey("metadata"))
                {
                    unknown.Add($"unknown field \"{here}\"");
                    map.Remove(name);
                }
            }
            else if (field.IsList && value is JsonArray items)
            {
                for (var i = 0; i < items.Count; i++)
                {
                    Prune(items[i], field.Type, $"{here}[{i}]", unknown);
                }
            }
            else
            {
                Prune(value, field.Type, here, unknown);
            }
        }
    }
}
