namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Too much lost at once is a reason to doubt the witness.</summary>
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
    public void A_node_that_is_cut_off_looks_lost_although_its_satellite_is_online()
    {
        var scene = Scene.WithAppOn("a").CutOff("a").Silence("b").After(60);
        Assert.Empty(scene.Moves);
        Assert.Equal([HoldReason.Storm], scene.Holds);
        Assert.Equal((2, 3), (scene.Cluster.Storm!.Nodes.Count, scene.Cluster.Storm.Of));
    }

    [Fact]
    public void A_node_that_linstor_has_evicted_counts_for_nothing() =>
        Assert.NotEmpty(Scene.WithAppOn("a").PowerOff("a").Satellites(
            new(new("a"), SatelliteState.Offline), new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online),
            new(new("d"), SatelliteState.Offline, Evicted: true), new(new("e"), SatelliteState.Offline, Evicted: true)).After(46).Moves);

    [Fact]
    public void A_storm_that_passes_lets_the_failover_go_on()
    {
        var scene = Lost(3, 2, threshold: 0.5);
        Assert.Empty(scene.Moves);
        Assert.NotEmpty(scene.Satellite("n1", SatelliteState.Online).After(1).Moves);
    }

    // The user's node a is the first to be lost; the other satellites are bystanders.

    [Fact]
    public void A_neglected_replica_that_nobody_uses_does_not_make_its_node_look_lost()
    {
        // Resources that nobody uses, whose replicas on b and on c have been left without their peers.
        var scene = Scene.WithAppOn("a").Resource("pvc-2", null).Volume("pv-2", "old", "pvc-2").Resource("pvc-3", null).Volume("pv-3", "older", "pvc-3");
        scene.Attachment("va-2", "pv-2", "a").Attachment("va-3", "pv-3", "a").CutOff("b", "pvc-2").CutOff("c", "pvc-3").Report("pvc-2").Report("pvc-3");
        Assert.Contains("delete app-0 on a", scene.PowerOff("a").After(46).Moves);
    }

    private static Scene Lost(int all, int lost, double threshold)
    {
        var satellites = Enumerable.Range(0, all).Select(index => (index: index, name: index switch { 0 => "a", _ when index == all - 1 => "b", _ => $"n{index}" })).ToList();
        return Scene.WithAppOn("a", new() { StormThreshold = threshold }).Node("a", ready: false)
            .Satellites([.. satellites.Select(satellite => new Satellite(new(satellite.name), SatelliteState.Online))]).After(10)
            .PowerOff("a").Satellites([.. satellites.Select(satellite => new Satellite(new(satellite.name), satellite.index < lost ? SatelliteState.Offline : SatelliteState.Online))]).After(60);
    }
}
