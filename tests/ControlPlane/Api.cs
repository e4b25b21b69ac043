using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>A small Kubernetes API client for plain JSON, by path ("api/v1/nodes/a"); a body may be an anonymous object.</summary>
/// <remarks>It waits for a restarting API server, so that fakes and tests need not handle restarts.</remarks>
public sealed class Api(HttpClient http)
{
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseBetweenTries = TimeSpan.FromMilliseconds(50);

    /// <summary>The object, or null if there is none.</summary>
    public async Task<JsonNode?> FindAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return await GetAsync(path, cancellation);
        }
        catch (ApiException absent) when (absent.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public Task<JsonNode> GetAsync(string path, CancellationToken cancellation) => SendAsync(HttpMethod.Get, path, null, Read, cancellation);

    public async Task<IReadOnlyList<JsonNode>> ListAsync(string path, CancellationToken cancellation) => [.. (await GetAsync(path, cancellation)).Items("items")];

    public Task<JsonNode> CreateAsync(string path, object body, CancellationToken cancellation) => SendAsync(HttpMethod.Post, path, Body(body), Read, cancellation);

    public Task<JsonNode> ReplaceAsync(string path, object body, CancellationToken cancellation) => SendAsync(HttpMethod.Put, path, Body(body), Read, cancellation);

    /// <summary>Applies a JSON merge patch; a null in a <see cref="JsonObject"/> removes the field.</summary>
    public Task PatchAsync(string path, object patch, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, path, Body(patch, "application/merge-patch+json"), Ignore, cancellation);

    /// <summary>Applies a strategic merge patch, which knows the keys of Kubernetes' lists, such as a condition's type.</summary>
    public Task StrategicPatchAsync(string path, object patch, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, path, Body(patch, "application/strategic-merge-patch+json"), Ignore, cancellation);

    /// <summary>Requests a deletion; false if there was nothing to delete.</summary>
    public Task<bool> DeleteAsync(string path, CancellationToken cancellation) => DeleteAsync(path, new { propagationPolicy = "Background" }, cancellation);

    /// <summary>Deletes without a grace period; false if there was nothing to delete, or another object of that name.</summary>
    public Task<bool> ForceDeleteAsync(string path, string uid, CancellationToken cancellation) =>
        DeleteAsync(path, new { gracePeriodSeconds = 0, preconditions = new { uid } }, cancellation);

    /// <summary>Streams every change after the given version, until the server closes the watch.</summary>
    public async IAsyncEnumerable<(string Type, JsonNode Object)> WatchAsync(
        string path, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{path}{(path.Contains('?') ? '&' : '?')}watch=true&resourceVersion={resourceVersion}");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        await ThrowUnlessSuccessfulAsync(request, response, cancellation);
        // Each line is a change. Finding the end of the line first costs little even for a long change; System.Text.Json's own stream reader is too slow there.
        var reader = PipeReader.Create(await response.Content.ReadAsStreamAsync(cancellation));
        while (await reader.ReadAsync(cancellation) is { Buffer: var buffer, IsCompleted: var ended })
        {
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                var change = JsonNode.Parse(buffer.Slice(0, end).ToArray())!;
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                yield return (change["type"]!.GetValue<string>(), change["object"]!);
            }
            reader.AdvanceTo(buffer.Start, buffer.End);
            if (ended)
            {
                yield break;
            }
        }
    }

    /// <summary>Deletes with these options; false if there was nothing to delete, or another object of that name.</summary>
    public async Task<bool> DeleteAsync(string path, object options, CancellationToken cancellation)
    {
        try
        {
            return await SendAsync(HttpMethod.Delete, path, Body(options), Ignore, cancellation);
        }
        catch (ApiException gone) when (gone.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            return false;
        }
    }

    private async Task<T> SendAsync<T>(
        HttpMethod method, string path, (byte[] Bytes, string Type)? body, Func<byte[], T> read, CancellationToken cancellation)
    {
        var giveUp = DateTime.UtcNow + Patience;
        while (true)
        {
            try
            {
                using var request = new HttpRequestMessage(method, path);
                if (body is var (bytes, type))
                {
                    request.Content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
                }
                using var response = await http.SendAsync(request, cancellation);
                await ThrowUnlessSuccessfulAsync(request, response, cancellation);
                return read(await response.Content.ReadAsByteArrayAsync(cancellation));
            }
            catch (Exception down) when (down is HttpRequestException or IOException && DateTime.UtcNow < giveUp)
            {
                await Task.Delay(PauseBetweenTries, cancellation);
            }
        }
    }

    private static JsonNode Read(byte[] answer) => JsonNode.Parse(answer)!;

    // A node with a thousand volumes is a quarter of a megabyte, and callers of a patch do not read the answer.
    private static bool Ignore(byte[] answer) => true;

    private static async Task ThrowUnlessSuccessfulAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellation)
    {
        if (!response.IsSuccessStatusCode)
        {
            var text = await response.Content.ReadAsStringAsync(cancellation);
            throw new ApiException(response.StatusCode, $"{request.Method} {request.RequestUri}: {(int)response.StatusCode} {text}");
        }
    }

    private static (byte[] Bytes, string Type)? Body(object value, string type = "application/json") =>
        (Encoding.UTF8.GetBytes(JsonSerializer.Serialize(value, Json)), type);
}

/// <summary>The API server refused a request.</summary>
public sealed class ApiException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status => status;
}
