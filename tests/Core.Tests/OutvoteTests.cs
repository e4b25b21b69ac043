namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When the statements of a node no longer count, because all others contradict it: clause 5.</summary>
public sealed class OutvoteTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hung_node_is_outvoted_although_the_stream_is_back_before_the_list(bool streamFirst)
    {
        // As A_hung_node_is_outvoted_also_if_linstor_is_restarted_meanwhile, but the stream connects again before the list is asked for (its retries have a back-off of up to 10 s).
        var scenario = Scenario.WithAppOn("a").After(60).OnlyPeersLose("a").After(5).LinstorGoesAway().After(20);
        scenario.Stream("a", Promotability.Unknown).Stream("b", Promotability.Unknown).Stream("c", Promotability.Unknown);
        if (!streamFirst)
        {
            scenario.LinstorComesBack();
        }

        scenario.After(1).Stream("a", Promotability.MayNotPromote).Stream("b", Promotability.MayPromote).Stream("c", Promotability.MayPromote).After(3);
        if (streamFirst)
        {
            scenario.LinstorComesBack();
        }

        Assert.Equal(Moved, scenario.After(120).Moves);
    }

    [Fact]
    public void A_node_that_goes_on_saying_that_its_own_replica_may_promote_is_outvoted()
    {
        // A's satellite hangs before the pod comes. A becomes Primary, and is cut off for good; its satellite stays ONLINE.
        var scenario = Scenario.Empty(NoStorm).Resource("pvc-1", inUseOn: null).Volume("pv-1", "data", "pvc-1").After(60);
        scenario.MayNotPromote("b").MayNotPromote("c").Attachment("va-1", "pv-1", "a").Pod("app-0", "a", pod => pod with { Running = true }).Report("pvc-1").After(300).Report("pvc-1");
        Assert.Equal(Moved, scenario.OnlyPeersLose("a").Report("pvc-1").After(900).Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_stale_satellite_does_not_outvote_a_node_that_speaks(bool ready)
    {
        // A has no disk, and B the only one. B's satellite repeats what was so for a moment, and A says that they are connected.
        var scenario = Scenario.Empty(NoStorm).Node("a", ready);
        scenario.Facts("pvc-1", "majority", [Connected("a", "b") with { Diskless = true, Usage = Usage.InUse, Score = 1 }, Connected("b", "a")]);
        scenario.Stream("ab", Promotability.MayNotPromote).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Report("pvc-1").After(60);
        Assert.Empty(scenario.Link("b", "a", up: false).MayPromote("b").Report("pvc-1").After(600).Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    // D died long ago. It was evicted and stays listed until it is restored or lost; or its replica was deleted, which LINSTOR shows until the node returns, and placed on C instead.
    [Theory]
    [InlineData("evicted")]
    [InlineData("deleted")]
    [InlineData("deleted while we watched")]
    public void A_hung_node_is_outvoted_although_a_replica_on_a_dead_node_is_still_listed(string of)
    {
        var (abc, abd) = (AllConnected("abc"), AllConnected("abd"));
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("b"), On("c"), of switch
        {
            "evicted" => new(new("d"), SatelliteState.Offline, Evicted: true),
            "deleted" => Off("d"),
            _ => On("d"),
        });
        scenario = of == "deleted while we watched" ? scenario.Facts("pvc-1", "majority", [abd[0] with { Usage = Usage.InUse }, abd[1], abd[2]]).Stream("abd", Promotability.MayNotPromote).Report("pvc-1").After(60).Silence("d").After(600) : scenario;
        scenario.Facts("pvc-1", "majority", [abc[0] with { Usage = Usage.InUse }, abc[1], abc[2], new(new("d")) { Leaving = true }]).Stream("abc", Promotability.MayNotPromote).Report("pvc-1")
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false).After(600).Report("pvc-1");
        scenario.Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").Report("pvc-1").After(60);
        Assert.Equal(Moved, scenario.Moves);
    }

    // The third replica, or the tie-breaker, was moved from D to C hours ago, and A has had nothing new to say since. Then A hangs, and its satellite repeats stale state.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hung_node_is_outvoted_long_after_a_replica_was_moved(bool isTieBreaker)
    {
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcd".Select(node => On($"{node}"))]).Node("a", ready: false);
        Replica Moved(Replica replica, int votes) => replica.Node.Value switch
        {
            "a" => replica with { Usage = Usage.InUse, Score = 10100 + votes },
            "c" or "d" when isTieBreaker => replica with { Diskless = true, Score = votes, Connections = replica.Connections.RemoveAll(link => link.Peer is "c" or "d") },
            _ => replica with { Score = 10100 + votes },
        };
        Replica[] Of(string nodes, int votes) => [.. AllConnected(nodes).Select(replica => Moved(replica, votes))];
        var (before, during) = isTieBreaker ? (2, 2) : (3, 4);
        scenario.Facts("pvc-1", "majority", Of("abd", before)).Stream("abd", Promotability.MayNotPromote).Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(600);
        scenario.Facts("pvc-1", "majority", Of("abcd", during)).Stream("c", Promotability.MayNotPromote).Report("pvc-1").After(60);
        scenario.Facts("pvc-1", "majority", [.. Of("abc", before), new(new("d")) { Leaving = true, Diskless = isTieBreaker }]).Stream("d", Promotability.Unknown).Report("pvc-1").After(3)
            .Facts("pvc-1", "majority", Of("abc", before)).Report("pvc-1").Satellites([.. "abcd".Select(node => On($"{node}"))]).After(30).Report("pvc-1").After(3600).Report("pvc-1").After(600);
        scenario.Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").Report("pvc-1").After(60);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Moves);
    }

    // D is being removed, and its satellite is away. According to the stale statements of A, which hangs, it is connected to A, and may keep it quorate.
    [Fact]
    public void A_replica_that_is_being_removed_hinders_an_outvote_while_the_node_names_it()
    {
        var abcd = AllConnected("abcd");
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcd".Select(node => On($"{node}"))]).Facts("pvc-1", "majority", [abcd[0] with { Usage = Usage.InUse }, abcd[1], abcd[2], abcd[3]]).Stream("abcd", Promotability.MayNotPromote).Report("pvc-1")
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false).After(600).Report("pvc-1");
        scenario.Replica("d", replica => replica with { Leaving = true }).Silence("d").Report("pvc-1").After(60).Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").Report("pvc-1").After(60);
        Assert.Empty(scenario.Moves);
    }

    // A says by the stream that it is Primary now; LINSTOR is so busy that no answer contains it. Then A hangs, and the others lose it.
    [Fact]
    public void A_hung_node_is_outvoted_although_it_said_something_new_after_the_last_answer()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(300).Report("pvc-1").After(5);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.MayPromote("a").After(2).MayNotPromote("a").After(5);
        scenario.Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").After(2);
        scenario.Ignores = _ => false;
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Report("pvc-1").After(90).Moves);
    }
}
