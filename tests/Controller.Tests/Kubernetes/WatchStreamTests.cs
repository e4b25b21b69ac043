using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed class WatchStreamTests
{
    private const string Two =
        """{"type":"ADDED","object":{"metadata":{"name":"größe","resourceVersion":"1"}}}""" + "\n" +
        """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"2"}}}""" + "\n";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Events_are_the_same_wherever_the_bytes_are_split()
    {
        var bytes = Encoding.UTF8.GetBytes(Two);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(["Added größe", "Bookmark "], await ReadAllAsync(new ChunkedStream([bytes[..cut], bytes[cut..]])));
        }

        Assert.Equal(["Added größe", "Bookmark "], await ReadAllAsync(new ChunkedStream([.. bytes.Select(one => (byte[])[one])])));
    }

    [Fact]
    public async Task An_event_is_reported_as_soon_as_it_is_complete()
    {
        var pipe = new Pipe();
        var events = new WatchStream(pipe.Reader.AsStream(), TimeProvider.System);
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(Two.Split('\n')[0])); // not even a newline follows
        Assert.NotNull(await events.NextAsync(Patience, default).AsTask().SoonAsync());
    }

    [Fact]
    public async Task A_clean_end_is_an_end_and_no_error() => Assert.Empty(await ReadAllAsync(new ChunkedStream([])));

    [Theory]
    [InlineData("""{"type":"ADDED","obj""")]
    [InlineData("<html>Bad gateway</html>")]
    [InlineData("""["ADDED"]""")]
    public async Task A_connection_cut_within_an_event_and_garbage_are_JSON_errors(string text) =>
        await Assert.ThrowsAnyAsync<JsonException>(() => ReadAllAsync(new ChunkedStream([Encoding.UTF8.GetBytes(text)])));

    [Fact]
    public async Task An_event_that_does_not_end_is_given_up_after_16_MiB()
    {
        var piece = new byte[1024 * 1024];
        piece.AsSpan().Fill((byte)'x');
        var body = new ChunkedStream([Encoding.UTF8.GetBytes("{\"type\":\"ADDED\",\"object\":{\"data\":\""), .. Enumerable.Repeat(piece, 20)]);
        var error = await Assert.ThrowsAsync<JsonException>(() => ReadAllAsync(body));
        Assert.Equal("the server sent an object of more than 16777216 bytes", error.Message);
    }

    [Fact]
    public async Task Every_event_before_the_cut_is_reported()
    {
        var observed = new List<string>();
        await Assert.ThrowsAnyAsync<JsonException>(() => ReadAllAsync(new ChunkedStream([Encoding.UTF8.GetBytes(Two), "{"u8.ToArray()]), observed));
        Assert.Equal(["Added größe", "Bookmark "], observed);
    }

    [Fact]
    public async Task Silence_longer_than_the_patience_ends_the_watch_and_shorter_silence_does_not()
    {
        var (clock, pipe) = (new TestTime(), new Pipe());
        var events = new WatchStream(pipe.Reader.AsStream(), clock);
        var next = events.NextAsync(Patience, default).AsTask();
        await clock.RestingAsync(Patience);
        clock.Advance(Patience - TimeSpan.FromSeconds(1));
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(Two.Split('\n')[1])); // a bookmark is a sign of life
        Assert.NotNull(await next.SoonAsync());

        next = events.NextAsync(Patience, default).AsTask();
        await clock.RestingAsync(Patience);
        clock.Advance(Patience - TimeSpan.FromSeconds(1));
        Assert.False(next.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("said nothing", (await Assert.ThrowsAsync<TimeoutException>(() => next.SoonAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_consumer_is_not_a_silent_server()
    {
        var (clock, pipe) = (new TestTime(), new Pipe());
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(Two.Split('\n')[0]));
        var events = new WatchStream(pipe.Reader.AsStream(), clock);
        Assert.NotNull(await events.NextAsync(Patience, default).AsTask().SoonAsync());
        clock.Advance(10 * Patience);
        var next = events.NextAsync(Patience, default).AsTask();
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(Two.Split('\n')[1]));
        Assert.NotNull(await next.SoonAsync());
    }

    [Fact]
    public async Task Being_asked_to_stop_is_no_silence()
    {
        using var stop = new CancellationTokenSource();
        var events = new WatchStream(new Pipe().Reader.AsStream(), new TestTime());
        var next = events.NextAsync(Patience, stop.Token).AsTask();
        await stop.CancelAsync();
        await next.CancelledAsync();
    }

    private static async Task<List<string>> ReadAllAsync(Stream body, List<string>? observed = null)
    {
        observed ??= [];
        var events = new WatchStream(body, TimeProvider.System);
        while (await events.NextAsync(Patience, default) is { } seen)
        {
            observed.Add($"{seen.Type} {JsonSerializer.Deserialize(seen.Object.Span, KubernetesJson.Default.WirePod)!.Metadata.Name}");
        }

        return observed;
    }

    /// <summary>A stream that gives its bytes in pieces, one a read.</summary>
    private sealed class ChunkedStream(IReadOnlyList<byte[]> pieces) : Stream
    {
        private readonly Queue<byte[]> _left = new(pieces.Where(piece => piece.Length > 0));
        private ReadOnlyMemory<byte> _rest;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_rest.IsEmpty && _left.TryDequeue(out var next))
            {
                _rest = next;
            }

            var fits = Math.Min(_rest.Length, buffer.Length);
            _rest[..fits].CopyTo(buffer);
            _rest = _rest[fits..];
            return ValueTask.FromResult(fits);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
