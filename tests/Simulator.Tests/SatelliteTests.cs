using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

/// <summary>What LINSTOR reports when satellites, their readers of DRBD's events or LINSTOR itself are away.</summary>
public sealed class SatelliteTests
{
    [Fact]
    public void A_dead_satellite_makes_its_replicas_unknown_at_once_and_the_others_stay_unpromotable()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.AddResource("r2", ["a", "b", "c"]);
        scenario.World.AddResource("without-drbd", ["a"], layers: ["STORAGE"]);
        scenario.Events.Clear();
        scenario.World.StopSatellite("a");
        Assert.Equal(["r/a=", "r2/a="], scenario.Events.Select(reported => $"{reported.Event.Resource}/{reported.Event.Node}={reported.Event.MayPromote}").Order());
        scenario.Settle();
        Assert.Equal(["-", "false/10103/unused", "false/10103/unused"], scenario.KnownOfAll());
        Assert.Equal(2, scenario.Events.Count);
        Assert.Equal(ConnectionStatus.Offline, scenario.World.FindNode("a")!.Status);
        Assert.Contains("a:Connected", scenario.MessagesOn("b"));
        Assert.True(scenario.World.CanWrite("r", "a"));
    }

    [Fact]
    public void A_returning_satellite_is_connected_then_online_and_sends_each_value_once()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.StopSatellite("a");
        scenario.Events.Clear();
        scenario.World.StartSatellite("a");
        Assert.Equal(ConnectionStatus.Offline, scenario.World.FindNode("a")!.Status);
        scenario.World.RunFor(scenario.World.Timings.SatelliteReconnect);
        Assert.Equal(ConnectionStatus.Connected, scenario.World.FindNode("a")!.Status);
        Assert.Equal("-", scenario.Known("a"));
        scenario.Settle();
        Assert.Equal(ConnectionStatus.Online, scenario.World.FindNode("a")!.Status);
        Assert.Equal(["a=false"], scenario.ReportedPromotions);
        Assert.Equal("false/10103/used", scenario.Known("a"));
    }

    [Fact]
    public void Restarting_the_reader_of_DRBDs_events_on_a_consumer_is_sent_as_unknown_then_false()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.RestartEvents("a");
        Assert.Equal("?/?/unused", scenario.Known("a"));
        scenario.Settle();
        Assert.Equal(["a=?", "a=false"], scenario.ReportedPromotions);
        Assert.Equal("false/10103/used", scenario.Known("a"));
    }

    [Fact]
    public void A_restarted_LINSTOR_knows_nothing_sends_nothing_false_and_then_learns_the_truth()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.RestartLinstor(TimeSpan.FromSeconds(30));
        Assert.Empty(scenario.Events);
        scenario.World.RunFor(TimeSpan.FromSeconds(30));
        Assert.Equal(["-", "-", "-"], scenario.KnownOfAll());
        Assert.All(scenario.World.Nodes, node => Assert.Equal(ConnectionStatus.Offline, node.Status));
        scenario.Settle();
        Assert.Equal(["a=false", "b=false", "c=false"], scenario.ReportedPromotions.Order());
    }

    [Fact]
    public void A_hanging_satellite_stays_online_with_stale_reports()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.HangSatellite("b");
        scenario.World.PowerOff("a");
        scenario.Settle();
        Assert.Equal(["-", "false/10103/unused", "true/10102/unused"], scenario.KnownOfAll());
        Assert.Equal(ConnectionStatus.Online, scenario.World.FindNode("b")!.Status);
        scenario.World.ResumeSatellite("b");
        Assert.Equal("true/10102/unused", scenario.Known("b"));
    }
}
