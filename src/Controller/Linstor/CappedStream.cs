namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Fails when a line grows beyond a limit: the SSE parser itself would buffer it without end.</summary>
internal sealed class CappedStream(Stream inner, int longestLine) : Stream
{
    private int _line;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="InvalidDataException">The line is too long.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        Count(buffer.Span[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        Count(buffer.AsSpan(offset, read));
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <remarks>Lines that begin and end within one read are bounded by the reader's buffer, so only the last one needs counting.</remarks>
    private void Count(ReadOnlySpan<byte> read)
    {
        var end = read.LastIndexOf((byte)'\n');
        _line = end < 0 ? _line + read.Length : read.Length - end - 1;
        if (_line > longestLine)
        {
            throw new InvalidDataException($"a line is longer than {longestLine} bytes");
        }
    }
}
