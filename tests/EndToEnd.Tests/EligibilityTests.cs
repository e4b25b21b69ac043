using System.Collections.Immutable;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>Which pods and attachments of a lost node are touched, on a real control plane.</summary>
public sealed class EligibilityTests(SharedControlPlane shared)
{
    private static readonly PodShape OptedOut = PodShape.OptedIn with
    {
        Annotations = ImmutableDictionary<string, string>.Empty.Add("drbd.linbit.com/ignore-fail-over", ""),
    };

    [Fact]
    public async Task An_annotated_pod_and_an_unlabelled_one_stay_with_their_attachments()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("annotated", on: cluster.A, shape: OptedOut);
        await cluster.Workloads.StatefulSetAsync("plain", on: cluster.A, shape: PodShape.Plain);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "OptedOut"), ("Pod", $"{cluster.World.Namespace}/annotated-0"));
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "AttachmentInUse"), ("Pod", $"{cluster.World.Namespace}/plain-0"));
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.BystanderIsMovedAsync();

        Assert.DoesNotContain(cluster.Deletions, deletion => deletion.Contains("annotated", StringComparison.Ordinal) || deletion.Contains("plain", StringComparison.Ordinal));
        await cluster.EventuallyAsync(async () => (await cluster.EventsOnAsync("Pod", "annotated-0")).Count == 1, "an Event that says why");
    }

    [Fact]
    public async Task All_pods_on_one_claim_are_moved_and_their_attachment_goes()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var volume = new VolumeShape("shared") { AccessModes = ["ReadWriteMany"] };
        await cluster.Workloads.DeploymentAsync("web", on: cluster.A, replicas: 3, volumes: volume);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.EventuallyAsync(() => cluster.Deletions.Count(deletion => deletion.StartsWith("pod web-", StringComparison.Ordinal)) >= 3, "all three pods moved");
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("attachment of shared on a"), "and their attachment");
    }

    [Fact]
    public async Task An_attachment_stays_with_an_unlabelled_pod_on_the_same_claim()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var volume = new VolumeShape("shared") { AccessModes = ["ReadWriteMany"] };
        await cluster.Workloads.PodAsync("labelled", on: cluster.A, volumes: volume);
        await cluster.Workloads.PodAsync("plain", on: cluster.A, shape: PodShape.Plain, volumes: volume);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod labelled");
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "AttachmentInUse"), ("Pod", $"{cluster.World.Namespace}/plain"));
        await cluster.BystanderIsMovedAsync();
        Assert.DoesNotContain("attachment of shared on a", cluster.Deletions);
    }

    [Fact]
    public async Task A_pod_with_several_volumes_moves_with_all_that_are_lost()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.PodAsync("db", on: cluster.A, volumes: [new VolumeShape("data"), new VolumeShape("logs")]);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db", "attachment of data on a", "attachment of logs on a");
    }

    [Fact]
    public async Task Of_two_nodes_that_share_a_volume_only_the_lost_one_is_cleared()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        cluster.Provision = (world, resource) =>
        {
            world.AddResource(resource, [cluster.A, cluster.B, cluster.C]);
            world.SetDefinitionProperty(resource, "DrbdOptions/Net/allow-two-primaries", "yes");
        };
        var volume = new VolumeShape("shared") { AccessModes = ["ReadWriteMany"] };
        await cluster.Workloads.PodAsync("old", on: cluster.A, volumes: volume);
        var onB = (await cluster.Workloads.PodAsync("new", on: cluster.B, volumes: volume)).Volume;
        var kept = cluster.World.View.AttachmentOf(onB, cluster.B)!;
        await cluster.StartControllerAsync();

        // While b has the volume in use, a's loss cannot be told from it. Its users gone, the volume is free, and a is cleared.
        cluster.Crash(cluster.A);
        await cluster.BystanderIsMovedAsync();
        Assert.DoesNotContain("pod old", cluster.Deletions);
        await cluster.World.Api.DeleteAsync(Paths.Pod(cluster.World.Namespace, "new"), cluster.World.Closing);
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("attachment of shared on a"), "a is cleared");
        Assert.Contains("pod old", cluster.Deletions);
        Assert.DoesNotContain("pod new", cluster.Deletions);
        Assert.DoesNotContain(cluster.Writes, write => write.Name == kept.Name);
    }

    [Fact]
    public async Task A_pod_that_was_replaced_elsewhere_before_only_loses_the_old_attachment()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        cluster.Crash(cluster.A);
        var pod = db.Pod;
        await CordonAsync(cluster, cluster.A);
        await cluster.World.Api.ForceDeleteAsync(Paths.Pod(cluster.World.Namespace, "db-0"), pod.Uid, cluster.World.Closing);
        await cluster.EventuallyAsync(() => cluster.World.FindPod("db-0") is { } next && next.Uid != pod.Uid && next.NodeName is not null, "the replacement is bound");

        await cluster.StartControllerAsync();
        await cluster.UntilDeletedAsync("attachment of data-db-0 on a");
        await cluster.World.UntilRunningAsync("db-0", within: TimeSpan.FromSeconds(120));
        Assert.Equal(["attachment of data-db-0 on a"], cluster.Deletions);
    }

    [Fact]
    public async Task A_volume_is_known_by_its_handle_and_not_by_its_name()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.PodAsync("db", on: cluster.A, volumes: new VolumeShape("data") { PersistentVolume = $"pv-{cluster.A}", Handle = $"Backup_of-{cluster.A}/0" });
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db", "attachment of data on a");
    }

    [Fact]
    public async Task Two_volumes_of_one_definition_fail_over_together()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.PodAsync("first", on: cluster.A, volumes: new VolumeShape("one") { Handle = $"cg-{cluster.A}" });
        await cluster.Workloads.PodAsync("second", on: cluster.A, volumes: new VolumeShape("two") { Handle = $"CG-{cluster.A}/1" });
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod first", "pod second", "attachment of one on a", "attachment of two on a");
    }

    [Fact]
    public async Task A_node_is_found_by_what_the_driver_calls_it()
    {
        await using var cluster = await TestCluster.SetAsync(shared, linstorName: node => $"LINSTOR-{node}");
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    [Fact]
    public async Task A_host_path_does_not_stop_a_failover_and_writable_NFS_does()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("local", on: cluster.A, shape: With(new { name = "zone", hostPath = new { path = "/etc/localtime" } }));
        await cluster.Workloads.StatefulSetAsync("remote", on: cluster.A, shape: With(new { name = "media", nfs = new { server = "nfs.example.com", path = "/media" } }));
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "WritesToSharedStorage"), ("Pod", $"{cluster.World.Namespace}/remote-0"));
        await cluster.UntilDeletedAsync("pod local-0", "attachment of data-local-0 on a");
    }

    [Fact]
    public async Task A_pod_with_two_volumes_that_several_nodes_may_write_to_stays_until_both_are_lost()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        cluster.Provision = (world, resource) =>
        {
            world.AddResource(resource, resource.EndsWith("one", StringComparison.Ordinal) ? [cluster.A, cluster.B, cluster.C] : [cluster.A, cluster.D, cluster.E]);
            world.SetDefinitionProperty(resource, "DrbdOptions/Net/allow-two-primaries", "yes");
        };
        VolumeShape Shared(string claim) => new(claim) { AccessModes = ["ReadWriteMany"] };
        var machine = await cluster.Workloads.DeploymentAsync("machine", on: cluster.A, volumes: [Shared("one"), Shared("two")]);
        await cluster.StartControllerAsync();

        // Moved now, the pod and its replacement would both write to the second volume.
        cluster.Linstor.Do(world => world.CutLink(cluster.A, cluster.B));
        cluster.Linstor.Do(world => world.CutLink(cluster.A, cluster.C));
        await cluster.UntilHeldAsync(machine.Pod.Name, "claim two (several nodes may write to resource");
        Assert.Empty(cluster.Deletions);

        cluster.CutLinks(cluster.A);
        await cluster.EventuallyAsync(() => cluster.Deletions.Any(deletion => deletion.StartsWith("pod machine-", StringComparison.Ordinal)), "the pod was moved");
        await cluster.World.UntilMovedAsync(machine, from: cluster.A, within: TimeSpan.FromSeconds(120));
    }

    [Fact]
    public async Task Of_two_failed_pods_on_a_dead_node_the_terminating_one_is_finished_off_and_the_other_one_is_left_alone()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.PodAsync("job", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.World.Crash(cluster.A);
        await cluster.World.Api.DeleteAsync(Paths.Pod(cluster.World.Namespace, "db-0"), cluster.World.Closing);
        await FailAsync(cluster, "db-0");
        await FailAsync(cluster, "job");
        Assert.True((await cluster.World.Api.GetAsync(Paths.Pod(cluster.World.Namespace, "db-0"), cluster.World.Closing)).IsTerminating);

        cluster.Crash(cluster.A);
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("pod db-0"), "the pod was finished off");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120));
        await cluster.UntilHeldAsync("job", "it has finished, and was not deleted");
        Assert.DoesNotContain("pod job", cluster.Deletions);
    }

    private static Task FailAsync(TestCluster cluster, string pod) =>
        cluster.World.Api.PatchAsync($"{Paths.Pod(cluster.World.Namespace, pod)}/status", new { status = new { phase = "Failed" } }, cluster.World.Closing);

    private static PodShape With(object volume) => PodShape.OptedIn with { ExtraVolumes = [volume] };

    private static Task CordonAsync(TestCluster cluster, string node) =>
        cluster.World.Api.PatchAsync(Paths.Node(node), new { spec = new { unschedulable = true } }, cluster.World.Closing);
}
