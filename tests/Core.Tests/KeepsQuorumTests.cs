namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>A node that keeps quorum without reaching enough voters, by its own statement: its policy does not fence, so a pod that writes to such a volume, too, stays.</summary>
public sealed class KeepsQuorumTests
{
    // pvc-2 has disks on A and B, and a tie-breaker on C. The policy never reached A's DRBD, which says that it is cut off and has quorum. B's satellite is well, is restarted then, or both others' are dead.
    [Theory]
    [InlineData("bc", "")]
    [InlineData("bc", "b")]
    [InlineData("c", "")]
    [InlineData("", "")]
    public void That_a_node_keeps_quorum_alone_counts_for_its_other_volumes_regardless_of_which_other_nodes_speak(string speakers, string silentAfter)
    {
        var scenario = WithNodeThatKeepsQuorumAlone(speakers, afterwards: 60);
        Assert.Empty(scenario.Moves);
        foreach (var silent in silentAfter)
        {
            scenario.Silence($"{silent}", "pvc-2").Report("pvc-2");
        }

        Assert.Empty(scenario.After(20).Moves);
        Assert.Contains(HoldReason.WritesToSharedStorage, scenario.Holds);
    }

    // pvc-1 is lost on A. Its other volume has disks on B, C and D; A, which has none there, reaches only D, and D reaches the others. Or A had a disk, said that it keeps quorum alone, and its replica was removed.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_node_that_has_its_quorum_from_another_or_has_no_replica_any_more_keeps_none_alone(bool isRemoved)
    {
        var scenario = WithTwoVolumes(isConsumerDiskless: !isRemoved)
            .Replica("a", replica => replica with { Score = isRemoved ? 10101 : 1, Connections = [new("b", Up: false), new("c", Up: false), new("d", Up: !isRemoved)] }, "pvc-2").Report("pvc-2").After(5).Report("pvc-2");
        scenario = isRemoved ? scenario.Facts("pvc-2", "majority", [.. AllConnected("bcd")]).Report("pvc-2").Satellites([.. "abcdef".Select(node => On($"{node}"))]) : scenario;
        Assert.Contains("delete app-0 on a", scenario.CutOff("a").Report("pvc-1").After(60).Moves);
    }

    // pvc-1 is lost on A. Of pvc-2, A has no disk, and reaches only D. D's satellite fell silent when D reached neither B nor C; since then, both have found it.
    [Theory]
    [InlineData("before A says that it has quorum", true)]
    [InlineData("after A has fallen silent", false)]
    [InlineData("never", false)]
    public void What_a_silent_replica_last_said_of_a_link_does_not_count_against_the_other_end(string found, bool isMoved)
    {
        var scenario = ReachesOnlyD(WithTwoVolumes(isConsumerDiskless: true), score: 0)
            .Link("b", "d", up: false, "pvc-2").Link("c", "d", up: false, "pvc-2").Report("pvc-2").After(5).Report("pvc-2").Silence("d", "pvc-2").Report("pvc-2").After(5);
        scenario = found.StartsWith("before", StringComparison.Ordinal) ? Find(after: 10) : scenario;
        scenario.Replica("a", replica => replica with { Score = 1 }, "pvc-2").Report("pvc-2").After(5).Report("pvc-2").After(5).CutOff("a").Report("pvc-1").After(5);
        if (found.StartsWith("after", StringComparison.Ordinal))
        {
            scenario.Silence("a").Silence("a", "pvc-2").After(1);
            Find(after: 10).MayPromote("b", "pvc-2").MayPromote("c", "pvc-2").Report("pvc-2");
        }

        Assert.Equal(isMoved, scenario.After(60).Moves.Contains("delete app-0 on a"));

        Scenario Find(double after) => scenario.After(after).Link("b", "d", up: true, "pvc-2").Link("c", "d", up: true, "pvc-2").Report("pvc-2");
    }

    // As above, but A keeps quorum although D reaches neither B nor C: its policy does not fence. B's satellite, or C's, goes on repeating what it said when all was well.
    [Theory]
    [InlineData("b")]
    [InlineData("c")]
    public void What_the_other_end_said_before_a_replica_fell_silent_does_not_show_that_it_has_found_the_link_since(string hung)
    {
        var scenario = WithTwoVolumes(isConsumerDiskless: true);
        foreach (var truthful in "bc".Except(hung))
        {
            Misses(scenario, $"{truthful}");
        }

        scenario = ReachesOnlyD(scenario, score: 0).Report("pvc-2").After(5).Report("pvc-2").Silence("d", "pvc-2").Report("pvc-2").After(30);
        Assert.Empty(scenario.Replica("a", replica => replica with { Score = 1 }, "pvc-2").Report("pvc-2").After(5).Report("pvc-2").After(5).CutOff("a").Report("pvc-1").After(120).Moves);
    }

