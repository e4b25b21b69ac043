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

    /// <summary>The document at a discovery path: <c>api</c>, <c>apis</c>, a group, or a group's version; null for any other path.</summary>
    public static JsonObject? Find(string[] path, string host) => string.Join('/', path) switch
    {
        "api" => new()
        {
            ["kind"] = "APIVersions",
            ["versions"] = new JsonArray("v1"),
            ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = host }),
        },
        "apis" => new() { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = Json.Array(ApiKinds.Groups, Group) },
        "api/v1" => Resources(""),
        var whole when ApiKinds.Groups.FirstOrDefault(group => whole == $"apis/{group}") is { } group => Group(group, new() { ["kind"] = "APIGroup", ["apiVersion"] = "v1" }),
        var whole when ApiKinds.Groups.FirstOrDefault(group => whole == $"apis/{group}/v1") is { } group => Resources(group),
        _ => null,
    };

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
        ["resources"] = Json.Array(ApiKinds.In(group).SelectMany(Resources), resource => resource),
    };

    private static IEnumerable<JsonObject> Resources(ApiKind kind)
    {
        var all = Resource(kind, "", kind.Name, ApiKind.Verbs).With("shortNames", Json.Array(kind.ShortNames)).With("categories", kind.InAll ? new JsonArray("all") : null);
        all["singularName"] = kind.Name.ToLowerInvariant();
        yield return all;
        if (kind.HasStatus)
        {
            yield return Resource(kind, "/status", kind.Name, ["get", "patch", "update"]);
        }

        if (kind.HasScale)
        {
            var scale = Resource(kind, "/scale", "Scale", ["get", "patch", "update"]);
            (scale["group"], scale["version"]) = ("autoscaling", "v1");
            yield return scale;
        }

        if (kind is PodKind)
        {
            var eviction = Resource(kind, "/eviction", "Eviction", ["create"]);
            (eviction["group"], eviction["version"]) = ("policy", "v1");
            yield return eviction;
            yield return Resource(kind, "/binding", "Binding", ["create"]);
        }
    }

    private static JsonObject Resource(ApiKind kind, string subresource, string name, string[] verbs) => new()
    {
        ["name"] = kind.Plural + subresource,
        ["singularName"] = "",
        ["namespaced"] = kind.IsNamespaced,
        ["kind"] = name,
        ["verbs"] = Json.Array(verbs),
    };
}
