namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Pods that write to other volumes beside the one that they have lost.</summary>
public sealed class OtherVolumeTests
{
    private static readonly string[] Moved = ["delete app-0 on a", "detach va-1"];

    private static FailoverSettings NoStorm => new() { StormThreshold = 1 };

    [Fact]
    public void The_list_of_satellites_is_newer_than_the_loss_of_each_volume_that_a_move_rests_on()
    {
        var grace = TimeSpan.FromSeconds(5);
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1, KnownResourceGrace = grace, NewResourceGrace = grace })
            .Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });
        scenario.TwoPrimaries.Add("pvc-2");
        scenario.InheritsPolicy = true;
        Assert.Empty(scenario.Report("pvc-2").CutOff("a").After(30).Moves);
        scenario.Tell(new Observation.SatellitesListed([.. scenario.Cluster.Linstor.Satellites!.Values], scenario.Now - TimeSpan.FromSeconds(2))).Satellite("b", satellite => satellite with { QuorumPolicy = "off" }, told: false);
        scenario.Ignores = decision => decision is Decision.QuerySatellites;
        Assert.Empty(scenario.CutOff("a", "pvc-2").After(8).Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pod_is_left_alone_that_also_writes_to_a_volume_which_may_have_quorum_on_both_sides(bool admitted)
    {
        // All links of A are cut. What it uses besides keeps quorum by its own word, or got two more replicas with B while A and C were away.
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).Node("a", ready: false).Satellites([.. "abcde".Select(node => On($"{node}"))]).Resource("pvc-2", "a", "majority").Volume("pv-2", "logs", "pvc-2")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60);
        if (admitted)
        {
            scenario.CutOff("a", "pvc-2").Replica("a", replica => replica with { Score = 10101 }, "pvc-2").Report("pvc-2").CutOff("a").Report("pvc-1");
        }
        else
        {
            scenario.Silence("a", "pvc-2").Silence("c", "pvc-2").PowerOff("a").Report("pvc-1").Report("pvc-2");
            Replica[] others = [.. "bde".Select(node => Connected($"{node}", [.. "bde".Where(peer => peer != node).Select(peer => $"{peer}")]) with { Promotability = Promotability.MayPromote })];
            scenario.Facts("pvc-2", "majority", [new(new("a")), new(new("c")), .. others.Select(other => other with { Connections = [.. other.Connections, new("a", Up: false), new("c", Up: false)] })]).Report("pvc-2");
        }

        Assert.Empty(scenario.After(600).Moves);
        Assert.Contains(HoldReason.WritesToSharedStorage, scenario.Holds);
        Assert.Contains(scenario.Sayings, saying => saying.Contains("claim logs (resource pvc-2 may have quorum on both sides)", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_loss_of_another_volume_with_several_writers_does_not_rest_on_one_speaker(bool isShared)
    {
        // pvc-1 (a, b, c) is lost on A. pvc-2 (a, d, e) is not: D's satellite repeats what was so for a moment, and LINSTOR does not reach A and E. Kubernetes calls A Ready.
        var scenario = Scenario.WithAppOn("a", NoStorm).Satellites([.. "abcde".Select(node => On($"{node}"))]);
        scenario.TwoPrimaries.UnionWith(isShared ? ["pvc-2"] : []);
        scenario.Resource("pvc-2", "a", "majority", "a", "d", "e").Volume("pv-2", "logs", "pvc-2", manyWriters: isShared).Attachment("va-2", "pv-2", "a");
        scenario.Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60).Report("pvc-1").Report("pvc-2");
        scenario.Silence("a", "pvc-2").Silence("e", "pvc-2").Link("d", "a", up: false, "pvc-2").MayPromote("d", "pvc-2").PowerOff("a").Report("pvc-1").Report("pvc-2").After(300);
        Assert.Equal(isShared ? [] : Moved, scenario.Moves);
        Assert.Contains(HoldReason.OnlyOneSpeaker, scenario.AllHolds);
    }

    [Fact]
    public void What_confirms_the_loss_of_another_volume_is_as_new_as_its_own_grace_period_asks()
    {
        // pvc-2 is lost 30 s after pvc-1, and well again 8 s before its grace period is over. LINSTOR needs 4.4 s an answer, and its stream tells nothing.
        var scenario = Scenario.WithAppOn("a", NoStorm);
        scenario.TwoPrimaries.Add("pvc-2");
        scenario.Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2", manyWriters: true).Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });
        scenario.CutOff("a").Report("pvc-1").After(30).CutOff("a", "pvc-2").Report("pvc-2").After(36.3);
        var asked = scenario.ReportOf(new("pvc-2"));
        scenario.Ignores = decision => decision is Decision.QueryResource { Resource.Value: "pvc-2" };
        Assert.Empty(scenario.After(4.4).Tell(new Observation.ResourceReported(asked)).After(4.4).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void That_both_sides_of_another_volume_may_have_quorum_counts_whatever_else_speaks_against_its_loss(bool isHeard)
    {
        Assert.Empty(WithQuorumOnBothSides(isHeard).After(600).Moves);
    }

    [Fact]
    public void That_both_sides_of_another_volume_may_have_quorum_is_not_forgotten_when_the_peer_falls_silent()
    {
        var scenario = WithQuorumOnBothSides(isHeard: false).After(60);
        Assert.Empty(scenario.Silence("b", "pvc-2").Report("pvc-2").After(20).Moves);
    }

    // pvc-1 is lost on a. Its other volume's resource group, which may allow two Primaries, can be read no more, or is read for the first time after a while.
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Whether_another_volume_may_have_two_Primaries_is_read_afresh_to_act(bool canBeReadUntilThen, bool isMoved)
    {
        var scenario = Scenario.WithAppOn("a");
        scenario.HidesTwoPrimaries.UnionWith(canBeReadUntilThen ? [] : ["pvc-2"]);
        scenario.Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60);
        scenario.HidesTwoPrimaries.Clear();
        scenario.HidesTwoPrimaries.UnionWith(canBeReadUntilThen ? ["pvc-2"] : []);
        var asked = 0;
        scenario.Ignores = decision => (asked += decision is Decision.QueryResource { Resource.Value: "pvc-2" } ? 1 : 0) < 0;
        scenario.CutOff("a").After(120);
        Assert.InRange(asked, 1, 60);
        Assert.Equal(isMoved, scenario.Moves.Contains("delete app-0 on a"));
        Assert.Equal(!isMoved, scenario.Holds.Contains(HoldReason.AwaitingConfirmation));
    }

    // pvc-1 is lost. Whether A and the peer of pvc-2 may both have quorum was known until the peer's satellite was restarted.
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Quorum_on_both_sides_is_not_forgotten_while_the_peer_is_silent(bool isHeard, bool repeatsThePast)
    {
        var scenario = WithQuorumOnBothSides(isHeard, repeatsThePast).After(60);
        Assert.Empty(scenario.Moves);
        scenario = repeatsThePast ? scenario.Replica("d", _ => new(new("d")), "pvc-2").Replica("e", _ => new(new("e")), "pvc-2") : scenario; // their DRBD is down
        Assert.Empty(scenario.Silence("b", "pvc-2").Report("pvc-2").After(8).Moves);
    }

    // pvc-2 has disks on A and B, and a tie-breaker on C. The policy never reached A's DRBD, which says that it is cut off and has quorum. B's satellite is well, is restarted then, or both others' are dead.
    [Theory]
    [InlineData("", "")]
    [InlineData("", "b")]
    [InlineData("b", "")]
    [InlineData("bc", "")]
    public void That_a_node_keeps_quorum_alone_counts_for_its_other_volumes_whoever_else_speaks(string silentBefore, string silentAfter)
    {
        var abc = AllConnected("abc");
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcde".Select(node => On($"{node}"))]).Node("a", ready: false)
            .Resource("pvc-1", "a", "majority", "a", "d", "e").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a")
            .Facts("pvc-2", "majority", [abc[0] with { Usage = Usage.InUse, Score = 10102 }, abc[1] with { Score = 10102 }, abc[2] with { Diskless = true, Score = 2 }]);
        foreach (var node in (string[])["a", "b", "c"])
        {
            scenario.Tell(new Observation.PromotionChanged(new("pvc-2"), new(node), Promotability.MayNotPromote));
        }

        scenario.Report("pvc-2").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60).Report("pvc-1").Report("pvc-2").After(60);
        foreach (var silent in silentBefore)
        {
            scenario.Silence($"{silent}", "pvc-2");
        }

        scenario.Report("pvc-2").After(60).Replica("a", replica => replica with { Score = 10101, Connections = [new("b", Up: false), new("c", Up: false)] }, "pvc-2");
        foreach (var speaker in "bc".Except(silentBefore))
        {
            scenario.Link($"{speaker}", "a", up: false, "pvc-2").MayPromote($"{speaker}", "pvc-2");
        }

        scenario.Report("pvc-2").After(5).Report("pvc-2").CutOff("a").Report("pvc-1").After(60);
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
        var abcd = AllConnected("abcd");
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcdef".Select(node => On($"{node}"))]).Node("a", ready: false)
            .Resource("pvc-1", "a", "majority", "a", "e", "f").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a")
            .Facts("pvc-2", "majority", [abcd[0] with { Usage = Usage.InUse, Diskless = !isRemoved }, abcd[1], abcd[2], abcd[3]]);
        foreach (var node in (string[])["a", "b", "c", "d"])
        {
            scenario.Tell(new Observation.PromotionChanged(new("pvc-2"), new(node), Promotability.MayNotPromote));
        }

        scenario.Report("pvc-2").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60)
            .Replica("a", replica => replica with { Score = isRemoved ? 10101 : 1, Connections = [new("b", Up: false), new("c", Up: false), new("d", Up: !isRemoved)] }, "pvc-2").Report("pvc-2").After(5).Report("pvc-2");
        scenario = isRemoved ? scenario.Facts("pvc-2", "majority", [.. AllConnected("bcd")]).Report("pvc-2").Satellites([.. "abcdef".Select(node => On($"{node}"))]) : scenario;
        Assert.Contains("delete app-0 on a", scenario.CutOff("a").Report("pvc-1").After(60).Moves);
    }

    [Fact]
    public void How_many_Primaries_the_lost_volume_may_have_need_not_be_known()
    {
        var scenario = Scenario.WithAppOn("a").After(60);
        scenario.HidesTwoPrimaries.Add("pvc-1");
        Assert.Contains("delete app-0 on a", scenario.CutOff("a").After(60).Moves);
    }

    // pvc-1 (a, d, e) is lost on A. Of pvc-2 (a, b, c), A and C are cut off from B, with which D and E are placed that have yet to be synchronised: B counts three of five, A and C two of three.
    // LINSTOR reaches all, but A's satellite takes no orders; or it reaches neither A nor C.
    private static Scenario WithQuorumOnBothSides(bool isHeard, bool repeatsThePast = false)
    {
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcde".Select(node => On($"{node}"))]).Node("a", ready: false)
            .Resource("pvc-1", "a", "majority", "a", "d", "e").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a")
            .Resource("pvc-2", "a", "majority", "a", "b", "c").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60).Report("pvc-1").Report("pvc-2").After(60);
        var consumer = (repeatsThePast ? AllConnected("abc")[0] : Apart("a", up: "c", down: "b")) with { Promotability = Promotability.MayNotPromote, Usage = Usage.InUse };
        var outdated = Apart("c", up: "a", down: "b") with { Promotability = Promotability.MayNotPromote };
        scenario = isHeard ? scenario.CutOff("a").Replica("a", _ => consumer, "pvc-2").Replica("c", _ => outdated, "pvc-2") : scenario.PowerOff("a").Silence("a", "pvc-2").Silence("c", "pvc-2");
        scenario.Replica("b", replica => replica with { Score = 0, Connections = [new("a", Up: false), new("c", Up: false)] }, "pvc-2").Report("pvc-1").Report("pvc-2").After(5);
        scenario.Facts("pvc-2", "majority", [
            isHeard ? consumer : new(new("a")), isHeard ? outdated with { Score = 0, Connections = [new("a", Up: true), new("b", Up: false), new("d", Up: false), new("e", Up: false)] } : new(new("c")),
            Apart("b", up: "de", down: "ac"), Apart("d", up: "be", down: "ac") with { Score = 10002 }, Apart("e", up: "bd", down: "ac") with { Score = 10002 }]);
        return scenario.Tell(new Observation.PromotionChanged(new("pvc-2"), new("b"), Promotability.MayPromote)).Report("pvc-2");
    }
}
