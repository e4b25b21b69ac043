namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What is done to a lost node before its pods are moved, and when it is back.</summary>
public sealed class NodeTests
{
    [Fact]
    public void A_lost_node_is_tainted_and_its_volume_released_before_pod_and_attachment_are_deleted() =>
        Assert.Equal(["taint a", "release csi^pv-1 from a", "delete app-0 on a", "detach va-1"], OnNode().PowerOff("a").After(46).Moves);

    [Theory]
    [InlineData(0, "TaintNode", "ClearVolumesInUse", "DeletePod", "DeleteAttachment")]
    [InlineData(-1, "TaintNode", "ClearVolumesInUse", "DeleteAttachment", "DeletePod")]
    public void What_is_done_to_a_node_comes_before_every_deletion_then_the_most_important_and_of_equals_pods_before_attachments(int priority, params string[] order)
    {
        var scenario = OnNode().Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("log-0", "a", pod => pod with { Claims = [new("logs")], Priority = priority }).Node("a", "csi^pv-1", "csi^pv-2");
        scenario.Answers = decision => decision is Decision.DeletePod { Pod.Key.Name: "app-0" } ? MutationOutcome.Accepted : MutationOutcome.Refused;
        scenario.PowerOff("a").PowerOff("a", "pvc-2").After(45.01); // app-0 has left its attachment behind, and everything else is to be tried again
        Assert.Equal(order, new FailoverPolicy(new()).Decide(scenario.Cluster, scenario.Now + TimeSpan.FromSeconds(1)).Decisions
            .Where(decision => decision is not Decision.Query && decision is Decision.Query or Decision.Mutation).Select(decision => decision.GetType().Name));
    }

    [Fact]
    public void Without_taints_only_the_volume_is_released() =>
        Assert.Equal(["release csi^pv-1 from a", "delete app-0 on a", "detach va-1"], OnNode(new() { TaintNodes = false }).PowerOff("a").After(46).Moves);

    [Fact]
    public void A_node_that_is_tainted_already_is_not_tainted_again() =>
        Assert.DoesNotContain("taint a", OnNode().Observe(Tainted).PowerOff("a").After(46).Moves);

    [Fact]
    public void A_node_that_carries_a_taint_of_another_owner_is_queried_once_and_never_untainted()
    {
        var scenario = OnNode();
        scenario.Answers = decision => decision is Decision.TaintNode ? MutationOutcome.Unchanged : MutationOutcome.Accepted;
        scenario.CutOff("a").After(60);
        Assert.Equal(["taint a", "release csi^pv-1 from a", "delete app-0 on a", "detach va-1"], scenario.Moves);
        Assert.DoesNotContain("untaint a", scenario.Heal("a").After(600).Moves);
    }

