namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Which attachments of a lost node go, and when.</summary>
public sealed class AttachmentTests
{
    // No pod on a dead node has opted in: one attachment, one pod without the label.
    [Fact]
    public void The_pods_on_a_node_are_not_listed_for_ever_for_an_attachment_that_stays()
    {
        var scenario = Scenario.Empty().Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a", optedIn: false);
        var asked = 0;
        scenario.Ignores = decision => { asked += decision is Decision.ListPodsOnNode ? 1 : 0; return false; };
        scenario.PowerOff("a").After(100);
        var before = asked;
        scenario.After(600);
        Assert.InRange(asked - before, 0, 60);
    }

    // An unlabelled pod stays on dead a, and the opted-in one waits elsewhere: it has to be asked again and again, but not twice a second for ever.
    [Fact]
    public void The_pods_on_a_node_are_listed_with_back_off_for_an_attachment_that_a_pod_keeps_while_another_waits_for_it()
    {
        var scenario = OnNode().Pod("stays", "a", optedIn: false);
        var asked = 0;
        scenario.Ignores = decision => { asked += decision is Decision.ListPodsOnNode ? 1 : 0; return false; };
        scenario.PowerOff("a").After(100).Replacement(null).After(100);
        var before = asked;
        scenario.After(600);
        Assert.InRange(asked - before, 0, 75);
    }

    // Two PersistentVolumes of one handle, in two namespaces, used by two pods on a. Kubernetes makes one attachment for both: its name is made of handle, driver and node.
    [Fact]
    public void An_attachment_is_not_pulled_from_under_a_pod_that_uses_the_same_handle_through_another_volume()
    {
        static Volume Pv(string name, string space) => new(name, new(space, "data")) { Resource = new("pvc-1"), Handle = "pvc-1", InUsePrefix = "csi^" };
        var scenario = Scenario.Empty().Resource("pvc-1", "a")
            .Observe(new Observation.Updated<Volume>(Pv("pv-1", "default"))).Observe(new Observation.Updated<Volume>(Pv("pv-2", "other")))
            .Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Pod("stays", "a", pod => pod with { Key = new("other", "stays"), OptedIn = false }, optedIn: false)
            .Node("a", "csi^pvc-1");
        scenario.PowerOff("a").After(120);
        Assert.DoesNotContain("detach va-1", scenario.Moves);
    }

    // The mark that a moved pod left an attachment behind outlives the loss.
    [Fact]
    public void An_attachment_that_outlived_a_loss_has_its_grace_period_in_the_next_one()
    {
        var scenario = OnNode().Pod("tool", "a", optedIn: false).CutOff("a").After(60);
        Assert.Contains("delete app-0 on a", scenario.Moves);
        scenario.Heal("a").After(3600); // tool goes on; app was scaled to zero
        Assert.DoesNotContain("detach va-1", scenario.Moves);
        scenario.PodUnseen("tool", "a", pod => pod with { Finished = true }); // one run of a CronJob is over, the next begins in a moment
        scenario.CutOff("a").After(10);
        Assert.DoesNotContain("detach va-1", scenario.Moves);
    }

    // pvc-1 was lost on a, and app-0 moved because of it; pvc-2 was not, and tool, without the label, goes on using it there.
    [Fact]
    public void An_attachment_left_behind_of_a_volume_that_was_not_lost_has_its_grace_period_later()
    {
        var scenario = OnNode().Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).Pod("tool", "a", pod => pod with { Claims = [new("logs")], OptedIn = false }, optedIn: false);
        scenario.CutOff("a").After(60);
        Assert.Contains("delete app-0 on a", scenario.Moves);
        scenario.Heal("a").After(3600); // app was scaled to zero
        Assert.DoesNotContain("detach va-2", scenario.Moves);
        scenario.PodUnseen("tool", "a", pod => pod with { Finished = true }); // one run of a CronJob is over, the next begins in a moment
        scenario.CutOff("a", "pvc-2").After(10);
        Assert.DoesNotContain("detach va-2", scenario.Moves);
    }

    // A claim was moved to another namespace by a second PersistentVolume of the same handle; the attachment is still the one that was made for the first.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_attachment_goes_with_a_moved_pod_that_it_serves_through_another_volume_of_its_handle(bool isFirstBound)
    {
        static Volume Pv(string name, ObjectKey? claim) => new(name, claim) { Resource = new("pvc-1"), Handle = "pvc-1", InUsePrefix = "csi^" };
        var scenario = Scenario.Empty().Resource("pvc-1", "a")
            .Observe(new Observation.Updated<Volume>(Pv("pv-1", isFirstBound ? new("old", "data") : null))).Observe(new Observation.Updated<Volume>(Pv("pv-2", new("default", "data"))))
            .Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", "csi^pvc-1");
        scenario.PowerOff("a").After(60);
        scenario.Replacement(null).After(60);
        Assert.True(scenario.Moves.Contains("detach va-1"), string.Join(" ; ", scenario.Moves) + string.Join(" ; ", scenario.Sentences));
    }

    [Fact]
    public void An_attachment_of_another_volume_of_the_same_definition_is_another_matter()
    {
        static Volume Pv(string name, string claim, string handle) => new(name, new("default", claim)) { Resource = new("pvc-1"), Handle = handle, InUsePrefix = "csi^" };
        var scenario = Scenario.Empty().Resource("pvc-1", "a")
            .Observe(new Observation.Updated<Volume>(Pv("pv-1", "data", "pvc-1/1"))).Observe(new Observation.Updated<Volume>(Pv("pv-2", "more", "pvc-1/2")))
            .Attachment("va-1", "pv-1", "a").Attachment("va-2", "pv-2", "a").Pod("app-0", "a").Pod("other-0", "a", pod => pod with { Claims = [new("more")], OptedIn = false }, optedIn: false)
            .Node("a", "csi^pvc-1/1", "csi^pvc-1/2");
        scenario.PowerOff("a").After(300);
        Assert.Contains("detach va-1", scenario.Moves);
        Assert.DoesNotContain("detach va-2", scenario.Moves);
        Assert.DoesNotContain(scenario.Moves, move => move.Contains("csi^pvc-1/2", StringComparison.Ordinal));
    }

    // app-1, without the label, and perhaps a finished pod of a labelled Job use the volume on a, which stays dead. Something is observed every second.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Which_pods_are_on_a_dead_node_is_asked_rarely_where_nothing_there_may_be_touched(bool isFinishedPodThere)
    {
        var scenario = Scenario.Empty().Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-1", "a", optedIn: false);
        scenario = isFinishedPodThere ? scenario.Pod("job-x", "a", pod => pod with { Finished = true }) : scenario;
        var asked = 0;
        scenario.Ignores = decision => (asked += decision is Decision.ListPodsOnNode ? 1 : 0) < 0;
        scenario.PowerOff("a").After(100);
        var before = asked;
        for (var i = 0; i < 600; i++)
        {
            scenario.After(1);
        }

        Assert.InRange(asked - before, 0, 10);
    }

    private static Scenario OnNode(FailoverSettings? settings = null) => Scenario.WithAppOn("a", settings).Node("a", "csi^pv-1");
}
