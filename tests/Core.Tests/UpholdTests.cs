namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Between a decision and its request, something may be observed that speaks against it.</summary>
public sealed class UpholdTests
{
    private Instant _decided;

    [Fact]
    public void An_action_is_upheld_until_what_is_observed_speaks_against_its_loss()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(10);
        var action = Deletion(scenario);
        Assert.True(Upholds(scenario, action));
        Assert.False(Upholds(scenario.Heal("a").Report("pvc-1"), action));
        Assert.True(Upholds(scenario, new Decision.UntaintNode(new(new("a"), new("n"))))); // rests on no loss
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_attachment_and_a_taint_are_upheld_like_a_pod_and_not_while_linstor_is_silent(bool isAttachment)
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(10);
        var evidence = Evidence(scenario);
        Decision action = isAttachment ? new Decision.DeleteAttachment(new("csi-1", new("u"), "pv-1", new("a")), new("default", "data"), evidence) : new Decision.TaintNode(new(new("a"), new("n")), evidence);
        Assert.True(Upholds(scenario, action));
        Assert.False(Upholds(scenario.LinstorGoesAway(), action));
    }

    [Fact]
    public void An_action_is_not_upheld_once_its_loss_has_begun_anew()
    {
        // A link flaps: one answer shows that the node is well, and the next one that it is cut off again.
        var scenario = Scenario.WithAppOn("a", NoStorm).CutOff("a").After(10);
        var action = Deletion(scenario);
        Assert.True(Upholds(scenario, action));
        scenario.After(0.1).Heal("a").Report("pvc-1").CutOff("a").Report("pvc-1").After(1);
        Assert.True(IsLost(scenario));
        Assert.False(Upholds(scenario, action));
    }

    [Fact]
    public void An_action_is_not_upheld_in_a_storm()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").After(10);
        var action = Deletion(scenario);
        Assert.True(Upholds(scenario, action));
        Assert.False(Upholds(scenario.Silence("b").After(1), action));
        Assert.NotNull(scenario.Cluster.Storm);
    }

    [Fact]
    public void A_deletion_is_not_upheld_once_another_volume_that_it_rests_on_is_well_again()
    {
        // The pod writes to two volumes that may have several writers. Both are lost. DRBD connects each by itself, so one is well again before the other.
        var scenario = TwoVolumes(manyWriters: true).After(60)
            .CutOff("a").CutOff("a", "pvc-2").After(10);
        var action = Deletion(scenario);
        Assert.True(Upholds(scenario, action));
        Assert.False(Upholds(scenario.Heal("a", "pvc-2").Report("pvc-2"), action));
        Assert.True(IsLost(scenario));

        // It is lost anew, with a grace period of its own.
        Assert.False(Upholds(scenario.After(0.2).CutOff("a", "pvc-2").Report("pvc-2"), action));
        Assert.True(IsLost(scenario));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_action_is_not_upheld_once_the_stream_reports_that_a_replica_may_no_longer_promote(bool tieBreaker)
    {
        // B's satellite hangs; A is back, and C finds a Primary.
        var scenario = Scenario.WithThird(tieBreaker).After(60).PowerOff("a").Report("pvc-1").After(10);
        var action = Deletion(scenario);
        Assert.True(Upholds(scenario, action));
        Assert.False(Upholds(scenario.MayNotPromote("c"), action));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_deletion_is_not_upheld_once_its_pod_has_opted_out(bool isAnnotated)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).CutOff("a").After(10);
        var action = Deletion(scenario);
        Assert.True(Upholds(scenario, action));
        var pod = action.Pod;
        Assert.False(Upholds(scenario.Observe(new Observation.Updated<Pod>(isAnnotated ? pod with { OptedOut = true } : pod with { OptedIn = false })), action));

        // A pod that is back as it was may be moved again. One that has left the watch may have lost its label, and another one of its name is not meant.
        Assert.True(Upholds(scenario.Observe(new Observation.Updated<Pod>(pod)), action));
        Assert.False(Upholds(scenario.Observe(new Observation.Deleted<Pod>(pod)), action));
        Assert.False(Upholds(scenario.Observe(new Observation.Updated<Pod>(pod with { Uid = new("another") })), action));
    }

    [Fact]
    public void A_release_is_not_upheld_once_one_of_the_losses_that_it_rests_on_is_over()
    {
        var scenario = TwoVolumes(manyWriters: false).Node("a", "csi^pv-1", "csi^pv-2").After(60).CutOff("a").CutOff("a", "pvc-2").Report("pvc-1").Report("pvc-2");
        var releases = new List<Decision.ClearVolumesInUse>();
        scenario.Answers = decision =>
        {
            if (decision is Decision.ClearVolumesInUse release)
            {
                Assert.True(scenario.Cluster.Upholds(release, scenario.Now));
                releases.Add(release);
            }

            return MutationOutcome.Refused;
        };
        scenario.After(60);
        Assert.Equal(["pvc-1", "pvc-2"], releases[^1].Evidence.Select(loss => loss.Resource.Value).Order());
        Assert.False(scenario.Heal("a", "pvc-2").Report("pvc-2").Cluster.Upholds(releases[^1], scenario.Now));
    }

    private static Scenario TwoVolumes(bool manyWriters) => Scenario.Empty(NoStorm).Resource("pvc-1", "a").Resource("pvc-2", "a").Volume("pv-1", "data", "pvc-1").Volume("pv-2", "more", "pvc-2", manyWriters: manyWriters)
        .Attachment("va-1", "pv-1", "a").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("more")] }).Node("a", ready: false);

    private static bool IsLost(Scenario scenario) => Assert.Single(scenario.Cluster.InDoubt[Scenario.Pvc1]).Assessment is { Reason: null };

    private bool Upholds(Scenario scenario, Decision action) => scenario.Cluster.Upholds(action, _decided);

    private LossEvidence Evidence(Scenario scenario) => new(Scenario.Pvc1, new("a"), new("b"), _decided = scenario.Now, scenario.Now);

    private Decision.DeletePod Deletion(Scenario scenario) => new(scenario.Cluster.Pods.Find(new("default", "app-0"))!.Value.Item, Evidence(scenario));
}
