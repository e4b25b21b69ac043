using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

/// <summary>DRBD on each node counts the members that it was told of, whatever LINSTOR has decided since.</summary>
public sealed class MembershipTests
{
    [Fact]
    public void A_node_that_was_not_informed_that_members_were_declared_lost_still_has_quorum_with_them()
    {
        var scenario = OfFiveNodes("a", "b", "c", "d", "e");
        CutOff(scenario, "a", "d", "e");
        Assert.True(scenario.World.CanWrite("r", "a"));
        Assert.Equal("false/0/unused", scenario.Known("b"));
        Assert.True(scenario.World.LoseNode("d"));
        Assert.True(scenario.World.LoseNode("e"));
        scenario.Settle();
        Assert.Equal("true/10102/unused", scenario.Known("b")); // two of three
        Assert.True(scenario.World.CanWrite("r", "a")); // three of five
    }

    [Fact]
    public void A_node_that_was_not_informed_of_new_members_counts_without_them()
    {
        var scenario = OfFiveNodes("a", "b", "c");
        CutOff(scenario, "a", "c");
        Assert.Equal("false/0/unused", scenario.Known("b"));
        scenario.World.AddReplica("r", "d");
        scenario.World.AddReplica("r", "e");
        scenario.Settle();
        Assert.Equal("true/10103/unused", scenario.Known("b")); // three of five
        Assert.True(scenario.World.CanWrite("r", "a")); // two of three
    }

    [Fact]
    public void A_member_that_is_deleted_out_of_reach_remains_a_member_on_nodes_that_LINSTOR_did_not_inform()
    {
        var scenario = OfFiveNodes("a", "b", "c");
        CutOff(scenario, "a", "c");
        scenario.World.DeleteReplica("r", "c");
        scenario.Settle();
        Assert.Equal(["DELETE", "DRBD_DELETE"], scenario.World.FindReplica("r", "c")!.Flags());
        Assert.Equal(["a:Connecting"], scenario.MessagesOn("b"));
        Assert.True(scenario.World.CanWrite("r", "a"));
    }

    [Fact]
    public void A_node_that_was_declared_lost_comes_back_with_another_uuid_and_what_ran_there_is_not_LINSTORs_any_more()
    {
        var scenario = OfFiveNodes("a", "b", "c");
        var before = scenario.World.FindNode("a")!.Uuid;
        scenario.World.StopSatellite("a");
        Assert.True(scenario.World.LoseNode("a"));
        scenario.Settle();
        Assert.False(scenario.World.CanWrite("r", "a")); // its peers were told, and have dropped it
        scenario.World.AddNode("a");
        scenario.World.StartSatellite("a");
        scenario.Settle();
        Assert.NotEqual(before, scenario.World.FindNode("a")!.Uuid);
        Assert.Equal(ConnectionStatus.Online, scenario.World.FindNode("a")!.Status);
        Assert.Null(scenario.World.FindReplica("r", "a"));
        Assert.False(scenario.World.Attach("r", "a")); // the device is in use
        scenario.World.PowerOff("a");
        scenario.World.PowerOn("a");
        scenario.Settle();
        Assert.True(scenario.World.Attach("r", "a"));
        scenario.Settle();
        Assert.Equal("true/2/unused", scenario.Known("a")); // data on b and c, and none here: the new replica has no disk
    }

    [Fact]
    public void A_machine_that_was_declared_lost_can_break_and_be_repaired()
    {
        var scenario = OfFiveNodes("a", "b", "c");
        scenario.World.PowerOff("a");
        scenario.Settle();
        scenario.World.LoseNode("a");
        scenario.World.PowerOn("a");
        scenario.World.CutLinks("a");
        scenario.World.HealLinks("a");
        scenario.Settle();
        Assert.Null(scenario.World.FindNode("a"));
        Assert.Equal(ConnectionStatus.Offline, scenario.World.Machine("a").Status);
    }

    [Fact]
    public void An_evicted_node_that_is_restored_is_a_member_again()
    {
        var scenario = OfFiveNodes("a", "b", "c");
        scenario.World.PowerOff("c");
        scenario.Settle();
        scenario.World.Evict("c");
        Assert.Equal(["b:Connected"], scenario.MessagesOn("a"));
        scenario.World.PowerOn("c");
        Assert.True(scenario.World.RestoreNode("c"));
        Assert.False(scenario.World.RestoreNode("c"));
        scenario.Settle();
        Assert.Equal(["b:Connected", "c:Connected"], scenario.MessagesOn("a"));
        Assert.Empty(scenario.World.FindReplica("r", "c")!.Flags());
    }

    [Fact]
    public void Quorum_on_a_node_counts_there_where_the_definition_has_none()
    {
        var scenario = OfFiveNodes("a", "b", "c");
        scenario.World.SetNodeProperty("a", QuorumSetting.Key, "off");
        Assert.Equal("majority", scenario.World.FindReplica("r", "a")!.QuorumPolicy);
        scenario.World.SetControllerProperty(QuorumSetting.Key, "majority");
        Assert.Equal("off", scenario.World.FindReplica("r", "a")!.QuorumPolicy);
        Assert.Equal("majority", scenario.World.FindReplica("r", "b")!.QuorumPolicy);
        scenario.World.SetNodeProperty("a", QuorumSetting.Key, null);
        Assert.Equal("majority", scenario.World.FindReplica("r", "a")!.QuorumPolicy);
    }

    [Fact]
    public void A_satellite_that_hangs_reports_the_same_when_LINSTOR_connects_anew()
    {
        var scenario = OfFiveNodes("a", "b", "c");
        scenario.World.HangSatellite("a");
        scenario.World.CutLinks("a");
        scenario.Settle();
        scenario.World.RestartLinstor(TimeSpan.FromSeconds(1));
        scenario.Settle();
        Assert.Equal(ConnectionStatus.Online, scenario.World.FindNode("a")!.Status);
        Assert.Equal("false/10103/used", scenario.Known("a"));
        Assert.Equal("true/10102/unused", scenario.Known("b"));
        scenario.World.ResumeSatellite("a");
        Assert.Equal("false/0/used", scenario.Known("a"));
    }

    [Fact]
    public void A_satellite_that_hangs_when_it_has_started_reports_the_state_at_that_time()
    {
        var scenario = OfFiveNodes("a", "b", "c");
        scenario.World.StopSatellite("b");
        scenario.World.CutLinks("a");
        scenario.World.RunFor(scenario.World.Timings.PeerLoss);
        scenario.World.StartSatelliteThatHangs("b");
        scenario.World.HealLinks("a");
        scenario.Settle();
        Assert.Equal(ConnectionStatus.Online, scenario.World.FindNode("b")!.Status);
        Assert.Equal("true/10102/unused", scenario.Known("b"));
        Assert.Equal("false/10103/unused", scenario.Known("c"));
        Assert.True(scenario.World.CanWrite("r", "a"));
    }

    private static StorageScenario OfFiveNodes(params string[] diskful)
    {
        var scenario = StorageScenario.Empty();
        scenario.World.AddNodes("d", "e");
        scenario.World.AddResource("r", diskful);
        Assert.Equal(PromotionOutcome.Promoted, scenario.World.Promote("r", "a"));
        return scenario;
    }

    // They stay connected to one another, and to no other node.
    private static void CutOff(StorageScenario scenario, params string[] island)
    {
        foreach (var node in island)
        {
            foreach (var other in new[] { "a", "b", "c", "d", "e" }.Except(island))
            {
                scenario.World.CutLink(node, other);
            }

            scenario.World.CutSatellite(node);
        }

        scenario.Settle();
    }
}
