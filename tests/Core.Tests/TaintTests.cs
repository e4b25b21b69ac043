namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What is done to a node that has lost storage, how often, and when it is undone.</summary>
public sealed class TaintTests
{
    // a's replication network fails and its satellite's events hang: ONLINE, repeats "Primary, connected". Kubernetes: Ready.
    [Fact]
    public void A_node_that_repeats_stale_state_keeps_its_taint_while_its_storage_is_lost()
    {
        var scenario = OnNode().After(60).OnlyPeersLose("a").After(120);
        Assert.Contains("delete app-0 on a", scenario.Moves);
        Assert.DoesNotContain("untaint a", scenario.After(600).Moves);
    }

    [Fact]
    public void A_node_that_repeats_stale_state_keeps_its_taint_when_the_replacement_runs()
    {
        var scenario = OnNode().After(60).OnlyPeersLose("a").After(60);
        Assert.Contains("delete app-0 on a", scenario.Moves);
        scenario.Replica("b", r => r with { Promotability = Promotability.MayNotPromote, Usage = Usage.InUse }).MayNotPromote("c")
            .Replacement("b", pod => pod with { Running = true }).Attachment("va-2", "pv-1", "b", attached: true);
        Assert.DoesNotContain("untaint a", scenario.After(600).Moves);
    }

    // The node repeats stale state as above. Then the links heal, and the satellite of a is restarted: the taint goes.
    [Fact]
    public void A_node_that_repeated_stale_state_loses_its_taint_once_it_speaks_anew()
    {
        var scenario = OnNode().After(60).OnlyPeersLose("a").After(120);
        scenario.Silence("a").After(30).Satellite("a", SatelliteState.Online).Replica("a", r => r with { Promotability = Promotability.MayNotPromote, Usage = Usage.Unused, Score = 10103, Connections = [new("b", true), new("c", true)] });
        scenario.Link("b", "a", up: true).Link("c", "a", up: true).MayNotPromote("b").MayNotPromote("c");
        Assert.Contains("untaint a", scenario.After(600).Moves);
    }

    // a comes back, DRBD of the lost resource cannot be brought up there: no score. The taint stays rightly, but the reason is not reported.
    [Fact]
    public void A_taint_that_stays_because_nothing_is_reported_of_a_replica_is_explained()
    {
        var scenario = OnNode().PowerOff("a").After(60);
        Assert.Contains("taint a", scenario.Moves);
        scenario.Satellite("a", SatelliteState.Online).After(600); // satellite is back, DRBD down: no score, no promotability, no links
        Assert.DoesNotContain("untaint a", scenario.Moves);
        Assert.Contains(HoldReason.TaintStays, scenario.Holds);
    }

    // a's DRBD is cut off, its kubelet lives and reports every 10 s that it uses the volume. A finalizer holds the pod.
    [Fact]
    public void A_release_that_the_kubelet_takes_back_is_repeated_ever_more_rarely()
    {
        var scenario = OnNode().Pod("app-0", "a", pod => pod with { Finalizers = ["x/y"] }).CutOff("a").After(46);
        for (var i = 0; i < 360; i++)
        {
            scenario.Node("a", "csi^pv-1").Observe(new Observation.Updated<ClusterNode>(new(new("a"), new("uid-a")) { TaintedByUs = true })).After(10);
        }

        Assert.InRange(scenario.Moves.Count(move => move.StartsWith("release", StringComparison.Ordinal)), 1, 40);
    }

    // LINSTOR's reports about a come and go while it is dead, and a pod on it cannot be deleted (a webhook forbids it): every 15 s, with the node prepared each time anew.
    [Fact]
    public void A_node_is_not_prepared_more_often_than_something_is_done_there()
    {
        var scenario = OnNode();
        scenario.Answers = decision => decision is Decision.DeletePod ? MutationOutcome.Forbidden : decision is Decision.TaintNode ? MutationOutcome.Unchanged : MutationOutcome.Accepted;
        scenario.CutOff("a").After(3600);
        Assert.InRange(scenario.Moves.Count(move => move == "taint a"), 1, scenario.Moves.Count(move => move == "delete app-0 on a"));
    }

    // a is well again. One resource that is used on b, and has a replica on a, can no longer be asked about; a hundred others can.
    [Fact]
    public void A_resource_that_cannot_be_queried_keeps_no_taint_unexplained_and_has_no_other_resource_queried_for_ever()
    {
        var scenario = OnNode().Resource("pvc-2", "b").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "b");
        for (var i = 0; i < 100; i++)
        {
            scenario.Resource($"r-{i}", "b").Volume($"pv-r{i}", $"c-{i}", $"r-{i}").Attachment($"va-r{i}", $"pv-r{i}", "b");
        }

        scenario.CutOff("a").After(600);
        var asked = 0;
        scenario.Ignores = decision =>
        {
            asked += decision is Decision.QueryResource ? 1 : 0;
            return decision is Decision.QueryResource { Resource.Value: "pvc-2" };
        };
        scenario.Observe(new Observation.Updated<ClusterNode>(new(new("a"), new("uid-a")) { TaintedByUs = true })).Heal("a").After(600);
        Assert.Contains(HoldReason.TaintStays, scenario.Holds);
        Assert.InRange(asked, 0, 1000);
    }

    // a is back and well; as many resources that are used elsewhere have a replica there. LINSTOR answers 16 questions at a time, each in a second, first come, first served.
    [Theory]
    [InlineData(100)]
    [InlineData(300)]
    public void A_taint_goes_however_slowly_LINSTOR_answers(int resources)
    {
        var scenario = Scenario.Empty();
        for (var i = 0; i < resources; i++)
        {
            scenario.Resource($"r-{i}", "b").Volume($"pv-{i}", $"c-{i}", $"r-{i}").Attachment($"va-{i}", $"pv-{i}", "b");
        }

        scenario.Observe(new Observation.Updated<ClusterNode>(new(new("a"), new("uid-a")) { TaintedByUs = true }));
        var (cluster, now, policy, queue, isUntainted) = (scenario.Cluster, scenario.Now + TimeSpan.FromSeconds(60), new FailoverPolicy(new()), new Queue<ResourceName>(), false);
        for (var second = 0; second < 600 && !isUntainted; second++)
        {
            now += TimeSpan.FromSeconds(1);
            cluster = cluster.Apply(new Observation.SatellitesListed([.. "abc".Select(node => new Satellite(new($"{node}"), SatelliteState.Online))], now), now).Apply(new Observation.Tick(), now);
            var verdict = policy.Decide(cluster, now);
            isUntainted = verdict.Decisions.OfType<Decision.UntaintNode>().Any();
            foreach (var question in verdict.Decisions.OfType<Decision.QueryResource>().Where(question => !queue.Contains(question.Resource)))
            {
                queue.Enqueue(question.Resource);
            }

            for (var slots = 0; slots < 16 && queue.TryDequeue(out var resource); slots++)
            {
                cluster = cluster.Apply(new Observation.ResourceReported(scenario.ReportOf(resource) with { AskedAt = now }), now + TimeSpan.FromMilliseconds(900));
            }
        }

        Assert.True(isUntainted);
    }

    private static Scenario OnNode(FailoverSettings? settings = null) => Scenario.WithAppOn("a", settings).Node("a", "csi^pv-1");
}
