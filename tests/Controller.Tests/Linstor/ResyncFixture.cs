using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>A resync that runs against a canned LINSTOR, on a clock that the test moves.</summary>
public abstract class ResyncFixture : IAsyncDisposable
{
    private protected static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private protected static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private protected static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private protected ResyncFixture()
    {
        Server = new(AnswerAsync);
        Connected = LinstorFixture.Of(Server.Address);
    }

    private protected TestTime Time { get; } = new();

    private protected Channel<Observation> Received { get; } = Inbox.Create();

    private protected CancellationTokenSource Stop { get; } = new();

    private protected ConcurrentDictionary<string, (string Status, string Body)> Answers { get; } = new() { ["/v1/nodes"] = ("200 OK", "[]") };

    private protected CannedLinstor Server { get; }

    private protected LinstorFixture Connected { get; }

    /// <summary>The path that is not answered.</summary>
    private protected string? Hanging { get; set; }

    /// <summary>Called when the satellites are asked for.</summary>
    private protected Action? OnNodes { get; set; }

    private protected ClusterSnapshot Cluster { get; set; } = ClusterSnapshot.Empty;

    private protected Resync? Resync { get; private set; }

    private protected Task Running { get; private set; } = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await Stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Running.SoonAsync());
        Connected.Dispose();
        await Server.DisposeAsync();
        Stop.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static IEnumerable<string> Names(int count) => Enumerable.Range(0, count).Select(number => $"r-{number:0000}");

    private protected void Observe(Observation seen) => Cluster = Cluster.Apply(seen, Instant.Start);

    private protected void InUse(int count)
    {
        Observe(new Observation.Listed<Volume>([.. Names(count).Select(name => new Volume($"pv-{name}", null) { Resource = new(name) })]));
        Observe(new Observation.Listed<Attachment>([.. Names(count).Select(name => new Attachment(name, new(name), $"pv-{name}", new("a")))]));
    }

    private protected void Start(LinstorFixture? client = null)
    {
        Resync = new((client ?? Connected).Linstor, () => Cluster, Received.Writer, Interval, Time, new Logger<Resync>(Connected.Told));
        Running = Resync.RunAsync(Stop.Token);
    }

    private Task AnswerAsync(Exchange exchange)
    {
        if (exchange.Path is "/v1/nodes")
        {
            OnNodes?.Invoke();
        }

        return exchange.Path == Hanging ? exchange.HangAsync()
            : Answers.TryGetValue(exchange.Path, out var answer) ? exchange.AnswerAsync(answer.Body, answer.Status)
            : exchange.Path == LinstorConnection.VersionPath ? exchange.AnswerAsync(CannedLinstor.Version)
            : exchange.AnswerAsync("""[{"ret_code":-4611686018427387603,"message":"Not found."}]""", "404 Not Found");
    }

    /// <summary>The interval passes, of which a round may have used up a part in waiting for its answers.</summary>
    private protected async Task NextRoundAsync(TimeSpan waits = default)
    {
        if (waits > TimeSpan.Zero)
        {
            await Time.RestingAsync(waits);
            Time.Advance(waits);
        }

        await Time.RestingAsync(Interval - waits);
        Time.Advance(Interval - waits);
    }

    /// <summary>So many resources that are reported next, in order, after the list of satellites.</summary>
    private protected async Task<List<string>> ReportedAsync(int count)
    {
        await Received.NextAsync<Observation.SatellitesListed>();
        var reported = new List<string>();
        while (reported.Count < count)
        {
            reported.Add((await Received.NextAsync<Observation.ResourceReported>()).Report.Resource.Value);
        }

        return [.. reported.Order()];
    }

    /// <summary>The resources that one round asked about.</summary>
    private protected async Task<List<string>> RoundAsync()
    {
        await Time.RestingAsync(Interval);
        await Received.NextAsync<Observation.SatellitesListed>();
        var asked = new List<string>();
        while (Received.Reader.TryPeek(out var next) && next is Observation.ResourceReported)
        {
            asked.Add((await Received.NextAsync<Observation.ResourceReported>()).Report.Resource.Value);
        }

        return [.. asked.Order()];
    }
}
