namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What the third node reports between A and B: the one that breaks ties, or whose disk has fallen behind.</summary>
public sealed class NeighbourTests
{
    [Fact]
    public void A_tie_breaker_that_is_cut_off_itself_is_no_second_speaker()
    {
        // A, B and D have disks, and C breaks no tie. D's satellite is long away, and B's repeats what was so while A and C were cut off. A's has stopped, and C is cut off from all.
        var scenario = Scenario.Empty(NoStorm).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Satellites(On("a"), On("b"), On("c"), Off("d"));
        scenario.Facts("pvc-1", "majority", AllConnected("abcd").Select(one => one.Node.Value switch { "a" => one with { Usage = Usage.InUse }, "c" => one with { Diskless = true, Score = 2 }, "d" => new(one.Node), _ => one }));
        scenario.Stream("abc", Promotability.MayNotPromote).Report("pvc-1").After(60).Silence("a").Replica("c", replica => replica with { Score = 0, Connections = [new("a", false), new("b", false), new("d", false)] });
        scenario.Replica("b", _ => Apart("b", up: "d", down: "ac")).Report("pvc-1");
        Assert.Empty(scenario.After(600).Moves);
        Assert.Equal([HoldReason.OnlyOneSpeaker], scenario.Holds);
    }

    [Fact]
    public void A_peer_whose_neighbour_has_found_a_primary_behind_it_since_repeats_stale_state()
    {
        // A's satellite hangs, and B's repeats what was so while A was cut off. C, which breaks ties and has lost its link to A, finds that it may no longer promote on the strength of B's data.
        var scenario = WithThird(disk: false).OnlyPeersLose("a").Link("c", "a", up: false).MayPromote("c").Report("pvc-1").After(5);
        Assert.Empty(scenario.MayNotPromote("c").Report("pvc-1").After(600).Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
        Assert.Equal(Moved, scenario.MayPromote("c").Report("pvc-1").After(60).Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_replica_that_knows_of_a_primary_counts_although_it_has_no_connection_to_the_peer(bool knowsOfAPrimary)
    {
        // A, which has no disk, and D were cut off from B and C. Since then, A, B and C are connected, and D is connected to C alone. The satellites of A and C are away, and B's repeats what was so meanwhile.
        var scenario = Scenario.Empty(NoStorm).Node("a", ready: false).Satellites([.. "abcd".Select(node => On($"{node}"))]).Facts("pvc-1", "majority", [
            Connected("a", "b", "c", "d") with { Diskless = true, Usage = Usage.InUse, Score = 3 }, Connected("b", "a", "c", "d"), Connected("c", "a", "b", "d"), Connected("d", "a", "b", "c")])
            .Stream("abcd", Promotability.MayNotPromote).Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60).Report("pvc-1");
        scenario.Silence("a").Silence("b").Silence("c").Replica("d", _ => Apart("d", up: "c", down: "ab") with { Promotability = knowsOfAPrimary ? Promotability.MayNotPromote : Promotability.MayPromote }).Report("pvc-1").After(5);
        scenario.Satellite("b", SatelliteState.Online).Replica("b", _ => Apart("b", up: "c", down: "ad")).Report("pvc-1").After(600);
        Assert.Equal(knowsOfAPrimary ? [] : Moved, scenario.Moves);
        Assert.Equal(knowsOfAPrimary ? [HoldReason.StillConnected] : [], scenario.Holds);
    }

    // In all that follows A and B are connected, and A writes. Only the path between A and C, where LINSTOR runs, is broken, and B's satellite says what was so while A was cut off.
    [Theory]
    [InlineData(false, 1, true, false)]
    [InlineData(false, 1, true, true)] // its link to A was up again for a moment
    [InlineData(true, 1, false, false)]
    [InlineData(true, 10102, false, false)] // its own data is UpToDate, too
    public void A_peer_that_comes_back_with_old_state_is_older_than_what_its_neighbour_stated_meanwhile(bool disk, int score, bool ready, bool flaps)
    {
        var scenario = WithThird(disk).Node("a", ready).Silence("b").Report("pvc-1").After(1);
        scenario.Silence("a").Link("c", "a", up: false).MayPromote("c").Replica("c", replica => replica with { Score = disk ? 10102 : 1 }).Report("pvc-1").After(3);
        scenario.MayNotPromote("c").Replica("c", replica => replica with { Score = score }).Report("pvc-1").After(10);
        scenario = flaps ? scenario.Link("c", "a", up: true).Report("pvc-1").After(1).Link("c", "a", up: false).Report("pvc-1") : scenario;
        Held(scenario.After(10).Satellite("b", SatelliteState.Online).Replica("b", _ => OldB()).Report("pvc-1"));
    }

    [Theory]
    [InlineData(false, 1, true)]
    [InlineData(true, 1, false)]
    [InlineData(true, 10102, false)] // its own data is UpToDate, too
    public void What_a_neighbour_states_after_a_silence_is_as_new_as_the_end_of_the_silence(bool disk, int score, bool ready)
    {
        var scenario = WithThird(disk).Node("a", ready).Silence("c").Report("pvc-1").After(1);
        scenario.Silence("a").Replica("b", _ => OldB()).Report("pvc-1").After(20);
        Held(scenario.Satellite("c", SatelliteState.Online).Replica("c", _ => OfC(disk, score)).Report("pvc-1"));
    }

    [Theory]
    [InlineData(false, 1, true)]
    [InlineData(true, 1, false)]
    [InlineData(true, 10102, false)] // its own data is UpToDate, too
    public void What_a_neighbour_states_after_a_silence_of_linstor_is_as_new_as_the_end_of_the_silence(bool disk, int score, bool ready)
    {
        var scenario = WithThird(disk).Node("a", ready).LinstorGoesAway();
        scenario.Satellite("a", SatelliteState.Offline, streamed: false).Replica("a", _ => new(new("a")), streamed: false).Replica("b", _ => OldB(), streamed: false).Replica("c", _ => OfC(disk, score), streamed: false).After(60);
        Held(Streamed(scenario.LinstorComesBack()));
    }

    [Theory]
    [InlineData(false, 1, true)]
    [InlineData(true, 1, false)]
    [InlineData(true, 10102, false)] // its own data is UpToDate, too
    public void The_first_statement_of_a_neighbour_is_as_new_as_the_first_statement_of_a_peer(bool disk, int score, bool ready)
    {
        var scenario = Scenario.Empty(NoStorm, Off("a"), On("b"), On("c")).Node("a", ready).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        Held(Streamed(scenario.Facts("pvc-1", "majority", [new(new("a")), OldB(), OfC(disk, score)])));
    }

    [Theory]
    [InlineData(false, 1, true, 4, false)]
    [InlineData(false, 1, true, 20, false)]
    [InlineData(false, 1, true, 20, true)] // its link to A was up again for a moment
    [InlineData(true, 1, false, 20, false)]
    [InlineData(true, 10102, false, 20, false)]
    public void The_first_statement_of_a_peer_may_be_older_than_what_its_neighbour_has_stated_since_this_process_began(bool disk, int score, bool ready, double late, bool flaps)
    {
        var scenario = Scenario.Empty(NoStorm, Off("a"), Off("b"), On("c")).Node("a", ready).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        scenario.Facts("pvc-1", "majority", [new(new("a")), new(new("b")), OfC(disk, score)]).Stream("c", Promotability.MayNotPromote).Report("pvc-1").After(late / 2);
        scenario = flaps ? scenario.Link("c", "a", up: true).Report("pvc-1").After(1).Link("c", "a", up: false).Report("pvc-1") : scenario;
        Held(scenario.After(late / 2).Satellite("b", SatelliteState.Online).Replica("b", _ => OldB()).Report("pvc-1"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_neighbour_that_hangs_in_the_middle_of_the_change_does_not_hold_against_a_peer_that_it_is_connected_to(bool disk)
    {
        // A loses power. Before C says that it may promote, it is Consistent for a moment, or the flag that B's data is stable is under way. There its satellite hangs.
        var scenario = WithThird(disk).After(300).Node("a", ready: false);
        scenario.Link("c", "a", up: false).Replica("c", replica => replica with { Score = disk ? 10001 : 1 }).Link("b", "a", up: false).MayPromote("b").After(7).Silence("a");
        Assert.Equal(Moved, scenario.After(600).Moves);
    }

    [Fact]
    public void A_neighbour_that_has_found_the_peer_since_counts_from_then_on()
    {
        // A has no disk, and writes through C while both are cut off from B and D; A's satellite is away, and B's hangs with that. Then C is connected to B and D again.
        var scenario = Scenario.Empty(NoStorm).Node("a", ready: false).Satellites([.. "abcd".Select(node => On($"{node}"))]).Facts("pvc-1", "majority", [
            Connected("a", "b", "c", "d") with { Diskless = true, Usage = Usage.InUse, Score = 3 }, Connected("b", "a", "c", "d"), Connected("c", "a", "b", "d"), Connected("d", "a", "b", "c")])
            .Stream("abcd", Promotability.MayNotPromote).Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60).Silence("a").Report("pvc-1").After(20);
        scenario.Replica("c", _ => Connected("c") with { Score = 0, Connections = [new("a", Up: true), new("b", Up: false), new("d", Up: false)] });
        scenario.Replica("b", _ => Apart("b", up: "d", down: "ac")).Replica("d", _ => Apart("d", up: "b", down: "ac")).Report("pvc-1").After(5);
        scenario.Replica("c", _ => Connected("c") with { Score = 10103, Connections = [new("a", Up: false), new("b", Up: true), new("d", Up: true)] }).Report("pvc-1").After(1).Silence("d").Report("pvc-1");
        Assert.Empty(scenario.After(600).Moves);
    }

    [Fact]
    public void A_tie_breaker_that_repeats_stale_state_does_not_hold_against_two_peers_that_agree()
    {
        // A uses the disks of B and C. D breaks ties, and its satellite comes back with old state: it may not promote, because A is Primary. Then A loses power.
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcd".Select(node => On($"{node}"))]).Facts("pvc-1", "majority", [
            Connected("a", "b", "c") with { Diskless = true, Usage = Usage.InUse, Score = 2 }, Connected("b", "a", "c", "d"), Connected("c", "a", "b", "d"), Connected("d", "b", "c") with { Diskless = true, Score = 2 }])
            .Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        scenario.Silence("d").Report("pvc-1").After(1).Silence("a").Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").Report("pvc-1").After(5);
        scenario.Satellite("d", SatelliteState.Online).Replica("d", _ => Connected("d", "b", "c") with { Diskless = true, Score = 2 });
        Assert.Equal(Moved, scenario.Report("pvc-1").After(60).Moves);
    }

    [Fact]
    public void An_old_consumer_that_hangs_is_no_neighbour_that_finds_a_primary()
    {
        // D used B's and C's data, and hangs: its satellite repeats that. A, which has no disk, uses the resource since. C's satellite is away, LINSTOR restarts, and A loses power.
        var scenario = Scenario.Empty(NoStorm).Node("a", ready: false).Satellites([.. "abcd".Select(node => On($"{node}"))]).Facts("pvc-1", "majority", [
            Connected("d", "b", "c") with { Usage = Usage.InUse }, Connected("b", "c", "d"), Connected("c", "b", "d")]).Report("pvc-1").After(60);
        scenario.Facts("pvc-1", "majority", [Connected("a", "b", "c") with { Diskless = true, Usage = Usage.InUse, Score = 2 },
            Connected("d", "b", "c") with { Usage = Usage.InUse }, Connected("b", "a", "c") with { Connections = [new("a", Up: true), new("c", Up: true), new("d", Up: false)] }, new(new("c"))]);
        scenario.Stream("ab", Promotability.MayNotPromote).Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60).Silence("c").Report("pvc-1").After(60);
        scenario.LinstorGoesAway().Satellite("a", SatelliteState.Offline, streamed: false).Replica("a", _ => new(new("a")), streamed: false)
            .Replica("b", _ => Apart("b", up: "c", down: "ad"), streamed: false).After(60).LinstorComesBack();
        scenario.Stream("b", Promotability.MayPromote).Stream("d", Promotability.MayNotPromote).Report("pvc-1");
        Assert.Equal(Moved, scenario.After(120).Moves);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(10102, true)]
    public void A_neighbour_that_has_long_lost_its_link_to_the_node_is_in_the_middle_of_no_change(int score, bool ready)
    {
        // LINSTOR runs on C, whose link to A has long been down. While the stream is away, A's link to B breaks for three seconds: B may promote, and hangs; C may promote, too, and takes it back.
        var scenario = WithoutLinkToA(score, ready).After(3).Stream("a", Promotability.Unknown).Replica("b", _ => Apart("b", up: "c", down: "a") with { Score = score == 1 ? 10101 : 10102 });
        Assert.Empty(scenario.Stream("c", Promotability.MayNotPromote).Report("pvc-1").After(600).Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_node_that_dies_after_its_neighbour_has_long_lost_its_link_to_it_is_moved(bool isStreamAway)
    {
        var scenario = WithoutLinkToA(1, ready: false).Replica("b", _ => Apart("b", up: "c", down: "a") with { Score = 10101 }, streamed: !isStreamAway)
            .Replica("c", replica => replica with { Promotability = Promotability.MayPromote }, streamed: !isStreamAway).After(3);
        scenario = isStreamAway ? scenario.Stream("bc", Promotability.MayPromote) : scenario;
        Assert.Equal(Moved, scenario.Report("pvc-1").After(180).Moves);
    }

    private static Scenario WithoutLinkToA(int score, bool ready)
    {
        var scenario = Scenario.WithThird(tieBreaker: score == 1).Node("a", ready).After(300);
        return scenario.Silence("a").Link("c", "a", up: false).Replica("c", replica => replica with { Score = score }).Report("pvc-1").After(300).Report("pvc-1").After(20).ListAllBut("a");
    }

    private static void Held(Scenario scenario)
    {
        Assert.Empty(scenario.After(600).Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }

    private static Scenario Streamed(Scenario scenario) => scenario.Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("b"), Promotability.MayPromote))
        .Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("c"), Promotability.MayNotPromote)).Report("pvc-1");

    private static Scenario WithThird(bool disk) => Scenario.Empty(NoStorm).Satellites(On("a"), On("b"), On("c")).Resource("pvc-1", "a", "majority", "a", "b", "c")
        .Replica("c", replica => disk ? replica : replica with { Diskless = true, Score = 2 }).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Report("pvc-1").After(60);

    private static Replica OldB() => Connected("b") with { Promotability = Promotability.MayPromote, Score = 10101, Connections = [new("a", Up: false), new("c", Up: true)] };

    private static Replica OfC(bool disk, int score) => Connected("c") with { Diskless = !disk, Score = score, Connections = [new("a", Up: false), new("b", Up: true)] };
}
