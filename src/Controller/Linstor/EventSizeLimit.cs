using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Fails when a line or an event of a stream of server-sent events grows beyond a limit: the parser itself would buffer either without end.</summary>
internal sealed class EventSizeLimit(Stream inner, int longest) : ReadOnlyStream(inner)
{
    private int _line;
    private int _event;
    private byte _first;

    /// <exception cref="InvalidDataException">A line or an event is too long.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await Inner.ReadAsync(buffer, cancellationToken);
        Count(buffer.Span[..read]);
        return read;
    }

    private void Count(ReadOnlySpan<byte> read)
    {
        while (!read.IsEmpty)
        {
            var end = read.IndexOf((byte)'\n');
            Grow(end < 0 ? read : read[..end]);
            if (end < 0)
            {
                return;
            }

            // An empty line ends the event.
            _event = _line == 0 || (_line == 1 && _first == '\r') ? 0 : _event;
            _line = 0;
            read = read[(end + 1)..];
        }
    }

    private void Grow(ReadOnlySpan<byte> line)
    {
        _first = _line == 0 && !line.IsEmpty ? line[0] : _first;
        _line += line.Length;

        // A comment is not part of an event: a proxy may send nothing else for days to keep the connection alive.
        _event += _first == ':' ? 0 : line.Length;
        if (_line > longest || _event > longest)
        {
            throw new InvalidDataException($"{(_line > longest ? "a line" : "an event")} is longer than {longest} bytes");
        }
    }
}