    [Theory]
    [InlineData(MutationOutcome.Forbidden)]
    [InlineData(MutationOutcome.Refused)]
    [InlineData(MutationOutcome.TimedOut)]
    [InlineData(MutationOutcome.AlreadyGone)]
    public void A_node_that_cannot_be_changed_costs_speed_and_never_the_failover(MutationOutcome answer)
    {
        var scenario = OnNode();
        scenario.Answers = decision => decision is Decision.TaintNode or Decision.ClearVolumesInUse ? answer : MutationOutcome.Accepted;
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.PowerOff("a").After(46).Moves.Where(move => move[0] == 'd'));
    }

    [Fact]
    public void A_taint_that_failed_is_tried_again()
    {
        var scenario = OnNode().Pod("app-1", "a");
        scenario.Answers = decision => decision is Decision.TaintNode or Decision.DeletePod ? MutationOutcome.Refused : MutationOutcome.Accepted;
        Assert.InRange(scenario.PowerOff("a").After(60).Moves.Count(move => move == "taint a"), 2, 10);
    }

    [Fact]
    public void Every_lost_volume_of_a_node_is_released_and_no_other()
    {
        var moves = OnNode().Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("other-0", "a", pod => pod with { Claims = [new("logs")] }).Node("a", "csi^pv-1", "csi^pv-2", "csi^pv-3")
            .PowerOff("a").PowerOff("a", "pvc-2").After(46).Moves.ToList();
        Assert.Equal(["csi^pv-1", "csi^pv-2"], moves.Where(move => move.StartsWith("release", StringComparison.Ordinal)).SelectMany(move => move.Split(' ').Where(word => word.StartsWith("csi", StringComparison.Ordinal))).Order());
        Assert.Single(moves, move => move == "taint a");
    }

    [Fact]
    public void The_volume_of_a_pod_that_stays_is_not_released() =>
        Assert.Equal(["taint a", "delete app-0 on a"], OnNode().Pod("stays", "a", optedIn: false).PowerOff("a").After(46).Moves);

    [Fact]
    public void A_pod_is_moved_although_its_attachment_is_being_deleted_already() =>
        Assert.Equal(["taint a", "release csi^pv-1 from a", "delete app-0 on a"], OnNode()
            .Observe(new Observation.Updated<Attachment>(new("va-1", new("uid-va-1"), "pv-1", new("a"), Deleting: true))).PowerOff("a").After(46).Moves);

    [Fact]
    public void A_count_of_pods_that_cannot_be_had_is_not_waited_for()
    {
        var scenario = OnNode();
        scenario.Surveys = false;
        Assert.Equal(["taint a", "delete app-0 on a"], scenario.PowerOff("a").After(50).Moves);
    }

    [Fact]
    public void A_node_whose_pods_all_stay_is_not_touched() =>
        Assert.Empty(OnNode().Pod("app-0", "a", pod => pod with { OptedOut = true }).PowerOff("a").After(600).Moves);

    [Fact]
    public void A_node_that_kubernetes_does_not_tell_of_is_cleared_all_the_same() =>
        Assert.Equal(["delete app-0 on a", "detach va-1"], Scenario.WithAppOn("a").PowerOff("a").After(46).Moves);

    [Fact]
    public void The_taint_is_taken_back_once_every_resource_of_the_node_has_quorum_again()
    {
        var scenario = OnNode().CutOff("a").After(60);
        Assert.Contains("taint a", scenario.Moves);
        Assert.DoesNotContain("untaint a", scenario.MayNotPromote("b").MayNotPromote("c").After(600).Moves);
        Assert.Equal("untaint a", scenario.Heal("a").After(45).Moves.Last());
    }

    [Fact]
    public void A_node_without_power_stays_tainted() => Assert.DoesNotContain("untaint a", OnNode().PowerOff("a").After(600).Moves);

    [Fact]
    public void A_taint_that_an_earlier_leader_left_behind_is_taken_back() =>
        Assert.Equal(["untaint a"], OnNode().Observe(Tainted).After(600).Moves);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_node_that_linstor_has_given_up_is_untainted_if_it_is_certain_which_node_that_is(bool certain)
    {
        var scenario = OnNode().PowerOff("a").After(60);
        scenario.Observe(Tainted).Remove("a").Report("pvc-1");
        if (certain)
        {
            scenario.Observe(new Observation.Updated<CsiNode>(new(new("a"), new("a"))));
        }

        scenario.Satellites(new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online)).After(60);
        Assert.Equal(certain, scenario.Moves.Contains("untaint a"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_node_that_linstor_has_given_up_stays_tainted_until_those_who_lost_their_storage_there_have_moved(bool isBack)
    {
        var scenario = OnNode().Observe(new Observation.Updated<CsiNode>(new(new("a"), new("a"))));
        scenario.Answers = decision => decision is Decision.DeletePod ? MutationOutcome.Refused : MutationOutcome.Accepted;
        scenario.PowerOff("a").After(60).Remove("a").Report("pvc-1").Satellites(new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online)).After(60);
        if (isBack)
        {
            scenario.Satellites(new(new("a"), SatelliteState.Online), new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online)).After(60); // without the replica, which it has lost
        }

        Assert.DoesNotContain("untaint a", scenario.Moves);
        scenario.Answers = _ => MutationOutcome.Accepted;
        Assert.Equal(["delete app-0 on a", "detach va-1", "untaint a"], scenario.After(20).Moves.TakeLast(3));
    }

    [Fact]
    public void While_linstor_is_silent_no_taint_is_taken_back() =>
        Assert.Empty(OnNode().Observe(Tainted).LinstorGoesAway().After(600).Moves);

    private static readonly Observation Tainted = new Observation.Updated<ClusterNode>(new(new("a"), new("uid-a")) { TaintedByUs = true });

    private static Scenario OnNode(FailoverSettings? settings = null) => Scenario.WithAppOn("a", settings).Node("a", "csi^pv-1");
}
