using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Kubernetes' JSON conventions: empty values are omitted; missing and null values count as empty.</summary>
internal static class Json
{
    private static readonly JsonWriterOptions _relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Bytes(JsonNode node) => Bytes(json => node.WriteTo(json));

    public static byte[] Bytes(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, _relaxed))
        {
            content(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Adds a field unless it is empty.</summary>
    public static JsonObject With(this JsonObject json, string name, JsonNode? value)
    {
        if (value is not (null or JsonArray { Count: 0 } or JsonObject { Count: 0 }) && (value is not JsonValue text || !text.TryGetValue(out string? written) || written.Length > 0))
        {
            json[name] = value;
        }

        return json;
    }

    public static JsonObject Map(ImmutableSortedDictionary<string, string> map) => new(map.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value)));

    public static JsonArray Array<T>(IEnumerable<T> items, Func<T, JsonNode?> write) => new([.. items.Select(write)]);

    public static JsonArray Array(params IEnumerable<string> items) => Array(items, item => (JsonNode?)item);

    /// <summary>The value at the end of a path; null if there is none.</summary>
    public static JsonNode? At(this JsonNode? json, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            json = json switch { null => null, JsonObject map => map[name], _ => throw Wrong(json, "object") };
        }

        return json;
    }

    public static string? Text(this JsonNode? json, params ReadOnlySpan<string> path) => Read<string>(json.At(path), "string");

    public static bool Flag(this JsonNode? json, params ReadOnlySpan<string> path) => json.At(path) is { } found && Read<bool>(found, "bool");

    public static int? Number(this JsonNode? json, params ReadOnlySpan<string> path) => json.At(path) switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out int number) => number,
        JsonValue value when value.TryGetValue(out long number) && number == (int)number => (int)number,
        { } other => throw Wrong(other, "int32"),
    };

    public static ImmutableArray<JsonNode?> Items(this JsonNode? json, params ReadOnlySpan<string> path) => json.At(path) switch
    {
        null => [],
        JsonArray array => [.. array],
        { } other => throw Wrong(other, "array"),
    };

    public static ImmutableArray<string> Texts(this JsonNode? json, params ReadOnlySpan<string> path) => [.. json.Items(path).Select(item => item.Text() ?? "")];

    public static ImmutableSortedDictionary<string, string> Map(this JsonNode? json, params ReadOnlySpan<string> path) => json.At(path) switch
    {
        null => Metadata.Nothing,
        JsonObject map => Metadata.Nothing.AddRange(map.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Text() ?? ""))),
        { } other => throw Wrong(other, "map"),
    };

    private static T? Read<T>(JsonNode? json, string type) => json switch
    {
        null => default,
        JsonValue value when value.TryGetValue(out T? found) => found,
        _ => throw Wrong(json, type),
    };

    private static ApiException Wrong(JsonNode json, string type) =>
        ApiException.BadRequest($"json: cannot unmarshal {json.GetValueKind().ToString().ToLowerInvariant()} into Go struct field {json.GetPath().TrimStart('$', '.')} of type {type}");
}
