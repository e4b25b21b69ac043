using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>LINSTOR's JSON conventions: null and empty values are omitted, false and zero are not.</summary>
internal static class Json
{
    private static readonly JsonWriterOptions _asJackson = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, _asJackson))
        {
            content(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static void WriteIfKnown(this Utf8JsonWriter json, string name, bool? value)
    {
        if (value is { } known)
        {
            json.WriteBoolean(name, known);
        }
    }

    public static void WriteIfKnown(this Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
    }

    public static void WriteUnlessEmpty(this Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        if (values.ToList() is { Count: > 0 } some)
        {
            json.WriteStartArray(name);
            some.ForEach(json.WriteStringValue);
            json.WriteEndArray();
        }
    }

    public static void WriteUnlessEmpty(this Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, string>> map)
    {
        if (map.ToList() is { Count: > 0 } some)
        {
            json.WritePropertyName(name);
            json.WriteMap(some);
        }
    }

    public static void WriteMap(this Utf8JsonWriter json, IEnumerable<KeyValuePair<string, string>> map)
    {
        json.WriteStartObject();
        foreach (var (key, value) in map)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    public static void WriteArray<T>(this Utf8JsonWriter json, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray();
        foreach (var item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
    }
}
