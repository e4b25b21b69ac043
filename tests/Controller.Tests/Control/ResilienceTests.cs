using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Tests.Endpoints;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Controller.Tests.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>Deciding never dies: this program's own errors are logged and counted, and the control loop turns on.</summary>
public sealed class ResilienceTests
{
    private static readonly FailoverSettings Impatient = new() { KnownResourceGrace = TimeSpan.Zero, NewResourceGrace = TimeSpan.Zero, StormThreshold = 1 };

    [Fact]
    public async Task What_fails_to_be_reported_stops_no_failover()
    {
        await using var fixture = await OpenAsync(reporting: new BrokenLogger<Reporter>());
        await using var metrics = new MetricsReader(fixture.Meter);
        fixture.ReportLoss();
        await TurnUntilAsync(fixture, () => DeletionAsync(fixture));
        Assert.Contains(fixture.Told.Lines, line => IsLogged(line, "InvalidOperationException: the log is broken"));
        Assert.InRange(await CountedAsync(metrics), 1, double.MaxValue);
    }

    [Fact]
    public async Task An_observation_that_cannot_be_taken_in_stops_no_failover()
    {
        await using var fixture = await OpenAsync();
        await using var metrics = new MetricsReader(fixture.Meter);
        fixture.ReportLoss();
        Replica broken = new(new("b")) { Promotability = Promotability.MayPromote, Connections = default };
        Assert.True(fixture.Inbox.Writer.TryWrite(new Observation.ResourceReported(new(new("other"), true, [broken], fixture.Clock.Now))));
        await TurnUntilAsync(fixture, () => DeletionAsync(fixture));
        Assert.Contains(fixture.Told.Lines, line => IsLogged(line, "NullReferenceException"));
        Assert.Equal(1, await CountedAsync(metrics));
    }

    [Fact]
    public async Task An_error_in_judging_a_consumer_ends_nothing()
    {
        await using var fixture = await OpenAsync(kubernetes: call => call.RefuseAsync(500, "out of order"));
        fixture.ReportLoss();
        Assert.True(fixture.Inbox.Writer.TryWrite(new Observation.Updated<Pod>(ControlFixture.App with { SharedStorage = default })));
        await TurnUntilAsync(fixture, async () =>
        {
            while (!fixture.Told.Lines.Any(line => IsLogged(line, "NullReferenceException")))
            {
                await Task.Yield();
            }
        });
        Assert.DoesNotContain(fixture.Kubernetes.Calls, call => call.Method == "DELETE");
        Assert.Contains(fixture.DecisionLog.Entries, entry => entry.Reason == HoldReason.InternalError);
    }

    private static Task<ControlFixture> OpenAsync(Func<Call, Task>? kubernetes = null, Microsoft.Extensions.Logging.ILogger<Reporter>? reporting = null) => ControlFixture.OpenAsync(
        kubernetes ?? (call => call.AnswerAsync(call is { Method: "GET", Path: "/api/v1/pods" } ? ControlFixture.PodsOnA : """{"metadata":{}}""")),
        CannedLinstor.Alive(exchange => exchange.AnswerAsync("busy", "503 Service Unavailable")), settings: Impatient, reporting: reporting);

    private static async Task TurnUntilAsync(ControlFixture fixture, Func<Task> seen)
    {
        using var stop = new CancellationTokenSource();
        var running = fixture.Control.RunAsync(stop.Token);
        await seen().SoonAsync();
        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    private static async Task DeletionAsync(ControlFixture fixture)
    {
        while ((await fixture.Kubernetes.ArrivalAsync()).Method != "DELETE")
        {
        }
    }

    private static bool IsLogged(string line, string error) =>
        line.StartsWith("An error of this program was caught", StringComparison.Ordinal) && line.Contains(error, StringComparison.Ordinal) && line.Contains("   at Piraeus.", StringComparison.Ordinal);

    private static async Task<double> CountedAsync(MetricsReader metrics) => (await metrics.SamplesAsync())["piraeus_ha_internal_errors_total"];
}
