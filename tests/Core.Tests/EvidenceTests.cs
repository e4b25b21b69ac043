namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Who stated what, and when it was new: which statements prove a loss, and which are counter-evidence.</summary>
public sealed class EvidenceTests
{
    [Fact]
    public void Newer_statements_stand_although_their_speakers_have_fallen_silent()
    {
        // B reports "may promote" and its events hang; the links heal, and A and C report it; then the satellites of A and C stop.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).CutOff("a").After(5);
        scenario.Replica("a", Well).MayNotPromote("c").Link("c", "a", up: true).Replica("c", replica => replica with { Score = 10103 }).After(12);
        scenario.Silence("a").Silence("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }

    [Fact]
    public void Older_statements_of_a_node_that_fell_silent_do_not_stand() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").After(60).PowerOff("a").After(46).Moves);

    [Fact]
    public void Older_statements_that_were_repeated_do_not_stand_after_their_speaker_fell_silent() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").After(60).OnlyPeersLose("a").Report("pvc-1").After(3).Report("pvc-1").Silence("a").After(46).Moves);

    [Fact]
    public void What_was_repeated_for_longer_than_linstor_needs_to_notice_stands_after_its_speaker_fell_silent()
    {
        // C goes on reporting that it is connected to A, and then its satellite stops; B alone reports that A is gone.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Silence("a").MayPromote("b").Link("b", "a", up: false).After(20).Silence("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }

    [Theory]
    [InlineData(0, false, true)]
    [InlineData(0, true, false)] // it said so before C said that they are connected
    [InlineData(10101, false, false)]
    public void A_silent_replicas_link_to_a_node_does_not_count_once_the_node_has_lost_quorum_since(int score, bool isBefore, bool isMoved)
    {
        // C goes on reporting that it is connected to A, and then its satellite stops. A loses its links, and says so itself.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false);
        scenario = isBefore ? A().After(5) : scenario;
        scenario.MayPromote("b").Link("b", "a", up: false).After(20).Report("pvc-1").Silence("c").After(20);
        A().After(60);
        Scenario A() => scenario.Replica("a", replica => replica with { Score = score, Connections = [new("b", Up: false), new("c", Up: false)] }).Report("pvc-1");
        Assert.Equal(isMoved, scenario.Moves.Contains("delete app-0 on a"));
    }

    [Fact]
    public void A_node_that_repeats_stale_state_is_outvoted_by_all_others_after_twelve_seconds()
    {
        var scenario = Scenario.WithAppOn("a").OnlyPeersLose("a");
        Assert.Empty(scenario.After(56.9).Moves);
        Assert.Equal(Moved, scenario.After(0.3).Moves);
    }

    [Fact]
    public void A_node_that_repeats_stale_state_stays_outvoted_when_its_satellite_stops_at_last() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").OnlyPeersLose("a").After(30).Silence("a").After(28).Moves);

    [Fact]
    public void A_node_is_not_outvoted_while_one_that_has_a_link_to_it_is_silent()
    {
        var scenario = Scenario.WithAppOn("a", replicas: "abcd").Silence("d").Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void A_return_from_silence_dates_counter_evidence_anew()
    {
        // A was cut off and is back with the same statements as before; the events of B and C hang at "down".
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(20).Satellite("a", SatelliteState.Online).Replica("a", Well).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void An_unknown_score_of_a_node_that_speaks_is_not_zero()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").Replica("a", replica => replica with { Score = null }).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void A_node_that_reports_no_quorum_agrees_with_the_loss_regardless_of_the_links_that_it_still_reports() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").OnlyPeersLose("a").Replica("a", replica => replica with { Score = 0 }).After(46).Moves);

    // One answer says that A has no quorum, as in a flap that the satellites of A and B repeat, and that C is connected to A. C's satellite stops then. The answer takes a moment.
    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    public void A_silent_replicas_link_to_a_node_counts_if_the_node_may_not_have_lost_quorum_later(double latency)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).MayPromote("b").Link("b", "a", up: false).Report("pvc-1").After(30);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.Replica("a", replica => replica with { Score = 0, Connections = [new("b", Up: false), new("c", Up: false)] });
        var report = scenario.ReportOf(Scenario.Pvc1);
        scenario.After(latency).Observe(new Observation.ResourceReported(report)).Silence("c").Ignores = _ => false;
        Assert.Empty(scenario.After(600).Moves);
    }

    // A's satellite is away while the links flap, and comes back with the state of the flap; B's repeats it, too. C went on to say that it is connected to A, and stopped.
    [Fact]
    public void A_silent_replicas_link_to_a_node_counts_if_the_nodes_satellite_was_away_meanwhile()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).Silence("a").Report("pvc-1").MayPromote("b").Link("b", "a", up: false);
        Assert.Empty(scenario.Report("pvc-1").After(20).Report("pvc-1").Silence("c").Report("pvc-1").After(20).Moves);
        scenario.Satellite("a", SatelliteState.Online).Replica("a", _ => Connected("a") with { Usage = Usage.InUse, Score = 0, Connections = [new("b", Up: false), new("c", Up: false)] });
        Assert.Empty(scenario.Report("pvc-1").After(600).Moves);
    }

    [Fact]
    public void An_admission_that_links_are_down_and_quorum_is_kept_stands_until_the_node_reports_otherwise()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").Replica("a", replica => replica with { Score = 10101 }).After(30).Silence("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.KeepsQuorumAlone], scenario.Holds);

        scenario.Satellite("a", SatelliteState.Online).Replica("a", replica => Well(replica) with
        {
            Score = 0,
            Connections = [new("b", Up: false), new("c", Up: false)],
        });
        Assert.Equal(Moved, scenario.After(60).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_last_statements_of_a_node_that_is_declared_lost_do_not_stand(bool isLost)
    {
        // LINSTOR is away for a moment; A dies when it is back, and C's satellite has long been dead: A cannot be outvoted.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Silence("c").After(600).LinstorGoesAway().After(2).LinstorComesBack().After(5);
        scenario.Link("b", "a", up: false).MayPromote("b").Report("pvc-1").After(3).Silence("a").After(600);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
        scenario = isLost ? scenario.Remove("a").Report("pvc-1").Satellites(new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Offline)) : scenario;
        Assert.Equal(isLost ? ["delete app-0 on a", "detach va-1"] : [], scenario.After(100).Moves);
    }

    [Fact]
    public void A_node_that_has_quorum_with_one_peer_has_not_admitted_anything_by_missing_the_other() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").Link("a", "b", up: false).Link("b", "a", up: false).Report("pvc-1").After(60)
            .Link("a", "b", up: true).Link("b", "a", up: true).Report("pvc-1").After(60).PowerOff("a").After(46).Moves);

    [Fact]
    public void Counter_evidence_of_a_node_that_speaks_stands_regardless_of_its_age()
    {
        // The satellite of B comes back with the state of a flap and hangs; C goes on saying that it is connected to A.
        var scenario = Scenario.WithAppOn("a").Silence("a").Silence("b").After(30).Satellite("b", SatelliteState.Online)
            .Replica("b", replica => replica with { Promotability = Promotability.MayPromote, Score = 10102, Usage = Usage.Unused, Connections = [new("a", Up: false), new("c", Up: true)] }).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void A_peer_whose_satellite_is_listed_as_offline_does_not_speak()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).PowerOff("a").Silence("c").Satellite("b", SatelliteState.Offline).Report("pvc-1");
        Assert.False(scenario.Cluster.Resources[Scenario.Pvc1].Find(new("b"))!.Speaks(scenario.Cluster.Linstor)); // although LINSTOR goes on to repeat it
        Assert.Empty(scenario.After(600).Moves);
        Assert.Equal([HoldReason.PeerSilent], scenario.Holds);
    }

    [Fact]
    public void The_absence_of_any_statement_is_not_the_same_as_a_denial()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Silence("a").Silence("b").Silence("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NobodySpeaks], scenario.Holds);
    }

    [Fact]
    public void A_denial_is_not_made_new_by_a_silence_of_linstor()
    {
        // B's satellite repeats what was so before the links healed. A's stops, LINSTOR restarts, and then C loses its links to A and B, which have quorum together.
        var scenario = Scenario.WithAppOn("a", NoStorm).After(60).CutOff("a").Report("pvc-1").After(5);
        scenario.Replica("a", Well).Link("c", "a", up: true).MayNotPromote("c").Report("pvc-1").After(5).Silence("a").LinstorGoesAway().After(5).LinstorComesBack().Report("pvc-1").After(20);
        scenario.Link("c", "a", up: false).Link("c", "b", up: false).LosesQuorum("c").Report("pvc-1");
        Assert.Empty(scenario.After(600).Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void A_node_that_repeats_stale_state_is_outvoted_although_linstor_was_silent_meanwhile() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").OnlyPeersLose("a").Report("pvc-1").After(5).LinstorGoesAway().After(5).LinstorComesBack().Report("pvc-1").After(70).Moves);

    [Fact]
    public void A_node_from_which_the_resource_was_removed_has_nothing_to_lose()
    {
        var scenario = Scenario.WithAppOn("a").Remove("a").Report("pvc-1").After(60).Satellite("a", SatelliteState.Offline).MayPromote("b").MayPromote("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoLongerDeployed], scenario.Holds);
    }

    [Fact]
    public void A_replica_that_is_created_anew_begins_anew()
    {
        // What the first replica on A admitted proves nothing about the second.
        var scenario = Scenario.WithAppOn("a").Replica("a", replica => replica with { Uuid = "1" }).CutOff("a").Replica("a", replica => replica with { Score = 10101 }).Report("pvc-1").After(5);
        scenario.Heal("a").Replica("a", replica => replica with { Uuid = "2" }).Report("pvc-1").After(5).PowerOff("a");
        Assert.Equal(Moved, scenario.After(46).Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_connection_to_a_peer_that_linstor_does_not_list_is_not_taken_for_one_to_the_node(bool up)
    {
        // A's link is not reported; the link to an unlisted peer proves nothing about A.
        Replica Ghost(Replica replica) => replica with { Connections = [.. replica.Connections.RemoveAll(connection => connection.Peer == "a"), new("ghost", up)] };
        var named = (Satellite[])[new(new("a"), SatelliteState.Offline, HostName: "a"), new(new("b"), SatelliteState.Online, HostName: "b"), new(new("c"), SatelliteState.Online, HostName: "c")];
        var dead = Scenario.WithAppOn("a").PowerOff("a").Report("pvc-1").Satellites(named).Replica("b", Ghost).Replica("c", Ghost);
        Assert.Equal(Moved, dead.After(46).Moves); // its satellite is offline

        var speaks = Scenario.WithAppOn("a").PowerOff("a").Report("pvc-1").Satellites([named[0] with { State = SatelliteState.Unknown }, .. named[1..]]).Replica("b", Ghost).Replica("c", Ghost);
        Assert.Empty(speaks.After(600).Moves);
        Assert.Equal([HoldReason.NotKnownOffline], speaks.Holds);
    }

    [Fact]
    public void A_newer_use_elsewhere_ends_an_older_one_also_of_a_node_that_is_silent()
    {
        // C used the resource and fell silent; A uses it since; then A loses power.
        var scenario = Scenario.Empty(NoStorm).Resource("pvc-1", "c").Volume("pv-1", "data", "pvc-1").After(60).Silence("c").After(60)
            .Replica("a", replica => replica with { Usage = Usage.InUse }).Replica("b", replica => replica with { Connections = [new("a", Up: true), new("c", Up: false)] }).Report("pvc-1")
            .Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false).After(60).Silence("a").Link("b", "a", up: false);
        scenario.Satellite("c", SatelliteState.Online).Replica("c", _ => Promotable("c") with { Connections = [new("a", Up: false), new("b", Up: true)] });
        Assert.Equal(Moved, scenario.Link("b", "c", up: true).MayPromote("b").After(60).Moves);
    }
}
