namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When a volume's consumer has lost its storage.</summary>
public sealed class LossTests
{
    [Fact]
    public void A_consumer_whose_node_lost_power_is_moved_after_the_grace_period()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a");
        Assert.Empty(scenario.After(44.9).Moves);
        Assert.Equal(Moved, scenario.After(0.2).Moves);
    }

    [Fact]
    public void A_consumer_cut_off_from_its_peers_is_moved_although_its_satellite_still_reports_it_as_primary() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").CutOff("a").After(46).Moves);

    [Fact]
    public void A_healthy_consumer_is_left_alone_without_a_report()
    {
        var scenario = Scenario.WithAppOn("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Empty(scenario.AllHolds);
    }

    [Fact]
    public void If_the_consumers_own_replica_may_promote_too_the_resource_is_unused_and_the_node_is_well()
    {
        var scenario = Scenario.WithAppOn("a").MayPromote("a").MayPromote("b").MayPromote("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.OwnReplicaMayPromote], scenario.Holds);
    }

    [Fact]
    public void A_node_that_never_had_the_resource_has_nothing_to_lose()
    {
        var scenario = Scenario.Empty().Resource("pvc-1", inUseOn: null).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "d").Pod("app-0", "d").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NeverDeployed], scenario.Holds);
        Assert.Contains("d", scenario.Sentences.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_replica_that_vanished_with_its_node_was_deployed_as_this_process_saw() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").PowerOff("a").Remove("a").Satellites(On("b"), On("c")).After(46).Moves);

    [Fact]
    public void A_satellite_that_merely_went_away_proves_nothing()
    {
        var scenario = Scenario.WithAppOn("a").Satellite("a", SatelliteState.Offline)
            .Replica("a", replica => new Replica(replica.Node)).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }

    [Fact]
    public void One_promotable_replica_that_is_connected_to_the_consumers_node_is_counter_evidence()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Link("c", "a", up: true).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(null, HoldReason.StillConnected)]
    [InlineData(10103, HoldReason.SideHasQuorum)]
    public void A_replica_that_is_connected_to_the_consumers_node_is_counter_evidence_unless_it_reports_that_it_has_no_quorum(int? score, HoldReason? held)
    {
        var scenario = Scenario.WithAppOn("a").Node("a", ready: false).PowerOff("a").MayNotPromote("c").Link("c", "a", up: true).Replica("c", replica => replica with { Score = score }).After(47);
        Assert.Equal(held is null ? Moved : [], scenario.Moves);
        Assert.Equal(held is { } reason ? [reason] : [], scenario.Holds);
    }

    [Fact]
    public void A_consumer_whose_own_replica_has_quorum_is_left_alone_regardless_of_what_a_stale_satellite_reports_of_a_promotable_peer()
    {
        var scenario = Scenario.WithAppOn("a").OnlyPeersLose("a").Link("c", "a", up: true).MayNotPromote("c").Silence("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void A_node_that_keeps_quorum_with_its_links_down_has_a_policy_that_does_not_fence()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").Replica("a", WithScore).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.KeepsQuorumAlone], scenario.Holds);
    }

    [Fact]
    public void The_grace_period_begins_anew_when_a_consumer_that_had_quorum_has_lost_it()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").Replica("a", WithScore).After(600).Replica("a", replica => replica with { Score = 0 });
        Assert.Empty(scenario.After(44).Moves);
        Assert.Equal(Moved, scenario.After(12).Moves); // LINSTOR is asked again at the reconcile interval
    }

    [Fact]
    public void Nothing_is_done_on_older_reports_while_the_last_answer_is_pending()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(41.5).Report("pvc-1");
        scenario.Ignores = decision => decision is Decision.QueryResource;
        Assert.Empty(scenario.After(3).Moves);
        scenario.Ignores = _ => false;
        Assert.Equal(Moved, scenario.After(2).Moves);
    }

    [Fact]
    public void What_LINSTOR_repeats_of_a_dead_node_until_it_notices_does_not_count_into_the_grace_period()
    {
        var scenario = Scenario.WithAppOn("a").OnlyPeersLose("a").After(6).PowerOff("a");
        Assert.Empty(scenario.After(44.9).Moves);
        Assert.Equal(Moved, scenario.After(0.2).Moves);
    }

    [Theory]
    [InlineData(SatelliteState.Online)]
    [InlineData(SatelliteState.Unknown)]
    public void Where_no_promotable_replica_reports_on_its_connection_the_satellite_must_be_offline(SatelliteState state)
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Report("pvc-1").Satellite("a", state)
            .Replica("b", NoConnections).Replica("c", NoConnections).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NotKnownOffline], scenario.Holds);

        Assert.Equal(Moved, scenario.Satellite("a", SatelliteState.Offline).After(46).Moves);
    }

    [Fact]
    public void A_node_that_is_missing_from_LINSTORs_list_while_its_replica_is_there_is_not_known_to_be_offline()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Report("pvc-1").Satellites(On("b"), On("c")).Replica("b", NoConnections).Replica("c", NoConnections).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NotKnownOffline], scenario.Holds);
    }

    [Fact]
    public void A_resource_in_use_on_a_third_node_is_not_lost()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Replica("c", replica => replica with { Usage = Usage.InUse }).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.InUseElsewhere], scenario.Holds);
    }

    [Fact]
    public void Where_no_replica_may_promote_no_node_could_take_over()
    {
        var scenario = Scenario.WithAppOn("a").Satellite("a", SatelliteState.Offline).Replica("a", replica => new Replica(replica.Node))
            .Link("b", "a", up: false).Link("c", "a", up: false).Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NothingMayPromote], scenario.Holds);
    }

    [Fact]
    public void A_replica_that_is_being_deleted_or_evicted_is_no_promotable_peer() =>
        Assert.Empty(Scenario.WithAppOn("a").Remove("c").PowerOff("a").Replica("b", replica => replica with { Leaving = true }).After(600).Moves);

    [Fact]
    public void The_statement_of_a_diskless_replica_alone_is_no_proof()
    {
        var scenario = Scenario.WithAppOn("a").Replica("c", TieBreaker).Silence("b").Silence("a").Link("c", "a", up: false).MayPromote("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoUpToDatePeer], scenario.Holds);
    }

    [Theory]
    [InlineData(3)] // promotes on a peer's disk: no disk of its own
    [InlineData(102)] // one of its volumes has no disk
    [InlineData(10002)] // a disk that is not UpToDate
    [InlineData(null)]
    public void A_peer_that_does_not_report_that_its_own_disk_is_UpToDate_is_no_proof(int? score)
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Replica("b", replica => replica with { Score = score }).Replica("c", replica => replica with { Score = score }).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoUpToDatePeer], scenario.Holds);
    }

    [Fact]
    public void Every_volume_of_the_promotable_peer_has_to_be_UpToDate()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Replica("b", TwoVolumes).Replica("c", TwoVolumes);
        Assert.Empty(scenario.After(60).Moves);
        Assert.Equal(Moved, scenario.Replica("b", replica => replica with { Score = 10202 }).After(60).Moves);
        static Replica TwoVolumes(Replica replica) => replica with { VolumeCount = 2, Score = 10102 };
    }

    [Fact]
    public void A_definition_that_linstor_does_not_have_is_named()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").RemoveDefinition().After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoSuchResource], scenario.Holds);
        Assert.Contains("pvc-1", scenario.Sentences.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_replica_that_is_leaving_still_counts_as_counter_evidence_while_it_is_connected()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Link("c", "a", up: true).Replica("c", replica => replica with { Leaving = true }).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }

    private static Replica TieBreaker(Replica replica) => replica with { Diskless = true, Score = 2 };

    private static Replica WithScore(Replica replica) => replica with { Score = 10103 };

    private static Replica NoConnections(Replica replica) => replica with { Connections = replica.Connections.RemoveAll(connection => connection.Peer == "a") };
}
