using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Reads request bodies: JSON, and the protobuf that typed clients send for some kinds.</summary>
internal static class RequestBody
{
    public static string? TypeOf(HttpRequest request) => request.ContentType?.Split(';')[0].Trim();

    /// <summary>A body that is an object; an empty object if there is none and that is allowed.</summary>
    public static async Task<JsonObject> ObjectAsync(HttpContext context, bool mayBeMissing = false)
    {
        var type = TypeOf(context.Request);
        if (type is not (null or "application/json" or ProtobufBody.MediaType))
        {
            throw ApiException.UnsupportedMediaType("application/json");
        }

        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        if (mayBeMissing && bytes.Length == 0)
        {
            return [];
        }

        return type == ProtobufBody.MediaType
            ? ProtobufBody.Read(bytes.ToArray())
            : Parse(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length)) as JsonObject ?? throw ApiException.BadRequest("couldn't get version/kind; json parse error: expected an object");
    }

    /// <summary>A body of any JSON, such as a patch; null if there is none.</summary>
    public static async Task<JsonNode?> JsonAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        return Parse(await reader.ReadToEndAsync(context.RequestAborted));
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return string.IsNullOrWhiteSpace(text) ? null : JsonNode.Parse(text);
        }
        catch (JsonException garbage)
        {
            throw ApiException.BadRequest($"couldn't get version/kind; json parse error: {garbage.Message}");
        }
    }
}
