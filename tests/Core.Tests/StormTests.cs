namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>If too many nodes are lost at once, LINSTOR's own view is in doubt.</summary>
public sealed class StormTests
{
    [Theory]
    [InlineData(3, 1, false)]
    [InlineData(3, 2, true)]
    [InlineData(4, 2, false)]
    [InlineData(4, 3, true)]
    [InlineData(2, 1, false)]
    public void More_than_half_of_all_satellites_and_at_least_two_look_lost(int all, int lost, bool held) =>
        Assert.Equal(held, Lost(all, lost, threshold: 0.5).Holds.Contains(HoldReason.Storm));

    [Fact]
    public void A_threshold_of_a_hundred_percent_never_holds() => Assert.NotEmpty(Lost(4, 3, threshold: 1).Moves);

    [Fact]
    public void A_lower_threshold_holds_sooner() => Assert.Empty(Lost(10, 2, threshold: 0.1).Moves);

    [Fact]
    public void One_node_is_no_storm_however_low_the_threshold() => Assert.NotEmpty(Lost(5, 1, threshold: 0.1).Moves);

    [Fact]
    public void What_has_been_off_for_long_does_not_make_a_storm_smaller()
    {
        // Two of three that were left are lost.
        var scenario = Scenario.OnFiveNodes("d", "e").After(3600).Silence("b").PowerOff("a").After(1);
        Assert.Equal((2, 3), (scenario.Cluster.Storm?.Nodes.Count, scenario.Cluster.Storm?.Of));
    }

