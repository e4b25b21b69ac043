namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What may be moved from a node that has lost its storage, and what may not.</summary>
public sealed class EligibilityTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pod_that_also_writes_to_a_volume_with_several_writers_stays_until_that_is_lost_too(bool byAccessMode)
    {
        var scenario = TwoVolumes(byAccessMode).CutOff("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.WritesToSharedStorage], scenario.Holds);
        Assert.Contains("several nodes may write to resource pvc-2 at once", scenario.Sentences.Single(), StringComparison.Ordinal);

        Assert.Empty(scenario.CutOff("a", "pvc-2").After(44).Moves);
        Assert.Equal(["delete app-0 on a", "detach va-1", "detach va-2"], scenario.After(2).Moves.Order());
    }

    [Fact]
    public void A_pod_that_also_writes_to_a_resource_whose_policy_has_not_reached_its_node_is_exempt()
    {
        var scenario = Scenario.WithAppOn("a").Resource("pvc-2", "a", "off").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(5).PowerOff("a").Silence("a", "pvc-2").Quorum("majority", "pvc-2").Report("pvc-2").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Contains(HoldReason.WritesToSharedStorage, scenario.Holds);
    }

    [Fact]
    public void A_pod_whose_other_volume_has_one_writer_is_moved_although_that_is_not_lost() =>
        Assert.Equal(Moved, TwoVolumes(shared: null).CutOff("a").After(46).Moves);

    [Fact]
    public void A_pod_that_only_reads_a_volume_with_several_writers_is_moved() =>
        Assert.Equal(Moved, TwoVolumes(shared: true).Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs", ReadOnly: true)] }).CutOff("a").After(46).Moves);

    [Fact]
    public void A_volume_with_several_writers_that_is_lost_itself_does_not_keep_its_pod()
    {
        var scenario = Scenario.WithAppOn("a").Volume("pv-1", "data", "pvc-1", manyWriters: true);
        Assert.Equal(Moved, scenario.PowerOff("a").After(46).Moves);
    }

    [Fact]
    public void A_pod_that_has_finished_and_was_deleted_blocks_its_successor_and_is_finished_off() =>
        Assert.Contains("delete app-0 on a", Scenario.WithAppOn("a").Pod("app-0", "a", pod => pod with { Finished = true, Terminating = true }).PowerOff("a").After(46).Moves);

    [Fact]
    public void A_pod_that_has_finished_is_left_alone_with_a_reason()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", pod => pod with { Finished = true }).PowerOff("a").After(46);
        Assert.DoesNotContain("delete app-0 on a", scenario.Moves);
        Assert.Contains(HoldReason.Finished, scenario.Holds);
    }

    [Fact]
    public void A_pod_that_has_finished_and_opted_out_stays_also_when_it_was_deleted() =>
        Assert.DoesNotContain("delete app-0 on a", Scenario.WithAppOn("a").Pod("app-0", "a", pod => pod with { Finished = true, Terminating = true, OptedOut = true }).PowerOff("a").After(46).Moves);

    [Fact]
    public void A_label_that_is_gone_counts_before_the_watch_reports_it()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(30).PodUnseen("app-0", "a", pod => pod with { OptedIn = false }).After(60);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NotOptedIn], scenario.Holds);
    }

    [Fact]
    public void An_annotation_that_is_set_counts_before_the_watch_reports_it()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(30).PodUnseen("app-0", "a", pod => pod with { OptedOut = true }).After(60);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.OptedOut], scenario.Holds);
    }

    [Fact]
    public void An_annotation_that_only_the_watch_has_reported_counts_as_well()
    {
        // The other pod of the claim is why the node's pods are asked for at all.
        var scenario = Scenario.WithAppOn("a").Pod("app-1", "a").PowerOff("a").After(30);
        scenario.Observe(new Observation.Updated<Pod>(scenario.Cluster.Pods.All.Single(held => held.Item.Key.Name == "app-0").Item with { OptedOut = true })).After(60);
        Assert.Equal(["delete app-1 on a"], scenario.Moves);
        Assert.Contains(HoldReason.OptedOut, scenario.Holds);
    }

    [Fact]
    public void A_pod_that_is_no_longer_on_the_node_is_left_to_the_watch()
    {
        var scenario = Scenario.WithAppOn("a").Observe(new Observation.Updated<Pod>(new(new("default", "gone"), new("uid-gone"), new NodeName("a")) { Claims = [new("data")], OptedIn = true })).PowerOff("a").After(60);
        Assert.Contains("delete app-0 on a", scenario.Moves);
        Assert.DoesNotContain("delete gone on a", scenario.Moves);
    }

    [Fact]
    public void A_volume_that_nothing_fences_counts_before_the_watch_reports_it()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(30).PodUnseen("app-0", "a", pod => pod with { SharedStorage = ["volume web (nfs)"] }).After(60);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.WritesToSharedStorage], scenario.Holds);
    }

    [Fact]
    public void A_node_whose_taint_was_taken_away_is_tainted_again_although_our_annotation_is_there()
    {
        var scenario = Scenario.WithAppOn("a").Node("a", "csi^pv-1").Observe(new Observation.Updated<ClusterNode>(new(new("a"), new("uid-a")) { TaintedByUs = true }));
        scenario.Untainted.Add("a");
        Assert.Equal("taint a", scenario.PowerOff("a").After(46).Moves.First());
    }

    [Fact]
    public void An_unused_resource_that_was_not_lost_there_does_not_keep_a_taint()
    {
        var scenario = Scenario.WithAppOn("a").Node("a").Resource("pvc-2", null).Volume("pv-2", "old", "pvc-2").Replica("a", replica => replica with { Score = 0 }, "pvc-2").Report("pvc-2");
        scenario.CutOff("a").After(60).Heal("a").After(45);
        Assert.Contains("untaint a", scenario.Moves);
    }

    [Fact]
    public void What_keeps_a_taint_is_reported_and_queried_with_back_off()
    {
        var scenario = Scenario.WithAppOn("a").Node("a").Resource("pvc-2", null).Volume("pv-2", "logs", "pvc-2").Pod("app-1", null, pod => pod with { Claims = [new("logs")] })
            .Replica("a", replica => replica with { Score = 0 }, "pvc-2").Report("pvc-2").CutOff("a").After(60).Heal("a").After(3600);
        Assert.DoesNotContain("untaint a", scenario.Moves);
        Assert.Contains(HoldReason.TaintStays, scenario.AllHolds);
        Assert.Contains("Leaving the taint of node a alone: resource pvc-2 has not recovered there: it has no quorum, no usable data, or its node has said nothing new since the loss.", scenario.Sentences);

        var before = scenario.Consultations;
        Assert.InRange(scenario.After(3600).Consultations - before, 20, 40);
    }

    private static Scenario TwoVolumes(bool? shared)
    {
        var scenario = Scenario.WithAppOn("a");
        if (shared == false)
        {
            scenario.TwoPrimaries.Add("pvc-2");
        }

        return scenario.Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2", manyWriters: shared == true).Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });
    }

    // A Job's pod on a, which is cut off while its kubelet lives, ends a moment after its node's pods were listed.
    [Fact]
    public void A_pod_that_has_finished_since_the_list_was_asked_for_is_left_alone()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-1", "a").Node("a", "csi^pv-1").CutOff("a").After(44.5); // the list was asked for a second before the end of the grace period
        scenario.Ignores = decision => decision is Decision.ListPodsOnNode;
        scenario.Observe(new Observation.Updated<Pod>(scenario.Cluster.Pods.Find(new("default", "app-0"))!.Value.Item with { Finished = true })); // Succeeded
        Assert.Contains("delete app-1 on a", scenario.After(3).Moves);
        Assert.DoesNotContain("delete app-0 on a", scenario.Moves);
    }

    [Fact]
    public void A_volume_that_is_read_only_exempts_no_pod()
    {
        var scenario = Scenario.WithAppOn("a").Resource("pvc-2", "a", quorum: "off").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });
        scenario.Observe(new Observation.Updated<Volume>(new("pv-2", new("default", "logs")) { Resource = new("pvc-2"), ReadOnly = true }));
        Assert.Equal(Moved, scenario.PowerOff("a").After(46).Moves);
    }
}
