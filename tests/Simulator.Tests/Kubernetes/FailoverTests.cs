using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

public sealed class FailoverTests
{
    [Fact]
    public void A_stateful_pod_is_scheduled_attached_and_run_and_after_a_crash_and_a_release_it_runs_elsewhere()
    {
        var cluster = new ModelCluster();
        var pod = cluster.Start("db", on: "a");
        Assert.Equal(["pvc-data-db-0 on a"], cluster.Attachments);
        Assert.Equal(["kubernetes.io/csi/linstor.csi.linbit.com^pvc-data-db-0"], cluster.Node("a").VolumesInUse);
        Assert.Equal(cluster.Node("a").VolumesInUse, cluster.Node("a").VolumesAttached);
        Assert.True(cluster.World.CanWrite(pod));

        cluster.World.Crash("a");
        cluster.Run(10);
        Assert.False(cluster.World.CanWrite(pod));
        cluster.Taint("a");
        cluster.Release(pod);
        Assert.Equal(WriteResult.Done, cluster.ForceDelete(pod));
        Assert.Equal(WriteResult.Pending, cluster.DeleteAttachment(pod));
        var replaced = cluster.Until(() => cluster.IsRunning("db-0"));

        Assert.NotEqual("a", cluster.Pod("db-0")!.Spec.NodeName);
        Assert.True(cluster.World.CanWrite(cluster.Pod("db-0")!));
        Assert.InRange(replaced.TotalSeconds, 0.5, 25);
    }

    [Fact]
    public void With_quick_timings_all_of_it_takes_a_second()
    {
        var world = new KubernetesWorld(new StorageWorld(StorageTimings.Quick), KubernetesTimings.Quick);
        world.AddNodes("a", "b", "c");
        world.AddStatefulSet("db");
        world.Storage.RunFor(TimeSpan.FromSeconds(0.4));
        var pod = world.Store.Find<Pod>("default", "db-0")!;
        Assert.True(pod.Ready);

        world.Crash(pod.Spec.NodeName!);
        world.Storage.RunFor(TimeSpan.FromSeconds(0.1));
        world.Store.Change(world.Store.Find<Node>(pod.Spec.NodeName!)!, node => node with { VolumesInUse = [], Taints = [new("drbd.linbit.com/lost-quorum", "", "NoSchedule")] });
        world.Store.Delete<Pod>("default", "db-0", pod.Metadata.Uid, atOnce: true);
        world.Storage.RunFor(TimeSpan.FromSeconds(0.5));
        Assert.True(world.Store.Find<Pod>("default", "db-0")!.Ready);
    }
}
