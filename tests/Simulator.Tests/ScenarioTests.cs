using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

/// <summary>What DRBD and LINSTOR do in ordinary use, and when a node loses power.</summary>
public sealed class ScenarioTests
{
    [Fact]
    public void A_healthy_resource_in_use_may_be_promoted_nowhere()
    {
        Assert.Equal(["false/10103/used", "false/10103/unused", "false/10103/unused"], StorageScenario.OfThreeReplicas().KnownOfAll());
        Assert.Equal(["false/10102/used", "false/10102/unused", "false/2/unused"], StorageScenario.OfTwoReplicasAndATieBreaker().KnownOfAll());
    }

    [Fact]
    public void Changes_of_score_or_role_alone_send_no_event()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.PowerOff("c");
        scenario.Settle();
        Assert.Equal(["c=?"], scenario.ReportedPromotions);
        Assert.Equal("false/10102/used", scenario.Known("a"));
    }

    [Fact]
    public void Each_change_of_promotability_sends_exactly_one_event()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        Assert.True(scenario.World.Demote("r", "a"));
        scenario.Settle();
        Assert.Equal(["a=true", "b=true", "c=true"], scenario.ReportedPromotions.Order());
        scenario.Events.Clear();
        scenario.World.SetDefinitionProperty("r", "Aux/unrelated", "1");
        Assert.Empty(scenario.Events);
    }

    [Theory]
    [InlineData(7, 0.5, new[] { "b=true", "c=true", "a=?" })]
    [InlineData(5, 11, new[] { "a=?", "b=true", "c=true" })]
    public void Power_loss_is_noticed_by_LINSTOR_and_by_DRBD_independently(double satelliteLoss, double peerLoss, string[] reported)
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.Timings = new StorageTimings { SatelliteLoss = TimeSpan.FromSeconds(satelliteLoss), PeerLoss = TimeSpan.FromSeconds(peerLoss) };
        scenario.World.PowerOff("a");
        scenario.World.RunFor(TimeSpan.FromSeconds(20));
        Assert.Equal(reported, scenario.ReportedPromotions);
        Assert.Equal([satelliteLoss], scenario.Events.Where(t => t.Event.MayPromote is null).Select(t => t.At.TotalSeconds));
        Assert.Equal([peerLoss, peerLoss], scenario.Events.Where(t => t.Event.MayPromote is true).Select(t => t.At.TotalSeconds));
        Assert.Equal(["-", "true/10102/unused", "true/10102/unused"], scenario.KnownOfAll());
        Assert.Equal(["a:Connecting", "c:Connected"], scenario.MessagesOn("b"));
    }

    [Fact]
    public void After_power_loss_the_surviving_replica_and_the_diskless_tie_breaker_may_both_be_promoted()
    {
        var scenario = StorageScenario.OfTwoReplicasAndATieBreaker();
        scenario.World.PowerOff("a");
        scenario.Settle();
        Assert.Equal(["-", "true/10101/unused", "true/1/unused"], scenario.KnownOfAll());
    }

    [Fact]
    public void After_power_loss_a_diskless_replica_joins_without_costing_the_survivor_its_quorum()
    {
        var scenario = StorageScenario.OfTwoReplicasAndATieBreaker();
        scenario.World.AddNodes("d");
        scenario.World.PowerOff("a");
        scenario.Settle();
        scenario.World.AddReplica("r", "d", ReplicaKind.Diskless);
        Assert.True(scenario.World.FindReplica("r", "b")!.Quorate); // although one of two diskless members is not there yet
        scenario.Settle();
        Assert.Equal(PromotionOutcome.Promoted, scenario.World.Promote("r", "d"));
    }

    [Fact]
    public void After_power_loss_the_survivor_keeps_quorum_without_its_tie_breaker_but_not_after_a_restart()
    {
        var scenario = StorageScenario.OfTwoReplicasAndATieBreaker();
        scenario.World.PowerOff("a");
        scenario.Settle();
        scenario.World.PowerOff("c");
        scenario.Settle();
        Assert.True(scenario.World.FindReplica("r", "b")!.Quorate);
        scenario.World.PowerOff("b");
        scenario.World.PowerOn("b");
        scenario.Settle();
        Assert.False(scenario.World.FindReplica("r", "b")!.Quorate);
    }

    [Fact]
    public void A_tie_breaker_that_is_used_is_no_tie_breaker_any_more()
    {
        var scenario = StorageScenario.OfTwoReplicasAndATieBreaker();
        Assert.Equal(["DISKLESS", "DRBD_DISKLESS", "TIE_BREAKER"], scenario.World.FindReplica("r", "c")!.Flags());
        scenario.World.PowerOff("a");
        scenario.Settle();
        Assert.Equal(PromotionOutcome.Promoted, scenario.World.Promote("r", "c"));
        Assert.True(scenario.World.CanWrite("r", "c"));
        Assert.Equal(["DISKLESS", "DRBD_DISKLESS"], scenario.World.FindReplica("r", "c")!.Flags());
    }

    [Fact]
    public void Killing_one_of_two_Primaries_leaves_the_resource_unpromotable()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        Assert.Equal(PromotionOutcome.InUseElsewhere, scenario.World.Promote("r", "b"));
        scenario.World.SetDefinitionProperty("r", QuorumSetting.AllowTwoPrimariesKey, "yes");
        Assert.Equal(PromotionOutcome.Promoted, scenario.World.Promote("r", "b"));
        Assert.Equal(["false/10103/used", "false/10103/used", "false/10103/unused"], scenario.KnownOfAll());
        scenario.World.PowerOff("a");
        scenario.Settle();
        Assert.Equal(["-", "false/10102/used", "false/10102/unused"], scenario.KnownOfAll());
        Assert.Equal(["a=?"], scenario.ReportedPromotions);
    }

    [Fact]
    public void A_normal_move_makes_all_nodes_promotable_until_the_resource_is_used_again()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.Demote("r", "a");
        scenario.World.EventQueue.After(TimeSpan.FromSeconds(17), () => scenario.World.Promote("r", "b"));
        scenario.Settle();
        Assert.Equal([0, 0, 0, 17, 17, 17], scenario.Events.Select(reported => (int)reported.At.TotalSeconds));
        Assert.Equal([true, true, true, false, false, false], scenario.Events.Select(reported => reported.Event.MayPromote));
        Assert.Equal(["false/10103/unused", "false/10103/used", "false/10103/unused"], scenario.KnownOfAll());
    }

    [Fact]
    public void A_new_replica_is_unknown_then_not_promotable_then_promotable()
    {
        var scenario = StorageScenario.Empty();
        scenario.World.CreateResource("r", ["a", "b", "c"]);
        Assert.Equal(["-", "-", "-"], scenario.KnownOfAll());
        scenario.Settle();
        Assert.Equal(["a=false", "b=false", "c=false", "a=true", "b=true", "c=true"], scenario.ReportedPromotions);
    }

    [Fact]
    public void A_peer_that_has_fallen_silent_holds_promotion_up_until_DRBD_gives_it_up()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.Demote("r", "a");
        scenario.World.CutLinks("a");
        Assert.Equal(PromotionOutcome.PeerSilent, scenario.World.Promote("r", "b"));
        scenario.Settle();
        Assert.Equal(PromotionOutcome.Promoted, scenario.World.Promote("r", "b"));
    }

    [Fact]
    public void A_node_that_loses_one_peer_finds_out_at_once_about_the_others_that_are_gone()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.CutLink("a", "b");
        scenario.World.RunFor(scenario.World.Timings.PeerLoss / 2);
        scenario.World.CutLink("a", "c");
        scenario.World.RunFor(scenario.World.Timings.PeerLoss / 2);
        Assert.Equal(["b:Connecting", "c:Connecting"], scenario.MessagesOn("a"));
        Assert.Equal(["b=true", "c=true"], scenario.ReportedPromotions);
    }

    [Fact]
    public void A_node_that_returns_with_old_data_is_resynchronised()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.PowerOff("a");
        scenario.Settle();
        scenario.World.Promote("r", "b");
        scenario.World.PowerOn("a");
        scenario.World.RunFor(scenario.World.Timings.PeerConnect);
        Assert.Equal(DiskState.Inconsistent, scenario.World.FindReplica("r", "a")!.Disk);
        scenario.Settle();
        Assert.Equal(["false/10103/unused", "false/10103/used", "false/10103/unused"], scenario.KnownOfAll());
    }
}
