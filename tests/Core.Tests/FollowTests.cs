using static Piraeus.HighAvailability.Core.Tests.OwnedPods;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>How a failover is followed until its replacement runs, or until it ends otherwise.</summary>
public sealed class FollowTests
{
    [Fact]
    public void A_failover_is_followed_through_every_phase_and_its_times_add_up()
    {
        var scenario = Lost();
        Assert.Equal([Phase.Decided, Phase.PodGone, Phase.Detached], Only(scenario).Reached.Keys);

        scenario.After(1).Replacement(node: null).After(1).Replacement("b").After(2).Attachment("va-2", "pv-1", "b", attached: true).After(3).Replacement("b", pod => pod with { Running = true });
        var failover = Only(scenario);
        Assert.Equal(FailoverResult.Runs, failover.Ending);
        Assert.Equal(Enum.GetValues<Phase>(), failover.Reached.Keys);
        Assert.Equal([0, 0, 2, 2, 3], failover.Phases.Skip(1).Select(phase => Math.Round(phase.Took.TotalSeconds)));
        Assert.Equal(failover.Took, failover.Phases.Aggregate(TimeSpan.Zero, (sum, phase) => sum + phase.Took));
        Assert.Equal("Pod default/app-0 of node a runs on node b, 52.01 s after its storage was lost (decided +45.00 s, pod gone +0.00 s, detached +0.00 s, replacement scheduled +2.01 s, attached +2.00 s, running +3.00 s).", DecisionText.Of(failover));
    }

