namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Which replica is a promotable peer, and what it has to say of the node.</summary>
public sealed class PeerTests
{
    [Fact]
    public void A_diskless_replica_is_no_promotable_peer_whatever_its_score()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Replica("b", Diskless).Replica("c", Diskless).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoUpToDatePeer], scenario.Holds);
        static Replica Diskless(Replica replica) => replica with { Diskless = true };
    }

    [Fact]
    public void A_replica_that_is_leaving_is_no_promotable_peer()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").Replica("b", Leaving).Replica("c", Leaving).After(600);
        Assert.Empty(scenario.Moves);
        static Replica Leaving(Replica replica) => replica with { Leaving = true };
    }

    [Fact]
    public void A_peer_that_has_not_spoken_since_linstor_returned_proves_nothing()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(20).LinstorGoesAway().After(5).LinstorComesBack();
        Assert.Equal(HoldReason.PeerSilent, ReasonOf(scenario));
        Assert.Null(ReasonOf(scenario.Report("pvc-1")));
    }

    [Fact]
    public void A_link_that_was_down_and_is_no_longer_reported_is_not_known_to_be_down()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").Report("pvc-1").After(5).Replica("b", NoLinkToA).Replica("c", NoLinkToA).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NotKnownOffline], scenario.Holds);
    }

    [Fact]
    public void Of_two_connections_of_unknown_names_none_is_taken_for_the_one_to_the_node()
    {
        Replica Ghosts(Replica replica) => replica with { Connections = [new("ghost", Up: false), new("host-1", Up: true), .. replica.Connections.RemoveAll(connection => connection.Peer == "a")] };
        var scenario = Scenario.WithAppOn("a", change: replica => replica.Node.Value == "a" ? replica : Ghosts(replica)).CutOff("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NotKnownOffline], scenario.Holds);
    }

    [Fact]
    public void A_node_that_was_declared_lost_is_away_although_no_peer_reports_its_link_any_more() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").PowerOff("a").Remove("a").Replica("b", NoLinkToA).Replica("c", NoLinkToA).Report("pvc-1").Satellites(On("b"), On("c")).After(46).Moves);

    [Fact]
    public void A_node_that_was_declared_lost_and_added_anew_is_another_node() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").Satellites(On("a") with { Uuid = "1" }, On("b"), On("c")).Report("pvc-1")
            .PowerOff("a").Remove("a").Report("pvc-1").Satellites(On("a") with { Uuid = "2" }, On("b"), On("c")).After(46).Moves);

    [Fact]
    public void A_replica_that_vanished_is_no_longer_deployed_until_the_list_of_satellites_shows_that_its_node_was_lost()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(20).Remove("a").Report("pvc-1");
        Assert.Equal(HoldReason.NoLongerDeployed, ReasonOf(scenario));
    }

    [Fact]
    public void A_policy_that_was_never_read_is_unknown_and_not_off()
    {
        var scenario = Scenario.Empty();
        scenario.HidesPolicy = true;
        scenario.Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").PowerOff("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.QuorumPolicyUnknown], scenario.Holds);
    }

    [Fact]
    public void A_use_elsewhere_stands_although_its_node_has_fallen_silent()
    {
        var scenario = UsedOnD().Link("c", "d", up: true).Silence("a").Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.InUseElsewhere], scenario.Holds);
    }

    [Fact]
    public void A_use_elsewhere_counts_for_nothing_where_it_was_lost_as_well() =>
        Assert.Equal(Moved, UsedOnD().Silence("a").Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").After(60).Moves);

    [Fact]
    public void Two_uses_that_are_both_lost_do_not_hold_one_another()
    {
        var scenario = Scenario.Empty(new() { StormThreshold = 1 }).Satellites(On("a"), On("b"), On("c"), On("d"), On("e"))
            .Resource("pvc-1", "d", "majority", "a", "b", "c", "d", "e").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a")
            .Replica("a", replica => replica with { Usage = Usage.InUse }).Report("pvc-1").After(60)
            .CutOff("a").CutOff("d").MayNotPromote("a").Report("pvc-1").After(1);
        Assert.Equal(Usage.InUse, scenario.Cluster.Resources[Scenario.Pvc1].Find(new("d"))!.Usage);
        Assert.Equal(Moved, scenario.After(46).Moves);
    }

    [Fact]
    public void A_newer_use_ends_an_older_one_of_a_node_that_stays_silent() =>
        Assert.Equal(Moved, UsedOnD().Link("c", "d", up: true).Replica("a", replica => replica with { Usage = Usage.InUse }).Report("pvc-1").After(20)
            .Silence("a").Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").After(60).Moves);

    [Fact]
    public void A_use_elsewhere_that_is_left_out_is_not_over()
    {
        var scenario = Scenario.WithAppOn("a").After(5).Replica("b", replica => replica with { Usage = Usage.InUse }).Report("pvc-1")
            .Replica("b", replica => replica with { Usage = Usage.Unknown }).Report("pvc-1").PowerOff("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.InUseElsewhere], scenario.Holds);
    }

    // D used the resource and fell silent; its replica cannot have quorum with A's alone.
    private static Scenario UsedOnD()
    {
        var scenario = Scenario.Empty(new() { StormThreshold = 1 }).Satellites(On("a"), On("b"), On("c"), On("d"))
            .Resource("pvc-1", "d", "majority", "a", "b", "c", "d").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60).Silence("d");
        foreach (var node in (string[])["a", "b", "c"])
        {
            scenario.Link(node, "d", up: false);
        }

        return scenario.Report("pvc-1").After(20);
    }

    private static HoldReason? ReasonOf(Scenario scenario) => scenario.Cluster.Resources[Scenario.Pvc1].AssessmentOf(new("a"))!.Reason;

    private static Replica NoLinkToA(Replica replica) => replica with { Connections = replica.Connections.RemoveAll(connection => connection.Peer == "a") };

    [Fact]
    public void Volumes_of_a_replica_that_was_removed_do_not_count()
    {
        // The definition had two volumes. The replica on D was moved to C, and then the second volume was deleted.
        static Replica[] With(int volumes, string nodes) => [.. AllConnected(nodes).Select(one => one with { VolumeCount = volumes, Score = 10003 + (100 * volumes), Usage = one.Node.Value == "a" ? Usage.InUse : Usage.Unused })];
        var scenario = Scenario.Empty(new() { StormThreshold = 1 }).Satellites([.. "abcd".Select(node => On($"{node}"))]).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        scenario.Facts("pvc-1", "majority", With(volumes: 2, "abd")).Stream("abd", Promotability.MayNotPromote).Report("pvc-1").After(60);
        scenario.Facts("pvc-1", "majority", With(volumes: 2, "abc")).Stream("c", Promotability.MayNotPromote).Report("pvc-1").After(600);
        scenario.Facts("pvc-1", "majority", With(volumes: 1, "abc")).Report("pvc-1").After(60);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.PowerOff("a").Report("pvc-1").After(900).Moves);
    }

    [Fact]
    public void Volumes_of_a_replica_whose_satellite_is_away_do_not_count()
    {
        // LINSTOR lists a deleted volume until the satellite has confirmed it, and C's satellite is long away.
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }, replica => replica with { VolumeCount = 2, Score = 10203 }).Node("a", ready: false).After(60).Silence("c").Report("pvc-1").After(600);
        foreach (var node in (string[])["a", "b"])
        {
            scenario.Replica(node, replica => replica with { VolumeCount = 1, Score = 10103 });
        }

        scenario.Report("pvc-1").After(60).Silence("a").Link("b", "a", up: false).MayPromote("b").Report("pvc-1");
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.After(900).Moves);
    }
}
