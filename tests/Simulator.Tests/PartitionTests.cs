using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

/// <summary>Cut replication links, and what happens when they heal.</summary>
public sealed class PartitionTests
{
    [Fact]
    public void A_cut_replication_link_leaves_the_consumer_online_in_use_and_with_score_zero()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.CutLinks("a");
        Assert.False(scenario.World.CanWrite("r", "a"));
        scenario.Settle();
        Assert.Equal(["false/0/used", "true/10102/unused", "true/10102/unused"], scenario.KnownOfAll());
        Assert.Equal(["b:Connecting", "c:Connecting"], scenario.MessagesOn("a"));
        Assert.Equal(ConnectionStatus.Online, scenario.World.FindNode("a")!.Status);
        Assert.True(scenario.World.IsSuspended("r", "a"));
        Assert.False(scenario.World.Demote("r", "a"));
    }

    [Fact]
    public void Healing_before_anybody_was_promoted_restores_everything()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.CutLinks("a");
        scenario.Settle();
        scenario.World.HealLinks("a");
        scenario.Settle();
        Assert.Equal(["false/10103/used", "false/10103/unused", "false/10103/unused"], scenario.KnownOfAll());
        Assert.Equal(["b=true", "c=true", "b=false", "c=false"], scenario.ReportedPromotions);
        Assert.True(scenario.World.CanWrite("r", "a"));
    }

    [Fact]
    public void A_cut_that_heals_before_DRBD_notices_changes_nothing()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.CutLinks("a");
        scenario.World.RunFor(scenario.World.Timings.PeerLoss / 2);
        scenario.World.HealLinks("a");
        scenario.Settle();
        Assert.Empty(scenario.Events);
        Assert.True(scenario.World.CanWrite("r", "a"));
    }

    [Fact]
    public void A_suspended_consumer_that_meets_newer_data_is_demoted_and_fails_until_it_has_gone()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.CutLinks("a");
        scenario.Settle();
        Assert.Equal(PromotionOutcome.Promoted, scenario.World.Promote("r", "b"));
        scenario.World.HealLinks("a");
        scenario.Settle();
        Assert.Equal("false/0/unused", scenario.Known("a"));
        Assert.False(scenario.World.CanWrite("r", "a"));
        Assert.True(scenario.World.Demote("r", "a"));
        Assert.Equal(["false/10103/unused", "false/10103/used", "false/10103/unused"], scenario.KnownOfAll());
    }

    [Fact]
    public void With_quorum_off_a_partition_makes_two_writers_possible_and_then_a_split_brain()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.SetDefinitionProperty("r", QuorumSetting.Key, "off");
        scenario.World.CutLinks("a");
        scenario.Settle();
        Assert.Equal(["false/10101/used", "true/10102/unused", "true/10102/unused"], scenario.KnownOfAll());
        Assert.Equal(PromotionOutcome.Promoted, scenario.World.Promote("r", "b"));
        Assert.True(scenario.World.CanWrite("r", "a") && scenario.World.CanWrite("r", "b"));
        scenario.World.HealLinks("a");
        scenario.Settle();
        Assert.Equal(["b:StandAlone", "c:StandAlone"], scenario.MessagesOn("a"));
    }
}
