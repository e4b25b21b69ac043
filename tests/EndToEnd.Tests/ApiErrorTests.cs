using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>LINSTOR or Kubernetes being away, in any order, is weather.</summary>
public sealed class ApiErrorTests(SharedControlPlane shared)
{
    [Fact]
    public async Task A_loss_that_happened_while_LINSTOR_was_down_at_start_is_found_once_it_is_up()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        stage.Linstor.Do(world => world.StopLinstor());
        var controller = await stage.LaunchControllerAsync();
        await stage.UntilSaidAsync("LINSTOR does not answer");
        Assert.Equal((200, 503), (await controller.ProbeAsync("/healthz"), await controller.ProbeAsync("/readyz")));

        stage.Crash(stage.A);
        stage.Linstor.Do(world => world.StartLinstor());
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        Assert.Equal(200, await controller.ProbeAsync("/readyz"));
    }

    [Fact]
    public async Task While_LINSTOR_is_away_nothing_is_done_and_afterwards_what_is_due()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilSaidAsync("the grace period is not over");
        stage.Linstor.Do(world => world.StopLinstor());
        await stage.UntilSaidAsync("alone: LINSTOR does not answer. (LinstorSilent)");
        Assert.Empty(stage.Deletions);

        stage.Linstor.Do(world => world.StartLinstor());
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    [Fact]
    public async Task A_loss_in_the_gap_of_a_cut_stream_is_found()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.Linstor.CutStreams();
        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    [Fact]
    public async Task A_loss_that_a_half_open_stream_never_tells_is_found_by_asking()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.Linstor.Hazards.StreamsAreDeaf = true;
        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    [Fact]
    public async Task A_restart_of_LINSTOR_alone_moves_nobody()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.Linstor.Do(world => world.RestartLinstor(TimeSpan.FromMilliseconds(500)));
        await stage.BystanderIsMovedAsync();
        Assert.DoesNotContain("pod db-0", stage.Deletions);
    }

    [Fact]
    public async Task Garbage_from_LINSTOR_is_named_and_survived()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var controller = await stage.StartControllerAsync();

        stage.Linstor.Hazards.Garbage = true;
        stage.Crash(stage.A);
        await stage.UntilSaidAsync("LINSTOR does not answer");
        Assert.Empty(stage.Deletions);

        stage.Linstor.Hazards.Garbage = false;
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        Assert.False(controller.HasExited);
    }

    [Fact]
    public async Task A_definition_that_was_deleted_meanwhile_is_named()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.Linstor.WhenAsync(world => world.LoseNode(stage.A), stage.World.Closing);
        await stage.Linstor.WhenAsync(world => world.DeleteDefinition(db.Volume.Handle), stage.World.Closing);
        await stage.UntilSaidAsync($"LINSTOR has no resource definition {db.Volume.Handle}");
        await stage.BystanderIsMovedAsync();
        Assert.DoesNotContain("pod db-0", stage.Deletions);
    }

    [Fact]
    public async Task A_restart_of_the_API_server_midway_loses_nothing()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var controller = await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilSaidAsync("the grace period is not over");
        await stage.World.Plane.StopApiServerAsync(stage.World.Closing);
        await stage.UntilSaidAsync("the Kubernetes API does not tell its");
        await stage.World.Plane.StartApiServerAsync(stage.World.Closing);

        await stage.EventuallyAsync(() => stage.Deletions.Contains("attachment of data-db-0 on a"), "the failover was finished", seconds: 40);
        Assert.Equal(["attachment of data-db-0 on a", "pod db-0"], stage.Deletions);
        Assert.Equal(200, await controller.ProbeAsync("/healthz"));
    }
}
