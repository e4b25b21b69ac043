using System.Diagnostics;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>Which statements about a node count, on a real control plane.</summary>
public sealed class EvidenceTests(SharedControlPlane shared)
{
    /// <summary>DRBD's longest detection, in seconds: what is denied for longer than this is not merely being noticed.</summary>
    private const double Detection = 12;

    /// <summary>The grace period of these tests, in seconds.</summary>
    private const double Grace = 2;

    [Fact]
    public async Task A_hung_node_that_repeats_stale_state_is_outvoted_once_all_others_have_denied_it_for_twelve_seconds()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var listening = Stopwatch.StartNew(); // what is heard soon after a start may be as old as that
        await cluster.StartControllerAsync();

        // While one voter is silent, the others do not outvote it.
        cluster.StopSatellite(cluster.C);
        cluster.Hang(cluster.A);
        await cluster.UntilHeldAsync("db-0", $"node {cluster.A} reports that the side of node {cluster.A} has quorum");
        Assert.Empty(cluster.Deletions);

        cluster.StartSatellite(cluster.C);
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("pod db-0"), "the pod was deleted", seconds: Detection + 20);
        Assert.InRange(listening.Elapsed.TotalSeconds, Detection + Grace, double.MaxValue);
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120));
        Assert.True(cluster.Linstor.Ask(world => world.KnownOf(db.Volume.Handle, cluster.A)) is { InUse: true, PromotionScore: > 0 });
    }

    [Fact]
    public async Task One_speaker_alone_moves_a_pod_only_when_its_node_is_not_Ready()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.StopSatellite(cluster.C);
        cluster.Crash(cluster.A);
        await cluster.UntilHeldAsync("db-0", $"node {cluster.B} is the only one of resource {db.Volume.Handle} that reports it as lost");
        Assert.Empty(cluster.Deletions);

        await cluster.World.Api.StrategicPatchAsync(
            $"{Paths.Node(cluster.A)}/status", new { status = new { conditions = new[] { new { type = "Ready", status = "Unknown", reason = "NodeStatusUnknown" } } } }, cluster.World.Closing);
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("pod db-0"), "the pod was deleted");
    }
}
