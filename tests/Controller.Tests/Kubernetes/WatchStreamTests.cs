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
            Assert.Equal(["ADDED größe", "BOOKMARK "], await ReadAllAsync(new ChunkedStream([bytes[..cut], bytes[cut..]])));
        }

        Assert.Equal(["ADDED größe", "BOOKMARK "], await ReadAllAsync(new ChunkedStream([.. bytes.Select(one => (byte[])[one])])));
    }

    [Fact]
    public async Task An_event_is_reported_as_soon_as_it_is_complete()
    {
        var pipe = new Pipe();
        await using var events = WatchStream.ReadAsync(pipe.Reader.AsStream(), Patience, TimeProvider.System, default).GetAsyncEnumerator();
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(Two.Split('\n')[0])); // not even a newline follows
        Assert.True(await events.MoveNextAsync().AsTask().SoonAsync());
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
    public async Task Every_event_before_the_cut_is_reported()
    {
        var observed = new List<string>();
        await Assert.ThrowsAnyAsync<JsonException>(() => ReadAllAsync(new ChunkedStream([Encoding.UTF8.GetBytes(Two), "{"u8.ToArray()]), observed));
        Assert.Equal(["ADDED größe", "BOOKMARK "], observed);
    }

    [Fact]
    public async Task Silence_longer_than_the_patience_ends_the_watch_and_shorter_silence_does_not()
    {
        var (clock, pipe) = (new TestTime(), new Pipe());
        await using var events = WatchStream.ReadAsync(pipe.Reader.AsStream(), Patience, clock, default).GetAsyncEnumerator();
        var next = events.MoveNextAsync().AsTask();
        await clock.RestingAsync(Patience);
        clock.Advance(Patience - TimeSpan.FromSeconds(1));
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(Two.Split('\n')[1])); // a bookmark is a sign of life
        Assert.True(await next.SoonAsync());

        next = events.MoveNextAsync().AsTask();
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
        await using var events = WatchStream.ReadAsync(pipe.Reader.AsStream(), Patience, clock, default).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync().AsTask().SoonAsync());
        clock.Advance(10 * Patience);
        var next = events.MoveNextAsync().AsTask();
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(Two.Split('\n')[1]));
        Assert.True(await next.SoonAsync());
    }

    [Fact]
    public async Task Being_asked_to_stop_is_no_silence()
    {
        using var stop = new CancellationTokenSource();
        await using var events = WatchStream.ReadAsync(new Pipe().Reader.AsStream(), Patience, new TestTime(), stop.Token).GetAsyncEnumerator();
        var next = events.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        await next.CancelledAsync();
    }

    private static async Task<List<string>> ReadAllAsync(Stream body, List<string>? observed = null)
    {
        observed ??= [];
        await foreach (var seen in WatchStream.ReadAsync(body, Patience, TimeProvider.System, default))
        {
            observed.Add($"{seen.Type} {seen.Object.Deserialize(KubernetesJson.Default.WirePod)!.Metadata.Name}");
        }

        return observed;
    }

    /// <summary>A stream that gives its bytes in pieces, one a read.</summary>
    private sealed class ChunkedStream(IReadOnlyList<byte[]> pieces) : Stream
    {
        private readonly Queue<byte[]> _left = new(pieces.Where(piece => piece.Length > 0));

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var piece = _left.TryDequeue(out var next) ? next : [];
            piece.CopyTo(buffer);
            return ValueTask.FromResult(piece.Length);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
