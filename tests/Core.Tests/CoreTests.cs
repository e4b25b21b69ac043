namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What the core is.</summary>
public sealed class CoreTests
{
    [Fact]
    public void The_core_references_nothing_that_can_reach_the_outside_world()
    {
        string[] allowed = ["System.Runtime", "System.Collections", "System.Collections.Immutable", "System.Linq", "System.Memory"];
        Assert.Empty(typeof(FailoverPolicy).Assembly.GetReferencedAssemblies().Select(name => name.Name!).Except(allowed));
    }

    [Fact]
    public void The_same_snapshot_and_the_same_instant_give_the_same_verdict()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(30);
        var policy = new FailoverPolicy(new());
        Assert.Equal(policy.Decide(scenario.Cluster, scenario.Now).Decisions.Select(DecisionText.Of), policy.Decide(scenario.Cluster, scenario.Now).Decisions.Select(DecisionText.Of));
    }

    [Fact]
    public void Every_reason_to_hold_has_a_sentence_of_its_own()
    {
        var sentences = Enum.GetValues<HoldReason>().Select(reason =>
            DecisionText.Of(new Decision.Hold(Scenario.Pvc1, new("a"), reason, HoldDetail.None, [], Instant.Start, Overdue: true))).ToList();
        Assert.Equal(sentences.Count, sentences.Distinct().Count());
        Assert.All(sentences, sentence => Assert.EndsWith(".", sentence, StringComparison.Ordinal));
    }

    [Fact]
    public void A_deletion_says_what_was_lost_and_who_proves_it()
    {
        var pod = new Pod(new("default", "app-0"), new("1"), new NodeName("a"));
        Assert.Equal(
            "Deleting pod default/app-0 on node a: it has lost resource pvc-1, because the replica on b may promote, which proves that the other side has quorum and a has not.",
            DecisionText.Of(new Decision.DeletePod(pod, new(Scenario.Pvc1, new("a"), new("b"), Instant.Start, Instant.Start))));
    }

    [Fact]
    public void A_catalog_finds_what_refers_to_a_thing_and_forgets_what_no_longer_does()
    {
        var scenario = Scenario.Empty().Pod("app-0", "a").Pod("app-1", "a").Pod("app-1", "a", pod => pod with { Claims = [new("other")] });
        Assert.Equal(["app-0"], scenario.Cluster.Pods.ReferringTo(Scenario.Data).Select(held => held.Item.Key.Name));
        Assert.Equal(["app-1"], scenario.Cluster.Pods.ReferringTo(new("default", "other")).Select(held => held.Item.Key.Name));
        Assert.Empty(scenario.PodGone("app-0", "a").Cluster.Pods.ReferringTo(Scenario.Data));
    }

    [Fact]
    public void A_catalog_keeps_the_time_of_what_continues_and_not_of_what_has_been_replaced()
    {
        var scenario = Scenario.Empty().Attachment("va-1", "pv-1", "a");
        var first = scenario.Now;
        scenario.After(10).Attachment("va-1", "pv-1", "a");
        Assert.Equal(first, scenario.Cluster.Attachments.Find("va-1")!.Value.Since);

        scenario.Observe(new Observation.Updated<Attachment>(new("va-1", new("another"), "pv-1", new("a"))));
        Assert.Equal(scenario.Now, scenario.Cluster.Attachments.Find("va-1")!.Value.Since);
    }
}
