using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>How many lost nodes are too many to believe LINSTOR, on a real control plane.</summary>
public sealed class StormTests(SharedControlPlane shared)
{
    [Fact]
    public async Task Satellites_that_were_off_before_the_controller_began_and_carry_no_consumers_do_not_make_a_storm()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await SwitchOffAsync(cluster, cluster.D, cluster.E);
        var controller = await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120));
        Assert.False(controller.Logged(LogEvent.Storm));
    }

    [Fact]
    public async Task Three_of_five_nodes_that_are_lost_at_once_are_a_storm_until_one_of_them_is_back()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        await SwitchOffAsync(cluster, cluster.D, cluster.E);
        cluster.Crash(cluster.A);
        await cluster.UntilHeldAsync("db-0", "so many nodes were lost at once");
        Assert.Empty(cluster.Deletions);

        cluster.Linstor.Do(world => world.PowerOn(cluster.D));
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    private static async Task SwitchOffAsync(TestCluster cluster, params string[] nodes)
    {
        foreach (var node in nodes)
        {
            await cluster.World.Api.PatchAsync(Paths.Node(node), new { spec = new { unschedulable = true } }, cluster.World.Closing);
            cluster.Crash(node);
        }

        await cluster.Linstor.WhenAsync(world => nodes.All(node => world.FindNode(node)!.Status == ConnectionStatus.Offline), cluster.World.Closing);
    }
}
