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
    public async Task The_pods_of_a_crashed_node_run_elsewhere_and_no_other_pod_is_touched()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("other", on: cluster.B);
        var controller = await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: Promptly);

        Assert.Equal(["attachment of data-db-0 on a", "pod db-0"], cluster.Deletions);
        Assert.True(controller.Logged(LogEvent.Acting, ("Decision", "DeletePod")));
    }

    [Fact]
    public async Task Both_deletions_are_forced_name_the_incarnation_and_leave_the_two_documented_Events()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var (pod, attachment) = (db.Pod, cluster.World.View.AttachmentOf(db.Volume, cluster.A)!);
        // Without rights to nodes the volume is not released, so the attach-detach controller is not faster than we are.
        await cluster.GrantOnlyAsync(
            ("", "pods", "list,watch,delete"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"), ("", "events", "create"));
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");

        var deletion = cluster.Writes.First(write => write is { Resource: "pods", Verb: "delete" });
        Assert.Equal((0, pod.Uid), (deletion.GraceSeconds, deletion.PreconditionUid));
        Assert.Equal(attachment.Uid, cluster.Writes.First(write => write.Resource == "volumeattachments").PreconditionUid);

        await cluster.EventuallyAsync(async () => (await cluster.EventsOnAsync("VolumeAttachment", attachment.Name)).Count == 1, "an Event on the attachment");
        var forced = (await cluster.EventsOnAsync("Pod", "db-0")).First(happened => happened.Text("reason") == "ForceDeleted");
        Assert.Equal(("Warning", "pod deleted because a used volume is marked as failing"), (forced.Text("type"), forced.Text("message")));
        var detached = (await cluster.EventsOnAsync("VolumeAttachment", attachment.Name)).Single();
        Assert.Equal(("Warning", "ForceDetached", "volume detached because it is marked as failing"), (detached.Text("type"), detached.Text("reason"), detached.Text("message")));
    }

    [Fact]
    public async Task A_node_whose_links_are_cut_while_its_satellite_lives_loses_its_pods()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.CutLinks(cluster.A);
        // Its kubelet lives and stops the pod, so either we or the attach-detach controller delete the attachment.
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("pod db-0"), "the pod was deleted");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: AttachDetachSync);

        Assert.Equal(ConnectionStatus.Online, cluster.Linstor.Ask(world => world.FindNode(cluster.A)!.Status));
        Assert.Equal("True", cluster.World.View.Nodes.Find(cluster.A)!.Items("status", "conditions").Single(condition => condition.Text("type") == "Ready").Text("status"));
    }

    [Fact]
    public async Task A_restart_of_a_satellite_moves_no_pod()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.Linstor.Do(world => world.StopSatellite(cluster.A));
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "StillConnected"));
        cluster.Linstor.Do(world => world.StartSatellite(cluster.A));
        await cluster.BystanderIsMovedAsync();

        Assert.DoesNotContain("pod db-0", cluster.Deletions);
    }

    [Fact]
    public async Task A_node_that_recovers_within_the_grace_period_keeps_its_pods()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.CutLinks(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "GraceNotOver"));
        cluster.HealLinks(cluster.A);
        await cluster.BystanderIsMovedAsync();

        Assert.DoesNotContain("pod db-0", cluster.Deletions);
    }

    [Fact]
    public async Task A_link_that_flaps_never_fills_the_grace_period()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        // Each flap lasts for as long as the storage takes to notice and to recover; together they outlast the grace period.
        using var flapping = CancellationTokenSource.CreateLinkedTokenSource(cluster.World.Closing);
        var flaps = FlapAsync(cluster, flapping.Token);
        await cluster.BystanderIsMovedAsync();
        await flapping.CancelAsync();
        Assert.InRange(await flaps, 6, int.MaxValue);

        Assert.DoesNotContain("pod db-0", cluster.Deletions);
    }

    [Fact]
    public async Task Without_a_quorum_policy_no_pod_is_moved_and_an_Event_on_the_pod_gives_the_reason()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        cluster.Provision = (world, resource) =>
        {
            world.AddResource(resource, [cluster.A, cluster.B, cluster.C]);
            world.SetDefinitionProperty(resource, "DrbdOptions/Resource/quorum", "off");
        };
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.CutLinks(cluster.A);
        await cluster.EventuallyAsync(async () => (await cluster.EventsOnAsync("Pod", "db-0")).Any(held => held.Text("reason") == "FailoverHeld"), "an Event that says why");

        Assert.Contains("has no quorum policy", (await cluster.EventsOnAsync("Pod", "db-0")).Single().Text("message"), StringComparison.Ordinal);
        Assert.Empty(cluster.Deletions);
    }

    [Fact]
    public async Task Where_no_side_has_quorum_no_pod_is_moved_and_an_Event_on_the_pod_gives_the_reason()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        cluster.Crash(cluster.B);
        await cluster.EventuallyAsync(async () => (await cluster.EventsOnAsync("Pod", "db-0")).Any(held => held.Text("reason") == "FailoverHeld"), "an Event that says why");

        Assert.Contains("may promote, so no other node could take over", (await cluster.EventsOnAsync("Pod", "db-0")).Single().Text("message"), StringComparison.Ordinal);
        Assert.Empty(cluster.Deletions);
    }

    [Fact]
    public async Task A_replica_on_a_tie_breaker_is_a_place_to_go()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        cluster.Provision = (world, resource) => world.AddResource(resource, [cluster.A, cluster.B], tieBreaker: cluster.C);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    private static async Task<int> FlapAsync(TestCluster cluster, CancellationToken cancellation)
    {
        var flaps = 0;
        try
        {
            while (true)
            {
                cluster.CutLinks(cluster.A);
                await cluster.Linstor.WhenAsync(world => MayPromote(world, cluster.B), cancellation);
                cluster.HealLinks(cluster.A);
                await cluster.Linstor.WhenAsync(world => !MayPromote(world, cluster.B), cancellation);
                flaps++;
            }
        }
        catch (OperationCanceledException)
        {
            return flaps;
        }

        bool MayPromote(StorageWorld world, string node) => world.KnownOf($"pvc-{cluster.World.Namespace}-data-db-0", node)?.MayPromote == true;
    }
}
