using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>Bodies of answers: JSON, plain text, and LINSTOR's arrays of return codes.</summary>
internal static class Reply
{
    /// <summary>The two highest bits of an error's return code.</summary>
    private const long ErrorMask = unchecked((long)0xC000_0000_0000_0000);

    public static Task JsonAsync(HttpContext context, Action<Utf8JsonWriter> content) => JsonAsync(context, Json.Write(content));

    public static Task JsonAsync(HttpContext context, byte[] content) => BodyAsync(context, "application/json", content);

    public static Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        return BodyAsync(context, "text/plain", Encoding.UTF8.GetBytes(text));
    }

    public static Task ErrorAsync(HttpContext context, int status, int code, string message)
    {
        context.Response.StatusCode = status;
        return BodyAsync(context, "application/json", Error(code, message));
    }

    /// <summary>An array with one error.</summary>
    public static byte[] Error(int code, string message) => Json.Write(json =>
    {
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteNumber("ret_code", ErrorMask | (long)code);
        json.WriteString("message", message);
        json.WriteUnlessEmpty("error_report_ids", code == Code.UnknownError ? ["6A1B0000-00000-000001"] : Array.Empty<string>());
        json.WriteString("created_at", DateTimeOffset.UnixEpoch.ToString("yyyy-MM-ddTHH:mm:ss.fffK", CultureInfo.InvariantCulture));
        json.WriteEndObject();
        json.WriteEndArray();
    });

    private static async Task BodyAsync(HttpContext context, string type, byte[] body)
    {
        context.Response.ContentType = type;
        if (body.Length >= 1000 && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.Headers[HeaderNames.ContentEncoding] = "gzip";
            await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await gzip.WriteAsync(body, context.RequestAborted);
            return;
        }

        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>The low bits of return codes.</summary>
    public static class Code
    {
        public const int NodeNotFound = 300;
        public const int DefinitionNotFound = 301;
        public const int ResourceNotFound = 302;
        public const int GroupNotFound = 315;
        public const int SignInFailed = 411;
        public const int CredentialsMissing = 412;
        public const int UnknownError = 998;
        public const int PathNotFound = 999;
    }
}
