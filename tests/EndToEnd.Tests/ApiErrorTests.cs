using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>An outage of LINSTOR or Kubernetes, in any order, is a transient error.</summary>
public sealed class ApiErrorTests(SharedControlPlane shared)
{
    [Fact]
    public async Task A_loss_that_happened_while_LINSTOR_was_down_at_start_is_found_once_it_is_up()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        cluster.Linstor.Do(world => world.StopLinstor());
        var controller = await cluster.LaunchControllerAsync();
        await cluster.UntilLoggedAsync(LogEvent.LinstorSilent);
        Assert.Equal((200, 503), (await controller.ProbeAsync("/healthz"), await controller.ProbeAsync("/readyz")));

        cluster.Crash(cluster.A);
        cluster.Linstor.Do(world => world.StartLinstor());
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        Assert.Equal(200, await controller.ProbeAsync("/readyz"));
    }

    [Fact]
    public async Task While_LINSTOR_is_away_nothing_is_done_and_afterwards_what_is_due()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "GraceNotOver"));
        cluster.Linstor.Do(world => world.StopLinstor());
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "LinstorSilent"));
        Assert.Empty(cluster.Deletions);

        cluster.Linstor.Do(world => world.StartLinstor());
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    [Fact]
    public async Task A_loss_in_the_gap_of_a_cut_stream_is_found()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.Linstor.CutStreams();
        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    [Fact]
    public async Task A_loss_that_a_half_open_stream_never_reports_is_found_by_a_query()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.Linstor.Hazards.StreamsAreDeaf = true;
        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    [Fact]
    public async Task A_restart_of_LINSTOR_alone_moves_no_pod()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.Linstor.Do(world => world.RestartLinstor(TimeSpan.FromMilliseconds(500)));
        await cluster.BystanderIsMovedAsync();
        Assert.DoesNotContain("pod db-0", cluster.Deletions);
    }

    [Fact]
    public async Task Garbage_from_LINSTOR_is_named_and_survived()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var controller = await cluster.StartControllerAsync();

        cluster.Linstor.Hazards.Garbage = true;
        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.LinstorSilent);
        Assert.Empty(cluster.Deletions);

        cluster.Linstor.Hazards.Garbage = false;
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        Assert.False(controller.HasExited);
    }

    [Fact]
    public async Task A_definition_that_was_deleted_meanwhile_is_named()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.Linstor.WhenAsync(world => world.LoseNode(cluster.A), cluster.World.Closing);
        await cluster.Linstor.WhenAsync(world => world.DeleteDefinition(db.Volume.Handle), cluster.World.Closing);
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "NoSuchResource"), ("Resource", db.Volume.Handle));
        await cluster.BystanderIsMovedAsync();
        Assert.DoesNotContain("pod db-0", cluster.Deletions);
    }

    [Fact]
    public async Task A_restart_of_the_API_server_midway_loses_nothing()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var controller = await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "GraceNotOver"));
        await cluster.World.Plane.StopApiServerAsync(cluster.World.Closing);
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "KubernetesSilent"));
        await cluster.World.Plane.StartApiServerAsync(cluster.World.Closing);

        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("attachment of data-db-0 on a"), "the failover was finished", seconds: 40);
        Assert.Equal(["attachment of data-db-0 on a", "pod db-0"], cluster.Deletions);
        Assert.Equal(200, await controller.ProbeAsync("/healthz"));
    }
}
