using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>How many lost nodes are too many to believe LINSTOR, on a real control plane.</summary>
public sealed class StormTests(SharedControlPlane shared)
{
    [Fact]
    public async Task Satellites_that_were_off_before_the_controller_began_and_carry_no_consumers_do_not_make_a_storm()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await SwitchOffAsync(stage, stage.D, stage.E);
        var controller = await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: TimeSpan.FromSeconds(120));
        Assert.False(controller.Says("--storm-threshold"));
    }

    [Fact]
    public async Task Three_of_five_nodes_that_are_lost_at_once_are_a_storm_until_one_of_them_is_back()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        await SwitchOffAsync(stage, stage.D, stage.E);
        stage.Crash(stage.A);
        await stage.UntilHeldAsync("db-0", "so many nodes were lost at once");
        Assert.Empty(stage.Deletions);

        stage.Linstor.Do(world => world.PowerOn(stage.D));
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    private static async Task SwitchOffAsync(TestCluster stage, params string[] nodes)
    {
        foreach (var node in nodes)
        {
            await stage.World.Api.PatchAsync(Paths.Node(node), new { spec = new { unschedulable = true } }, stage.World.Closing);
            stage.Crash(node);
        }

        await stage.Linstor.WhenAsync(world => nodes.All(node => world.FindNode(node)!.Status == ConnectionStatus.Offline), stage.World.Closing);
    }
}