    // B's satellite falls silent after D's, and comes back with what was true when all was well.
    [Fact]
    public void What_the_other_end_says_after_a_silence_of_its_own_does_not_show_that_it_has_found_the_link()
    {
        var scenario = WithTwoVolumes(isConsumerDiskless: true);
        ReachesOnlyD(Misses(Misses(scenario, "b"), "c"), score: 1).Report("pvc-2").After(5).Report("pvc-2").Silence("d", "pvc-2").Silence("b", "pvc-2").Report("pvc-2").After(30);
        scenario.Satellite("b", SatelliteState.Online).Replica("b", _ => Connected("b", "a", "c", "d"), "pvc-2").Report("pvc-2").After(5).Report("pvc-2").After(5);
        Assert.Empty(scenario.CutOff("a").Report("pvc-1").After(120).Moves);
    }

    // pvc-1 was lost before. Nothing hangs: D noticed at once that it reached nobody, and fell silent. B and C have yet to notice, or B reports late that the link was up for a moment.
    [Theory]
    [InlineData(10, false)]
    [InlineData(45, false)]
    [InlineData(45, true)]
    public void What_the_other_end_says_of_a_link_may_be_twelve_seconds_old(double grace, bool isLate)
    {
        var scenario = ReachesOnlyD(WithTwoVolumes(isConsumerDiskless: true).CutOff("a").Report("pvc-1").After(grace - 3), score: 1);
        scenario = isLate ? Misses(Misses(scenario, "b"), "c") : scenario;
        scenario.Report("pvc-2").After(0.5).Report("pvc-2").Silence("d", "pvc-2").Report("pvc-2").After(1);
        scenario = isLate ? scenario.Link("b", "d", up: true, "pvc-2").Report("pvc-2") : scenario;
        Assert.Empty(scenario.After(7).Moves);
    }

    // What was held is held on: LINSTOR's controller or A's satellite is restarted, A's score changes, or one answer leaves it out.
    [Theory]
    [InlineData("LINSTOR is restarted")]
    [InlineData("the satellite is restarted")]
    [InlineData("the score changes")]
    [InlineData("the score is left out")]
    public void That_a_node_keeps_quorum_alone_is_not_forgotten_while_its_statements_are_dated_anew(string because)
    {
        var scenario = WithNodeThatKeepsQuorumAlone("bc", afterwards: 60);
        Replica one = null!, two = null!;
        scenario.Replica("a", replica => one = replica, "pvc-1").Replica("a", replica => two = replica, "pvc-2");
        scenario = because switch
        {
            "LINSTOR is restarted" => scenario.LinstorGoesAway().After(5).LinstorComesBack().After(0.5),
            "the satellite is restarted" => scenario.Silence("a").Silence("a", "pvc-2").After(20).Satellite("a", SatelliteState.Online, streamed: false).Replica("a", _ => two, "pvc-2").After(3)
                .Replica("a", _ => one, "pvc-1").After(3).Satellite("a", SatelliteState.Online).After(1),
            "the score changes" => scenario.Replica("a", replica => replica with { Score = 10100 }, "pvc-2").After(30),
            _ => scenario.Replica("a", replica => replica with { Score = null }, "pvc-2").After(30),
        };
        Assert.Empty(scenario.Moves);
    }

    [Fact]
    public void That_a_node_keeps_quorum_alone_ends_when_it_reports_that_it_has_none() =>
        Assert.Contains("delete app-0 on a", WithNodeThatKeepsQuorumAlone("", afterwards: 60).Replica("a", replica => replica with { Score = 0 }, "pvc-2").Report("pvc-2").After(20).Moves);

    // The satellites of B and C are away, so pvc-2 is not queried until a move has to be confirmed: the answer contains A's admission for the first time.
    [Fact]
    public void That_a_node_keeps_quorum_alone_may_appear_in_the_confirming_answer_for_the_first_time()
    {
        var scenario = WithNodeThatKeepsQuorumAlone("", afterwards: 0, isAskedAbout: false);
        Assert.Empty(scenario.CutOff("a").After(120).Moves);
        Assert.Contains(HoldReason.WritesToSharedStorage, scenario.Holds);
    }

