using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class ScenarioTests
{
    [Fact]
    public void A_healthy_resource_in_use_may_be_promoted_nowhere()
    {
        Assert.Equal(["false/10103/used", "false/10103/unused", "false/10103/unused"], StorageScenario.OfThreeReplicas().KnownOfAll());
        Assert.Equal(["false/10102/used", "false/10102/unused", "false/2/unused"], StorageScenario.OfTwoReplicasAndATieBreaker().KnownOfAll());
    }

    [Fact]
    public void Changes_of_score_or_role_alone_are_not_told()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.PowerOff("c");
        story.Settle();
        Assert.Equal(["c=?"], story.Tellings);
        Assert.Equal("false/10102/used", story.Known("a"));
    }

    [Fact]
    public void Each_change_of_promotability_is_told_exactly_once()
    {
        var story = StorageScenario.OfThreeReplicas();
        Assert.True(story.World.Demote("r", "a"));
        story.Settle();
        Assert.Equal(["a=true", "b=true", "c=true"], story.Tellings.Order());
        story.Told.Clear();
        story.World.SetDefinitionProperty("r", "Aux/unrelated", "1");
        Assert.Empty(story.Told);
    }

    [Fact]
    public void A_dead_satellite_makes_its_replicas_unknown_at_once_and_the_others_stay_unpromotable()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.AddResource("r2", ["a", "b", "c"]);
        story.World.AddResource("without-drbd", ["a"], layers: ["STORAGE"]);
        story.Told.Clear();
        story.World.StopSatellite("a");
        Assert.Equal(["r/a=", "r2/a="], story.Told.Select(told => $"{told.Event.Resource}/{told.Event.Node}={told.Event.MayPromote}").Order());
        story.Settle();
        Assert.Equal(["-", "false/10103/unused", "false/10103/unused"], story.KnownOfAll());
        Assert.Equal(2, story.Told.Count);
        Assert.Equal(ConnectionStatus.Offline, story.World.FindNode("a")!.Status);
        Assert.Contains("a:Connected", story.MessagesOn("b"));
        Assert.True(story.World.CanWrite("r", "a"));
    }

    [Fact]
    public void A_returning_satellite_is_connected_then_online_and_tells_each_value_once()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.StopSatellite("a");
        story.Told.Clear();
        story.World.StartSatellite("a");
        Assert.Equal(ConnectionStatus.Offline, story.World.FindNode("a")!.Status);
        story.World.RunFor(story.World.Timings.SatelliteReconnect);
        Assert.Equal(ConnectionStatus.Connected, story.World.FindNode("a")!.Status);
        Assert.Equal("-", story.Known("a"));
        story.Settle();
        Assert.Equal(ConnectionStatus.Online, story.World.FindNode("a")!.Status);
        Assert.Equal(["a=false"], story.Tellings);
        Assert.Equal("false/10103/used", story.Known("a"));
    }

    [Theory]
    [InlineData(7, 0.5, new[] { "b=true", "c=true", "a=?" })]
    [InlineData(5, 11, new[] { "a=?", "b=true", "c=true" })]
    public void Power_loss_is_noticed_by_LINSTOR_and_by_DRBD_independently(double satelliteLoss, double peerLoss, string[] told)
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.Timings = new StorageTimings { SatelliteLoss = TimeSpan.FromSeconds(satelliteLoss), PeerLoss = TimeSpan.FromSeconds(peerLoss) };
        story.World.PowerOff("a");
        story.World.RunFor(TimeSpan.FromSeconds(20));
        Assert.Equal(told, story.Tellings);
        Assert.Equal([satelliteLoss], story.Told.Where(t => t.Event.MayPromote is null).Select(t => t.At.TotalSeconds));
        Assert.Equal([peerLoss, peerLoss], story.Told.Where(t => t.Event.MayPromote is true).Select(t => t.At.TotalSeconds));
        Assert.Equal(["-", "true/10102/unused", "true/10102/unused"], story.KnownOfAll());
        Assert.Equal(["a:Connecting", "c:Connected"], story.MessagesOn("b"));
    }

    [Fact]
    public void After_power_loss_the_surviving_replica_and_the_diskless_tie_breaker_may_both_be_promoted()
    {
        var story = StorageScenario.OfTwoReplicasAndATieBreaker();
        story.World.PowerOff("a");
        story.Settle();
        Assert.Equal(["-", "true/10101/unused", "true/1/unused"], story.KnownOfAll());
    }

    [Fact]
    public void After_power_loss_a_diskless_replica_joins_without_costing_the_survivor_its_quorum()
    {
        var story = StorageScenario.OfTwoReplicasAndATieBreaker();
        story.World.AddNodes("d");
        story.World.PowerOff("a");
        story.Settle();
        story.World.AddReplica("r", "d", ReplicaKind.Diskless);
        Assert.True(story.World.FindReplica("r", "b")!.Quorate); // although one of two diskless members is not there yet
        story.Settle();
        Assert.Equal(PromotionOutcome.Promoted, story.World.Promote("r", "d"));
    }

    [Fact]
    public void After_power_loss_the_survivor_keeps_quorum_without_its_tie_breaker_but_not_after_a_restart()
    {
        var story = StorageScenario.OfTwoReplicasAndATieBreaker();
        story.World.PowerOff("a");
        story.Settle();
        story.World.PowerOff("c");
        story.Settle();
        Assert.True(story.World.FindReplica("r", "b")!.Quorate);
        story.World.PowerOff("b");
        story.World.PowerOn("b");
        story.Settle();
        Assert.False(story.World.FindReplica("r", "b")!.Quorate);
    }

    [Fact]
    public void A_tie_breaker_that_is_used_is_no_tie_breaker_any_more()
    {
        var story = StorageScenario.OfTwoReplicasAndATieBreaker();
        Assert.Equal(["DISKLESS", "DRBD_DISKLESS", "TIE_BREAKER"], story.World.FindReplica("r", "c")!.Flags());
        story.World.PowerOff("a");
        story.Settle();
        Assert.Equal(PromotionOutcome.Promoted, story.World.Promote("r", "c"));
        Assert.True(story.World.CanWrite("r", "c"));
        Assert.Equal(["DISKLESS", "DRBD_DISKLESS"], story.World.FindReplica("r", "c")!.Flags());
    }

    [Fact]
    public void A_cut_replication_link_leaves_the_user_online_in_use_and_with_score_zero()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.CutLinks("a");
        Assert.False(story.World.CanWrite("r", "a"));
        story.Settle();
        Assert.Equal(["false/0/used", "true/10102/unused", "true/10102/unused"], story.KnownOfAll());
        Assert.Equal(["b:Connecting", "c:Connecting"], story.MessagesOn("a"));
        Assert.Equal(ConnectionStatus.Online, story.World.FindNode("a")!.Status);
        Assert.True(story.World.IsSuspended("r", "a"));
        Assert.False(story.World.Demote("r", "a"));
    }

    [Fact]
    public void Healing_before_anybody_was_promoted_restores_everything()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.CutLinks("a");
        story.Settle();
        story.World.HealLinks("a");
        story.Settle();
        Assert.Equal(["false/10103/used", "false/10103/unused", "false/10103/unused"], story.KnownOfAll());
        Assert.Equal(["b=true", "c=true", "b=false", "c=false"], story.Tellings);
        Assert.True(story.World.CanWrite("r", "a"));
    }

    [Fact]
    public void A_cut_that_heals_before_DRBD_notices_changes_nothing()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.CutLinks("a");
        story.World.RunFor(story.World.Timings.PeerLoss / 2);
        story.World.HealLinks("a");
        story.Settle();
        Assert.Empty(story.Told);
        Assert.True(story.World.CanWrite("r", "a"));
    }

    [Fact]
    public void A_suspended_user_that_meets_newer_data_is_demoted_and_fails_until_it_has_gone()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.CutLinks("a");
        story.Settle();
        Assert.Equal(PromotionOutcome.Promoted, story.World.Promote("r", "b"));
        story.World.HealLinks("a");
        story.Settle();
        Assert.Equal("false/0/unused", story.Known("a"));
        Assert.False(story.World.CanWrite("r", "a"));
        Assert.True(story.World.Demote("r", "a"));
        Assert.Equal(["false/10103/unused", "false/10103/used", "false/10103/unused"], story.KnownOfAll());
    }

    [Fact]
    public void With_quorum_off_a_partition_makes_two_writers_possible_and_then_a_split_brain()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.SetDefinitionProperty("r", QuorumSetting.Key, "off");
        story.World.CutLinks("a");
        story.Settle();
        Assert.Equal(["false/10101/used", "true/10102/unused", "true/10102/unused"], story.KnownOfAll());
        Assert.Equal(PromotionOutcome.Promoted, story.World.Promote("r", "b"));
        Assert.True(story.World.CanWrite("r", "a") && story.World.CanWrite("r", "b"));
        story.World.HealLinks("a");
        story.Settle();
        Assert.Equal(["b:StandAlone", "c:StandAlone"], story.MessagesOn("a"));
    }

    [Fact]
    public void Killing_one_of_two_Primaries_leaves_the_resource_unpromotable()
    {
        var story = StorageScenario.OfThreeReplicas();
        Assert.Equal(PromotionOutcome.InUseElsewhere, story.World.Promote("r", "b"));
        story.World.SetDefinitionProperty("r", QuorumSetting.AllowTwoPrimariesKey, "yes");
        Assert.Equal(PromotionOutcome.Promoted, story.World.Promote("r", "b"));
        Assert.Equal(["false/10103/used", "false/10103/used", "false/10103/unused"], story.KnownOfAll());
        story.World.PowerOff("a");
        story.Settle();
        Assert.Equal(["-", "false/10102/used", "false/10102/unused"], story.KnownOfAll());
        Assert.Equal(["a=?"], story.Tellings);
    }

    [Fact]
    public void A_normal_move_makes_all_nodes_promotable_until_the_resource_is_used_again()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.Demote("r", "a");
        story.World.EventQueue.After(TimeSpan.FromSeconds(17), () => story.World.Promote("r", "b"));
        story.Settle();
        Assert.Equal([0, 0, 0, 17, 17, 17], story.Told.Select(told => (int)told.At.TotalSeconds));
        Assert.Equal([true, true, true, false, false, false], story.Told.Select(told => told.Event.MayPromote));
        Assert.Equal(["false/10103/unused", "false/10103/used", "false/10103/unused"], story.KnownOfAll());
    }

    [Fact]
    public void Restarting_the_reader_of_DRBDs_events_on_a_user_is_told_as_unknown_then_false()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.RestartEvents("a");
        Assert.Equal("?/?/unused", story.Known("a"));
        story.Settle();
        Assert.Equal(["a=?", "a=false"], story.Tellings);
        Assert.Equal("false/10103/used", story.Known("a"));
    }

    [Fact]
    public void A_restarted_LINSTOR_knows_nothing_tells_nothing_false_and_then_learns_the_truth()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.RestartLinstor(TimeSpan.FromSeconds(30));
        Assert.Empty(story.Told);
        story.World.RunFor(TimeSpan.FromSeconds(30));
        Assert.Equal(["-", "-", "-"], story.KnownOfAll());
        Assert.All(story.World.Nodes, node => Assert.Equal(ConnectionStatus.Offline, node.Status));
        story.Settle();
        Assert.Equal(["a=false", "b=false", "c=false"], story.Tellings.Order());
    }

    [Fact]
    public void A_new_replica_is_unknown_then_not_promotable_then_promotable()
    {
        var story = StorageScenario.Empty();
        story.World.CreateResource("r", ["a", "b", "c"]);
        Assert.Equal(["-", "-", "-"], story.KnownOfAll());
        story.Settle();
        Assert.Equal(["a=false", "b=false", "c=false", "a=true", "b=true", "c=true"], story.Tellings);
    }

    [Fact]
    public void A_hanging_satellite_stays_online_with_stale_reports()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.HangSatellite("b");
        story.World.PowerOff("a");
        story.Settle();
        Assert.Equal(["-", "false/10103/unused", "true/10102/unused"], story.KnownOfAll());
        Assert.Equal(ConnectionStatus.Online, story.World.FindNode("b")!.Status);
        story.World.ResumeSatellite("b");
        Assert.Equal("true/10102/unused", story.Known("b"));
    }

    [Fact]
    public void A_peer_that_has_fallen_silent_holds_promotion_up_until_DRBD_gives_it_up()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.Demote("r", "a");
        story.World.CutLinks("a");
        Assert.Equal(PromotionOutcome.PeerSilent, story.World.Promote("r", "b"));
        story.Settle();
        Assert.Equal(PromotionOutcome.Promoted, story.World.Promote("r", "b"));
    }

    [Fact]
    public void A_node_that_loses_one_peer_finds_out_at_once_about_the_others_that_are_gone()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.CutLink("a", "b");
        story.World.RunFor(story.World.Timings.PeerLoss / 2);
        story.World.CutLink("a", "c");
        story.World.RunFor(story.World.Timings.PeerLoss / 2);
        Assert.Equal(["b:Connecting", "c:Connecting"], story.MessagesOn("a"));
        Assert.Equal(["b=true", "c=true"], story.Tellings);
    }

    [Fact]
    public void A_node_that_returns_with_old_data_is_resynchronised()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.PowerOff("a");
        story.Settle();
        story.World.Promote("r", "b");
        story.World.PowerOn("a");
        story.World.RunFor(story.World.Timings.PeerConnect);
        Assert.Equal(DiskState.Inconsistent, story.World.FindReplica("r", "a")!.Disk);
        story.Settle();
        Assert.Equal(["false/10103/unused", "false/10103/used", "false/10103/unused"], story.KnownOfAll());
    }
}
