namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Which losses are recent enough to count towards a storm.</summary>
public sealed class RecentLossTests
{
    [Fact]
    public void What_has_been_off_for_long_is_no_news()
    {
        // Two of five satellites were switched off weeks ago.
        var scenario = Scenario.OnFiveNodes("d", "e").After(3600).PowerOff("a").After(46);
        Assert.NotEmpty(scenario.Moves);
    }

    [Fact]
    public void Satellites_that_were_off_when_this_process_began_and_carry_no_consumers_are_no_news() =>
        Assert.NotEmpty(Scenario.OnFiveNodes("d", "e").PowerOff("a").After(46).Moves);

    [Fact]
    public void Losses_that_gather_within_five_minutes_are_a_storm()
    {
        var scenario = Scenario.OnFiveNodes().After(600).Silence("d").After(120).Silence("e").After(120).PowerOff("a").After(60);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.Storm], scenario.Holds);
    }

    [Fact]
    public void Losses_that_are_more_than_five_minutes_apart_are_none() =>
        Assert.NotEmpty(Scenario.OnFiveNodes().After(600).Silence("d").After(200).Silence("e").After(301).PowerOff("a").After(60).Moves);

    [Fact]
    public void Time_in_which_linstor_is_silent_does_not_make_a_loss_old()
    {
        var scenario = Scenario.OnFiveNodes().After(600).Silence("d").Silence("e").After(30).LinstorGoesAway().After(3600).LinstorComesBack().After(30).PowerOff("a").After(60);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.Storm], scenario.Holds);
    }

    [Fact]
    public void That_a_list_of_satellites_failed_makes_no_node_lost()
    {
        // C's satellite has been dead for a week; DRBD and the pods there are well, and B says that it is connected to C. This process starts; some seconds later one list fails. Then A loses power.
        var scenario = Scenario.Empty(null, On("a"), On("b"), Off("c"))
            .Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false)
            .Resource("pvc-2", "c").Silence("c", "pvc-2").Volume("pv-2", "more", "pvc-2").Attachment("va-2", "pv-2", "c").Pod("app-1", "c", pod => pod with { Claims = [new("more")] });
        scenario.Replica("c", replica => replica with { Promotability = Promotability.Unknown, Usage = Usage.Unknown, Score = null, Connections = [] }).Report("pvc-1").Report("pvc-2").After(5);
        scenario.LinstorGoesAway(isStreamIntact: true).After(2).LinstorComesBack().After(20);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Silence("a").Link("b", "a", up: false).MayPromote("b").After(600).Moves);
    }

    [Fact]
    public void A_node_that_was_well_in_the_only_list_before_a_silence_of_linstor_was_well()
    {
        var scenario = Scenario.Empty(new() { StormThreshold = 0.4 }, On("a"), On("b"), On("c"), On("d")).LinstorGoesAway().After(40).Satellites(On("a"), On("b"), On("c"), Off("d")).LinstorComesBack();
        scenario.Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(20);
        Assert.Empty(scenario.PowerOff("a").After(600).Moves);
        Assert.Equal([HoldReason.Storm], scenario.Holds);
    }

    [Fact]
    public void A_storm_does_not_grow_old()
    {
        var scenario = Scenario.OnFiveNodes().After(600).Silence("d").Silence("e").PowerOff("a").After(7200);
        scenario.Observe(new Observation.Updated<ClusterNode>(new(new("f"), new("uid-f")) { LossConfirmed = true })).After(60); // a reason to look again
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.Storm], scenario.Holds);
        Assert.NotEmpty(scenario.Satellite("d", SatelliteState.Online).Satellite("e", SatelliteState.Online).After(60).Moves);
    }

    [Fact]
    public void A_process_that_begins_in_the_middle_of_a_storm_counts_the_nodes_that_carry_consumers()
    {
        // Of the resources in use on D, no replica has enough peers left to prove the loss.
        var scenario = TwoAreOff(threshold: 0.4).PowerOff("a").Node("a", ready: false);
        scenario.Resource("pvc-2", "d", "majority", "b", "c", "d").Silence("d", "pvc-2").Link("b", "d", up: false, "pvc-2").Link("c", "d", up: false, "pvc-2").Report("pvc-2").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "d").After(60);
        Assert.Empty(scenario.Moves);
        Assert.Contains(HoldReason.Storm, scenario.Holds);
    }

    [Theory]
    [InlineData(100, 0, true)]
    [InlineData(0, 100, false)]
    public void What_carries_consumers_on_nodes_that_were_off_before_counts_for_half_a_minute_after_the_Kubernetes_watches_are_synced(double deaf, double told, bool isStorm)
    {
        var scenario = Scenario.Unsynced(new() { StormThreshold = 0.4 }, Off("a"), On("b"), On("c"), Off("d")).After(deaf).Sync().After(told);
        foreach (var (resource, node) in (ReadOnlySpan<(string, string)>)[("pvc-1", "a"), ("pvc-2", "d")])
        {
            scenario.Resource(resource, node, "majority", "b", "c", node).Silence(node, resource).Link("b", node, up: false, resource).Link("c", node, up: false, resource).Report(resource).Volume($"pv-{node}", $"data-{node}", resource).Attachment($"va-{node}", $"pv-{node}", node);
        }

        Assert.Equal(isStorm, scenario.After(1).Cluster.Storm is not null);
    }

    [Fact]
    public void Storage_that_is_lost_where_the_satellite_has_been_away_for_long_is_news()
    {
        var scenario = TwoAreOff(threshold: 0.4).Node("a", ready: false).Node("d", ready: false);
        scenario.Resource("pvc-2", "d", "majority", "b", "c", "d").Silence("d", "pvc-2").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "d").After(3600);
        Assert.Null(scenario.Cluster.Storm);
        scenario.PowerOff("a").PowerOff("d", "pvc-2").After(60);
        Assert.Empty(scenario.Moves);
        Assert.Contains(HoldReason.Storm, scenario.Holds);
    }

    // Those of A and D, with the app on A: its DRBD is alive.
    private static Scenario TwoAreOff(double threshold) => Scenario.Empty(new() { StormThreshold = threshold }, Off("a"), new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online), Off("d"))
        .Resource("pvc-1", "a").Silence("a").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
}
