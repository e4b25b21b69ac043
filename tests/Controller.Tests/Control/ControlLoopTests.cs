using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Tests.Endpoints;
using Piraeus.HighAvailability.Controller.Tests.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class ControlLoopTests
{
    private static readonly Observation Again = new Observation.PromotionChanged(ControlFixture.Resource, new("b"), Promotability.MayPromote);

    [Fact]
    public async Task It_turns_at_least_every_longest_rest()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        using var stop = new CancellationTokenSource();
        var running = fixture.Control.RunAsync(stop.Token);
        for (var turn = 1; turn < 5; turn++)
        {
            await fixture.Time.RestingAsync(ControlLoop.LongestRest, turn);
            fixture.Time.Advance(ControlLoop.LongestRest);
        }

        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Theory]
    [InlineData(11, true)]
    [InlineData(13, false)]
    public async Task A_loop_that_was_suspended_takes_LINSTOR_for_silent_since_its_last_turn(int seconds, bool isSynced)
    {
        await using var fixture = await ControlFixture.OpenAsync(linstor: CannedLinstor.Mute());
        fixture.ReportLoss();
        using var stop = new CancellationTokenSource();
        var running = fixture.Control.RunAsync(stop.Token);
        await UntilAsync(cluster => !cluster.InDoubt.IsEmpty && cluster.InDoubt.Values.Single().Single().Assessment is { IsLoss: true });

        var before = fixture.Clock.Now;
        fixture.Time.Sleep(TimeSpan.FromSeconds(seconds));
        var arrived = ControlFixture.App with { Key = new("shop", "other"), Uid = new("u-other") };
        fixture.Inbox.Writer.TryWrite(new Observation.Updated<Pod>(arrived));
        await UntilAsync(cluster => cluster.Pods.Find(arrived.Key) is not null);
        Assert.Equal(isSynced, fixture.Control.Cluster.Linstor.IsSynced);
        var paused = fixture.Control.Cluster.InDoubt.Values.Single().Single().Assessment!.PausedAt;
        Assert.Equal(!isSynced, paused <= before + TimeSpan.FromSeconds(1)); // not when the loop noticed

        // After a silence of more than 12 s, a new grace period begins with LINSTOR's next report.
        var returned = fixture.Clock.Now;
        var cluster = fixture.Control.Cluster.Apply(ControlFixture.Satellites(returned, "a"), returned).Apply(ControlFixture.Loss(returned), returned);
        Assert.Equal(isSynced, cluster.InDoubt.Values.Single().Single().Assessment!.Since < returned);
        await stop.CancelAsync();
        await running.CancelledAsync();

        async Task UntilAsync(Func<ClusterSnapshot, bool> condition)
        {
            while (!condition(fixture.Control.Cluster))
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task A_burst_is_one_decision()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        for (var number = 0; number < 1000; number++)
        {
            fixture.Inbox.Writer.TryWrite(new Observation.Tick());
        }

        using var stop = new CancellationTokenSource();
        var running = fixture.Control.RunAsync(stop.Token);
        await fixture.Time.RestingAsync(ControlLoop.LongestRest, 1);
        fixture.Inbox.Writer.TryWrite(new Observation.Tick());
        await fixture.Time.RestingAsync(ControlLoop.LongestRest, 2);

        Assert.Equal(2, fixture.Time.Rests(ControlLoop.LongestRest));
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact]
    public async Task What_is_in_flight_is_not_offered_twice_and_its_answer_frees_it_for_when_the_policy_asked_to_be_woken()
    {
        var (questions, answer) = (0, new TaskCompletionSource());
        await using var fixture = await ControlFixture.OpenAsync(linstor: CannedLinstor.Alive(async exchange =>
        {
            if (exchange.Path.EndsWith("/resources", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref questions); // a report takes two requests, of which this is one
            }

            await answer.Task;
            await exchange.AnswerAsync("busy", "503 Service Unavailable");
        }));
        fixture.ReportSuspicion();
        using var stop = new CancellationTokenSource();
        var running = fixture.Control.RunAsync(stop.Token);
        for (var turn = 1; turn <= 4; turn++)
        {
            await fixture.Time.RestingAsync(ControlLoop.LongestRest, turn);
            fixture.Inbox.Writer.TryWrite(Again);
        }

        await fixture.Time.RestingAsync(ControlLoop.LongestRest, 5);
        Assert.InRange(questions, 0, 1); // the one question may still be on its way

        answer.SetResult();
        var pause = TimeSpan.FromMilliseconds(250);
        await fixture.Time.RestingAsync(pause); // the first back-off
        Assert.Equal(1, questions);
        fixture.Time.Advance(pause);
        await fixture.Time.RestingAsync(2 * pause); // asked again, and refused again
        Assert.Equal(2, questions);
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact]
    public async Task What_found_no_room_is_counted_decided_again_soon_and_not_lost()
    {
        await using var fixture = await ControlFixture.OpenAsync(linstor: CannedLinstor.Alive(exchange => exchange.AnswerAsync("busy", "503 Service Unavailable")), kubernetes: call => call.AnswerAsync(call is { Method: "GET", Path: "/api/v1/pods" } ? ControlFixture.PodsOnA : """{"metadata":{}}"""), settings: new() { KnownResourceGrace = TimeSpan.Zero, NewResourceGrace = TimeSpan.Zero, StormThreshold = 1 });
        fixture.RequestGate.IsOpen = false;
        await using var metrics = new MetricsReader(fixture.Meter);
        fixture.ReportLoss();
        using var stop = new CancellationTokenSource();
        var running = fixture.Control.RunAsync(stop.Token);

        await fixture.Time.RestingAsync(Actuator.Breath);
        Assert.DoesNotContain(fixture.Kubernetes.Calls, call => call.Method == "DELETE");
        Assert.True((await metrics.SamplesAsync())["piraeus_ha_postponed_total"] > 0);
        fixture.RequestGate.IsOpen = true;
        fixture.Time.Advance(Actuator.Breath);
        while ((await fixture.Kubernetes.ArrivalAsync()).Method != "DELETE")
        {
        }

        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_deletion_does_not_leave_if_LINSTOR_takes_the_loss_back_before_it_does()
    {
        await using var fixture = await ControlFixture.OpenAsync(linstor: CannedLinstor.Alive(exchange => exchange.AnswerAsync("busy", "503 Service Unavailable")), kubernetes: call => call.Method == "PATCH" ? call.HangAsync() : call.AnswerAsync(call is { Method: "GET", Path: "/api/v1/pods" } ? ControlFixture.PodsOnA : """{"metadata":{}}"""), settings: new() { KnownResourceGrace = TimeSpan.Zero, NewResourceGrace = TimeSpan.Zero, StormThreshold = 1 }, conditions: 4);
        fixture.ReportLoss();
        using var stop = new CancellationTokenSource();
        var running = fixture.Control.RunAsync(stop.Token);
        while ((await fixture.Kubernetes.ArrivalAsync()).Method != "PATCH")
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        // The pod's condition is on its way, and the deletion waits for it.
        Assert.True(fixture.Inbox.Writer.TryWrite(ControlFixture.Recovery(fixture.Clock.Now + TimeSpan.FromTicks(2))));
        while (fixture.Control.Cluster.Upholds(ControlFixture.Delete, fixture.Clock.Now))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await fixture.Time.RestingAsync(MutationRunner.ConditionPatience);
        fixture.Time.Advance(MutationRunner.ConditionPatience);
        while (!fixture.Told.Lines.Any(line => line.StartsWith("Not done, because what was observed since speaks against it: Deleting pod shop/app-0", StringComparison.Ordinal)))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.DoesNotContain(fixture.Kubernetes.Calls, call => call.Method == "DELETE");
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1000, 1000)]
    [InlineData(1001, 0)] // the actuator finds it too old, and it is made again
    public void A_decision_is_as_old_as_its_end_unless_it_took_too_long(int took, int decided) =>
        Assert.Equal(Instant.Start + TimeSpan.FromMilliseconds(decided), ControlLoop.DecidedAt(Instant.Start, Instant.Start + TimeSpan.FromMilliseconds(took)));

    [Fact]
    public async Task Its_age_is_the_time_since_it_last_turned()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(TimeSpan.FromSeconds(7), fixture.Control.Age);

        using var stop = new CancellationTokenSource();
        var running = fixture.Control.RunAsync(stop.Token);
        await fixture.Time.RestingAsync(ControlLoop.LongestRest, 1);
        fixture.Inbox.Writer.TryWrite(new Observation.Tick());
        await fixture.Time.RestingAsync(ControlLoop.LongestRest, 2); // so the first turn is over
        Assert.Equal(TimeSpan.Zero, fixture.Control.Age);
        await stop.CancelAsync();
        await running.CancelledAsync();
    }
}
