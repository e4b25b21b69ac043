namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>How long a loss must last, and what is asked before acting.</summary>
public sealed class GraceTests
{
    private static readonly FailoverSettings Unequal = new() { KnownResourceGrace = TimeSpan.FromSeconds(30), NewResourceGrace = TimeSpan.FromSeconds(90) };

    [Fact]
    public void A_pod_that_stays_in_any_case_is_held_for_that_reason_from_the_start()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-1", "a", pod => pod with { OptedOut = true }).CutOff("a").After(5);
        Assert.Equal([HoldReason.GraceNotOver, HoldReason.OptedOut], scenario.AllHolds.Order());
        Assert.Empty(scenario.Holds); // none is overdue
        Assert.Contains(scenario.Sentences, sentence => sentence.Contains("app-1", StringComparison.Ordinal) && sentence.Contains("drbd.linbit.com/ignore-fail-over", StringComparison.Ordinal));
        Assert.DoesNotContain(scenario.Sentences, sentence => sentence.Contains("app-1", StringComparison.Ordinal) && sentence.Contains("grace period", StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_loss_of_another_volume_would_allow_is_not_named_before_the_grace_period_is_over()
    {
        var scenario = Scenario.WithAppOn("a").Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2", manyWriters: true).Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).CutOff("a").After(5);
        Assert.Equal([HoldReason.GraceNotOver], scenario.AllHolds);
        Assert.Contains(HoldReason.WritesToSharedStorage, scenario.After(60).Holds);
    }

    [Fact]
    public void The_grace_period_restarts_when_the_state_clears()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").After(40).Heal("a").After(1).CutOff("a");
        Assert.Empty(scenario.After(44).Moves);
        Assert.NotEmpty(scenario.After(2).Moves);
    }

    [Fact]
    public void The_grace_period_restarts_when_the_peers_find_the_node_again_for_a_moment()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(40).Link("b", "a", up: true).Link("c", "a", up: true).Report("pvc-1").After(1)
            .Link("b", "a", up: false).Link("c", "a", up: false).Report("pvc-1");
        Assert.Empty(scenario.After(44).Moves);
        Assert.NotEmpty(scenario.After(3).Moves);
    }

    [Fact]
    public void A_consumer_that_recovers_within_the_grace_period_is_never_touched() =>
        Assert.Empty(Scenario.WithAppOn("a").CutOff("a").After(44).Heal("a").After(600).Moves);

    [Fact]
    public void A_flapping_link_never_fills_the_grace_period()
    {
        var scenario = Scenario.WithAppOn("a");
        for (var flap = 0; flap < 20; flap++)
        {
            scenario.CutOff("a").After(30).Heal("a").After(5);
        }

        Assert.Empty(scenario.Moves);
    }