    [Fact]
    public void A_node_that_is_cut_off_looks_lost_although_its_satellite_is_online()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").Silence("b").After(60);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.Storm], scenario.Holds);
        Assert.Equal((2, 3), (scenario.Cluster.Storm!.Nodes.Count, scenario.Cluster.Storm.Of));
    }

    [Fact]
    public void A_node_that_has_recovered_does_not_count_although_linstor_once_answered_that_it_has_no_definition()
    {
        // The pod was moved, and nothing on a uses the volume any more: only the lost node itself is a reason to ask again.
        var scenario = Scenario.WithAppOn("a").CutOff("a").After(60).Heal("a");
        scenario.Ignores = _ => true;
        scenario.After(1).Ignores = _ => false;
        scenario.Observe(new Observation.ResourceReported(new(Scenario.Pvc1, Exists: false, [], scenario.Now)));
        Assert.Equal(2, scenario.Moves.Count());
        Assert.Null(scenario.After(20).Satellite("b", SatelliteState.Offline).After(1).Cluster.Storm);
    }

    [Fact]
    public void A_node_that_linstor_has_evicted_counts_for_nothing() =>
        Assert.NotEmpty(Scenario.WithAppOn("a").PowerOff("a").Satellites(
            new(new("a"), SatelliteState.Offline), new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online),
            new(new("d"), SatelliteState.Offline, Evicted: true), new(new("e"), SatelliteState.Offline, Evicted: true)).After(46).Moves);

    [Fact]
    public void A_storm_that_passes_lets_the_failover_go_on()
    {
        var scenario = Lost(3, 2, threshold: 0.5);
        Assert.Empty(scenario.Moves);
        Assert.NotEmpty(scenario.Satellite("n1", SatelliteState.Online).After(1).Moves);
    }

    // The consumer's node a is the first to be lost; the other satellites are bystanders.

    [Fact]
    public void A_node_that_was_lost_counts_towards_a_storm_although_its_loss_can_no_longer_be_proved()
    {
        var scenario = Scenario.Empty().Satellites([.. "abcd".Select(node => new Satellite(new($"{node}"), SatelliteState.Online))])
            .Resource("pvc-1", "a", "majority", "a", "b", "c", "d").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a", optedIn: false)
            .Resource("pvc-2", "b", "majority", "a", "b", "d").Volume("pv-2", "more", "pvc-2").Attachment("va-2", "pv-2", "b").Pod("app-1", "b", pod => pod with { Claims = [new("more")] });

        // a is cut off, and its satellite hangs: it repeats that it is connected to all others, and b, c and d deny it.
        foreach (var peer in (string[])["b", "c", "d"])
        {
            scenario.Link(peer, "a", up: false).MayPromote(peer);
        }

        scenario.Report("pvc-1").After(20);

        // b loses power, and a little later c's satellite ends: only d is left to contradict a.
        scenario.PowerOff("b", "pvc-2").Replica("b", Silent).Report("pvc-1").Report("pvc-2").After(4);
        scenario.Satellite("c", SatelliteState.Offline).Replica("c", Silent).Report("pvc-1");
        Assert.Empty(scenario.After(200).Moves);
        Assert.Contains(HoldReason.Storm, scenario.AllHolds);
    }

    [Fact]
    public void An_unused_replica_without_peers_does_not_make_its_node_look_lost()
    {
        // Unused resources, whose replicas on b and on c have been left without their peers.
        var scenario = Scenario.WithAppOn("a").Resource("pvc-2", null).Volume("pv-2", "old", "pvc-2").Resource("pvc-3", null).Volume("pv-3", "older", "pvc-3");
        scenario.Attachment("va-2", "pv-2", "a").Attachment("va-3", "pv-3", "a").CutOff("b", "pvc-2").CutOff("c", "pvc-3").Report("pvc-2").Report("pvc-3");
        Assert.Contains("delete app-0 on a", scenario.PowerOff("a").After(46).Moves);
    }

    [Fact]
    public void An_administrator_releases_a_storm_by_confirming_that_a_node_is_gone()
    {
        var scenario = Scenario.OnFiveNodes().After(600).Silence("d").Silence("e").PowerOff("a").After(60);
        Assert.Empty(scenario.Moves);
        foreach (var node in (string[])["d", "e"])
        {
            scenario.Observe(new Observation.Updated<ClusterNode>(new(new(node), new($"uid-{node}")) { LossConfirmed = true }));
        }

        Assert.NotEmpty(scenario.After(10).Moves);
    }

    [Fact]
    public void An_administrator_releases_a_storm_although_what_linstor_calls_the_nodes_is_learned_last()
    {
        var scenario = Scenario.Empty(new() { StormThreshold = 0.4 }, On("a"), On("b"), On("c"), On("ld"), On("le"))
            .Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false).After(10);
        foreach (var node in (string[])["d", "e"])
        {
            scenario.Observe(new Observation.Updated<ClusterNode>(new(new(node), new($"uid-{node}")) { LossConfirmed = true }));
        }

        scenario.PowerOff("a").Satellites(Off("a"), On("b"), On("c"), Off("ld"), Off("le"));
        Assert.NotNull(scenario.Cluster.Storm);
        scenario.Observe(new Observation.Listed<CsiNode>([new(new("d"), new("ld")), new(new("e"), new("le"))]));
        Assert.Null(scenario.Cluster.Storm);
        Assert.NotEmpty(scenario.After(60).Moves);
    }

    [Fact]
    public void A_storm_has_one_sentence_whatever_its_size()
    {
        var scenario = Scenario.OnFiveNodes().After(600).Silence("d").PowerOff("a").After(10).Silence("e").After(60);
        var before = scenario.Sentences.ToList();
        Assert.Equal(before, scenario.Silence("c").After(1).Sentences);
    }

    [Fact]
    public void A_node_that_linstor_has_evicted_counts_for_nothing_although_it_was_well_a_moment_ago() =>
        Assert.NotEmpty(Scenario.OnFiveNodes().After(600).PowerOff("a").Satellites(
            Off("a"), new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online), Off("d") with { Evicted = true }, Off("e") with { Evicted = true }).After(60).Moves);

    [Fact]
    public void A_node_that_was_lost_is_not_well_because_the_speakers_of_its_loss_evidence_fall_silent() =>
        Assert.Equal(3, Scenario.OnFiveNodes().After(600).CutOff("a").After(20).Silence("b").Silence("c").After(1).Cluster.Storm?.Nodes.Count);

    [Fact]
    public void A_node_that_was_lost_is_not_well_because_of_a_link_that_was_up_all_the_time()
    {
        // C is connected to A, but has no quorum either. B proves the loss, and falls silent.
        var scenario = Scenario.OnFiveNodes().Replica("c", replica => replica with { Score = 0 }).Report("pvc-1").After(600);
        scenario.Replica("a", replica => replica with { Score = 0 }).Link("a", "b", up: false).Link("b", "a", up: false).MayPromote("b").Report("pvc-1").After(20);
        Assert.Equal(3, scenario.Silence("b").Silence("d").After(1).Cluster.Storm?.Nodes.Count);
    }

    [Fact]
    public void A_node_that_has_recovered_counts_no_more() =>
        Assert.Null(Scenario.OnFiveNodes().After(600).CutOff("a").After(20).Heal("a").Report("pvc-1").After(5).Silence("b").Silence("c").After(1).Cluster.Storm);

    [Fact]
    public void A_node_whose_lost_replica_is_removed_after_its_return_counts_no_more()
    {
        // The pod was moved, and LINSTOR was told to remove the replica on a. That ends when a is back, and nothing tells of it: nothing uses the volume any more.
        var scenario = Scenario.OnFiveNodes().PowerOff("a").After(60);
        Assert.NotEmpty(scenario.Moves);
        scenario.Satellite("a", SatelliteState.Online).Replica("a", replica => replica with { Leaving = true, Score = 0, Usage = Usage.Unused }).Report("pvc-1").After(15).Report("pvc-1");
        Assert.Equal(3, scenario.Silence("d").Silence("e").After(1).Cluster.Storm?.Nodes.Count);

        scenario.Replica("a", _ => new(new("a")) { Leaving = true }).Report("pvc-1").After(1).Facts("pvc-1", "majority", [Connected("b", "c"), Connected("c", "b")]).After(60);
        Assert.Null(scenario.Satellite("b", SatelliteState.Online).Cluster.Storm);
    }

    private static Scenario Lost(int all, int lost, double threshold)
    {
        var satellites = Enumerable.Range(0, all).Select(index => (index: index, name: index switch { 0 => "a", _ when index == all - 1 => "b", _ => $"n{index}" })).ToList();
        return Scenario.WithAppOn("a", new() { StormThreshold = threshold }).Node("a", ready: false)
            .Satellites([.. satellites.Select(satellite => new Satellite(new(satellite.name), SatelliteState.Online))]).After(10)
            .PowerOff("a").Satellites([.. satellites.Select(satellite => new Satellite(new(satellite.name), satellite.index < lost ? SatelliteState.Offline : SatelliteState.Online))]).After(60);
    }

    private static Replica Silent(Replica replica) =>
        replica with { Promotability = Promotability.Unknown, Usage = Usage.Unknown, Score = null, Connections = [] };
}
