namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What is known of a node's members by a process that begins, or first asks, in the middle of things.</summary>
public sealed class FirstAnswerTests
{
    [Theory]
    [InlineData("abc", 60)]
    [InlineData("abc", 2)]
    [InlineData("abcy", 60)] // Y, which had no disk, was removed since
    [InlineData("abcd", 60)] // D had no disk when A was last heard, and has one now
    public void A_node_that_was_not_asked_about_until_it_was_gone_may_have_quorum_with_members_that_are_gone_too(string streamed, double seconds)
    {
        // A and C are cut off from B. C is declared lost, and D has a disk now: B counts two of three with it, while A and C count two of three.
        Assert.Empty(CutOffUnasked(Unasked().Stream(streamed, Promotability.MayNotPromote).After(seconds)).Moves);
    }

    [Theory]
    [InlineData("a", 2)] // the stream tells of one after the other
    [InlineData("abd", 60)]
    public void A_node_that_was_not_asked_about_until_it_was_gone_has_no_quorum_alone(string streamed, double seconds)
    {
        Assert.Equal(Moved, CutOffUnasked(Unasked().Stream(streamed, Promotability.MayNotPromote).After(seconds)).Moves);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(20)]
    public void A_node_that_came_back_for_a_moment_knows_nothing_of_members_that_came_meanwhile(double seconds)
    {
        var scenario = Unasked().Stream("abc", Promotability.MayNotPromote).After(60).Stream("a", Promotability.Unknown).Satellites(On("a") with { State = SatelliteState.Offline }, On("b"), On("d"));
        scenario.After(5).Stream("d", Promotability.MayNotPromote).After(60).Satellites(On("a"), On("b"), On("d")).Stream("a", Promotability.MayNotPromote);
        Assert.Empty(CutOffUnasked(scenario.After(seconds)).Moves);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(3)]
    public void A_node_whose_satellite_registered_before_those_of_its_peers_is_not_alone(double apart)
    {
        // LINSTOR and this process start together: one satellite registers after the other. A is well for 50 s, and loses power before anything was asked.
        var scenario = Unasked(answers: true).Stream("abc", Promotability.Unknown).Node("a", ready: true);
        scenario.Facts("pvc-1", "majority", [Connected("a", "b", "c") with { Usage = Usage.InUse }, Connected("b", "a", "c"), Connected("c", "a", "b")]);
        scenario.Stream("a", Promotability.MayNotPromote).After(apart).Stream("b", Promotability.MayNotPromote).After(apart).Stream("c", Promotability.MayNotPromote).After(50);
        Assert.Equal(0, scenario.Consultations);
        Assert.Equal(Moved, scenario.Node("a", ready: false).PowerOff("a").After(600).Moves);
    }

    [Theory]
    [InlineData(Promotability.Unknown, false)]
    [InlineData(Promotability.MayNotPromote, false)]
    [InlineData(Promotability.MayNotPromote, true)] // another machine has C's name since
    public void Members_that_the_stream_reported_and_that_are_gone_at_the_first_answer_may_be_with_a_node_that_never_spoke(Promotability ofA, bool isReplaced)
    {
        // A and C are cut off from B when this process begins. C is declared lost, and D gets a disk, before the first answer: B and D count two of three, and so do A and C.
        var scenario = Scenario.Empty(NoStorm, Off("a"), On("b"), On("c") with { Uuid = "1" }, On("d")).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.Stream("a", ofA).Stream("bc", Promotability.MayNotPromote).Stream("c", Promotability.Unknown).After(5)
            .Satellites([Off("a"), On("b"), On("d"), .. isReplaced ? [On("c") with { Uuid = "2" }] : (Satellite[])[]]).Ignores = _ => false;
        scenario.Facts("pvc-1", "majority", [new(new("a")), Apart("b", up: "d", down: "a"), Apart("d", up: "b", down: "a")]);
        Assert.Empty(scenario.Stream("db", Promotability.MayPromote).Report("pvc-1").After(600).Moves);
    }

