namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>By whose count a side has quorum: the members and the policy that the node may go by.</summary>
public sealed class MemberTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Members_that_were_placed_with_the_peer_while_the_node_was_away_do_not_count_for_it(bool isNew)
    {
        // A and C are cut off from B; D and E are placed with B, which counts three of five, while A and C count two of three. A process that begins after that cannot know it.
        var scenario = isNew ? Scenario.Empty(NoStorm).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a")
            : Scenario.WithAppOn("a", NoStorm).Silence("a").Silence("c").After(1).Link("b", "a", up: false).Link("b", "c", up: false).Report("pvc-1");
        scenario.Satellites([.. "abcde".Select(node => new Satellite(new($"{node}"), node is 'a' or 'c' ? SatelliteState.Offline : SatelliteState.Online))]);
        scenario.Facts("pvc-1", "majority", [
            new(new("a")), new(new("c")),
            Promotable("b") with { Connections = [new("a", Up: false), new("c", Up: false), new("d", Up: true), new("e", Up: true)] },
            Promotable("d") with { Connections = [new("a", Up: false), new("c", Up: false), new("b", Up: true), new("e", Up: true)] },
            Promotable("e") with { Connections = [new("a", Up: false), new("c", Up: false), new("b", Up: true), new("d", Up: true)] }]);
        scenario.Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("b"), Promotability.MayPromote)).Node("a", ready: false).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(20, true)]
    public void Members_that_change_before_linstor_notices_that_the_node_is_away_may_not_have_reached_it(double seconds, bool isMoved)
    {
        // A and C are cut off from B. LINSTOR, which has not noticed yet, moves the replica on C to D: B counts B and D of three, while A and C count two of three.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).Satellites(On("a"), On("b"), On("c"), On("d"));
        scenario.Replica("c", replica => replica with { Leaving = true }).Report("pvc-1");
        scenario.Facts("pvc-1", "majority", [
            Primary(), Promotable("c") with { Leaving = true, Connections = [new("a", Up: true)] }, Promotable("d") with { Connections = [new("a", Up: true), new("b", Up: true)] },
            Promotable("b") with { Connections = [new("a", Up: true), new("d", Up: true)] }]).Report("pvc-1").After(seconds);
        scenario.Silence("a").Silence("c").Link("b", "a", up: false).Link("d", "a", up: false).MayPromote("b").MayPromote("d").Report("pvc-1").After(600);
        Assert.Equal(isMoved ? Moved : [], scenario.Moves);
        Assert.True(isMoved || scenario.Holds.SequenceEqual([HoldReason.MayHaveQuorum]));

        static Replica Primary() => Promotable("a") with { Usage = Usage.InUse, Connections = [new("b", Up: true), new("d", Up: true)] };
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(20, true)]
    public void A_node_may_go_by_what_was_between_two_changes_of_the_members(double seconds, bool isMoved)
    {
        // A uses the disks of B, C and D. LINSTOR places one on E and takes the one on C away, and A and C, which are cut off, have heard of the former only: of four votes they have one,
        // and A itself, the only one without a disk, breaks the tie that "2" makes of it.
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcde".Select(node => On($"{node}"))]).Node("a", ready: false);
        scenario.Facts("pvc-1", "2", [Consumer("b", "c", "d"), Connected("b", "a", "c", "d"), Connected("c", "a", "b", "d"), Connected("d", "a", "b", "c")])
            .Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        scenario.Facts("pvc-1", "2", [Consumer("b", "d", "e"), Connected("b", "a", "d", "e"), Connected("d", "a", "b", "e"), Connected("e", "a", "b", "d")]).Report("pvc-1").After(seconds);
        Assert.Equal(isMoved ? Moved : [], scenario.PowerOff("a").Report("pvc-1").After(600).Moves);
        Assert.True(isMoved || scenario.Holds.SequenceEqual([HoldReason.MayHaveQuorum]));

        static Replica Consumer(params string[] peers) => Connected("a", peers) with { Diskless = true, Usage = Usage.InUse, Score = 3 };
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 6)]
    [InlineData(false, 60)]
    public void A_node_knows_of_new_members_once_it_has_connections_to_them(bool wasAway, double seconds)
    {
        // Replicas are placed on D and E while A's satellite is away, or takes no orders. It reports its DRBD state to LINSTOR before it has brought that up to date, and then A and C are cut off:
        // B counts three of five, while A and C count two of three.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).Satellites([.. "abcde".Select(node => On($"{node}"))]);
        scenario = wasAway ? scenario.Silence("a").Report("pvc-1").After(1) : scenario;
        Replica[] placed = [.. "bcde".Select(node => Connected($"{node}", [.. "abcde".Where(peer => peer != node).Select(peer => $"{peer}")]))];
        scenario.Facts("pvc-1", "majority", [wasAway ? new(new("a")) : Consumer(), .. placed]).Link("d", "a", up: false).Link("e", "a", up: false).Report("pvc-1").After(wasAway ? 60 : 0);
        scenario.Satellite("a", SatelliteState.Online).Replica("a", _ => Consumer()).Report("pvc-1").After(seconds).Report("pvc-1").Silence("a").Silence("c");
        foreach (var side in (string[])["b", "d", "e"])
        {
            scenario.Link(side, "a", up: false).Link(side, "c", up: false).MayPromote(side);
        }

        Assert.Empty(scenario.Report("pvc-1").After(600).Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);

        static Replica Consumer() => Connected("a", "b", "c") with { Usage = Usage.InUse };
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(6, false)]
    [InlineData(20, true)]
    public void A_disk_that_a_member_got_while_the_node_was_away_gives_it_a_vote_there_some_time_after_the_return(double seconds, bool isMoved)
    {
        // D and E had no disk when A's satellite went away, and have one now. A and C are cut off soon after A's return: B, D and E count three of five, A and C two of three.
        static Replica Diskless(Replica replica, string other) => replica with { Diskless = true, Score = 3, Connections = [.. replica.Connections.Where(link => link.Peer != other)] };
        var scenario = Scenario.Empty(NoStorm).Node("a", ready: false).Satellites([.. "abcde".Select(node => On($"{node}"))]);
        scenario.Facts("pvc-1", "majority", AllConnected("abcde").Select(one => one.Node.Value switch { "a" => one with { Usage = Usage.InUse }, "d" => Diskless(one, "e"), "e" => Diskless(one, "d"), _ => one }));
        scenario.Stream("abcde", Promotability.MayNotPromote).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Report("pvc-1").After(60).Report("pvc-1").After(60);
        scenario.Silence("a").Report("pvc-1").After(1).Facts("pvc-1", "majority", [new(new("a")), .. AllConnected("abcde").Where(one => one.Node.Value != "a")]).Report("pvc-1").After(60);
        scenario.Satellite("a", SatelliteState.Online).Replica("a", _ => Connected("a", "b", "c", "d", "e") with { Usage = Usage.InUse }).Report("pvc-1").After(seconds).Report("pvc-1");
        scenario.Silence("a").Silence("c");
        foreach (var side in (string[])["b", "d", "e"])
        {
            scenario.Link(side, "a", up: false).Link(side, "c", up: false).MayPromote(side);
        }

        Assert.Equal(isMoved ? Moved : [], scenario.Report("pvc-1").After(600).Moves);
    }

    [Fact]
    public void A_node_that_still_has_a_connection_to_a_removed_member_and_none_to_its_successor_may_go_by_the_old_members()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).Satellites([.. "abcd".Select(node => On($"{node}"))]);
        scenario.Facts("pvc-1", "majority", [Consumer(), Connected("b", "a", "c", "d"), Connected("c", "a", "b", "d"), Connected("d", "a", "b", "c")]).Link("d", "a", up: false).Report("pvc-1").After(20);
        scenario.Facts("pvc-1", "majority", [Consumer() with { Score = 10102 }, Connected("b", "a", "d"), Connected("d", "a", "b")]).Link("d", "a", up: false).Link("a", "c", up: false).Report("pvc-1").After(60);
        Assert.Empty(scenario.Silence("a").Link("b", "a", up: false).MayPromote("b").MayPromote("d").Report("pvc-1").After(600).Moves);

        static Replica Consumer() => Connected("a", "b", "c") with { Usage = Usage.InUse };
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(6, false)]
    [InlineData(13, true)]
    public void A_policy_that_came_while_the_node_was_away_reaches_it_some_time_after_its_return(double seconds, bool isMoved)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Quorum("off").Report("pvc-1").Node("a", ready: false).After(60).Silence("a").Report("pvc-1").After(1).Quorum("majority").Report("pvc-1").After(60);
        scenario.Satellite("a", SatelliteState.Online).Replica("a", _ => Connected("a", "b", "c") with { Usage = Usage.InUse }).Report("pvc-1").After(seconds); // asks by itself
        Assert.Equal(isMoved ? Moved : [], scenario.PowerOff("a").Report("pvc-1").After(600).Moves);
    }

    [Fact]
    public void A_node_that_was_never_heard_of_and_is_alone_has_no_quorum()
    {
        // This process begins when A has been dead for long; no other member is missing.
        var scenario = Scenario.Empty(NoStorm).Satellites(new(new("a"), SatelliteState.Offline), new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online))
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        scenario.Facts("pvc-1", "majority", [
            new(new("a")),
            Promotable("b") with { Connections = [new("a", Up: false), new("c", Up: true)] },
            Promotable("c") with { Connections = [new("a", Up: false), new("b", Up: true)] }]);
        scenario.Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("b"), Promotability.MayPromote)).Report("pvc-1").After(600);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_node_that_had_quorum_while_it_missed_every_other_voter_keeps_it_alone(bool missed)
    {
        // A and B have disks, C is the tie-breaker. B dies, so that A has quorum with C and remembers that B has none; then A is cut off. B comes back, and an administrator places D, with which B has quorum.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Replica("c", replica => replica with { Diskless = true, Score = 2 }).Report("pvc-1").After(60);
        if (missed)
        {
            scenario.Silence("b").Link("c", "b", up: false).Replica("a", replica => replica with { Score = 10101, Connections = [new("b", Up: false), new("c", Up: true)] }).Report("pvc-1").After(60);
        }

        scenario.Silence("a").Link("c", "a", up: false).Report("pvc-1").After(30).Satellites(Off("a"), On("b"), On("c"), On("d"));
        scenario.Facts("pvc-1", "majority", [
            new(new("a")), Promotable("b") with { Connections = [new("a", Up: false), new("c", Up: true), new("d", Up: true)] },
            Promotable("c") with { Diskless = true, Score = 2, Connections = [new("a", Up: false), new("b", Up: true), new("d", Up: true)] },
            Promotable("d") with { Connections = [new("a", Up: false), new("b", Up: true), new("c", Up: true)] }]);
        Assert.Equal(missed ? [] : Moved, scenario.MayPromote("b").Report("pvc-1").After(600).Moves);
        Assert.True(!missed || scenario.Holds.SequenceEqual([HoldReason.MayHaveQuorum]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Members_that_were_declared_lost_may_live_on_with_the_node(bool wereApart)
    {
        // Whatever they last reported of their links to A: they may have found it since.
        var scenario = Scenario.InTwoParts().PowerOff("a");
        scenario = (wereApart ? scenario.Report("pvc-1") : scenario).Remove("d").Remove("e").Report("pvc-1").Satellites(Off("a"), On("b"), On("c")).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);
    }

    [Fact]
    public void Members_that_were_removed_while_linstor_reached_them_are_gone() =>
        Assert.Equal(Moved, Scenario.InTwoParts().PowerOff("a").Report("pvc-1").Remove("d").Remove("e").Report("pvc-1").Satellites(Off("a"), On("b"), On("c"), On("d"), On("e")).After(60).Moves);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Members_that_were_removed_while_they_were_connected_to_the_node_help_it_keep_its_quorum(bool areCreatedAnew)
    {
        // A, D and E are cut off from B and C, and LINSTOR does not reach A. Then D and E are removed, in an orderly way, and perhaps placed anew with B and C.
        var scenario = Scenario.InTwoParts().Silence("a").Link("b", "a", up: false).Link("c", "a", up: false).Report("pvc-1").Remove("d").Remove("e").MayPromote("b").MayPromote("c").Report("pvc-1");
        scenario.Satellites(Off("a"), On("b"), On("c"), On("d"), On("e"));
        if (areCreatedAnew)
        {
            scenario.Facts("pvc-1", "majority", [new(new("a")), .. "bcde".Select(node => Anew($"{node}"))]).Report("pvc-1");
        }

        Assert.Empty(scenario.Node("a", ready: false).After(600).Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);

        static Replica Anew(string node) => Promotable(node) with
        {
            Promotability = Promotability.MayPromote,
            Connections = [new("a", Up: false), .. "bcde".Select(peer => $"{peer}").Where(peer => peer != node).Select(peer => new Connection(peer, Up: true))],
        };
    }
}
