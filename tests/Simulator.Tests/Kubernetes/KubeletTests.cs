using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

public sealed class KubeletTests
{
    private readonly ModelCluster _cluster = new();

    private KubernetesWorld World => _cluster.World;

    [Fact]
    public void A_volume_is_in_use_before_it_is_mounted_and_mounted_before_the_pod_runs()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var cluster = new ModelCluster(seed: seed);
            cluster.World.AddStatefulSet("db");
            cluster.Until(() => cluster.Pod("db-0")?.Spec.NodeName is not null);
            var node = cluster.Pod("db-0")!.Spec.NodeName!;
            cluster.Until(() => cluster.World.CanWrite("pvc-data-db-0", node));
            Assert.Single(cluster.Node(node).VolumesInUse);
            Assert.Equal("ContainerCreating", cluster.Pod("db-0")!.Reason);
            Assert.Empty(cluster.World.Processes);
            cluster.Until(() => cluster.IsRunning("db-0"));
            Assert.Equal(["db-0 on " + node], cluster.Running);
            Assert.Null(cluster.Pod("db-0")!.Reason);
        }
    }

    [Fact]
    public void A_mount_that_is_refused_is_reported_and_tried_again()
    {
        var pod = _cluster.Start("db", on: "a");
        World.CutFromApi("a");
        _cluster.Taint("a");
        _cluster.Release(pod);
        _cluster.ForceDelete(pod);
        _cluster.DeleteAttachment(pod);
        _cluster.Run(60);

        var node = _cluster.Pod("db-0")!.Spec.NodeName!;
        var refusal = _cluster.Events("db-0", "FailedMount").Single();
        Assert.StartsWith("MountVolume.SetUp failed for volume \"pvc-data-db-0\" : ", refusal.Message, StringComparison.Ordinal);
        Assert.InRange(refusal.Count, 2, 10);
        Assert.Equal(["db-0 on a"], _cluster.Running);

        World.ReconnectToApi("a");
        _cluster.Until(() => _cluster.IsRunning("db-0"), seconds: 150);
        Assert.Equal(["db-0 on " + node], _cluster.Running);
    }

    [Fact]
    public void A_deleted_pod_is_stopped_then_its_volume_closed_then_it_vanishes_and_the_volume_is_reported_as_free()
    {
        var pod = _cluster.Start("db", on: "a");
        Assert.Equal(WriteResult.Pending, _cluster.Store.Delete<Pod>("default", "db-0"));
        Assert.Equal(["db-0 on a"], _cluster.Running);
        _cluster.Until(() => _cluster.Store.Now(pod) is null, seconds: 10);
        Assert.Empty(_cluster.Running);
        Assert.False(World.CanWrite("pvc-data-db-0", "a"));
        _cluster.Until(() => _cluster.Node("a").VolumesInUse.IsEmpty || _cluster.IsRunning("db-0"), seconds: 30);
    }

    [Fact]
    public void A_process_whose_IO_is_suspended_does_not_die_until_its_IO_fails()
    {
        var pod = _cluster.Start("db", on: "a");
        World.Storage.CutLinks("a");
        _cluster.Run(10);
        Assert.True(World.Storage.IsSuspended("pvc-data-db-0", "a"));
        _cluster.Store.Delete<Pod>("default", "db-0");
        _cluster.Run(100);
        Assert.Equal(["db-0 on a"], _cluster.Running);
        Assert.NotNull(_cluster.Store.Now(pod));
        Assert.InRange(_cluster.Events("db-0", "FailedKillPod").Single().Count, 8, 11);

        Assert.Equal(PromotionOutcome.Promoted, World.Storage.Promote("pvc-data-db-0", "b"));
        World.Storage.HealLinks("a");
        _cluster.Until(() => _cluster.Store.Now(pod) is null, seconds: 30);
    }

    [Fact]
    public void A_kubelet_puts_back_a_volume_in_use_that_another_client_removed_while_the_volume_is_in_use()
    {
        var pod = _cluster.Start("db", on: "a");
        _cluster.Release(pod);
        Assert.Empty(_cluster.Node("a").VolumesInUse);
        Assert.InRange(_cluster.Until(() => _cluster.Node("a").VolumesInUse.Length == 1).TotalSeconds, 0, 10);
    }

    [Fact]
    public void A_cut_off_kubelet_keeps_its_processes_and_stops_them_as_soon_as_it_learns_that_they_are_deleted()
    {
        var pod = _cluster.Start("db", on: "a");
        World.CutFromApi("a");
        _cluster.ForceDelete(pod);
        _cluster.Run(100);
        Assert.True(World.Runs(pod.Metadata.Uid, "a"));
        World.ReconnectToApi("a");
        _cluster.Until(() => !World.Runs(pod.Metadata.Uid, "a"), seconds: 10);
    }

    [Fact]
    public void A_machine_that_starts_again_runs_what_is_still_bound_to_it_and_forgets_what_was_deleted_meanwhile()
    {
        var kept = _cluster.Start("kept", on: "a");
        var removed = _cluster.Start("removed", on: "a");
        World.Crash("a");
        Assert.Empty(World.Processes);
        Assert.True(_cluster.IsRunning("kept-0"));
        _cluster.Taint("a");
        _cluster.Store.Delete<Pod>("default", "removed-0");
        _cluster.Run(60);
        Assert.NotNull(_cluster.Store.Now(removed));

        World.PowerOn("a");
        _cluster.Until(() => World.Runs(kept.Metadata.Uid, "a") && _cluster.IsRunning("kept-0"), seconds: 30);
        Assert.Null(_cluster.Store.Now(removed));
        _cluster.Until(() => _cluster.IsRunning("removed-0"), seconds: 60);
        Assert.NotEqual("a", _cluster.Pod("removed-0")!.Spec.NodeName);
    }

    [Fact]
    public void A_crashed_node_leaves_its_pod_running_and_its_volume_in_use_as_far_as_the_API_knows()
    {
        _cluster.Start("db", on: "a");
        World.Crash("a");
        _cluster.Run(20);
        Assert.True(_cluster.IsRunning("db-0"));
        Assert.Single(_cluster.Node("a").VolumesInUse);
        Assert.False(World.IsConnected("a"));
    }

    [Fact]
    public void A_volume_that_two_pods_of_a_node_share_is_closed_after_the_second()
    {
        World.AddVolume("shared", accessMode: AccessMode.ReadWriteMany);
        _cluster.Cordon("b");
        _cluster.Cordon("c");
        World.AddPod("one", PodTemplate.With("shared"));
        World.AddPod("two", PodTemplate.With("shared"));
        _cluster.Until(() => _cluster.IsRunning("one") && _cluster.IsRunning("two"));
        _cluster.Store.Delete<Pod>("default", "one");
        _cluster.Until(() => _cluster.Pod("one") is null);
        Assert.True(World.CanWrite("pvc-shared", "a"));
        _cluster.Store.Delete<Pod>("default", "two");
        _cluster.Until(() => _cluster.Pod("two") is null);
        Assert.False(World.CanWrite("pvc-shared", "a"));
    }

    [Fact]
    public void A_pod_that_is_deleted_before_it_started_leaves_nothing_behind()
    {
        World.PauseAttacher();
        World.AddVolume("data");
        World.AddPod("app", PodTemplate.With("data"));
        _cluster.Run(30);
        _cluster.Store.Delete<Pod>("default", "app");
        _cluster.Until(() => _cluster.Pod("app") is null, seconds: 1);
        World.ResumeAttacher();
        _cluster.Until(() => _cluster.Store.All<VolumeAttachment>().Count == 0, seconds: 180);
        Assert.All(_cluster.Store.All<Node>(), node => Assert.Empty(node.VolumesInUse));
    }

    [Fact]
    public void An_isolated_machine_runs_on_and_cannot_write_once_the_others_go_on_without_it()
    {
        var pod = _cluster.Start("db", on: "a");
        World.Isolate("a");
        _cluster.Run(10);
        Assert.Equal((true, false), (World.Runs(pod.Metadata.Uid, "a"), World.CanWrite(pod)));
        World.Rejoin("a");
        _cluster.Run(10);
        Assert.True(World.CanWrite(pod));
    }

    [Fact]
    public void A_lease_shows_when_the_kubelet_last_renewed_it()
    {
        World.AddNode("z");
        _cluster.Run(65);
        Assert.InRange(World.LeaseRenewed("z")!.Value.TotalSeconds, 55, 65);
        Assert.Equal(World.ClockAt(World.LeaseRenewed("z")!.Value), World.Refresh(_cluster.Store.Find<Lease>("kube-node-lease", "z")!).Renewed);
        World.Crash("z");
        var last = World.LeaseRenewed("z")!.Value;
        _cluster.Run(100);
        Assert.Equal(last, World.LeaseRenewed("z"));
        Assert.Equal(World.ClockAt(last), _cluster.Store.Find<Lease>("kube-node-lease", "z")!.Renewed);
        World.PowerOn("z");
        _cluster.Run(30);
        Assert.InRange(World.LeaseRenewed("z")!.Value.TotalSeconds, 185, 195);
    }
}
