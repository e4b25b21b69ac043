using static Piraeus.HighAvailability.Core.Tests.OwnedPods;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What a failover that gets no further waits for, as it is reported.</summary>
public sealed class StuckReasonTests
{
    [Fact]
    public void A_failover_that_makes_progress_is_not_reported_as_stuck() => Assert.Empty(Lost().After(8).StuckReports);

    [Fact]
    public void A_pod_that_finalizers_hold_back_is_reported_as_stuck()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", pod => Owned(pod) with { Finalizers = ["example.com/one", "example.com/two"] }).PowerOff("a").After(60);
        Assert.Equal(["Pod default/app-0, moved away from node a, waits to be gone: the old pod is deleted, but held back by finalizers example.com/one, example.com/two."], scenario.StuckReports);
    }

    [Fact]
    public void A_pod_that_cannot_be_deleted_is_reported_with_the_servers_answer()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned);
        scenario.Answers = _ => MutationOutcome.Forbidden;
        Assert.Equal(["Pod default/app-0, moved away from node a, waits to be gone: the old pod could not be deleted: the answer was Forbidden."], scenario.PowerOff("a").After(60).StuckReports);
    }

    [Fact]
    public void An_attachment_that_the_external_attacher_does_not_release_is_reported_as_stuck()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned);
        scenario.AttacherLetsGo = false;
        scenario.PowerOff("a").After(46).Observe(new Observation.Updated<Attachment>(new("va-1", new("uid-va-1"), "pv-1", new("a"), Deleting: true) { Trouble = "rpc error: node a is not there" })).After(15);
        Assert.Equal(["Pod default/app-0, moved away from node a, waits for its volumes to be detached: volume pv-1 is still attached to node a: rpc error: node a is not there."], scenario.StuckReports);
    }

    [Fact]
    public void A_volume_of_the_pod_that_is_not_lost_is_named_as_what_blocks_it()
    {
        var scenario = TwoVolumes().CutOff("a").After(60);
        Assert.Equal(["Pod default/app-0, moved away from node a, waits for its volumes to be detached: volume pv-2 is still attached to node a, where resource pvc-2 is not lost: only the node itself can let go of it."], scenario.StuckReports);
    }

    [Fact]
    public void A_controller_that_creates_no_replacement_is_reported_with_its_newest_warning()
    {
        var scenario = Lost();
        scenario.Warning = "create Pod app-0 failed: exceeded quota";
        Assert.Equal(["Pod default/app-0, moved away from node a, waits for its replacement to be scheduled: StatefulSet app has not created a replacement: create Pod app-0 failed: exceeded quota."], scenario.After(15).StuckReports);
    }

    [Fact]
    public void A_replacement_that_no_node_takes_is_reported_with_the_schedulers_message() =>
        Assert.Equal(
            ["Pod default/app-0, moved away from node a, waits for its replacement to be scheduled: pod default/app-0 has no node: 0/3 nodes are available."],
            Lost().Replacement(null, pod => pod with { Trouble = "0/3 nodes are available" }).After(15).StuckReports);

    [Fact]
    public void A_volume_that_cannot_be_attached_is_named_with_the_attachers_error()
    {
        var scenario = Lost().Replacement("b").Attachment("va-2", "pv-1", "b").Observe(new Observation.Updated<Attachment>(new("va-2", new("uid-va-2"), "pv-1", new("b")) { Trouble = "no space left" })).After(15);
        Assert.Equal(["Pod default/app-0, moved away from node a, waits for the volumes of its replacement to be attached: volume pv-1 is not attached to node b: no space left."], scenario.StuckReports);
    }

    [Fact]
    public void A_replacement_whose_container_does_not_start_is_reported_as_stuck()
    {
        var scenario = Lost().Replacement("b", pod => pod with { Trouble = "container app is waiting: ImagePullBackOff" }).Attachment("va-2", "pv-1", "b", attached: true).After(15);
        Assert.Equal(["Pod default/app-0, moved away from node a, waits for its replacement to run: pod default/app-0 on node b does not run: container app is waiting: ImagePullBackOff."], scenario.StuckReports);
    }

    [Fact]
    public void Of_many_stuck_failovers_a_few_are_queried_and_the_most_important_is_reported_first()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", Owned);
        for (var number = 1; number < 20; number++)
        {
            scenario.Pod($"app-{number}", "a", pod => pod with { Owner = Set with { Uid = new($"uid-set-{number}") }, Priority = number });
        }

        scenario.Ignores = decision => decision is Decision.QueryWarnings;
        scenario.PowerOff("a").After(60);
        Assert.Equal(20, scenario.StuckReports.Count()); // those too whose question was refused
        Assert.StartsWith("Pod default/app-19,", scenario.StuckReports.First(), StringComparison.Ordinal);
        Assert.Equal(4, new FailoverPolicy(new()).Decide(scenario.Cluster, scenario.Now + TimeSpan.FromMinutes(1)).Decisions.OfType<Decision.QueryWarnings>().Count());
    }

    /// <summary>A pod that uses pvc-1 and pvc-2, of which the second is lost on no node.</summary>
    private static Scenario TwoVolumes() => Scenario.WithAppOn("a")
        .Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
        .Pod("app-0", "a", pod => Owned(pod) with { Claims = [new("data"), new("logs")] });
}
