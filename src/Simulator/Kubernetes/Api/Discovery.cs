using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The API's discovery documents.</summary>
internal static class Discovery
{
    public const string GitVersion = "v1.32.0";

    public static JsonObject Version { get; } = new()
    {
        ["major"] = "1",
        ["minor"] = "32",
        ["gitVersion"] = GitVersion,
        ["gitCommit"] = "0000000000000000000000000000000000000000",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "2024-12-11T17:59:15Z",
        ["goVersion"] = "go1.23.3",
        ["compiler"] = "gc",
        ["platform"] = "linux/amd64",
    };

    private static readonly string[] _groups = [.. ApiKinds.Groups.Concat(AccessReviews.Table.Select(review => review.Group)).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The document at a discovery path: the root, <c>api</c>, <c>apis</c>, a group, or a group's version; null for any other path.</summary>
    public static JsonObject? Find(string[] path, string host) => string.Join('/', path) switch
    {
        "" => new() { ["paths"] = Json.Array(["/api", "/api/v1", "/apis", .. _groups.SelectMany(group => new[] { $"/apis/{group}", $"/apis/{group}/v1" }), "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]) },
        "api" => new()
        {
            ["kind"] = "APIVersions",
            ["versions"] = new JsonArray("v1"),
            ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = host }),
        },
        "apis" => new() { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = Json.Array(_groups, Group) },
        "api/v1" => Resources(""),
        var whole when _groups.FirstOrDefault(group => whole == $"apis/{group}") is { } group => Group(group, new() { ["kind"] = "APIGroup", ["apiVersion"] = "v1" }),
        var whole when _groups.FirstOrDefault(group => whole == $"apis/{group}/v1") is { } group => Resources(group),
        _ => null,
    };

    /// <summary>The subresources of a kind, each with its kind and its verbs.</summary>
    public static IEnumerable<(string Name, string Kind, string[] Verbs)> Subresources(ApiKind kind)
    {
        if (kind.HasStatus)
        {
            yield return ("status", kind.Name, ["get", "patch", "update"]);
        }

        if (kind.HasScale)
        {
            yield return ("scale", "Scale", ["get", "patch", "update"]);
        }

        if (kind is PodKind)
        {
            yield return ("eviction", "Eviction", ["create"]);
            yield return ("binding", "Binding", ["create"]);
        }
    }

    private static JsonObject Group(string name) => Group(name, []);

    private static JsonObject Group(string name, JsonObject json)
    {
        json["name"] = name;
        json["versions"] = new JsonArray(Version());
        json["preferredVersion"] = Version();
        return json;

        JsonObject Version() => new() { ["groupVersion"] = $"{name}/v1", ["version"] = "v1" };
    }

    private static JsonObject Resources(string group) => new()
    {
        ["kind"] = "APIResourceList",
        ["apiVersion"] = "v1",
        ["groupVersion"] = group.Length == 0 ? "v1" : $"{group}/v1",
        ["resources"] = Json.Array(
            ApiKinds.In(group).SelectMany(Resources).Concat(AccessReviews.Table.Where(review => review.Group == group).Select(review => Review(review.Plural, review.Kind))), resource => resource),
    };

    private static IEnumerable<JsonObject> Resources(ApiKind kind)
    {
        var all = Resource(kind, "", kind.Name, ApiKind.Verbs).With("shortNames", Json.Array(kind.ShortNames)).With("categories", kind.InAll ? new JsonArray("all") : null);
        all["singularName"] = kind.Name.ToLowerInvariant();
        yield return all;
        foreach (var (subresource, name, verbs) in Subresources(kind))
        {
            var part = Resource(kind, $"/{subresource}", name, verbs);
            if (name is "Scale" or "Eviction")
            {
                (part["group"], part["version"]) = (name == "Scale" ? "autoscaling" : "policy", "v1");
            }

            yield return part;
        }
    }

    private static JsonObject Review(string plural, string name) => new()
    {
        ["name"] = plural,
        ["singularName"] = name.ToLowerInvariant(),
        ["namespaced"] = false,
        ["kind"] = name,
        ["verbs"] = new JsonArray("create"),
    };

    private static JsonObject Resource(ApiKind kind, string subresource, string name, string[] verbs) => new()
    {
        ["name"] = kind.Plural + subresource,
        ["singularName"] = "",
        ["namespaced"] = kind.IsNamespaced,
        ["kind"] = name,
        ["verbs"] = Json.Array(verbs),
    };
}
