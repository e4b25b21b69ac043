using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

public sealed class NodeLifecycleTests
{
    private const string NoSchedule = "node.kubernetes.io/unreachable:NoSchedule";
    private const string NoExecute = "node.kubernetes.io/unreachable:NoExecute";

    private readonly ModelCluster _cluster = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_node_that_is_silent_for_40_s_is_unknown_and_tainted_and_its_pods_are_not_ready(bool crashed)
    {
        _cluster.Start("db", on: "a");
        Silence(crashed);
        _cluster.Run(29.9);
        Assert.Equal(NodeReadiness.True, _cluster.Node("a").Ready);
        _cluster.Until(() => _cluster.Node("a").Ready == NodeReadiness.Unknown, seconds: 16);
        _cluster.Run(0.1);
        Assert.Equal([NoSchedule, NoExecute], _cluster.Taints("a"));
        Assert.Equal((PodPhase.Running, false), (_cluster.Pod("db-0")!.Phase, _cluster.Pod("db-0")!.Ready));
    }

    [Fact]
    public void After_another_300_s_its_pods_are_deleted_and_hang_because_no_kubelet_ends_them()
    {
        var pod = _cluster.Start("db", on: "a");
        _cluster.World.Crash("a");
        _cluster.Until(() => _cluster.Taints("a").Any());
        _cluster.Run(299);
        Assert.Null(_cluster.Store.Now(pod)!.Metadata.Deleting);
        _cluster.Run(2);
        Assert.NotNull(_cluster.Store.Now(pod)!.Metadata.Deleting);
        _cluster.Run(1000);
        Assert.NotNull(_cluster.Store.Now(pod));
    }

    [Fact]
    public void A_pod_that_tolerates_the_taint_stays()
    {
        var template = PodTemplate.With();
        var pod = _cluster.Start("db", on: "a", template with { Spec = template.Spec with { Tolerations = ["node.kubernetes.io/unreachable"] } });
        _cluster.World.Crash("a");
        _cluster.Run(1000);
        Assert.Null(_cluster.Store.Now(pod)!.Metadata.Deleting);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void When_the_node_is_back_its_taints_go_and_its_pods_are_ready_again(bool crashed)
    {
        _cluster.Start("db", on: "a");
        _cluster.Taint("a", "mine");
        Silence(crashed);
        _cluster.Run(100);
        if (crashed)
        {
            _cluster.World.PowerOn("a");
        }
        else
        {
            _cluster.World.ReconnectToApi("a");
        }

        _cluster.Until(() => _cluster.IsRunning("db-0"), seconds: 30);
        Assert.Equal((NodeReadiness.True, "mine:NoSchedule"), (_cluster.Node("a").Ready, _cluster.Taints("a").Single()));
        _cluster.Run(400);
        Assert.True(_cluster.IsRunning("db-0"));
    }

    [Fact]
    public void A_node_that_is_back_within_its_patience_was_never_away()
    {
        for (var i = 0; i < 6; i++)
        {
            _cluster.World.CutFromApi("a");
            _cluster.Run(25);
            _cluster.World.ReconnectToApi("a");
            _cluster.Run(5);
            Assert.Equal(NodeReadiness.True, _cluster.Node("a").Ready);
        }

        Assert.Empty(_cluster.Store.All<Event>());
    }

    [Theory]
    [InlineData(2, 2, false)]
    [InlineData(5, 2, true)]
    [InlineData(5, 3, false)]
    public void Pods_are_driven_off_only_while_it_is_not_most_of_the_nodes_that_are_silent(int nodes, int silent, bool drivenOff)
    {
        var cluster = new ModelCluster(nodes);
        var names = new[] { "a", "b", "c", "d", "e" }[..silent];
        foreach (var node in names)
        {
            cluster.World.CutFromApi(node);
        }

        cluster.Run(200);
        Assert.Equal(drivenOff ? [NoSchedule, NoExecute] : [NoSchedule], cluster.Taints(names[^1]));
        cluster.World.ReconnectToApi("a");
        cluster.Run(60);
        Assert.Equal([NoSchedule, NoExecute], cluster.Taints(names[^1]));
        Assert.Empty(cluster.Taints("a"));
    }

    [Fact]
    public void Pods_of_a_node_whose_object_is_gone_are_collected()
    {
        var pod = _cluster.Start("db", on: "a");
        _cluster.World.Crash("a");
        _cluster.Store.Delete<Node>("", "a");
        _cluster.Run(39);
        Assert.NotNull(_cluster.Store.Now(pod));
        _cluster.Run(22);
        Assert.Null(_cluster.Store.Now(pod));
    }

    [Fact]
    public void Another_taint_that_drives_off_does_so_at_once()
    {
        var pod = _cluster.Start("db", on: "a");
        _cluster.Taint("a", "maintenance", "NoExecute");
        _cluster.Until(() => _cluster.Store.Now(pod) is null, seconds: 5);
        _cluster.Until(() => _cluster.IsRunning("db-0"), seconds: 60);
        Assert.NotEqual("a", _cluster.Pod("db-0")!.Spec.NodeName);
    }

    private void Silence(bool crashed)
    {
        if (crashed)
        {
            _cluster.World.Crash("a");
        }
        else
        {
            _cluster.World.CutFromApi("a");
        }
    }
}