    [Fact]
    public void A_state_that_clears_and_returns_between_two_evaluations_has_been_interrupted()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").After(40).Heal("a").CutOff("a");
        Assert.Empty(scenario.After(44).Moves);
    }

    [Fact]
    public void A_repeated_event_does_not_restart_the_grace_period()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a");
        for (var second = 0; second < 45; second++)
        {
            scenario.Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("b"), Promotability.MayPromote)).After(1);
        }

        Assert.NotEmpty(scenario.After(0.5).Moves);
    }

    [Fact]
    public void Another_promotable_peer_that_takes_over_the_loss_evidence_does_not_restart_the_grace_period() =>
        Assert.NotEmpty(Scenario.WithAppOn("a").Node("a", ready: false).PowerOff("a").After(30).LosesQuorum("b").After(16).Moves);

    [Fact]
    public void A_resource_seen_well_before_waits_for_the_known_grace_period()
    {
        var scenario = Scenario.WithAppOn("a", Unequal).PowerOff("a");
        Assert.Empty(scenario.After(29).Moves);
        Assert.NotEmpty(scenario.After(2).Moves);
    }

    [Fact]
    public void A_resource_that_was_lost_when_first_seen_waits_for_the_new_grace_period()
    {
        foreach (var replay in (string[][])[["a", "b", "c"], ["c", "b", "a"], ["b", "a", "c"]])
        {
            var first = FirstSeen(replay);
            Assert.Empty(first.After(89).Moves);
            Assert.NotEmpty(first.After(2).Moves);
        }
    }

    [Fact]
    public void A_new_consumer_on_a_node_that_was_lost_before_gets_the_whole_grace_period()
    {
        var scenario = Scenario.Empty().Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").PowerOff("a").After(600).Pod("app-0", "a");
        Assert.Empty(scenario.After(44).Moves);
        Assert.NotEmpty(scenario.After(2).Moves);
    }

    [Fact]
    public void Nothing_is_done_if_the_confirmation_disagrees_with_the_stream()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(43);
        scenario.Replica("b", replica => replica with { Promotability = Promotability.MayNotPromote }, streamed: false);
        scenario.Replica("c", replica => replica with { Promotability = Promotability.MayNotPromote }, streamed: false);
        Assert.Empty(scenario.After(600).Moves);
    }

    [Fact]
    public void Acting_rests_on_a_report_of_the_last_five_seconds()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(46);
        Assert.InRange(scenario.Now - scenario.Cluster.Resources[Scenario.Pvc1].ReportedAt!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.NotEmpty(scenario.Moves);
    }

    [Fact]
    public void A_report_that_was_asked_for_before_the_newest_event_does_not_overrule_it()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").After(1);
        var stale = scenario.ReportOf(Scenario.Pvc1);
        scenario.After(1).Heal("a");
        scenario.Observe(new Observation.ResourceReported(stale));
        Assert.All(scenario.Cluster.Resources[Scenario.Pvc1].Assessments, assessment => Assert.NotNull(assessment.Reason));
        Assert.Empty(scenario.After(600).Moves);
    }

    [Fact]
    public void A_stale_repetition_of_true_is_corrected_by_asking()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").After(44).Heal("a");
        scenario.Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("b"), Promotability.MayPromote));
        Assert.Empty(scenario.After(600).Moves);
    }

    [Fact]
    public void Linstor_is_queried_at_the_reconcile_interval_while_a_peer_may_promote()
    {
        var scenario = Scenario.WithAppOn("a").Quorum("off").PowerOff("a").After(100);
        var before = scenario.Consultations;
        Assert.InRange(scenario.After(100).Consultations - before, 9, 11);
    }

    [Fact]
    public void Satellites_that_linstor_no_longer_lists_are_stale()
    {
        // LINSTOR answers about the resource, but no longer which satellites are offline.
        var scenario = Scenario.WithAppOn("a").PowerOff("a");
        scenario.Replica("b", NoLinkToA).Replica("c", NoLinkToA).Report("pvc-1").After(40);
        scenario.Observe(new Observation.SourceLost(Source.Linstor)).Report("pvc-1");
        Assert.Empty(scenario.After(60).Moves);
        Assert.Contains(HoldReason.LinstorSilent, scenario.AllHolds);
    }

    [Fact]
    public void Which_satellites_are_offline_is_asked_afresh_before_anything_is_done()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a");
        scenario.Replica("b", NoLinkToA).Replica("c", NoLinkToA).Report("pvc-1").After(40);
        Assert.Empty(scenario.Satellite("a", SatelliteState.Online, streamed: false).After(600).Moves);
        Assert.Equal([HoldReason.NotKnownOffline], scenario.Holds);
    }

    [Fact]
    public void Without_a_fresh_list_of_satellites_nothing_is_done()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(30).Satellite("a", SatelliteState.Offline);
        scenario.Ignores = decision => decision is Decision.QuerySatellites;
        Assert.Empty(scenario.After(600).Moves);
        Assert.Contains("the state of the satellites has not yet been confirmed", scenario.Sentences.First(), StringComparison.Ordinal);
        scenario.Ignores = _ => false;
        Assert.NotEmpty(scenario.After(20).Moves);
    }

    [Fact]
    public void A_late_list_of_satellites_is_ignored()
    {
        var scenario = Scenario.WithAppOn("a");
        var asked = scenario.Now;
        scenario.After(5).PowerOff("a").Observe(new Observation.SatellitesListed([new(new("a"), SatelliteState.Online), new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online)], asked));
        Assert.Equal(SatelliteState.Offline, scenario.Cluster.Satellites![new("a")].State);
    }

    [Fact]
    public void A_confirmation_that_does_not_come_is_reported()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(30);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        Assert.Empty(scenario.After(20).Holds);
        Assert.Equal([HoldReason.AwaitingConfirmation], scenario.After(10).Holds);
        Assert.Empty(scenario.Moves);
    }

    private static Replica NoLinkToA(Replica replica) => replica with { Connections = replica.Connections.RemoveAll(connection => connection.Peer == "a") };

    private static Scenario FirstSeen(string[] replay)
    {
        var facts = Scenario.Empty().Resource("pvc-1", "a").PowerOff("a").ReportOf(Scenario.Pvc1).Replicas;
        var scenario = Scenario.Empty(Unequal).Facts("pvc-1", "majority", facts);
        foreach (var node in replay)
        {
            scenario.Observe(new Observation.PromotionChanged(Scenario.Pvc1, new(node), facts.Single(replica => replica.Node.Value == node).Promotability));
        }

        return scenario.Satellite("a", SatelliteState.Offline).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
    }
}
