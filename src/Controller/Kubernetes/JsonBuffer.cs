using System.Text.Json;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The bytes of a JSON stream that were received and not yet consumed. It grows until it holds one whole value, up to a limit.</summary>
/// <param name="body">The stream.</param>
/// <param name="size">How many bytes it holds at first.</param>
internal sealed class JsonBuffer(Stream body, int size)
{
    /// <summary>The longest value that is read, in bytes. etcd accepts no object of more than 1.5 MiB.</summary>
    public const int LongestValue = 16 * 1024 * 1024;

    private byte[] _bytes = new byte[size];
    private int _start;
    private int _end;

    /// <summary>Valid until the next call of <see cref="FillAsync"/>.</summary>
    public ReadOnlyMemory<byte> Unread => _bytes.AsMemory(_start, _end - _start);

    public void Consume(int count) => _start += count;

    /// <summary>Receives more bytes.</summary>
    /// <returns>False at the end of the stream.</returns>
    /// <exception cref="JsonException">A value is longer than <see cref="LongestValue"/>.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (_start > 0)
        {
            Unread.CopyTo(_bytes);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _bytes.Length)
        {
            if (_end >= LongestValue)
            {
                throw new JsonException($"the server sent an object of more than {LongestValue} bytes");
            }

            Array.Resize(ref _bytes, 2 * _bytes.Length);
        }

        var read = await body.ReadAsync(_bytes.AsMemory(_end), cancellation);
        _end += read;
        return read > 0;
    }
}
