namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Deciding never dies: an error holds what it concerns, and what explains or follows cannot stop what decides.</summary>
public sealed class TotalityTests
{
    [Fact]
    public void An_error_in_assessing_one_consumer_holds_that_consumer_and_no_other()
    {
        // A list that is no list at all makes the judgement of app-1 fail.
        var scenario = TwoApps().Pod("app-1", "a", pod => pod with { Claims = [new("logs")], SharedStorage = default }).PowerOff("a").PowerOff("a", "pvc-2").After(46);
        Assert.Equal(Moved, scenario.Moves);
        Assert.Equal([HoldReason.InternalError], scenario.Holds);
        Assert.IsType<NullReferenceException>(Assert.Single(scenario.Errors));
    }

    [Fact]
    public void An_answer_that_cannot_be_processed_counts_as_no_answer_and_affects_no_other_resource()
    {
        var scenario = TwoApps().PowerOff("a").PowerOff("a", "pvc-2").After(30);
        scenario.Replica("b", replica => replica with { Connections = default }, "pvc-2").After(16);
        Assert.Equal(Moved, scenario.Moves);
        Assert.Equal([HoldReason.AwaitingConfirmation], scenario.After(30).Holds); // the last answer that could be taken in is too old by now
    }

    [Fact]
    public void A_consumer_whose_assessment_failed_is_assessed_again()
    {
        var scenario = TwoApps().Pod("app-1", "a", pod => pod with { Claims = [new("logs")], SharedStorage = default }).PowerOff("a").PowerOff("a", "pvc-2").After(46);
        scenario.Pod("app-1", "a", pod => pod with { Claims = [new("logs")] }).After(6);
        Assert.Contains("delete app-1 on a", scenario.Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_volume_that_is_released_or_vanishes_while_its_attachment_is_going_stops_nothing(bool vanishes)
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", pod => pod with { Owner = new("apps/v1", "StatefulSet", "app", new("uid-set")) });
        scenario.AttacherLetsGo = false;
        scenario.PowerOff("a").After(46);
        Assert.Equal(Moved, scenario.Moves);

        _ = vanishes ? scenario.VolumeGone("pv-1") : scenario.Volume("pv-1", claim: null, "pvc-1");
        scenario.After(60).Observe(new Observation.Deleted<Attachment>(scenario.Cluster.Attachments.Find("va-1")!.Value.Item)).After(60);
        Assert.Empty(scenario.Errors);
        Assert.Contains(Phase.Detached, Assert.Single(scenario.Cluster.Failovers.All).Item.Reached.Keys);
    }

    private static Scenario TwoApps() => Scenario.WithAppOn("a").Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Pod("app-1", "a", pod => pod with { Claims = [new("logs")] });
}