    // The other volume's score is left out by the answer that confirms the move, and by those after it: half a change is waited for.
    [Fact]
    public void A_node_whose_statements_about_another_volume_are_half_a_change_is_queried_again()
    {
        var scenario = WithNodeThatKeepsQuorumAlone("", afterwards: 0, isAskedAbout: false).Replica("a", replica => replica with { Score = null }, "pvc-2");
        var asked = 0;
        scenario.Ignores = decision => (asked += decision is Decision.QueryResource { Resource.Value: "pvc-2" } ? 1 : 0) < 0;
        Assert.Empty(scenario.CutOff("a").After(120).Moves);
        Assert.InRange(asked, 5, 60);
        Assert.Contains("delete app-0 on a", scenario.Replica("a", replica => replica with { Score = 0 }, "pvc-2").After(20).Moves);
    }

    // B and C were shut down in good order, as for a reboot.
    [Fact]
    public void A_node_that_keeps_quorum_alone_in_a_drain_is_well()
    {
        var scenario = Scenario.WithAppOn("a").After(60).Report("pvc-1").Replica("a", replica => replica with { Score = 10101, Connections = [new("b", Up: false), new("c", Up: false)] });
        scenario.Silence("b").Silence("c").Report("pvc-1").After(5).Report("pvc-1").After(600);
        Assert.Empty(scenario.AllHolds);
    }

    // pvc-1 (a, d, e). pvc-2 has disks on A and B, and a tie-breaker on C. The policy never reached A's DRBD, which says that it is cut off and has quorum.
    private static Scenario WithNodeThatKeepsQuorumAlone(string speakers, double afterwards, bool isAskedAbout = true)
    {
        var abc = AllConnected("abc");
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcde".Select(node => On($"{node}"))]).Node("a", ready: false)
            .Resource("pvc-1", "a", "majority", "a", "d", "e").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a")
            .Facts("pvc-2", "majority", [abc[0] with { Usage = Usage.InUse, Score = 10102 }, abc[1] with { Score = 10102 }, abc[2] with { Diskless = true, Score = 2 }]);
        foreach (var node in (string[])["a", "b", "c"])
        {
            scenario.Observe(new Observation.PromotionChanged(new("pvc-2"), new(node), Promotability.MayNotPromote));
        }

        scenario.Report("pvc-2").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60).Report("pvc-1").Report("pvc-2").After(60);
        foreach (var silent in "bc".Except(speakers))
        {
            scenario.Silence($"{silent}", "pvc-2");
        }

        scenario.Report("pvc-2").After(60).Replica("a", replica => replica with { Score = 10101, Connections = [new("b", Up: false), new("c", Up: false)] }, "pvc-2");
        foreach (var speaker in speakers)
        {
            scenario.Link($"{speaker}", "a", up: false, "pvc-2").MayPromote($"{speaker}", "pvc-2");
        }

        return isAskedAbout ? scenario.Report("pvc-2").After(5).Report("pvc-2").CutOff("a").Report("pvc-1").After(afterwards) : scenario;
    }

    // Of pvc-2, A reaches only D, and D only A.
    private static Scenario ReachesOnlyD(Scenario scenario, int score) => scenario
        .Replica("a", replica => replica with { Score = score, Connections = [new("b", Up: false), new("c", Up: false), new("d", Up: true)] }, "pvc-2")
        .Replica("d", replica => replica with { Score = 0, Connections = [new("a", Up: true), new("b", Up: false), new("c", Up: false)] }, "pvc-2");

    private static Scenario Misses(Scenario scenario, string node) => scenario.Link(node, "a", up: false, "pvc-2").Link(node, "d", up: false, "pvc-2").MayPromote(node, "pvc-2");

    // pvc-1 is on A, E and F, pvc-2 on A, B, C and D. A pod on A uses both.
    private static Scenario WithTwoVolumes(bool isConsumerDiskless)
    {
        var abcd = AllConnected("abcd");
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcdef".Select(node => On($"{node}"))]).Node("a", ready: false)
            .Resource("pvc-1", "a", "majority", "a", "e", "f").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a")
            .Facts("pvc-2", "majority", [abcd[0] with { Usage = Usage.InUse, Diskless = isConsumerDiskless }, abcd[1], abcd[2], abcd[3]]);
        foreach (var node in (string[])["a", "b", "c", "d"])
        {
            scenario.Observe(new Observation.PromotionChanged(new("pvc-2"), new(node), Promotability.MayNotPromote));
        }

        return scenario.Report("pvc-2").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60);
    }
}