    [Fact]
    public void A_replacement_that_is_faster_than_the_detachment_was_not_waited_for()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned);
        scenario.AttacherLetsGo = false;
        scenario.PowerOff("a").After(46).Replacement("b").After(5);
        Assert.Equal(Phase.Detached, Only(scenario).Awaited);
        scenario.Observe(new Observation.Deleted<Attachment>(scenario.Cluster.Attachments.Find("va-1")!.Value.Item)).After(0).Attachment("va-2", "pv-1", "b", attached: true).Replacement("b", pod => pod with { Running = true });
        Assert.Equal(TimeSpan.Zero, Only(scenario).Phases.Single(phase => phase.Phase == Phase.Scheduled).Took);
        Assert.Equal(5, Only(scenario).Phases.Single(phase => phase.Phase == Phase.Detached).Took.TotalSeconds, 1.0);
    }

    [Fact]
    public void A_replacement_that_is_replaced_in_its_turn_begins_anew()
    {
        var scenario = Lost().Replacement("b").Attachment("va-2", "pv-1", "b", attached: true).After(1);
        Assert.Equal(Phase.Running, Only(scenario).Awaited);
        scenario.ReplacementGone().After(1);
        Assert.Equal(Phase.Scheduled, Only(scenario).Awaited);
        scenario.Replacement("c").Attachment("va-3", "pv-1", "c", attached: true).Replacement("c", pod => pod with { Running = true });
        Assert.Equal(FailoverResult.Runs, Only(scenario).Ending);
    }

    [Fact]
    public void A_replacement_that_the_scheduler_puts_on_the_lost_node_is_moved_on_as_part_of_the_same_failover()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned);
        scenario.AttacherLetsGo = false;
        scenario.PowerOff("a").After(46).Replacement("a").After(1);
        Assert.Equal(["delete app-0 on a", "detach va-1", "delete app-0 on a"], scenario.Moves);
        Assert.Null(Only(scenario).Replacement);
        scenario.ReplacementGone().Replacement("b", Runs);
        Assert.Equal(FailoverResult.Runs, Only(scenario).Ending);
    }

    [Fact]
    public void Replacements_that_the_scheduler_puts_on_the_lost_node_one_after_the_other_are_moved_on_with_back_off()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned);
        scenario.AttacherLetsGo = false;
        scenario.PowerOff("a").After(46);
        var moved = new List<int>();
        for (var second = 0; second < 60; second++)
        {
            if (moved.LastOrDefault() < Moves())
            {
                moved.Add(Moves());
                scenario.ReplacementGone().Replacement("a");
            }

            scenario.After(1);
        }

        Assert.Equal([HoldReason.ComesBack], scenario.AllHolds);
        Assert.Contains("node a was lost already when the scheduler put it there", scenario.Sentences.Single(), StringComparison.Ordinal);
        Assert.Equal(7, Moves()); // the pod itself, and then after 0.5, 1, 2, 4, 8 and 16 seconds

        int Moves() => scenario.Moves.Count(move => move == "delete app-0 on a");
    }

    [Fact]
    public void A_replacement_that_is_seen_before_the_deletion_is_answered_is_the_replacement()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned);
        var (pod, taken) = (scenario.Cluster.Pods.All.Single().Item, scenario.Now);
        scenario.After(1).Observe(new Observation.Deleted<Pod>(pod)).Replacement("b", Runs)
            .Observe(new Observation.MutationAnswered(new Decision.DeletePod(pod, new(Scenario.Pvc1, new("a"), new("b"), taken, taken)), new(MutationOutcome.Accepted), taken));
        Assert.Equal(FailoverResult.Runs, Only(scenario).Ending);
    }

    [Fact]
    public void Every_one_of_two_pods_that_share_a_claim_has_a_replacement_of_its_own()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned).Pod("app-1", "a", Owned).Pod("elsewhere", "b", Owned).PowerOff("a").After(46);
        scenario.Pod("app-x", "b", Runs).After(0);
        Assert.Single(Followed(scenario), failover => failover.Ending == FailoverResult.Runs);
        scenario.Pod("app-y", "c", Runs).After(0);
        Assert.Equal(["app-x", "app-y"], Followed(scenario).Select(failover => failover.Replacement!.Key.Name).Order());
    }

    [Fact]
    public void A_pod_without_a_controller_gets_no_replacement_and_is_not_waited_for()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(46);
        Assert.Equal(FailoverResult.NobodyBringsItBack, Only(scenario).Ending);
        Assert.EndsWith("but no controller brings it back (decided +45.00 s, pod gone +0.00 s, detached +0.00 s).", DecisionText.Of(Only(scenario)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failover_without_progress_for_half_an_hour_is_no_longer_followed() =>
        Assert.Equal(FailoverResult.GivenUp, Only(Lost().After((30 * 60) + 10)).Ending);

    [Theory]
    [InlineData(MutationOutcome.Refused)]
    [InlineData(MutationOutcome.Forbidden)]
    [InlineData(MutationOutcome.TimedOut)]
    public void A_pod_that_could_not_be_deleted_before_its_storage_came_back_stays_and_is_not_waited_for(MutationOutcome answer)
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned);
        scenario.Answers = _ => answer;
        Assert.Single(scenario.CutOff("a").After(60).StuckReports);
        Assert.Empty(scenario.Heal("a").After(1).StuckReports);
        Assert.Equal(FailoverResult.NoLongerLost, Only(scenario).Ending);
        Assert.Equal("Pod default/app-0 stays on node a: it could not be deleted while resource pvc-1 was lost there, which it no longer is (decided +45.00 s).", DecisionText.Of(Only(scenario)));
        Assert.Equal("Node a: 0 of 1 pods run elsewhere, the last one 0.00 s after the first request; 1 stays, because the storage is no longer lost.", DecisionText.Of(Followed(scenario)));
    }

    [Fact]
    public void A_pod_that_stayed_and_is_lost_once_more_is_followed_once_more()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned);
        scenario.Answers = _ => MutationOutcome.Refused;
        scenario.CutOff("a").After(60).Heal("a").After(1);
        scenario.Answers = _ => MutationOutcome.Accepted;
        scenario.CutOff("a").After(46);
        Assert.Equal(Phase.Scheduled, Only(scenario).Awaited);
        Assert.Equal(45, (Only(scenario).Reached[Phase.Decided] - Only(scenario).Evidence.Since).TotalSeconds, 1.0);
        Assert.Equal(FailoverResult.Runs, Only(scenario.Replacement("b", Runs)).Ending);
    }

    [Theory]
    [InlineData(MutationOutcome.Accepted)]
    [InlineData(MutationOutcome.TimedOut)]
    public void A_pod_whose_deletion_may_have_been_accepted_goes_even_if_its_storage_comes_back(MutationOutcome answer)
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", pod => Owned(pod) with { Finalizers = ["example.com/held"] });
        scenario.Answers = _ => answer;
        scenario.CutOff("a").After(46).Heal("a").After(60);
        Assert.Equal(Phase.PodGone, Only(scenario).Awaited);
        Assert.Single(scenario.StuckReports);
    }

    [Fact]
    public void An_incident_is_forgotten_when_everything_of_it_has_ended_for_a_while()
    {
        var scenario = Lost().Replacement("b", Runs).After(29).Observe(new Observation.Tick());
        Assert.Equal(1, scenario.Cluster.Failovers.Count);
        scenario.After(2).Observe(new Observation.Tick());
        Assert.Equal(0, scenario.Cluster.Failovers.Count);
        Assert.Empty(scenario.Cluster.Incidents);
    }

    [Fact]
    public void Losses_at_the_same_time_are_one_incident()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned)
            .Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a").Pod("log-0", "a", pod => Owned(pod) with { Claims = [new("logs")] })
            .PowerOff("a").PowerOff("a", "pvc-2").After(46).After(10);
        scenario.Replacement("b", Runs).Pod("log-0", "b", pod => Runs(pod) with { Claims = [new("logs")] });
        Assert.Single(Followed(scenario).Select(failover => failover.Incident).Distinct());
        Assert.Equal("Node a: 2 of 2 pods run elsewhere, the last one 11.00 s after the first request; the longest phase was \"replacement scheduled\", 11.00 s for half of them.", DecisionText.Of(Followed(scenario)));
    }

    [Theory]
    [InlineData(MutationOutcome.DryRun)]
    [InlineData(MutationOutcome.NotSent)]
    public void A_deletion_that_was_never_sent_is_not_followed(MutationOutcome answer)
    {
        var (scenario, times) = (Scenario.WithAppOn("a").Pod("app-0", "a", Owned), 0);
        scenario.Answers = _ => times++ == 0 ? answer : MutationOutcome.DryRun;
        scenario.PowerOff("a").After(60);
        Assert.Empty(Followed(scenario));
        Assert.Empty(scenario.Cluster.Incidents);
    }

    private static List<Failover> Followed(Scenario scenario) => [.. scenario.Cluster.Failovers.All.Select(held => held.Item)];

    private static Failover Only(Scenario scenario) => Assert.Single(Followed(scenario));
}
