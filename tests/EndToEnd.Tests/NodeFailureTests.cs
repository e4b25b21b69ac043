using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What happens to the pods of a node that fails, on a real control plane.</summary>
public sealed class NodeFailureTests(SharedControlPlane shared)
{
    /// <summary>The attach-detach controller looks once a minute whether a volume is still in use on the old node.</summary>
    private static readonly TimeSpan AttachDetachSync = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task The_pods_of_a_crashed_node_run_elsewhere_and_nobody_else_is_touched()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.Workloads.StatefulSetAsync("other", on: stage.B);
        var controller = await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: Promptly);

        Assert.Equal(["attachment of data-db-0 on a", "pod db-0"], stage.Deletions);
        Assert.True(controller.Says("Deleting pod"));
    }

    [Fact]
    public async Task Both_deletions_are_forced_name_the_incarnation_and_leave_the_two_documented_Events()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var (pod, attachment) = (db.Pod, stage.World.View.AttachmentOf(db.Volume, stage.A)!);
        // Without rights to nodes the volume is not released, so the attach-detach controller is not faster than we are.
        await stage.GrantOnlyAsync(
            ("", "pods", "list,watch,delete"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"), ("", "events", "create"));
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");

        var deletion = stage.Writes.First(write => write.Resource == "pods");
        Assert.Equal((0, pod.Uid), (deletion.GraceSeconds, deletion.PreconditionUid));
        Assert.Equal(attachment.Uid, stage.Writes.First(write => write.Resource == "volumeattachments").PreconditionUid);

        await stage.EventuallyAsync(async () => (await stage.EventsOnAsync("VolumeAttachment", attachment.Name)).Count == 1, "an Event on the attachment");
        var forced = (await stage.EventsOnAsync("Pod", "db-0")).First(happened => happened.Text("reason") == "ForceDeleted");
        Assert.Equal(("Warning", "pod deleted because a used volume is marked as failing"), (forced.Text("type"), forced.Text("message")));
        var detached = (await stage.EventsOnAsync("VolumeAttachment", attachment.Name)).Single();
        Assert.Equal(("Warning", "ForceDetached", "volume detached because it is marked as failing"), (detached.Text("type"), detached.Text("reason"), detached.Text("message")));
    }

    [Fact]
    public async Task A_node_whose_links_are_cut_while_its_satellite_lives_loses_its_pods()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.CutLinks(stage.A);
        // Its kubelet lives and stops the pod, so either we or the attach-detach controller delete the attachment.
        await stage.EventuallyAsync(() => stage.Deletions.Contains("pod db-0"), "the pod was deleted");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: AttachDetachSync);

        Assert.Equal(ConnectionStatus.Online, stage.Linstor.Ask(world => world.FindNode(stage.A)!.Status));
        Assert.Equal("True", stage.World.View.Nodes.Find(stage.A)!.Items("status", "conditions").Single(condition => condition.Text("type") == "Ready").Text("status"));
    }

    [Fact]
    public async Task A_satellite_that_restarts_moves_nobody()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.Linstor.Do(world => world.StopSatellite(stage.A));
        await stage.UntilSaidAsync("only its LINSTOR satellite went away. (StillConnected)");
        stage.Linstor.Do(world => world.StartSatellite(stage.A));
        await stage.BystanderIsMovedAsync();

        Assert.DoesNotContain("pod db-0", stage.Deletions);
    }

    [Fact]
    public async Task A_node_that_recovers_within_the_grace_period_keeps_its_pods()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.CutLinks(stage.A);
        await stage.UntilSaidAsync("the grace period is not over");
        stage.HealLinks(stage.A);
        await stage.BystanderIsMovedAsync();

        Assert.DoesNotContain("pod db-0", stage.Deletions);
    }

    [Fact]
    public async Task A_link_that_flaps_never_fills_the_grace_period()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        // Each flap lasts for as long as the storage takes to notice and to recover; together they outlast the grace period.
        using var flapping = CancellationTokenSource.CreateLinkedTokenSource(stage.World.Closing);
        var flaps = FlapAsync(stage, flapping.Token);
        await stage.BystanderIsMovedAsync();
        await flapping.CancelAsync();
        Assert.InRange(await flaps, 6, int.MaxValue);

        Assert.DoesNotContain("pod db-0", stage.Deletions);
    }

    [Fact]
    public async Task Without_a_quorum_policy_nothing_is_moved_and_the_pod_is_told_why()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        stage.Provision = (world, resource) =>
        {
            world.AddResource(resource, [stage.A, stage.B, stage.C]);
            world.SetDefinitionProperty(resource, "DrbdOptions/Resource/quorum", "off");
        };
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.CutLinks(stage.A);
        await stage.EventuallyAsync(async () => (await stage.EventsOnAsync("Pod", "db-0")).Any(held => held.Text("reason") == "FailoverHeld"), "an Event that says why");

        Assert.Contains("has no quorum policy", (await stage.EventsOnAsync("Pod", "db-0")).Single().Text("message"), StringComparison.Ordinal);
        Assert.Empty(stage.Deletions);
    }

    [Fact]
    public async Task Where_no_side_has_quorum_nobody_is_moved_and_the_pod_is_told_why()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        stage.Crash(stage.B);
        await stage.EventuallyAsync(async () => (await stage.EventsOnAsync("Pod", "db-0")).Any(held => held.Text("reason") == "FailoverHeld"), "an Event that says why");

        Assert.Contains("may promote, so no other node could take over", (await stage.EventsOnAsync("Pod", "db-0")).Single().Text("message"), StringComparison.Ordinal);
        Assert.Empty(stage.Deletions);
    }

    [Fact]
    public async Task A_replica_on_a_tie_breaker_is_a_place_to_go()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        stage.Provision = (world, resource) => world.AddResource(resource, [stage.A, stage.B], tieBreaker: stage.C);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    private static async Task<int> FlapAsync(TestCluster stage, CancellationToken cancellation)
    {
        var flaps = 0;
        try
        {
            while (true)
            {
                stage.CutLinks(stage.A);
                await stage.Linstor.WhenAsync(world => MayPromote(world, stage.B), cancellation);
                stage.HealLinks(stage.A);
                await stage.Linstor.WhenAsync(world => !MayPromote(world, stage.B), cancellation);
                flaps++;
            }
        }
        catch (OperationCanceledException)
        {
            return flaps;
        }

        bool MayPromote(StorageWorld world, string node) => world.KnownOf($"pvc-{stage.World.Namespace}-data-db-0", node)?.MayPromote == true;
    }
}
