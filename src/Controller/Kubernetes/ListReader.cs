using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Reads a list of the API item by item, so that of ten thousand large objects one is in memory at a time.</summary>
/// <remarks>System.Text.Json reads item by item only if the whole document is an array.</remarks>
internal sealed class ListReader<T>(JsonTypeInfo<T> type, Action<T> take)
    where T : class
{
    private JsonReaderState _state;
    private string? _property;
    private WireListMeta _metadata = new();

    /// <summary>Reads the whole list, and returns its metadata.</summary>
    /// <exception cref="JsonException">It is not a list, or was cut off.</exception>
    public async Task<WireListMeta> ReadAsync(Stream body, CancellationToken cancellation)
    {
        for (var buffer = new JsonBuffer(body, size: 64 * 1024); ;)
        {
            var isMore = await buffer.FillAsync(cancellation);
            buffer.Consume(Read(buffer.Unread.Span, isFinal: !isMore));
            if (!isMore)
            {
                return _metadata;
            }
        }
    }

    /// <returns>How many bytes were consumed; the rest is an incomplete value.</returns>
    private int Read(ReadOnlySpan<byte> json, bool isFinal)
    {
        var reader = new Utf8JsonReader(json, isFinal, _state);
        for (var before = reader; reader.Read(); before = reader)
        {
            if (reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject))
            {
                throw new JsonException("the answer is no list");
            }

            if (reader is { CurrentDepth: 1, TokenType: JsonTokenType.PropertyName })
            {
                _property = reader.GetString();
            }
            else if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth > 0 && !IsItems(reader) && !TryTake(json, ref reader))
            {
                reader = before;
                break;
            }
        }

        _state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    private bool IsItems(Utf8JsonReader reader) => reader is { CurrentDepth: 1, TokenType: JsonTokenType.StartArray } && _property == "items";

    /// <summary>Takes a value that is complete: an item, the metadata, or an ignored value.</summary>
    private bool TryTake(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
    {
        var end = reader;
        if (!end.TrySkip())
        {
            return false;
        }

        // From the bytes: a reader would first search for the end again.
        var value = json[(int)reader.TokenStartIndex..(int)end.BytesConsumed];
        if (reader.CurrentDepth == 2)
        {
            take(JsonSerializer.Deserialize(value, type)!);
        }
        else if (_property == "metadata")
        {
            _metadata = JsonSerializer.Deserialize(value, KubernetesJson.Default.WireListMeta)!;
        }

        reader = end;
        return true;
    }
}
