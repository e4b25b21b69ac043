namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When one speaker is not enough to prove a loss: clause 10.</summary>
public sealed class SecondSpeakerTests
{
    [Fact]
    public void One_speaker_is_not_enough_while_kubernetes_reports_the_node_as_ready()
    {
        Assert.Equal([HoldReason.OnlyOneSpeaker], Alone(ready: true).After(600).Holds);
        Assert.Empty(Alone(ready: true).After(600).Moves);
        Assert.Equal(Moved, Alone(ready: false).After(46).Moves);

        var joined = Alone(ready: true).After(60).Satellite("c", SatelliteState.Online).Replica("c", _ => Promotable("c") with { Connections = [new("a", Up: false), new("b", Up: true)] });
        Assert.Equal(Moved, joined.After(15).Moves);

        static Scenario Alone(bool ready) => Scenario.WithAppOn("a", NoStorm).Node("a", ready).Silence("c").After(60).PowerOff("a");
    }

    [Fact]
    public void A_speaker_without_a_link_to_the_node_is_no_second_speaker()
    {
        // A uses the disks of B and C, D breaks ties. C is away, and D, which has no link to A and has lost quorum, does not say that it may promote.
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("b"), On("c"), On("d")).Resource("pvc-1", "a", "majority", "a", "b", "c", "d").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        scenario.Replica("a", replica => replica with { Diskless = true, Score = 2, Connections = [new("b", true), new("c", true)] })
            .Replica("d", replica => replica with { Diskless = true, Score = 2, Connections = [new("b", true), new("c", true)] }).Report("pvc-1").After(60)
            .Silence("c").Silence("a").Link("b", "a", up: false).MayPromote("b").Replica("d", replica => replica with { Score = 0, Connections = [new("b", true), new("c", false)] }).Report("pvc-1");
        Assert.Empty(scenario.After(600).Moves);
        Assert.Equal([HoldReason.OnlyOneSpeaker], scenario.Holds);
        Assert.Equal(Moved, scenario.Replica("d", replica => replica with { Score = 2 }).MayPromote("d").Report("pvc-1").After(15).Moves);
    }

    [Fact]
    public void A_speaker_that_is_connected_to_the_node_is_no_second_speaker_though_it_has_no_quorum()
    {
        // A reaches B and C, which do not reach each other: with B it has quorum, and C, cut off from B and D, has none. B's satellite repeats what was so when A was cut off.
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("b"), On("c"), On("d")).Resource("pvc-1", "a", "majority", "a", "b", "c", "d").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        scenario.PowerOff("a").MayNotPromote("c").MayNotPromote("d").Replica("c", replica => replica with { Score = 0, Connections = [new("a", true), new("b", false), new("d", false)] }).Silence("d").Report("pvc-1");
        Assert.Empty(scenario.After(600).Moves);
        Assert.Equal([HoldReason.OnlyOneSpeaker], scenario.Holds);
    }
}
