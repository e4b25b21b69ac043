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
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.Workloads.StatefulSetAsync("annotated", on: stage.A, shape: OptedOut);
        await stage.Workloads.StatefulSetAsync("plain", on: stage.A, shape: PodShape.Plain);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilSaidAsync("drbd.linbit.com/ignore-fail-over. (OptedOut)");
        await stage.UntilSaidAsync($"pod {stage.World.Namespace}/plain-0 stays");
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.BystanderIsMovedAsync();

        Assert.DoesNotContain(stage.Deletions, deletion => deletion.Contains("annotated", StringComparison.Ordinal) || deletion.Contains("plain", StringComparison.Ordinal));
        await stage.EventuallyAsync(async () => (await stage.EventsOnAsync("Pod", "annotated-0")).Count == 1, "an Event that says why");
    }

    [Fact]
    public async Task All_pods_on_one_claim_are_moved_and_their_attachment_goes()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var volume = new VolumeShape("shared") { AccessModes = ["ReadWriteMany"] };
        await stage.Workloads.DeploymentAsync("web", on: stage.A, replicas: 3, volumes: volume);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.EventuallyAsync(() => stage.Deletions.Count(deletion => deletion.StartsWith("pod web-", StringComparison.Ordinal)) >= 3, "all three pods moved");
        await stage.EventuallyAsync(() => stage.Deletions.Contains("attachment of shared on a"), "and their attachment");
    }

    [Fact]
    public async Task An_attachment_stays_with_an_unlabelled_pod_on_the_same_claim()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var volume = new VolumeShape("shared") { AccessModes = ["ReadWriteMany"] };
        await stage.Workloads.PodAsync("labelled", on: stage.A, volumes: volume);
        await stage.Workloads.PodAsync("plain", on: stage.A, shape: PodShape.Plain, volumes: volume);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod labelled");
        await stage.UntilSaidAsync($"pod {stage.World.Namespace}/plain stays");
        await stage.BystanderIsMovedAsync();
        Assert.DoesNotContain("attachment of shared on a", stage.Deletions);
    }

    [Fact]
    public async Task A_pod_with_several_volumes_moves_with_all_that_are_lost()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.PodAsync("db", on: stage.A, volumes: [new VolumeShape("data"), new VolumeShape("logs")]);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db", "attachment of data on a", "attachment of logs on a");
    }

    [Fact]
    public async Task Of_two_nodes_that_share_a_volume_only_the_lost_one_is_cleared()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        stage.Provision = (world, resource) =>
        {
            world.AddResource(resource, [stage.A, stage.B, stage.C]);
            world.SetDefinitionProperty(resource, "DrbdOptions/Net/allow-two-primaries", "yes");
        };
        var volume = new VolumeShape("shared") { AccessModes = ["ReadWriteMany"] };
        await stage.Workloads.PodAsync("old", on: stage.A, volumes: volume);
        var onB = (await stage.Workloads.PodAsync("new", on: stage.B, volumes: volume)).Volume;
        var kept = stage.World.View.AttachmentOf(onB, stage.B)!;
        await stage.StartControllerAsync();

        // While b has the volume in use, a's loss cannot be told from it. Its users gone, the volume is free, and a is cleared.
        stage.Crash(stage.A);
        await stage.BystanderIsMovedAsync();
        Assert.DoesNotContain("pod old", stage.Deletions);
        await stage.World.Api.DeleteAsync(Paths.Pod(stage.World.Namespace, "new"), stage.World.Closing);
        await stage.EventuallyAsync(() => stage.Deletions.Contains("attachment of shared on a"), "a is cleared");
        Assert.Contains("pod old", stage.Deletions);
        Assert.DoesNotContain("pod new", stage.Deletions);
        Assert.DoesNotContain(stage.Writes, write => write.Name == kept.Name);
    }

    [Fact]
    public async Task A_pod_that_was_replaced_elsewhere_before_only_loses_the_old_attachment()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        stage.Crash(stage.A);
        var pod = db.Pod;
        await CordonAsync(stage, stage.A);
        await stage.World.Api.ForceDeleteAsync(Paths.Pod(stage.World.Namespace, "db-0"), pod.Uid, stage.World.Closing);
        await stage.EventuallyAsync(() => stage.World.FindPod("db-0") is { } next && next.Uid != pod.Uid && next.NodeName is not null, "the replacement is bound");

        await stage.StartControllerAsync();
        await stage.UntilDeletedAsync("attachment of data-db-0 on a");
        await stage.World.UntilRunningAsync("db-0", within: TimeSpan.FromSeconds(120));
        Assert.Equal(["attachment of data-db-0 on a"], stage.Deletions);
    }

    [Fact]
    public async Task A_volume_is_known_by_its_handle_and_not_by_its_name()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.PodAsync("db", on: stage.A, volumes: new VolumeShape("data") { PersistentVolume = $"pv-{stage.A}", Handle = $"Backup_of-{stage.A}/0" });
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db", "attachment of data on a");
    }

    [Fact]
    public async Task Two_volumes_of_one_definition_fail_over_together()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.PodAsync("first", on: stage.A, volumes: new VolumeShape("one") { Handle = $"cg-{stage.A}" });
        await stage.Workloads.PodAsync("second", on: stage.A, volumes: new VolumeShape("two") { Handle = $"CG-{stage.A}/1" });
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod first", "pod second", "attachment of one on a", "attachment of two on a");
    }

    [Fact]
    public async Task A_node_is_found_by_what_the_driver_calls_it()
    {
        await using var stage = await TestCluster.SetAsync(shared, linstorName: node => $"LINSTOR-{node}");
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    [Fact]
    public async Task A_host_path_does_not_stop_a_failover_and_writable_NFS_does()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("local", on: stage.A, shape: With(new { name = "zone", hostPath = new { path = "/etc/localtime" } }));
        await stage.Workloads.StatefulSetAsync("remote", on: stage.A, shape: With(new { name = "media", nfs = new { server = "nfs.example.com", path = "/media" } }));
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilSaidAsync("volume media (nfs). (WritesToSharedStorage)");
        await stage.UntilDeletedAsync("pod local-0", "attachment of data-local-0 on a");
    }

    [Fact]
    public async Task A_pod_with_two_volumes_that_several_nodes_may_write_to_stays_until_both_are_lost()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        stage.Provision = (world, resource) =>
        {
            world.AddResource(resource, resource.EndsWith("one", StringComparison.Ordinal) ? [stage.A, stage.B, stage.C] : [stage.A, stage.D, stage.E]);
            world.SetDefinitionProperty(resource, "DrbdOptions/Net/allow-two-primaries", "yes");
        };
        VolumeShape Shared(string claim) => new(claim) { AccessModes = ["ReadWriteMany"] };
        var machine = await stage.Workloads.DeploymentAsync("machine", on: stage.A, volumes: [Shared("one"), Shared("two")]);
        await stage.StartControllerAsync();

        // Moved now, the pod and its replacement would both write to the second volume.
        stage.Linstor.Do(world => world.CutLink(stage.A, stage.B));
        stage.Linstor.Do(world => world.CutLink(stage.A, stage.C));
        await stage.UntilHeldAsync(machine.Pod.Name, "claim two (several nodes may write to resource");
        Assert.Empty(stage.Deletions);

        stage.CutLinks(stage.A);
        await stage.EventuallyAsync(() => stage.Deletions.Any(deletion => deletion.StartsWith("pod machine-", StringComparison.Ordinal)), "the pod was moved");
        await stage.World.UntilMovedAsync(machine, from: stage.A, within: TimeSpan.FromSeconds(120));
    }

    [Fact]
    public async Task Of_two_failed_pods_on_a_dead_node_the_terminating_one_is_finished_off_and_the_other_one_is_left_alone()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.Workloads.PodAsync("job", on: stage.A);
        await stage.StartControllerAsync();

        stage.World.Crash(stage.A);
        await stage.World.Api.DeleteAsync(Paths.Pod(stage.World.Namespace, "db-0"), stage.World.Closing);
        await FailAsync(stage, "db-0");
        await FailAsync(stage, "job");
        Assert.True((await stage.World.Api.GetAsync(Paths.Pod(stage.World.Namespace, "db-0"), stage.World.Closing)).IsTerminating);

        stage.Crash(stage.A);
        await stage.EventuallyAsync(() => stage.Deletions.Contains("pod db-0"), "the pod was finished off");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: TimeSpan.FromSeconds(120));
        await stage.UntilHeldAsync("job", "it has finished, and was not deleted");
        Assert.DoesNotContain("pod job", stage.Deletions);
    }

    private static Task FailAsync(TestCluster stage, string pod) =>
        stage.World.Api.PatchAsync($"{Paths.Pod(stage.World.Namespace, pod)}/status", new { status = new { phase = "Failed" } }, stage.World.Closing);

    private static PodShape With(object volume) => PodShape.OptedIn with { ExtraVolumes = [volume] };

    private static Task CordonAsync(TestCluster stage, string node) =>
        stage.World.Api.PatchAsync(Paths.Node(node), new { spec = new { unschedulable = true } }, stage.World.Closing);
}
