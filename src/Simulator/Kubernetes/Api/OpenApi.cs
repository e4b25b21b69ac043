using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The OpenAPI documents, version 3: what <c>kubectl explain</c> shows, and what kubectl must know before it requests a dry run.</summary>
internal static class OpenApi
{
    private const string GroupVersionKind = "x-kubernetes-group-version-kind";

    /// <summary>The document at a path: the list of documents, or that of a group; null for any other path.</summary>
    public static JsonObject? Find(string[] path) => path switch
    {
        ["openapi", "v3"] => new() { ["paths"] = new JsonObject(ApiKinds.Groups.Prepend("").Select(Link)) },
        ["openapi", "v3", "api", ApiKind.Version] => Document(""),
        ["openapi", "v3", "apis", var group, ApiKind.Version] when ApiKinds.Groups.Contains(group) => Document(group),
        _ => null,
    };

    private static string Root(string group) => group.Length == 0 ? $"api/{ApiKind.Version}" : $"apis/{group}/{ApiKind.Version}";

    private static KeyValuePair<string, JsonNode?> Link(string group) => new(Root(group), new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{Root(group)}" });

    private static JsonObject Document(string group) => new()
    {
        ["openapi"] = "3.0.0",
        ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = Discovery.GitVersion },
        ["paths"] = new JsonObject(ApiKinds.In(group).SelectMany(Paths)),
        ["components"] = new JsonObject { ["schemas"] = new JsonObject(FieldTable.Types.Select(type => new KeyValuePair<string, JsonNode?>(type.Key, Schema(type.Key, group)))) },
    };

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Paths(ApiKind kind)
    {
        var list = $"/{Root(kind.Group)}/{(kind.IsNamespaced ? "namespaces/{namespace}/" : "")}{kind.Plural}";
        yield return new(list, new JsonObject { ["get"] = Operation(kind) });
        yield return new($"{list}/{{name}}", new JsonObject { ["get"] = Operation(kind), ["patch"] = Operation(kind, "dryRun", "fieldManager", "fieldValidation", "force") });
    }

    /// <summary>An operation with the parameters that clients look for.</summary>
    private static JsonObject Operation(ApiKind kind, params string[] parameters) => new()
    {
        ["parameters"] = Json.Array(parameters, name => new JsonObject { ["name"] = name, ["in"] = "query", ["schema"] = new JsonObject { ["type"] = "string" } }),
        ["responses"] = new JsonObject(),
        [GroupVersionKind] = TypeOf(kind),
    };

    private static JsonObject TypeOf(ApiKind kind) => new() { ["group"] = kind.Group, ["version"] = ApiKind.Version, ["kind"] = kind.Name };

    private static JsonObject Schema(string type, string group)
    {
        var kind = ApiKinds.In(group).FirstOrDefault(kind => kind.QualifiedName == type);
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["description"] = "The fields of Kubernetes. The simulation uses those that are marked as simulated; it stores and returns the others.",
            ["properties"] = new JsonObject(FieldTable.Types[type].Select(field => new KeyValuePair<string, JsonNode?>(field.Key, Property(field.Value)))),
        };
        if (kind is not null)
        {
            schema[GroupVersionKind] = new JsonArray((JsonNode)TypeOf(kind));
        }

        return schema;
    }

    private static JsonObject Property(FieldInfo field)
    {
        var value = FieldTable.Types.ContainsKey(field.Type)
            ? new() { ["allOf"] = new JsonArray((JsonNode)new JsonObject { ["$ref"] = $"#/components/schemas/{field.Type}" }) }
            : field.Type == "map" ? new JsonObject { ["type"] = "object", ["additionalProperties"] = new JsonObject { ["type"] = "string" } }
            : new() { ["type"] = field.Type };
        var property = field.IsList ? new() { ["type"] = "array", ["items"] = value } : value;
        property["description"] = field.IsSimulated ? "Simulated." : "Stored, but not simulated.";
        return property;
    }
}
