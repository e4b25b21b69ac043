using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Forecasting;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Forecasting;

/// <summary>The forecast as a metric.</summary>
public sealed class ForecastLoopTests
{
    private static readonly Observation[] Synced =
    [
        ControlFixture.Satellites(Instant.Start), new Observation.Listed<Volume>([new("pv", new("shop", "data")) { Resource = ControlFixture.Resource }, new("pv-2", new("shop", "other")) { Resource = new("rd-2") }]),
        new Observation.Listed<Attachment>([]), new Observation.Listed<CsiNode>([]), Healthy(ControlFixture.Resource, "majority"), Healthy(new("rd-2"), "off"),
        new Observation.Listed<Pod>([ControlFixture.App, ControlFixture.App with { Key = new("shop", "app-1"), Uid = new("u-1"), Claims = [new("other")] }, ControlFixture.App with { Key = new("shop", "app-2"), Uid = new("u-2"), Node = new("b") }]),
    ];

    [Fact]
    public async Task Nothing_is_told_before_every_node_had_its_turn_and_then_pods_are_counted_by_outcome()
    {
        var (time, cluster) = (new TestTime(), Synced.Aggregate(ClusterSnapshot.Empty, (before, seen) => before.Apply(seen, Instant.Start)));
        var loop = new ForecastLoop(new(new()), () => cluster, run => run(), new MonotonicClock(time), time);
        using var stop = new CancellationTokenSource();
        var running = loop.RunAsync(stop.Token);
        for (var turns = 0; loop.Pods is null && turns < 3; turns++)
        {
            await time.RestingAsync(turns == 0 ? TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(1));
            time.Advance(turns == 0 ? TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(1));
        }

        await time.RestingAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([(null, 1), ("NoQuorumPolicy", 1), ("NothingMayPromote", 1)], loop.Pods!.Order());

        // A pod that is gone is no longer counted.
        cluster = cluster.Apply(new Observation.Listed<Pod>([ControlFixture.App]), clock(time));
        for (var turns = 0; turns < 5; turns++)
        {
            await time.RestingAsync(TimeSpan.FromSeconds(30));
            time.Advance(TimeSpan.FromSeconds(30));
        }

        await time.RestingAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([(null, 1)], loop.Pods!.Order());
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        static Instant clock(TestTime time) => new MonotonicClock(time).Now;
    }

    [Fact]
    public async Task A_forecast_that_takes_long_is_followed_by_a_pause_fifty_times_as_long()
    {
        var (time, cluster) = (new TestTime(), Synced.Aggregate(ClusterSnapshot.Empty, (before, seen) => before.Apply(seen, Instant.Start)));
        var took = TimeSpan.Zero;
        var loop = new ForecastLoop(
            new(new()),
            () =>
            {
                time.Sleep(took);
                return cluster;
            },
            run => run(),
            new MonotonicClock(time),
            time);
        using var stop = new CancellationTokenSource();
        var running = loop.RunAsync(stop.Token);
        await time.RestingAsync(TimeSpan.FromSeconds(5));
        took = TimeSpan.FromSeconds(2);
        time.Advance(TimeSpan.FromSeconds(5));
        await time.RestingAsync(TimeSpan.FromSeconds(100));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task While_a_pod_is_being_moved_nothing_is_forecast()
    {
        var (time, cluster) = (new TestTime(), Synced.Aggregate(ClusterSnapshot.Empty, (before, seen) => before.Apply(seen, Instant.Start)));
        var quiet = cluster;
        cluster = cluster.Apply(new Observation.MutationAnswered(new Decision.DeletePod(ControlFixture.App, ControlFixture.Evidence), new(MutationOutcome.Accepted), Instant.Start), Instant.Start);
        var loop = new ForecastLoop(new(new()), () => cluster, run => run(), new MonotonicClock(time), time);
        using var stop = new CancellationTokenSource();
        var running = loop.RunAsync(stop.Token);
        for (var turns = 0; turns < 5; turns++)
        {
            await time.RestingAsync(TimeSpan.FromSeconds(5));
            time.Advance(TimeSpan.FromSeconds(5));
        }

        await time.RestingAsync(TimeSpan.FromSeconds(5));
        cluster = quiet;
        time.Advance(TimeSpan.FromSeconds(5));
        await time.RestingAsync(TimeSpan.FromSeconds(1)); // the pause after a forecast
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Without_its_sources_it_forecasts_nothing()
    {
        var time = new TestTime();
        var loop = new ForecastLoop(new(new()), () => ClusterSnapshot.Empty, run => run(), new MonotonicClock(time), time);
        using var stop = new CancellationTokenSource();
        var running = loop.RunAsync(stop.Token);
        await time.RestingAsync(TimeSpan.FromSeconds(5));
        time.Advance(TimeSpan.FromSeconds(5));
        await time.RestingAsync(TimeSpan.FromSeconds(5));
        Assert.Null(loop.Pods);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static Observation Healthy(ResourceName name, string policy)
    {
        string[] nodes = ["a", "b", "c"];
        return new Observation.ResourceReported(new(name, true, [.. nodes.Select(node => new Replica(new(node))
        {
            Usage = node == "a" ? Usage.InUse : Usage.Unused, Promotability = Promotability.MayNotPromote, Score = 10103, Connections = [.. nodes.Where(peer => peer != node).Select(peer => new Connection(peer, Up: true))],
        })], Instant.Start)
        { QuorumProperties = new(policy, null), AllowsTwoPrimaries = false });
    }
}
