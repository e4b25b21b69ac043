using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

/// <summary>DRBD on each node counts the members that it was told of, whatever LINSTOR has decided since.</summary>
public sealed class MembershipTests
{
    [Fact]
    public void Who_was_not_told_that_members_were_declared_lost_still_has_quorum_with_them()
    {
        var story = OfFiveNodes("a", "b", "c", "d", "e");
        CutOff(story, "a", "d", "e");
        Assert.True(story.World.CanWrite("r", "a"));
        Assert.Equal("false/0/unused", story.Known("b"));
        Assert.True(story.World.LoseNode("d"));
        Assert.True(story.World.LoseNode("e"));
        story.Settle();
        Assert.Equal("true/10102/unused", story.Known("b")); // two of three
        Assert.True(story.World.CanWrite("r", "a")); // three of five
    }

    [Fact]
    public void Who_was_not_told_of_new_members_counts_without_them()
    {
        var story = OfFiveNodes("a", "b", "c");
        CutOff(story, "a", "c");
        Assert.Equal("false/0/unused", story.Known("b"));
        story.World.AddReplica("r", "d");
        story.World.AddReplica("r", "e");
        story.Settle();
        Assert.Equal("true/10103/unused", story.Known("b")); // three of five
        Assert.True(story.World.CanWrite("r", "a")); // two of three
    }

    [Fact]
    public void A_member_that_is_deleted_out_of_reach_is_one_still_where_nobody_was_told()
    {
        var story = OfFiveNodes("a", "b", "c");
        CutOff(story, "a", "c");
        story.World.DeleteReplica("r", "c");
        story.Settle();
        Assert.Equal(["DELETE", "DRBD_DELETE"], story.World.FindReplica("r", "c")!.Flags());
        Assert.Equal(["a:Connecting"], story.MessagesOn("b"));
        Assert.True(story.World.CanWrite("r", "a"));
    }

    [Fact]
    public void A_node_that_was_declared_lost_comes_back_with_another_uuid_and_what_ran_there_is_not_LINSTORs_any_more()
    {
        var story = OfFiveNodes("a", "b", "c");
        var before = story.World.FindNode("a")!.Uuid;
        story.World.StopSatellite("a");
        Assert.True(story.World.LoseNode("a"));
        story.Settle();
        Assert.False(story.World.CanWrite("r", "a")); // its peers were told, and have dropped it
        story.World.AddNode("a");
        story.World.StartSatellite("a");
        story.Settle();
        Assert.NotEqual(before, story.World.FindNode("a")!.Uuid);
        Assert.Equal(ConnectionStatus.Online, story.World.FindNode("a")!.Status);
        Assert.Null(story.World.FindReplica("r", "a"));
        Assert.False(story.World.Attach("r", "a")); // the device is in use
        story.World.PowerOff("a");
        story.World.PowerOn("a");
        story.Settle();
        Assert.True(story.World.Attach("r", "a"));
        story.Settle();
        Assert.Equal("true/2/unused", story.Known("a")); // data on b and c, and none here: the new replica has no disk
    }

    [Fact]
    public void A_machine_that_was_declared_lost_can_break_and_be_repaired()
    {
        var story = OfFiveNodes("a", "b", "c");
        story.World.PowerOff("a");
        story.Settle();
        story.World.LoseNode("a");
        story.World.PowerOn("a");
        story.World.CutLinks("a");
        story.World.HealLinks("a");
        story.Settle();
        Assert.Null(story.World.FindNode("a"));
        Assert.Equal(ConnectionStatus.Offline, story.World.Machine("a").Status);
    }

    [Fact]
    public void An_evicted_node_that_is_restored_is_a_member_again()
    {
        var story = OfFiveNodes("a", "b", "c");
        story.World.PowerOff("c");
        story.Settle();
        story.World.Evict("c");
        Assert.Equal(["b:Connected"], story.MessagesOn("a"));
        story.World.PowerOn("c");
        Assert.True(story.World.RestoreNode("c"));
        Assert.False(story.World.RestoreNode("c"));
        story.Settle();
        Assert.Equal(["b:Connected", "c:Connected"], story.MessagesOn("a"));
        Assert.Empty(story.World.FindReplica("r", "c")!.Flags());
    }

    [Fact]
    public void Quorum_on_a_node_counts_there_where_the_definition_has_none()
    {
        var story = OfFiveNodes("a", "b", "c");
        story.World.SetNodeProperty("a", QuorumSetting.Key, "off");
        Assert.Equal("majority", story.World.FindReplica("r", "a")!.QuorumPolicy);
        story.World.SetControllerProperty(QuorumSetting.Key, "majority");
        Assert.Equal("off", story.World.FindReplica("r", "a")!.QuorumPolicy);
        Assert.Equal("majority", story.World.FindReplica("r", "b")!.QuorumPolicy);
        story.World.SetNodeProperty("a", QuorumSetting.Key, null);
        Assert.Equal("majority", story.World.FindReplica("r", "a")!.QuorumPolicy);
    }

    [Fact]
    public void A_satellite_that_hangs_says_the_same_when_LINSTOR_connects_anew()
    {
        var story = OfFiveNodes("a", "b", "c");
        story.World.HangSatellite("a");
        story.World.CutLinks("a");
        story.Settle();
        story.World.RestartLinstor(TimeSpan.FromSeconds(1));
        story.Settle();
        Assert.Equal(ConnectionStatus.Online, story.World.FindNode("a")!.Status);
        Assert.Equal("false/10103/used", story.Known("a"));
        Assert.Equal("true/10102/unused", story.Known("b"));
        story.World.ResumeSatellite("a");
        Assert.Equal("false/0/used", story.Known("a"));
    }

    [Fact]
    public void A_satellite_that_hangs_when_it_has_started_says_what_was_so_then()
    {
        var story = OfFiveNodes("a", "b", "c");
        story.World.StopSatellite("b");
        story.World.CutLinks("a");
        story.World.RunFor(story.World.Timings.PeerLoss);
        story.World.StartSatelliteThatHangs("b");
        story.World.HealLinks("a");
        story.Settle();
        Assert.Equal(ConnectionStatus.Online, story.World.FindNode("b")!.Status);
        Assert.Equal("true/10102/unused", story.Known("b"));
        Assert.Equal("false/10103/unused", story.Known("c"));
        Assert.True(story.World.CanWrite("r", "a"));
    }

    private static StorageScenario OfFiveNodes(params string[] diskful)
    {
        var story = StorageScenario.Empty();
        story.World.AddNodes("d", "e");
        story.World.AddResource("r", diskful);
        Assert.Equal(PromotionOutcome.Promoted, story.World.Promote("r", "a"));
        return story;
    }

    // They stay connected to one another, and to nobody else.
    private static void CutOff(StorageScenario story, params string[] island)
    {
        foreach (var node in island)
        {
            foreach (var other in new[] { "a", "b", "c", "d", "e" }.Except(island))
            {
                story.World.CutLink(node, other);
            }

            story.World.CutSatellite(node);
        }

        story.Settle();
    }
}
