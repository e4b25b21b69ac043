using Piraeus.HighAvailability.EndToEnd.Tests.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What happens to pods when their node fails, on a real control plane.</summary>
public sealed class NodeFailureTests(SharedControlPlane shared)
{
    [Fact]
    public async Task The_pods_of_a_crashed_node_run_elsewhere_and_nobody_else_is_touched()
    {
        await using var stage = await Stage.SetAsync(shared);
        var lost = (await stage.Workloads.StatefulSetAsync("db", on: stage.A)).Pod;
        await stage.Workloads.StatefulSetAsync("other", on: stage.B);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "volumeattachments");
        var replacement = await stage.World.UntilReplacedAsync(lost, TimeSpan.FromSeconds(150));

        Assert.NotEqual(stage.A, replacement.NodeName);
        Assert.Equal(["pod db-0", "volumeattachments"], stage.Deletions);
    }
}
