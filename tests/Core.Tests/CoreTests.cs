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
        var scene = Scene.WithAppOn("a").PowerOff("a").After(30);
        var policy = new FailoverPolicy(new());
        Assert.Equal(policy.Decide(scene.Cluster, scene.Now).Decisions.Select(Sentences.Of), policy.Decide(scene.Cluster, scene.Now).Decisions.Select(Sentences.Of));
    }

    [Fact]
    public void Every_reason_to_hold_has_a_sentence_of_its_own()
    {
        var sentences = Enum.GetValues<HoldReason>().Select(reason =>
            Sentences.Of(new Decision.Hold(Scene.Pvc1, new("a"), reason, HoldDetail.None, [], Instant.Start, Overdue: true))).ToList();
        Assert.Equal(sentences.Count, sentences.Distinct().Count());
        Assert.All(sentences, sentence => Assert.EndsWith(".", sentence, StringComparison.Ordinal));
    }

    [Fact]
    public void A_deletion_says_what_was_lost_and_who_proves_it()
    {
        var pod = new Pod(new("default", "app-0"), new("1"), new NodeName("a"));
        Assert.Equal(
            "Deleting pod default/app-0 on node a: it has lost resource pvc-1, because the replica on b may promote, which proves that the other side has quorum and a has not.",
            Sentences.Of(new Decision.DeletePod(pod, new(Scene.Pvc1, new("a"), new("b"), Instant.Start, Instant.Start))));
    }

    [Fact]
    public void A_catalog_finds_what_refers_to_a_thing_and_forgets_what_no_longer_does()
    {
        var scene = Scene.Empty().Pod("app-0", "a").Pod("app-1", "a").Pod("app-1", "a", pod => pod with { Claims = [new("other")] });
        Assert.Equal(["app-0"], scene.Cluster.Pods.ReferringTo(Scene.Data).Select(held => held.Item.Key.Name));
        Assert.Equal(["app-1"], scene.Cluster.Pods.ReferringTo(new("default", "other")).Select(held => held.Item.Key.Name));
        Assert.Empty(scene.PodGone("app-0", "a").Cluster.Pods.ReferringTo(Scene.Data));
    }

    [Fact]
    public void A_catalog_keeps_the_time_of_what_continues_and_not_of_what_has_been_replaced()
    {
        var scene = Scene.Empty().Attachment("va-1", "pv-1", "a");
        var first = scene.Now;
        scene.After(10).Attachment("va-1", "pv-1", "a");
        Assert.Equal(first, scene.Cluster.Attachments.Find("va-1")!.Value.Since);

        scene.Tell(new Observation.Seen<Attachment>(new("va-1", new("another"), "pv-1", new("a"))));
        Assert.Equal(scene.Now, scene.Cluster.Attachments.Find("va-1")!.Value.Since);
    }
}
