using System.Text.Json;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The type of a watch event.</summary>
internal enum WatchEventType
{
    /// <summary>A type that Kubernetes does not define.</summary>
    Unknown,
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

/// <summary>One event of a watch.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Object">Its object, as JSON: of the watched kind, or a Status where the type is <c>ERROR</c>. Valid until the next event is read.</param>
internal readonly record struct WatchEvent(WatchEventType Type, ReadOnlyMemory<byte> Object);

/// <summary>The bytes of a watch, which are concatenated JSON objects, as events.</summary>
/// <param name="body">The answer's body.</param>
/// <param name="clock">Measures the server's silence.</param>
internal sealed class WatchStream(Stream body, TimeProvider clock)
{
    private readonly JsonBuffer _buffer = new(body, size: 16 * 1024);

    /// <summary>Reads the next event.</summary>
    /// <param name="patience">How long the server may send nothing; it sends something at the end of the watch at the latest. The time between two calls does not count.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <returns>Null after the server has closed the stream.</returns>
    /// <exception cref="TimeoutException">The server was silent for longer than <paramref name="patience"/>.</exception>
    /// <exception cref="JsonException">The server sent something else, or the connection broke within an event.</exception>
    public async ValueTask<WatchEvent?> NextAsync(TimeSpan patience, CancellationToken cancellation)
    {
        while (true)
        {
            if (TryRead(_buffer.Unread) is var (seen, length))
            {
                _buffer.Consume(length);
                return seen;
            }

            if (!await FillAsync(patience, cancellation))
            {
                return _buffer.Unread.Span.ContainsAnyExcept(" \t\r\n"u8) ? throw new JsonException("the connection ended within an event") : null;
            }
        }
    }

    private async ValueTask<bool> FillAsync(TimeSpan patience, CancellationToken cancellation)
    {
        using var silence = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, silence.Token);
        try
        {
            return await _buffer.FillAsync(either.Token);
        }
        catch (OperationCanceledException) when (silence.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"the watch said nothing for {patience}");
        }
    }

    /// <returns>The first event and its length in bytes; null if it is incomplete.</returns>
    private static (WatchEvent Seen, int Length)? TryRead(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span, isFinalBlock: false, state: default);
        if (!reader.Read())
        {
            return null;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("the server sent something other than events");
        }

        var (type, content) = (WatchEventType.Unknown, default(ReadOnlyMemory<byte>));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isType, isObject) = (reader.ValueTextEquals("type"u8), reader.ValueTextEquals("object"u8));
            if (!reader.Read())
            {
                return null;
            }

            var (start, token) = ((int)reader.TokenStartIndex, reader.TokenType);
            if (isType && token == JsonTokenType.String)
            {
                type = TypeOf(reader);
            }
            else if (!reader.TrySkip())
            {
                return null;
            }
            else if (isObject && token == JsonTokenType.StartObject)
            {
                content = json[start..(int)reader.BytesConsumed];
            }
        }

        return reader.TokenType != JsonTokenType.EndObject || reader.CurrentDepth > 0 ? null
            : content.IsEmpty ? throw new JsonException("an event of the watch holds no object")
            : (new(type, content), (int)reader.BytesConsumed);
    }

    private static WatchEventType TypeOf(in Utf8JsonReader reader) =>
        reader.ValueTextEquals("ADDED"u8) ? WatchEventType.Added
        : reader.ValueTextEquals("MODIFIED"u8) ? WatchEventType.Modified
        : reader.ValueTextEquals("DELETED"u8) ? WatchEventType.Deleted
        : reader.ValueTextEquals("BOOKMARK"u8) ? WatchEventType.Bookmark
        : reader.ValueTextEquals("ERROR"u8) ? WatchEventType.Error
        : WatchEventType.Unknown;
}
