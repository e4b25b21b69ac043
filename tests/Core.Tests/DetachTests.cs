namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Which attachments are deleted, and when.</summary>
public sealed class DetachTests
{
    [Fact]
    public void An_attachment_is_not_pulled_from_under_a_pod_without_the_label()
    {
        var scenario = Scenario.WithAppOn("a").Pod("stays", "a", optedIn: false).PowerOff("a").After(600);
        Assert.Equal(["delete app-0 on a"], scenario.Moves);
        Assert.Equal([HoldReason.AttachmentInUse], scenario.Holds);
        Assert.Contains("default/stays", scenario.Sentences.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_attachment_whose_claim_no_opted_in_pod_uses_is_left_alone()
    {
        var scenario = Scenario.WithAppOn("a").PodGone("app-0", "a").PowerOff("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NotOptedIn], scenario.Holds);
    }

    [Fact]
    public void An_attachment_is_deleted_for_an_opted_in_pod_that_waits_elsewhere() =>
        Assert.Equal(["detach va-1"], Scenario.WithAppOn("a").PodGone("app-0", "a").Pod("app-0", null).PowerOff("a").After(46).Moves);

    [Fact]
    public void An_attachment_is_not_deleted_for_an_annotated_pod_that_waits_elsewhere() =>
        Assert.Empty(Scenario.WithAppOn("a").PodGone("app-0", "a").Pod("app-0", null, pod => pod with { OptedOut = true }).PowerOff("a").After(600).Moves);

    [Fact]
    public void An_attachment_is_deleted_only_after_its_pods_are_seen_gone()
    {
        var scenario = Scenario.WithAppOn("a");
        scenario.Answers = decision => decision is Decision.DeletePod ? MutationOutcome.TimedOut : MutationOutcome.Accepted;
        Assert.DoesNotContain("detach va-1", scenario.PowerOff("a").After(60).Moves);
        Assert.Equal("detach va-1", scenario.PodGone("app-0", "a").Pod("app-0", "b").After(10).Moves.Last());
    }

    [Theory]
    [InlineData(MutationOutcome.TimedOut)]
    [InlineData(MutationOutcome.Refused)]
    public void A_pod_that_goes_after_a_deletion_that_may_have_been_done_leaves_its_attachment_behind(MutationOutcome answer)
    {
        var scenario = Scenario.WithAppOn("a");
        scenario.Answers = decision => decision is Decision.DeletePod ? answer : MutationOutcome.Accepted;
        Assert.Equal("detach va-1", scenario.PowerOff("a").After(46).PodGone("app-0", "a").After(10).Moves.Last()); // no pod waits for it elsewhere
    }

    [Fact]
    public void A_pod_that_a_finalizer_holds_back_keeps_its_attachment_until_it_is_seen_gone()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", pod => pod with { Finalizers = ["example.com/held"] }).PowerOff("a").After(50);
        Assert.All(scenario.Moves, move => Assert.Equal("delete app-0 on a", move));
        Assert.Equal("detach va-1", scenario.PodGone("app-0", "a").After(5).Moves.Last());
    }

    [Fact]
    public void An_attachment_that_a_deleted_pod_left_behind_on_a_lost_node_is_orphaned_regardless_of_which_client_deletes_the_pod()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a");
        scenario.Answers = decision => decision is Decision.DeleteAttachment ? MutationOutcome.TimedOut : MutationOutcome.Accepted;
        var attachment = scenario.Cluster.Attachments.Find("va-1")!.Value.Item;
        Assert.False(scenario.Cluster.IsOrphaned(attachment));
        Assert.True(scenario.After(46).Cluster.IsOrphaned(attachment));
    }

    [Fact]
    public void An_attachment_that_is_already_being_deleted_is_not_deleted_again() =>
        Assert.Equal(["delete app-0 on a", "detach va-2"], Scenario.WithAppOn("a").Volume("pv-2", "logs", "pvc-1").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] })
            .Observe(new Observation.Updated<Attachment>(new("va-1", new("uid-va-1"), "pv-1", new("a"), Deleting: true))).PowerOff("a").After(60).Moves);

    [Fact]
    public void Attachments_of_other_nodes_and_other_volumes_are_never_touched() =>
        Assert.Equal(["delete app-0 on a", "detach va-1"], Scenario.WithAppOn("a").Attachment("va-b", "pv-1", "b")
            .Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a").Pod("other-0", "a", pod => pod with { Claims = [new("logs")] })
            .PowerOff("a").After(600).Moves);

    [Fact]
    public void An_attachment_is_as_important_as_the_pod_that_waits_for_it()
    {
        var scenario = Scenario.Empty();
        foreach (var (number, priority) in ((int, int)[])[(1, 0), (2, 1000)])
        {
            scenario.Resource($"pvc-{number}", "a").Volume($"pv-{number}", $"claim-{number}", $"pvc-{number}").Attachment($"va-{number}", $"pv-{number}", "a")
                .Pod($"app-{number}", null, pod => pod with { Claims = [new($"claim-{number}")], Priority = priority }).PowerOff("a", $"pvc-{number}");
        }

        Assert.Equal(["detach va-2", "detach va-1"], scenario.After(46).Moves);
    }

    [Fact]
    public void What_is_gone_before_its_deletion_is_answered_leaves_nothing_behind()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(44);
        var (pod, attachment) = (scenario.Cluster.Pods.All.Single().Item, scenario.Cluster.Attachments.All.Single().Item);
        var evidence = new LossEvidence(Scenario.Pvc1, new("a"), new("b"), Instant.Start, Instant.Start);
        foreach (var answer in (MutationOutcome[])[MutationOutcome.Accepted, MutationOutcome.AlreadyGone, MutationOutcome.Replaced, MutationOutcome.TimedOut])
        {
            scenario.Observe(new Observation.Deleted<Pod>(pod)).Observe(new Observation.MutationAnswered(new Decision.DeletePod(pod, evidence), new(answer), scenario.Now))
                .Observe(new Observation.Deleted<Attachment>(attachment)).Observe(new Observation.MutationAnswered(new Decision.DeleteAttachment(attachment, Scenario.Data, evidence), new(answer), scenario.Now));
            Assert.Empty(scenario.Cluster.RetryStates);
            Assert.Empty(scenario.Cluster.Orphaned);
        }
    }

    [Fact]
    public void An_attachment_made_anew_is_not_the_one_that_was_left_behind()
    {
        // The volume loses its claim before the old attachment goes; the claim that is made anew has an attachment of its own.
        var scenario = Scenario.WithAppOn("a");
        scenario.Answers = decision => decision is Decision.DeleteAttachment ? MutationOutcome.Refused : MutationOutcome.Accepted;
        scenario.PowerOff("a").After(46).Volume("pv-1", null, "pvc-1").Observe(new Observation.Deleted<Attachment>(new("va-1", new("uid-va-1"), "pv-1", new("a"))));
        var moves = scenario.Moves.Count();
        scenario.Answers = _ => MutationOutcome.Accepted;
        scenario.Volume("pv-2", "data", "pvc-1").Attachment("va-2", "pv-2", "a").After(600);
        Assert.Equal(moves, scenario.Moves.Count());
        Assert.Equal([HoldReason.NotOptedIn], scenario.Holds);
    }

    [Fact]
    public void An_attachment_that_waits_for_a_missing_list_of_pods_is_reported()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a");
        scenario.Ignores = decision => decision is Decision.ListPodsOnNode;
        Assert.Equal(["delete app-0 on a"], scenario.After(120).Moves);
        Assert.Equal([HoldReason.AwaitingConfirmation], scenario.Holds);
        Assert.Contains("the pods on node a", scenario.Sentences.Single(), StringComparison.Ordinal);

        scenario.Ignores = _ => false;
        Assert.Equal("detach va-1", scenario.After(16).Moves.Last());
    }

}
