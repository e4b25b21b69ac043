using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The three ways to patch an object.</summary>
internal static class Patches
{
    public const string JsonPatchType = "application/json-patch+json";
    public const string MergeType = "application/merge-patch+json";
    public const string StrategicType = "application/strategic-merge-patch+json";

    /// <summary>The patched object; the method may change the given one.</summary>
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
                    // A merge into an empty object removes nulls.
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
