namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Satellites that come back from a silence with old state, whatever hid the beginning of the silence.</summary>
public sealed class OldStateTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void What_linstor_repeats_of_a_satellite_that_it_has_lost_is_no_sign_of_life(bool restarts, bool tieBreaker)
    {
        // B's satellite freezes while A is cut off for two seconds. LINSTOR repeats it until it notices, and loses A and C after that.
        var scenario = Scenario.WithThird(tieBreaker).After(300);
        scenario.Cut().Link("c", "a", up: false).MayPromote("c").Report("pvc-1").After(2).Mend().Link("c", "a", up: true).MayNotPromote("c").Report("pvc-1").After(2);
        scenario.Report("pvc-1").After(2).Silence("b").Report("pvc-1").After(4).Silence("a").Silence("c").Report("pvc-1").After(10);
        scenario = restarts ? scenario.LinstorGoesAway().After(30).LinstorComesBack() : scenario;
        Assert.Empty(scenario.Back("b", OldB()).After(600).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_silence_that_began_before_linstor_fell_silent_is_as_old_as_it_is(bool restarts)
    {
        // B's satellite hangs while A is cut off for 15 s, and is away from then on. A and C are well, and say so. Then LINSTOR and Kubernetes lose both A and C, and B is back with its old state.
        var scenario = Scenario.WithThird(tieBreaker: false).After(60).Silence("b").Report("pvc-1").After(5);
        scenario.Cut().Link("c", "a", up: false).MayPromote("c").Report("pvc-1").After(15).Mend().Link("c", "a", up: true).MayNotPromote("c").Report("pvc-1").After(60);
        scenario.Silence("a").Silence("c").Node("a", ready: false).Report("pvc-1").After(10);
        scenario = restarts ? scenario.LinstorGoesAway().After(30).LinstorComesBack() : scenario;
        Assert.Empty(scenario.Back("b", OldB()).After(600).Moves);
    }

    [Theory]
    [InlineData("list", false)]
    [InlineData("list", true)]
    [InlineData("stream", false)]
    [InlineData("answer", false)]
    public void A_replica_that_was_never_heard_is_that_whichever_source_was_first(string first, bool restarts)
    {
        var scenario = Scenario.Started(Scenario.Healthy()[0], new(new("b")), Scenario.Healthy()[2]);
        scenario = first == "list" ? scenario.Satellites(On("a"), Off("b"), On("c"), On("x")) : scenario;
        scenario.Stream("ac", Promotability.MayNotPromote).Stream("b", Promotability.Unknown);
        scenario = first == "answer" ? scenario.Report("pvc-1") : scenario;
        scenario.After(0.2).Satellites(On("a"), Off("b"), On("c"), On("x")).Report("pvc-1").After(60);
        scenario.Silence("a").Silence("c").Report("pvc-1").After(10);
        scenario = restarts ? scenario.LinstorGoesAway().After(30).LinstorComesBack() : scenario;
        Assert.Empty(scenario.Back("b", OldB()).After(600).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_replica_that_was_created_anew_and_not_heard_since_may_have_been_silent_as_long_as_its_predecessor(bool restarts)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm, replica => replica with { Uuid = replica.Node.Value }).Node("a", ready: false).ListAll().After(300);
        scenario.Silence("b").Replica("b", _ => new(new("b")) { Uuid = "b2" }).Report("pvc-1").After(60);
        scenario.Cut().Link("c", "a", up: false).MayPromote("c").Report("pvc-1").After(15).Mend().Link("c", "a", up: true).MayNotPromote("c").Report("pvc-1").After(60);
        scenario.Silence("a").Silence("c").Report("pvc-1").After(10);
        scenario = restarts ? scenario.LinstorGoesAway().After(30).LinstorComesBack() : scenario;
        Assert.Empty(scenario.Back("b", OldB() with { Uuid = "b2" }).After(600).Moves);
    }

    [Theory]
    [InlineData(0.5, "none")]
    [InlineData(3, "none")]
    [InlineData(0.5, "b")]
    [InlineData(3, "b")]
    [InlineData(3, "b, unnoticed")]
    [InlineData(3, "stream")]
    [InlineData(3, "stream, unnoticed")]
    public void A_silence_that_linstor_had_not_noticed_before_it_restarted_is_none_the_less_one(double after, string first)
    {
        // LINSTOR, on A, is cut off from B and C for three seconds, and B's satellite freezes in that. Then LINSTOR restarts beside B, on the side without A and C. First comes a list without any satellite,
        // or with B, or the stream tells of B before the list. The stream may have ended before it reported that all satellites were away.
        var scenario = Scenario.WithThird(tieBreaker: false).After(300).Cut().Report("pvc-1").After(3).Mend().Report("pvc-1").After(after).Report("pvc-1");
        scenario = scenario.AllAway(streamed: !first.EndsWith("unnoticed", StringComparison.Ordinal)).After(60);
        scenario = first == "none" ? scenario : scenario.Satellite("b", SatelliteState.Online, streamed: false).Replica("b", _ => OldB(), streamed: false);
        scenario = first.StartsWith("stream", StringComparison.Ordinal) ? scenario.Stream("b", Promotability.MayPromote).After(0.2) : scenario;
        scenario.LinstorComesBack().Report("pvc-1").After(3).Back("b", OldB(), report: false).Stream("b", Promotability.MayPromote).Report("pvc-1");
        Assert.Empty(scenario.After(600).Moves);
    }

    [Fact]
    public void Two_that_are_not_connected_to_each_other_do_not_agree()
    {
        // B and C were alone, one after the other, and each came back with that, after A and D had said that all is well.
        var scenario = Scenario.WithAppOn("a", NoStorm, replicas: "abcd").Node("a", ready: false).After(60).Silence("b").Silence("c").Report("pvc-1").After(20);
        scenario.Link("d", "a", up: false).MayPromote("d").Report("pvc-1").After(5).Link("d", "a", up: true).MayNotPromote("d").Report("pvc-1").After(60).Silence("d").Silence("a").Report("pvc-1").After(10);
        scenario.Back("b", Apart("b", up: "d", down: "ac") with { Promotability = Promotability.MayPromote }).Back("c", Apart("c", up: "d", down: "ab") with { Promotability = Promotability.MayPromote });
        Assert.Empty(scenario.After(600).Moves);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void A_denial_that_was_heard_just_before_a_peers_late_statement_is_no_old_one(bool tieBreaker, bool ready)
    {
        // LINSTOR runs on C. A's links break, and the one to B is back after two seconds. What B's satellite says of these two seconds is late by one second, and there it hangs.
        var scenario = Scenario.WithThird(tieBreaker).Node("a", ready).After(300);
        scenario.Link("c", "a", up: false).Replica("c", replica => replica with { Score = tieBreaker ? 1 : 10102 }).MayPromote("c").Report("pvc-1").After(2).MayNotPromote("c").Report("pvc-1").After(1);
        scenario.Link("b", "a", up: false).Replica("b", replica => replica with { Score = tieBreaker ? 10101 : 10102 }).MayPromote("b").Report("pvc-1").After(4).Silence("a").Report("pvc-1");
        Assert.Empty(scenario.After(600).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_linstor_repeats_after_this_process_had_lost_it_is_no_sign_of_life(bool tieBreaker)
    {
        // A is cut off for two seconds, and B's satellite freezes with that, while this process does not reach LINSTOR. LINSTOR repeats what B said before until it notices.
        var scenario = Scenario.WithThird(tieBreaker).After(300).LinstorGoesAway().After(4).LinstorComesBack().Stream("abc", Promotability.MayNotPromote).Report("pvc-1");
        Assert.Empty(LoseAllAndFind(scenario).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_linstor_repeats_when_this_process_starts_is_no_sign_of_life(bool isStreamFirst)
    {
        var scenario = Scenario.Started(Scenario.Healthy());
        scenario = isStreamFirst ? scenario : scenario.ListAll();
        scenario.Stream("abc", Promotability.MayNotPromote).After(0.2);
        scenario = isStreamFirst ? scenario.ListAll() : scenario;
        Assert.Empty(LoseAllAndFind(scenario.Report("pvc-1")).Moves);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("acb")]
    public void What_the_stream_repeats_late_is_no_sign_of_life_whatever_its_order(string order)
    {
        var scenario = Scenario.WithThird(tieBreaker: false).After(300).LinstorGoesAway().After(30).LinstorComesBack().After(15);
        scenario = order.Aggregate(scenario, (next, node) => next.Stream($"{node}", Promotability.MayNotPromote).After(0.001));
        Assert.Empty(LoseAllAndFind(scenario.Report("pvc-1")).Moves);
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    [InlineData(false, 20)]
    [InlineData(true, 20)]
    public void What_only_the_stream_has_stated_of_a_node_is_as_old_as_it_is(bool isListFirst, double later)
    {
        // This process has just started, and its queries have not come to this resource yet.
        var scenario = Scenario.Started(Scenario.Healthy()[0], new(new("b")), Scenario.Healthy()[2]);
        scenario.Ignores = decision => decision is Decision.QueryResource or Decision.QuerySatellites;
        scenario = isListFirst ? ListAllButB() : scenario;
        scenario.Stream("ac", Promotability.MayNotPromote).Stream("b", Promotability.Unknown).After(0.2);
        scenario = isListFirst ? scenario : ListAllButB();
        scenario.After(later).Silence("a").Silence("c").After(10).Ignores = _ => false;
        Assert.Empty(scenario.Report("pvc-1").Back("b", OldB()).After(600).Moves);

        Scenario ListAllButB() => scenario.Satellites(On("a"), Off("b"), On("c"), On("x"));
    }

    [Fact]
    public void What_only_the_stream_has_stated_after_a_silence_is_as_new_as_the_end_of_the_silence()
    {
        // LINSTOR answers nothing about this resource. A is cut off for a moment, and B's satellite hangs in that. A's restarts and says that all is well. Then the satellites of A and C stop.
        var scenario = Scenario.Started(Scenario.Healthy());
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.ListAll().Stream("abc", Promotability.MayNotPromote).After(20).Stream("bc", Promotability.MayPromote).After(2).Stream("c", Promotability.MayNotPromote).After(20);
        scenario.Stream("a", Promotability.Unknown).After(1).Stream("a", Promotability.MayNotPromote).After(10).Silence("a").Silence("c").After(10).Ignores = _ => false;
        Assert.Empty(scenario.Replica("b", _ => OldB()).Report("pvc-1").After(600).Moves);
    }

    // LINSTOR notices that it has lost B, then A and C, and B comes back with what it said while A was cut off.
    private static Scenario LoseAllAndFind(Scenario scenario) =>
        scenario.After(4).Silence("b").Report("pvc-1").After(4).Silence("a").Silence("c").Report("pvc-1").After(10).Back("b", OldB()).After(600);

    private static Replica OldB() => Apart("b", up: "c", down: "a") with { Promotability = Promotability.MayPromote, Score = 10102 };
}
