namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When a volume's user has lost its storage.</summary>
public sealed class LossTests
{
    private static readonly string[] Moved = ["delete app-0 on a", "detach va-1"];

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

    [Theory]
    [InlineData("off")]
    [InlineData("OFF")]
    [InlineData(null)]
    [InlineData("1")]
    [InlineData("nonsense")]
    public void Without_a_quorum_policy_that_fences_nothing_is_moved(string? policy)
    {
        var scenario = Scenario.WithAppOn("a").Quorum(policy).PowerOff("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.Holds);
    }

    [Theory]
    [InlineData("majority")]
    [InlineData("Majority")]
    [InlineData("all")]
    [InlineData("2")]
    [InlineData("3")]
    public void Majority_all_and_a_number_above_half_the_voters_are_quorum_policies(string policy) =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").Quorum(policy).PowerOff("a").After(46).Moves);

    [Fact]
    public void The_quorum_policy_is_read_afresh_and_never_cached_for_ever()
    {
        var turnedOff = Scenario.WithAppOn("a").After(60).Quorum("off").PowerOff("a").After(600);
        Assert.Empty(turnedOff.Moves);

        var turnedOn = Scenario.Empty().Resource("pvc-1", "a", "off").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a")
            .After(60).Quorum("majority").Report("pvc-1").After(15).Report("pvc-1").PowerOff("a").After(46);
        Assert.Equal(Moved, turnedOn.Moves);
    }

    [Fact]
    public void A_policy_turned_off_during_the_grace_period_stops_the_failover() =>
        Assert.Empty(Scenario.WithAppOn("a").PowerOff("a").After(30).Quorum("off").After(600).Moves);

    [Fact]
    public void A_policy_that_is_turned_on_while_the_consumers_node_is_away_proves_nothing_about_it_until_the_node_speaks_again()
    {
        var scenario = Scenario.WithAppOn("a").Quorum("off").PowerOff("a").After(60).Quorum("majority").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.Holds);

        scenario.Satellite("a", SatelliteState.Online).Replica("a", replica => replica with { Promotability = Promotability.MayNotPromote, Usage = Usage.InUse, Score = 0 });
        Assert.Equal(Moved, scenario.After(60).Moves);
    }

    [Fact]
    public void A_node_that_has_fallen_silent_has_not_received_a_policy_even_if_its_satellite_was_not_missed_yet()
    {
        var scenario = Scenario.WithAppOn("a").After(5).Quorum("off").Replica("a", replica => new Replica(replica.Node)).Report("pvc-1").Quorum("majority").Report("pvc-1");
        Assert.Empty(scenario.PowerOff("a").After(600).Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.Holds);
    }

    [Fact]
    public void A_policy_is_a_proof_once_the_node_has_spoken_twelve_seconds_after_it_came()
    {
        var early = Copy(11).PowerOff("a").After(600);
        Assert.Empty(early.Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], early.Holds);
        Assert.Equal(Moved, Copy(12.1).PowerOff("a").After(46).Moves);

