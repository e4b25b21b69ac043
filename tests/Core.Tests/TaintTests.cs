namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What is done to a node that has lost storage, how often, and when it is undone.</summary>
public sealed class TaintTests
{
    // a's replication network fails and its satellite's events hang: ONLINE, repeats "Primary, connected". Kubernetes: Ready.
    [Fact]
    public void A_node_that_repeats_the_past_keeps_its_taint_while_its_storage_is_lost()
    {
        var scenario = OnNode().After(60).OnlyPeersLose("a").After(120);
        Assert.Contains("delete app-0 on a", scenario.Moves);
        Assert.DoesNotContain("untaint a", scenario.After(600).Moves);
    }

    [Fact]
    public void A_node_that_repeats_the_past_keeps_its_taint_when_the_replacement_runs()
    {
        var scenario = OnNode().After(60).OnlyPeersLose("a").After(60);
        Assert.Contains("delete app-0 on a", scenario.Moves);
        scenario.Replica("b", r => r with { Promotability = Promotability.MayNotPromote, Usage = Usage.InUse }).MayNotPromote("c")
            .Replacement("b", pod => pod with { Running = true }).Attachment("va-2", "pv-1", "b", attached: true);
        Assert.DoesNotContain("untaint a", scenario.After(600).Moves);
    }

    // The node repeats the past as above. Then the links heal, and the satellite of a is restarted: the taint goes.
    [Fact]
    public void A_node_that_repeated_the_past_loses_its_taint_once_it_speaks_anew()
    {
        var scenario = OnNode().After(60).OnlyPeersLose("a").After(120);
        scenario.Silence("a").After(30).Satellite("a", SatelliteState.Online).Replica("a", r => r with { Promotability = Promotability.MayNotPromote, Usage = Usage.Unused, Score = 10103, Connections = [new("b", true), new("c", true)] });
        scenario.Link("b", "a", up: true).Link("c", "a", up: true).MayNotPromote("b").MayNotPromote("c");
        Assert.Contains("untaint a", scenario.After(600).Moves);
    }

    // a comes back, DRBD of the lost resource cannot be brought up there: no score. The taint stays rightly, but nobody says why.
    [Fact]
    public void A_taint_that_stays_because_nothing_is_heard_of_a_replica_is_explained()
    {
        var scenario = OnNode().PowerOff("a").After(60);
        Assert.Contains("taint a", scenario.Moves);
        scenario.Satellite("a", SatelliteState.Online).After(600); // satellite is back, DRBD down: no score, no promotability, no links
        Assert.DoesNotContain("untaint a", scenario.Moves);
        Assert.Contains(HoldReason.TaintStays, scenario.Holds);
    }

    // a's DRBD is cut off, its kubelet lives and says every 10 s that it uses the volume. A finalizer holds the pod.
    [Fact]
    public void A_release_that_the_kubelet_takes_back_is_repeated_ever_more_rarely()
    {
        var scenario = OnNode().Pod("app-0", "a", pod => pod with { Finalizers = ["x/y"] }).CutOff("a").After(46);
        for (var i = 0; i < 360; i++)
        {
            scenario.Node("a", "csi^pv-1").Tell(new Observation.Updated<ClusterNode>(new(new("a"), new("uid-a")) { TaintedByUs = true })).After(10);
        }

        Assert.InRange(scenario.Moves.Count(move => move.StartsWith("release", StringComparison.Ordinal)), 1, 40);
    }

    // LINSTOR's words about a come and go while it is dead, and a pod on it cannot be deleted (a webhook forbids it): every 15 s, with the node prepared each time anew.
    [Fact]
    public void A_node_is_not_prepared_more_often_than_something_is_done_there()
    {
        var scenario = OnNode();
        scenario.Answers = decision => decision is Decision.DeletePod ? MutationOutcome.Forbidden : decision is Decision.TaintNode ? MutationOutcome.Unchanged : MutationOutcome.Accepted;
        scenario.CutOff("a").After(3600);
        Assert.InRange(scenario.Moves.Count(move => move == "taint a"), 1, scenario.Moves.Count(move => move == "delete app-0 on a"));
    }

    private static Scenario OnNode(FailoverSettings? settings = null) => Scenario.WithAppOn("a", settings).Node("a", "csi^pv-1");
}