    // A and C live together, cut off from B. C is declared lost, and another machine gets its name; LINSTOR places a replica there, and moves it to D before it answers again.
    [Fact]
    public void What_the_stream_reports_of_another_machine_of_the_same_name_says_nothing_of_the_first()
    {
        var scenario = Scenario.Empty(NoStorm, On("a"), On("b"), On("c") with { Uuid = "1" }, On("d")).Resource("pvc-1", "a", "majority", "a", "b", "c")
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false).After(60);
        scenario.Link("a", "c", up: false).Link("c", "a", up: false).Report("pvc-1").After(5).Silence("c").Silence("a").Link("b", "a", up: false).Link("b", "c", up: false).Report("pvc-1").After(60);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.Satellites(Off("a"), On("b"), On("d")).After(1).Satellites(Off("a"), On("b"), On("c") with { Uuid = "2" }, On("d")).After(1)
            .Stream("c", Promotability.MayNotPromote).After(1).Stream("c", Promotability.Unknown);
        scenario.Facts("pvc-1", "majority", [new(new("a")), Apart("b", up: "d", down: "a"), Apart("d", up: "b", down: "a")]).Ignores = _ => false;
        Assert.Empty(scenario.Stream("bd", Promotability.MayPromote).Report("pvc-1").After(1200).Moves);
    }

    // A and C are cut off from B when this process begins. C is declared lost while it lives with A, and LINSTOR lists it no more: before the first answer about the resource, after it, or between that
    // and the next list. Or A speaks at first, so that its connections are known.
    [Theory]
    [InlineData("list, answer", false)]
    [InlineData("answer, list", false)]
    [InlineData("answer before the loss, list", true)]
    [InlineData("A speaks, answer, list", true)]
    public void A_node_that_is_gone_before_the_first_answer_may_be_a_member_with_a_node_that_never_spoke(string order, bool isMoved)
    {
        var (before, after) = ((Satellite[])[Off("a"), On("b"), Off("c"), On("d")], (Satellite[])[Off("a"), On("b"), On("d")]);
        var speaks = order.StartsWith("A speaks", StringComparison.Ordinal);
        var scenario = Scenario.Empty(NoStorm, speaks ? [On("a"), On("b"), Off("c"), On("d")] : before).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false);
        scenario.Facts("pvc-1", "majority", [speaks ? Apart("a", up: "", down: "bd") with { Usage = Usage.InUse, Score = 0 } : new(new("a")), Apart("b", up: "d", down: "a"), Apart("d", up: "b", down: "a")]);
        scenario = order switch
        {
            "answer before the loss, list" => scenario.Report("pvc-1").After(5).Satellites(before).After(5),
            "answer, list" => scenario.After(5).Report("pvc-1"),
            "A speaks, answer, list" => scenario.After(5).Report("pvc-1").Replica("a", _ => new(new("a"))),
            _ => scenario.After(5),
        };
        scenario.Satellites(after).Stream("db", Promotability.MayPromote).MayPromote("b").MayPromote("d");
        Assert.Equal(isMoved, scenario.Report("pvc-1").After(600).Moves.Contains("delete app-0 on a"));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(60, true)]
    [InlineData(60, false)]
    public void The_first_statements_of_a_node_show_which_members_it_knows(double seconds, bool wasAway)
    {
        // D and E were placed while A's satellite was away, or took no orders. A has links to B and C alone. Then A and C are cut off: B, D and E count three of five, A and C two of three.
        var scenario = Scenario.Empty(NoStorm).Node("a", ready: false).Satellites([.. "abcde".Select(node => wasAway && node == 'a' ? Off("a") : On($"{node}"))]);
        var consumer = Connected("a", "b", "c") with { Usage = Usage.InUse };
        Replica[] placed = [.. AllConnected("bcde").Select(one => one with { Connections = [.. one.Connections, new("a", Up: one.Node.Value is "b" or "c")] })];
        scenario.Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Facts("pvc-1", "majority", [wasAway ? new(new("a")) : consumer, .. placed]);
        scenario.Stream("bcde", Promotability.MayNotPromote).Report("pvc-1").After(60).Satellite("a", SatelliteState.Online).Replica("a", _ => consumer).Report("pvc-1").After(seconds);
        foreach (var node in (string[])["b", "d", "e"])
        {
            scenario.Link(node, "a", up: false).Link(node, "c", up: false).MayPromote(node);
        }

        Assert.Empty(scenario.Silence("a").Silence("c").Report("pvc-1").After(600).Moves);
    }

    private static Scenario Unasked(bool answers = false)
    {
        var scenario = Scenario.Empty(NoStorm, On("a"), On("b"), On("d"), On("y")).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false);
        scenario.Ignores = decision => !answers && decision is Decision.QueryResource;
        return scenario;
    }

    private static Scenario CutOffUnasked(Scenario scenario)
    {
        scenario.Stream("a", Promotability.Unknown).Satellites(On("a") with { State = SatelliteState.Offline }, On("b"), On("d"), On("y")).Ignores = _ => false;
        scenario.Facts("pvc-1", "majority", [new(new("a")), Promotable("b") with { Connections = [new("a", Up: false), new("d", Up: true)] }, Promotable("d") with { Connections = [new("a", Up: false), new("b", Up: true)] }]);
        return scenario.Stream("db", Promotability.MayPromote).Report("pvc-1").After(600);
    }
}