        Scenario Copy(double seconds) => Scenario.Empty().Resource("pvc-1", "a", "off").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a")
            .After(5).Quorum("majority").Report("pvc-1").After(seconds).Report("pvc-1");
    }

    [Fact]
    public void A_late_answer_that_has_no_policy_is_remembered()
    {
        // Quorum was off for a while, and the answer that says so is overtaken by one that was asked for when it was on again. A has not been heard of since.
        var scenario = Scenario.WithAppOn("a").After(60).Report("pvc-1");
        var late = scenario.Quorum("off").ReportOf(Scenario.Pvc1);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.After(1).Quorum("majority").PowerOff("a").Report("pvc-1").Tell(new Observation.ResourceReported(late)).After(600).Holds);
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(15, true)]
    public void A_late_answer_from_before_the_policy_came_shows_that_there_was_none(double seconds, bool isMoved)
    {
        var scenario = Scenario.Empty().Facts("pvc-1", "off", [Connected("a", "b", "c") with { Usage = Usage.InUse }, Connected("b", "a", "c"), Connected("c", "a", "b")]);
        var late = scenario.ReportOf(Scenario.Pvc1);
        scenario.Quorum("majority").Report("pvc-1").Tell(new Observation.ResourceReported(late)).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        Assert.Equal(isMoved ? Moved : [], scenario.After(seconds).Report("pvc-1").PowerOff("a").After(600).Moves);
    }

    [Fact]
    public void An_evicted_replica_is_no_voter_in_a_late_answer_either()
    {
        // Of three voters "2" is a majority, of four it is not. The late answer overtakes nothing: it was asked for when A lived.
        var scenario = Scenario.Empty(new() { StormThreshold = 1 }).Satellites(On("a"), On("b"), On("c"), new(new("d"), SatelliteState.Offline, Evicted: true)).Node("a", ready: false);
        scenario.Facts("pvc-1", "2", [Connected("a", "b", "c") with { Usage = Usage.InUse }, Connected("b", "a", "c"), Connected("c", "a", "b"), new(new("d")) { Leaving = true }])
            .Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        var late = scenario.ReportOf(Scenario.Pvc1);
        Assert.Equal(Moved, scenario.After(1).PowerOff("a").Report("pvc-1").After(1).Tell(new Observation.ResourceReported(late)).After(600).Moves);
    }

    [Fact]
    public void A_policy_that_came_after_the_satellite_of_a_node_hung_proves_nothing_of_it()
    {
        // LINSTOR turns quorum off and on again, and the satellite of A, which hangs, gets neither. Then A's links break.
        var scenario = Scenario.Empty(new() { StormThreshold = 1 }).Resource("pvc-1", "a", "off").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        scenario.Quorum("majority").Report("pvc-1").After(60).OnlyPeersLose("a").Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.Holds);
    }

    [Fact]
    public void A_policy_proves_nothing_of_a_node_that_was_silent_when_this_process_first_asked()
    {
        // LINSTOR's list of satellites was read just before it noticed that a is silent: it says ONLINE.
        var scenario = Scenario.Empty().Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a")
            .Facts("pvc-1", "off", [new Replica(new("a")), Survivor("b", "c"), Survivor("c", "b")])
            .Tell(new Observation.PromotionChanged(Scenario.Pvc1, new("b"), Promotability.MayPromote))
            .Report("pvc-1").After(1)
            .Satellite("a", SatelliteState.Offline)
            .Quorum("majority").Report("pvc-1");
        Assert.Empty(scenario.After(600).Moves);
        Assert.Contains(HoldReason.NoQuorumPolicy, scenario.AllHolds);
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
        Assert.Contains("d", scenario.Sayings.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_replica_that_vanished_with_its_node_was_deployed_as_this_process_saw() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").PowerOff("a").Remove("a").Satellites(Online("b"), Online("c")).After(46).Moves);

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
        var scenario = Scenario.WithAppOn("a").CutOff("a").Replica("a", Heard).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.KeepsQuorumAlone], scenario.Holds);
    }

    [Fact]
    public void The_grace_period_begins_anew_when_a_consumer_that_had_quorum_has_lost_it()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").Replica("a", Heard).After(600).Replica("a", replica => replica with { Score = 0 });
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
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Report("pvc-1").Satellites(Online("b"), Online("c")).Replica("b", NoConnections).Replica("c", NoConnections).After(600);
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
        Assert.Contains("pvc-1", scenario.Sayings.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_compare_without_case()
    {
        var scenario = Scenario.Empty().Resource("PVC-1", inUseOn: "A", "majority", "A", "B", "C")
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").PowerOff("A", "PVC-1");
        Assert.Equal(Moved, scenario.After(46).Moves);
    }

    [Fact]
    public void A_node_is_known_to_linstor_by_its_csi_node_id() =>
        Assert.Equal(["delete app-0 on kube-a", "detach va-1"], Scenario.Empty().Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1")
            .Tell(new Observation.Updated<CsiNode>(new(new("kube-a"), new NodeName("a"))))
            .Attachment("va-1", "pv-1", "kube-a").Pod("app-0", "kube-a").PowerOff("a").After(46).Moves);

    [Theory]
    [InlineData("a.example.com")]
    [InlineData("A")]
    [InlineData("host-1")]
    public void A_connection_named_by_host_is_understood_by_full_or_short_name_or_elimination(string host)
    {
        Replica Renamed(Replica replica) => replica with
        {
            Connections = [.. replica.Connections.Select(connection => connection with
            {
                Peer = connection.Peer switch { "a" => host, "b" => "host-2", _ => "host-3" },
            })],
        };

        var cut = Scenario.WithAppOn("a", change: Renamed).CutOff("a").Replica("b", Cut).Replica("c", Cut);
        Assert.Equal(Moved, cut.After(46).Moves);

        var connected = Scenario.WithAppOn("a", change: Renamed).PowerOff("a").Replica("b", Connected).Replica("c", Connected);
        Assert.Empty(connected.After(600).Moves);
        Replica Cut(Replica replica) => replica with { Connections = [.. replica.Connections.Select(connection => connection with { Up = connection.Peer != host })] };
        static Replica Connected(Replica replica) => replica with { Connections = [.. replica.Connections.Select(connection => connection with { Up = true })] };
    }

    [Fact]
    public void A_connection_that_may_or_may_not_lead_to_the_consumers_node_counts_as_one_that_does()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").MayNotPromote("c").Replica("c", replica => new Replica(replica.Node))
            .Replica("b", replica => replica with { Connections = [new("host-1", Up: true), new("host-2", Up: false)] });
        Assert.Empty(scenario.After(600).Moves);
    }

    [Fact]
    public void A_replica_that_is_leaving_still_counts_as_counter_evidence_while_it_is_connected()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Link("c", "a", up: true).Replica("c", replica => replica with { Leaving = true }).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_node_keeps_its_linstor_name_when_its_driver_is_no_longer_registered(bool relisted)
    {
        var scenario = Scenario.Empty().Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1")
            .Tell(new Observation.Updated<CsiNode>(new(new("kube-a"), new NodeName("a"))))
            .Attachment("va-1", "pv-1", "kube-a").Pod("app-0", "kube-a").PowerOff("a");
        scenario.Tell(relisted ? new Observation.Listed<CsiNode>([]) : new Observation.Updated<CsiNode>(new(new("kube-a"), null)));
        Assert.Equal(["delete app-0 on kube-a", "detach va-1"], scenario.After(46).Moves);
    }

    private static Satellite Online(string node) => new(new(node), SatelliteState.Online);

    private static Replica TieBreaker(Replica replica) => replica with { Diskless = true, Score = 2 };

    private static Replica Heard(Replica replica) => replica with { Score = 10103 };

    private static Replica NoConnections(Replica replica) => replica with { Connections = replica.Connections.RemoveAll(connection => connection.Peer == "a") };

    private static Replica Survivor(string node, string peer) => new(new(node))
    {
        Promotability = Promotability.MayPromote,
        Usage = Usage.Unused,
        Score = 10102,
        Connections = [new("a", Up: false), new(peer, Up: true)],
    };

}
