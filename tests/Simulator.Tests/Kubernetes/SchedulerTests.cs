using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

public sealed class SchedulerTests
{
    [Fact]
    public void Pods_spread_over_the_nodes()
    {
        var cluster = new ModelCluster();
        cluster.World.AddStatefulSet("db", replicas: 6);
        cluster.Until(() => cluster.Store.All<Pod>().Count(pod => pod.Ready) == 6);
        Assert.All(cluster.Store.All<Pod>().GroupBy(pod => pod.Spec.NodeName), on => Assert.Equal(2, on.Count()));
    }

    [Fact]
    public void No_pod_is_scheduled_on_a_cordoned_or_tainted_node_unless_it_tolerates_the_taint()
    {
        var cluster = new ModelCluster();
        cluster.Cordon("a");
        cluster.Taint("b");
        cluster.Taint("c", "node.kubernetes.io/unreachable", "NoExecute");
        cluster.World.AddPod("plain", PodTemplate.With());
        var tolerant = PodTemplate.With();
        cluster.World.AddPod("tolerant", tolerant with { Spec = tolerant.Spec with { Tolerations = ["drbd.linbit.com/lost-quorum"] } });
        cluster.Run(5);

        Assert.Equal("b", cluster.Pod("tolerant")!.Spec.NodeName);
        const string Why = "0/3 nodes are available: 1 node(s) had taint {drbd.linbit.com/lost-quorum: }, that the pod didn't tolerate, "
            + "1 node(s) had taint {node.kubernetes.io/unreachable: }, that the pod didn't tolerate, 1 node(s) were unschedulable.";
        Assert.Equal((null, "Unschedulable", Why), (cluster.Pod("plain")!.Spec.NodeName, cluster.Pod("plain")!.Reason, cluster.Pod("plain")!.Message));
        Assert.Equal(("Warning", Why, "default-scheduler"), cluster.Events("plain", "FailedScheduling").Select(recorded => (recorded.Type, recorded.Message, recorded.Component)).Single());
    }

    [Fact]
    public void What_found_no_node_is_tried_again_when_a_node_changes_and_backs_off_in_between()
    {
        var cluster = new ModelCluster(nodes: 1);
        cluster.Cordon("a");
        cluster.World.AddPod("app", PodTemplate.With());
        cluster.Run(300);
        Assert.Equal(1, cluster.Events("app", "FailedScheduling").Single().Count);

        for (var i = 0; i < 5; i++)
        {
            cluster.Taint("a", $"some-{i}");
            cluster.Run(0.5);
        }

        Assert.InRange(cluster.Events("app", "FailedScheduling").Single().Count, 2, 3);
        cluster.Store.Change(cluster.Node("a"), node => node with { Taints = [] });
        cluster.Cordon("a", cordoned: false);
        Assert.InRange(cluster.Until(() => cluster.Pod("app")!.Spec.NodeName == "a").TotalSeconds, 0, 10);
    }

    [Fact]
    public void A_pod_waits_for_its_claim()
    {
        var cluster = new ModelCluster();
        cluster.World.AddPod("app", PodTemplate.With("data"));
        cluster.Run(60);
        Assert.Equal("persistentvolumeclaim \"data\" not found", cluster.Pod("app")!.Message);

        cluster.World.AddVolume("data");
        cluster.Until(() => cluster.IsRunning("app"), seconds: 30);
    }

    [Fact]
    public void A_dead_node_that_still_counts_as_ready_is_chosen_again_now_and_then()
    {
        var chosen = Enumerable.Range(0, 30).Select(seed =>
        {
            var cluster = new ModelCluster(nodes: 2, seed);
            var pod = cluster.Start("db", on: "a");
            cluster.World.Crash("a");
            cluster.ForceDelete(pod);
            cluster.Run(1);
            return cluster.Pod("db-0")!.Spec.NodeName;
        });
        Assert.InRange(chosen.Count(node => node == "a"), 5, 25);
    }

    [Fact]
    public void A_node_that_is_better_avoided_is_taken_last()
    {
        var cluster = new ModelCluster(nodes: 2);
        cluster.Taint("a", "some", "PreferNoSchedule");
        var deployment = cluster.World.AddDeployment("web", 3, PodTemplate.With());
        cluster.Until(() => cluster.Store.Now(deployment)!.ReadyReplicas == 3);
        Assert.All(cluster.Store.All<Pod>(), pod => Assert.Equal("b", pod.Spec.NodeName));
    }

    [Fact]
    public void The_same_seed_gives_the_same_scenario()
    {
        static string OutcomeOf(int seed)
        {
            var cluster = new ModelCluster(seed: seed);
            cluster.World.AddVolume("shared", accessMode: AccessMode.ReadWriteMany);
            cluster.World.AddDeployment("web", 3, PodTemplate.With("shared"));
            cluster.World.AddStatefulSet("db", 2);
            cluster.Run(30);
            cluster.World.Crash("a");
            cluster.Run(600);
            return string.Join('\n', cluster.Store.Since(0)!);
        }

        Assert.Equal(OutcomeOf(7), OutcomeOf(7));
        Assert.NotEqual(OutcomeOf(7), OutcomeOf(8));
    }
}
