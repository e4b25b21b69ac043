namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>A volume that may have quorum on both sides of a partition: a pod that writes to it, too, stays for the sake of that one.</summary>
public sealed class BothSidesTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pod_is_left_alone_that_also_writes_to_a_volume_which_may_have_quorum_on_both_sides(bool admitted)
    {
        // All links of A are cut. Its other volume keeps quorum by its own statement, or got two more replicas with B while A and C were away.
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
        Assert.Contains(scenario.Sentences, saying => saying.Contains("claim logs (resource pvc-2 may have quorum on both sides)", StringComparison.Ordinal));
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

    // D and E flap, or a process opens the device on B's side for a moment: that proves nothing about A's side.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Quorum_on_both_sides_is_not_forgotten_when_the_other_side_may_not_promote_for_a_moment(bool isHeard)
    {
        var scenario = WithQuorumOnBothSides(isHeard).After(60);
        Assert.Contains(HoldReason.WritesToSharedStorage, scenario.Holds);
        Assert.Empty(scenario.MayNotPromote("b", "pvc-2").MayNotPromote("d", "pvc-2").MayNotPromote("e", "pvc-2").After(2).Moves);
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
        return scenario.Observe(new Observation.PromotionChanged(new("pvc-2"), new("b"), Promotability.MayPromote)).Report("pvc-2");
    }
}
