using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Leadership;

/// <summary>A Lease loop, the Lease on a server whose answers a test writes, and its time.</summary>
public abstract class LeaseLoopFixture : IAsyncLifetime
{
    private protected static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);
    private protected static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(2.4);

    private protected CancellationTokenSource Stop { get; } = new();

    private protected CannedLease Lease { get; } = new();

    private protected TestTime Time { get; } = new();

    private protected LogCapture Told { get; } = new();

    private protected Channel<Observation> Received { get; } = Inbox.Create();

    private protected CannedKubernetes Server { get; private set; } = null!;

    private protected LeadershipStatus Status { get; private set; } = null!;

    private protected Task Running { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await CannedKubernetes.StartAsync(Lease.AnswerAsync);
        Status = new(new(Time), "me");
    }

    public async ValueTask DisposeAsync()
    {
        Lease.Before = call => call.RefuseAsync(500, "the test is over");
        await StopAsync();
        await Server.DisposeAsync();
        Stop.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task StartAsync(ImmutableHashSet<Source>? sources = null)
    {
        var clock = new MonotonicClock(Time);
        Status = new(clock, "me");
        Status.Synced(sources ?? Elections.AllSources);
        var client = new KubernetesClient(Server.Connection.CreateClient(), new Controller.Kubernetes.KubernetesTranslation("", LabelSelector.Parse("")), Time);
        Running = new LeaseLoop(client, new("ha", "controller"), Status, Received.Writer, clock, Time, new Logger<LeaseLoop>(Told)).RunAsync(Stop.Token);
        await Time.RestingAsync(Retry, LongestRetry);
    }

    /// <summary>Lets time pass until the next move, and waits until it was made.</summary>
    private protected async Task PassAsync(TimeSpan? by = null)
    {
        Time.Advance(by ?? Retry);
        await Time.RestingAsync(Retry, LongestRetry);
    }

    private protected async Task StopAsync()
    {
        await Stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Running.SoonAsync());
    }
}
