namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What was away and is back, and what LINSTOR repeats: what is news then, and what is asked again.</summary>
public sealed class ReturnTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_linstor_that_reached_no_satellite_returns_with_its_first_satellite_although_a_list_failed_in_between(bool listFails)
    {
        // LINSTOR has just started and reaches no satellite; one list fails for 2 s, the stream goes on. A dies just before the satellites register: DRBD has noticed, LINSTOR has not.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60);
        scenario.Satellites(Off("a"), Off("b"), Off("c")).After(30);
        if (listFails)
        {
            scenario.LinstorGoesAway(isStreamIntact: true).After(2);
        }

        scenario.Replica("b", replica => replica with { Promotability = Promotability.MayPromote, Connections = [new("a", Up: false), new("c", Up: true)] }, streamed: false);
        scenario.Replica("c", replica => replica with { Promotability = Promotability.MayPromote, Connections = [new("a", Up: false), new("b", Up: true)] }, streamed: false);
        scenario.Satellites(On("a"), On("b"), On("c")).LinstorComesBack().Report("pvc-1").After(3).Silence("a").After(600);
        Assert.Equal(Moved, scenario.Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Loss_evidence_after_a_silence_is_as_old_as_that_silence_also_if_a_list_failed_when_it_ended(bool listFails)
    {
        // As Loss_evidence_after_a_silence_of_its_speaker_may_be_as_old_as_that_silence, and LINSTOR, busy with the satellite that comes back, fails to answer one list.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Replica("c", replica => replica with { Diskless = true, Score = 2 }).Report("pvc-1").After(60).Silence("b").After(5);
        scenario.Link("c", "a", up: false).Replica("a", replica => replica with { Score = 10102, Connections = [new("b", Up: true), new("c", Up: false)] }).Report("pvc-1").After(5);
        scenario = listFails ? scenario.LinstorGoesAway(isStreamIntact: true) : scenario.Satellite("b", SatelliteState.Online);
        scenario.MayPromote("b").Replica("b", _ => Connected("b") with { Promotability = Promotability.MayPromote, Connections = [new("a", Up: false), new("c", Up: true)] }, streamed: false).After(1);
        scenario = listFails ? scenario.Satellites(On("a"), On("b"), On("c")).LinstorComesBack() : scenario;
        Assert.Empty(scenario.Report("pvc-1").After(5).Silence("a").After(600).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_return_from_silence_is_news_also_if_a_list_failed_when_it_ended(bool listFails)
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(20);
        scenario = listFails ? scenario.LinstorGoesAway(isStreamIntact: true) : scenario.Satellite("a", SatelliteState.Online);
        scenario.Replica("a", _ => Connected("a", "b", "c") with { Usage = Usage.InUse }).After(1);
        scenario = listFails ? scenario.Satellites(On("a"), On("b"), On("c")).LinstorComesBack() : scenario;
        Assert.Empty(scenario.After(600).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_speaker_stated_after_it_came_back_and_then_changed_is_dated_when_it_changed(bool answered)
    {
        // C's satellite has long been dead. B's is restarted, A's score changes meanwhile, and B says that it may not promote. The answer about it is slow. Five seconds later A loses power, as B says.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Silence("c").After(600).Silence("b").Report("pvc-1").After(5).Replica("a", replica => replica with { Score = 10102 }).Report("pvc-1").After(5);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.Satellite("b", SatelliteState.Online).Replica("b", _ => Connected("b", "a", "c")).After(1);
        scenario = answered ? scenario.Report("pvc-1") : scenario;
        scenario.After(4).Replica("b", replica => replica with { Promotability = Promotability.MayPromote, Score = 10102, Connections = [new("a", Up: false), new("c", Up: true)] }).After(3).Ignores = _ => false;
        Assert.Equal(Moved, scenario.Silence("a").After(300).Moves);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void One_stale_satellite_and_a_true_cut_do_not_outvote_a_node_whose_first_statements_were_well(bool tieBreaker, bool isAlone)
    {
        // This process starts. B's satellite has repeated since A's last reboot that A is gone; A is well, with B. C, which registers a moment later, has just lost its link to A (A has not noticed),
        // as LINSTOR will; or all its links.
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("b"), Off("c")).Node("a", ready: false).LinstorGoesAway().After(60);
        scenario.Facts("pvc-1", "majority", [
            Connected("a", "b", "c") with { Usage = Usage.InUse, Score = tieBreaker ? 10102 : 10103 },
            new(new("b")) { Promotability = Promotability.MayPromote, Usage = Usage.Unused, Score = tieBreaker ? 10101 : 10102, Connections = [new("a", Up: false), new("c", Up: true)] },
            new(new("c"))]);
        scenario.Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        scenario.LinstorComesBack().Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("a"), Promotability.MayNotPromote)).Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("b"), Promotability.MayPromote)).Report("pvc-1").After(5);
        scenario.Satellite("c", SatelliteState.Online).Replica("c", _ => new(new("c")) { Promotability = Promotability.MayNotPromote, Usage = Usage.Unused, Score = isAlone ? 0 : 1, Diskless = tieBreaker, Connections = [new("a", Up: false), new("b", Up: !isAlone)] }).Report("pvc-1").After(1);
        Assert.Empty(scenario.Silence("a").Report("pvc-1").After(600).Moves);
        Assert.Equal([isAlone ? HoldReason.SideHasQuorum : HoldReason.StillConnected], scenario.Holds);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Loss_evidence_after_two_silences_without_an_answer_in_between_may_be_as_old_as_the_first(bool answeredLate)
    {
        // As Loss_evidence_after_a_silence_of_its_speaker_may_be_as_old_as_that_silence, and B's satellite comes back twice.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Replica("c", replica => replica with { Diskless = true, Score = 2 }).Report("pvc-1").After(60).Silence("b").After(5);
        scenario.Link("c", "a", up: false).Replica("a", replica => replica with { Score = 10102, Connections = [new("b", Up: true), new("c", Up: false)] }).Report("pvc-1").After(5);
        scenario.Satellite("b", SatelliteState.Online).Ignores = decision => decision is Decision.QueryResource;
        scenario.Stream("b", Promotability.MayPromote).After(1);
        scenario.Replica("b", _ => Connected("b") with { Promotability = Promotability.MayPromote, Score = 10102, Connections = [new("a", Up: false), new("c", Up: true)] }, streamed: false);
        var late = scenario.ReportOf(Scenario.Pvc1);
        scenario.After(1).Stream("b", Promotability.Unknown).After(1).Stream("b", Promotability.MayPromote);
        scenario = answeredLate ? scenario.Observe(new Observation.ResourceReported(late)) : scenario;
        scenario.Ignores = _ => false;
        Assert.Empty(scenario.Report("pvc-1").After(5).Silence("a").After(600).Moves);
    }

    [Fact]
    public void An_answer_to_a_query_from_before_a_silence_proves_nothing_about_the_return()
    {
        // A dies. LINSTOR goes on repeating its statements, misses its satellite, and then a repetition of its stream arrives that was read before, and an answer that was, too.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).OnlyPeersLose("a");
        scenario.After(1).Ignores = decision => decision is Decision.QueryResource;
        var old = scenario.ReportOf(Scenario.Pvc1);
        scenario.After(2).Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("a"), Promotability.Unknown)).Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("a"), Promotability.MayNotPromote));
        scenario.Observe(new Observation.ResourceReported(old)).Silence("a").Ignores = _ => false;
        Assert.Equal(Moved, scenario.After(600).Moves);
    }

    [Fact]
    public void A_node_that_is_outvoted_goes_by_the_members_of_its_last_news()
    {
        // A's satellite hangs. The replicas on C and E are removed, of which A's DRBD is told nothing but that they left in an orderly way. Later A's links to B and D break: A counts A, C and E of five.
        string[] nodes = ["a", "b", "c", "d", "e"];
        var scenario = Scenario.Empty(NoStorm).Satellites([.. nodes.Select(On)]).Resource("pvc-1", "a", "majority", nodes).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        var hung = Connected("a", "b", "c", "d", "e") with { Usage = Usage.InUse };
        scenario.Facts("pvc-1", "majority", [hung, Connected("b", "a", "d"), Connected("d", "a", "b")]).Report("pvc-1").After(600);
        scenario.Replica("b", Lost).Replica("d", Lost).Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);

        static Replica Lost(Replica replica) => Down(replica) with { Promotability = Promotability.MayPromote };
        static Replica Down(Replica replica) => replica with { Connections = [.. replica.Connections.Select(link => link with { Up = link.Up && link.Peer != "a" })] };
    }

    [Fact]
    public void A_node_that_is_outvoted_may_not_know_of_its_peers_new_disks()
    {
        // A's satellite hangs. B and C, which had no disks, get them, of which A's DRBD is not told. Later A's links break: A counts itself only, B and C count two of three.
        var scenario = Scenario.Empty(NoStorm).ListAll().Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        scenario.Facts("pvc-1", "majority", AllConnected("abc").Select(one => one.Node.Value == "a" ? one with { Usage = Usage.InUse } : one with { Diskless = true, Score = 2 })).Report("pvc-1").After(60);
        scenario.Replica("b", replica => replica with { Diskless = false, Score = 10102 }).Replica("c", replica => replica with { Diskless = false, Score = 10102 }).Report("pvc-1").After(600);
        scenario.OnlyPeersLose("a").Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);
    }

    [Fact]
    public void A_node_that_hangs_long_after_its_volume_got_its_policy_is_outvoted()
    {
        // A volume of two disks gets a tie-breaker, and with it its policy; a moment later the pod comes to A. An hour later A hangs; its satellite stays ONLINE.
        var scenario = Scenario.WithAppOn("b", NoStorm).Quorum("off").Report("pvc-1").After(60).Quorum("majority").Report("pvc-1").After(5);
        scenario.Replica("b", replica => replica with { Usage = Usage.Unused }).Replica("a", replica => replica with { Usage = Usage.InUse }).Report("pvc-1");
        scenario.Volume("pv-2", "more", "pvc-1").Attachment("va-2", "pv-2", "a").Pod("app-1", "a", pod => pod with { Claims = [new("more")] }).After(3600).Report("pvc-1");
        Assert.Contains("delete app-1 on a", scenario.OnlyPeersLose("a").After(600).Moves);
    }

    [Fact]
    public void A_node_that_only_the_stream_has_reported_and_that_is_declared_lost_goes_by_some_members()
    {
        // This process starts; the stream tells of A. A and D are cut off from B, and A is declared lost before the first answer, while it lives with D and E.
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("b"), On("c"), Off("d"), Off("e")).Node("a", ready: false)
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        scenario.Facts("pvc-1", "majority", [Cut("b", "c"), Cut("c", "b"), new(new("d")), new(new("e"))]);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("a"), Promotability.MayNotPromote)).After(1).Satellites(On("b"), On("c"), Off("d"), Off("e")).Ignores = _ => false;
        scenario.Report("pvc-1").After(1).Satellites(On("b"), On("c"), Off("d"), Off("e")).After(600);
        Assert.Empty(scenario.Moves);

        static Replica Cut(string node, string other) => new(new(node))
        {
            Promotability = Promotability.MayPromote,
            Usage = Usage.Unused,
            Score = 10102,
            Connections = [new("a", Up: false), new(other, Up: true), new("d", Up: false), new("e", Up: false)],
        };
    }

    [Fact]
    public void A_replica_that_cannot_be_deleted_after_its_successor_was_placed_is_not_asked_about_for_ever()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).After(60).Satellites(On("a"), On("b"), On("c"), On("d"));
        var (a, b, c) = (Connected("a", "b", "c", "d") with { Usage = Usage.InUse }, Connected("b", "a", "c", "d"), Connected("c", "a", "b", "d"));
        scenario.Facts("pvc-1", "majority", [a, b, c, Connected("d", "a", "b", "c")]).Report("pvc-1").After(5);
        // DRBD on C cannot be taken down: its device is held open.
        scenario.Facts("pvc-1", "majority", [a, b, c with { Leaving = true }, Connected("d", "a", "b", "c")]).Report("pvc-1");
        var before = scenario.Consultations;
        scenario.After(60);
        Assert.InRange(scenario.Consultations - before, 0, 10);
    }

    [Fact]
    public void A_definition_that_is_gone_soon_after_its_members_changed_is_not_asked_about_for_ever()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).After(60).Satellites(On("a"), On("b"), On("c"), On("d"));
        scenario.Facts("pvc-1", "majority", [Connected("a", "b", "c", "d") with { Usage = Usage.InUse }, Connected("b", "a", "c", "d"), Connected("c", "a", "b", "d"), Connected("d", "a", "b", "c")]).Report("pvc-1").After(5);
        scenario.RemoveDefinition().Report("pvc-1");
        var before = scenario.Consultations;
        scenario.After(60);
        Assert.InRange(scenario.Consultations - before, 0, 20);
    }

    [Fact]
    public void A_definition_that_is_gone_soon_after_its_policy_came_is_not_asked_about_for_ever()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Quorum("off").Report("pvc-1").After(60).Quorum("majority").Report("pvc-1").After(5);
        scenario.RemoveDefinition().Report("pvc-1");
        var before = scenario.Consultations;
        scenario.After(60);
        Assert.InRange(scenario.Consultations - before, 0, 20);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Loss_evidence_after_a_silence_is_newer_than_statements_before_it(bool inOneAnswer)
    {
        // C's satellite has long been dead. A becomes Primary, as one answer says, or two; then B's satellite is away, and A loses power meanwhile. B reports the loss when it is back.
        var scenario = Scenario.WithAppOn("b", NoStorm).Silence("c").After(60);
        scenario.Volume("pv-2", "more", "pvc-1").Attachment("va-2", "pv-2", "a").Pod("app-1", "a", pod => pod with { Claims = [new("more")] }).Node("a", ready: false);
        scenario.Replica("b", replica => replica with { Usage = Usage.Unused }).Replica("a", replica => replica with { Usage = Usage.InUse }, streamed: false);
        scenario = inOneAnswer ? scenario.Report("pvc-1") : scenario.Report("pvc-1").After(1).Report("pvc-1");
        scenario.Silence("b").After(5).Silence("a").After(30).Satellite("b", SatelliteState.Online);
        scenario.Replica("b", replica => replica with { Promotability = Promotability.MayPromote, Usage = Usage.Unused, Score = 10102, Connections = [new("a", Up: false), new("c", Up: true)] });
        Assert.Contains("delete app-1 on a", scenario.Report("pvc-1").After(600).Moves);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(15)]
    public void A_node_that_dies_while_the_only_other_satellite_is_restarted_is_moved(double seconds)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Satellites(On("a"), On("b"), On("c"), On("d")).Silence("c").After(600).Report("pvc-1").Silence("b").Report("pvc-1").After(seconds).Report("pvc-1");
        scenario.After(1).Silence("a").Satellite("b", SatelliteState.Online).Replica("b", _ => Connected("b", "a", "c") with { Promotability = Promotability.MayPromote, Score = 10102, Connections = [new("a", Up: false), new("c", Up: true)] });
        Assert.Equal(Moved, scenario.After(300).Moves);
    }

    [Fact]
    public void Loss_evidence_is_newer_than_what_its_speaker_stated_between_two_silences()
    {
        // C's satellite is long dead. B's is restarted twice within seconds, while A's score changes, and says in between that it may not promote. Then A loses power.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Silence("c").After(600).Report("pvc-1").Silence("b").Report("pvc-1").After(3);
        scenario.Replica("a", replica => replica with { Score = 10102 }).Report("pvc-1").After(3).Ignores = decision => decision is Decision.QueryResource;
        scenario.Satellite("b", SatelliteState.Online).Stream("b", Promotability.MayNotPromote).After(2).Stream("b", Promotability.Unknown).After(2).Silence("a").Ignores = _ => false;
        scenario.Stream("b", Promotability.MayPromote).Replica("b", _ => Apart("b", up: "c", down: "a"), streamed: false).Report("pvc-1");
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.After(900).Moves);
    }
}
