namespace Piraeus.HighAvailability.Core.Tests;

public sealed class AdvCTests
{
    private static FailoverSettings NoStorm => new() { StormThreshold = 1 };

    // As in OtherVolumeTests: pvc-2 on a (disk), b (disk), c (tie-breaker); a keeps quorum alone by its own word. pvc-1 (a,d,e) is lost on a.
    private static Scenario Alone()
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
        scenario.Replica("a", replica => replica with { Score = 10101, Connections = [new("b", Up: false), new("c", Up: false)] }, "pvc-2");
        foreach (var speaker in "bc")
        {
            scenario.Link($"{speaker}", "a", up: false, "pvc-2").MayPromote($"{speaker}", "pvc-2");
        }

        scenario.Report("pvc-2").After(5).Report("pvc-2").CutOff("a").Report("pvc-1").After(120);
        Assert.Empty(scenario.Moves);
        Assert.Contains(HoldReason.WritesToSharedStorage, scenario.Holds);
        return scenario;
    }

    [Fact]
    public void Restart_of_as_satellite()
    {
        var scenario = Alone();
        Replica one = null!, two = null!;
        scenario.Replica("a", r => one = r, "pvc-1").Replica("a", r => two = r, "pvc-2");
        scenario.Silence("a").Silence("a", "pvc-2").After(5);
        Assert.Empty(scenario.Moves);
        scenario.Satellite("a", SatelliteState.Online).Replica("a", _ => one, "pvc-1").Replica("a", _ => two, "pvc-2").After(30);
        Assert.Empty(scenario.Moves);
    }

    [Fact]
    public void Restart_of_linstor()
    {
        var scenario = Alone();
        scenario.LinstorGoesAway().After(5);
        Assert.Empty(scenario.Moves);
        scenario.LinstorComesBack().After(0.5);
        Assert.Empty(scenario.Moves);
    }

    [Fact]
    public void Score_changes()
    {
        var scenario = Alone();
        scenario.Replica("a", r => r with { Score = 10100 }, "pvc-2").After(11);
        Assert.Empty(scenario.Moves);
    }

    [Fact]
    public void One_answer_without_score()
    {
        var scenario = Alone();
        scenario.Replica("a", r => r with { Score = null }, "pvc-2").After(30);
        Assert.Empty(scenario.Moves);
    }

    [Fact]
    public void Drain_of_both_peers_leaves_nothing_to_say_of_a_healthy_pod()
    {
        var scenario = Scenario.WithAppOn("a").After(60).Report("pvc-1");
        scenario.Replica("a", r => r with { Score = 10101, Connections = [new("b", Up: false), new("c", Up: false)] });
        scenario.Silence("b").Silence("c").Report("pvc-1").After(5).Report("pvc-1");
        var asked = scenario.Consultations;
        scenario.After(600).Tell(new Observation.Tick()).After(1);
        Assert.Empty(scenario.AllHolds.Select(h => $"{h} asked {scenario.Consultations - asked}").Concat(scenario.Sayings));
    }

    [Fact]
    public void Link_flaps_on_a()
    {
        // One of A's own links, to the tie-breaker, comes up for a moment of DRBD's handshake and fails again.
        var scenario = Alone();
        scenario.Link("a", "c", up: true, "pvc-2").Report("pvc-2").After(2).Link("a", "c", up: false, "pvc-2").Report("pvc-2").After(30);
        Assert.Empty(scenario.Moves);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(3)]
    [InlineData(20)]
    public void Restart_of_as_satellite_2(double list)
    {
        var scenario = Alone();
        Replica one = null!, two = null!;
        scenario.Replica("a", r => one = r, "pvc-1").Replica("a", r => two = r, "pvc-2");
        scenario.Silence("a").Silence("a", "pvc-2").After(20);
        Assert.Empty(scenario.Moves);
        scenario.Satellite("a", SatelliteState.Online, told: false).Replica("a", _ => two, "pvc-2").After(list).Replica("a", _ => one, "pvc-1").After(list).Satellite("a", SatelliteState.Online).After(1);
        Assert.Empty(scenario.Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_other_side_loses_quorum_for_a_moment(bool isHeard)
    {
        // Both sides of pvc-2 may have quorum. B's side loses it for two seconds (D and E flap), and has it again.
        var scenario = Both(isHeard).After(60);
        Assert.Empty(scenario.Moves);
        Assert.Contains(HoldReason.WritesToSharedStorage, scenario.Holds);
        scenario.MayNotPromote("b", "pvc-2").MayNotPromote("d", "pvc-2").MayNotPromote("e", "pvc-2").After(2);
        var during = scenario.Moves.ToList();
        scenario.MayPromote("b", "pvc-2").MayPromote("d", "pvc-2").MayPromote("e", "pvc-2").After(60);
        Assert.Equal("", string.Join(",", during) + "|" .Trim('|') + string.Join(",", scenario.Moves));
    }

    [Fact]
    public void Drain_overdue()
    {
        var scenario = Scenario.WithAppOn("a").After(60).Report("pvc-1");
        scenario.Replica("a", r => r with { Score = 10101, Connections = [new("b", Up: false), new("c", Up: false)] });
        scenario.Silence("b").Silence("c").Report("pvc-1").After(5).Report("pvc-1").After(600);
        Assert.Empty(scenario.Holds.Select(h => h.ToString()).Concat(scenario.Sayings));
    }

    private static Scenario Both(bool isHeard)
    {
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcde".Select(node => On($"{node}"))]).Node("a", ready: false)
            .Resource("pvc-1", "a", "majority", "a", "d", "e").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a")
            .Resource("pvc-2", "a", "majority", "a", "b", "c").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60).Report("pvc-1").Report("pvc-2").After(60);
        var consumer = Apart("a", up: "c", down: "b") with { Promotability = Promotability.MayNotPromote, Usage = Usage.InUse };
        var outdated = Apart("c", up: "a", down: "b") with { Promotability = Promotability.MayNotPromote };
        scenario = isHeard ? scenario.CutOff("a").Replica("a", _ => consumer, "pvc-2").Replica("c", _ => outdated, "pvc-2") : scenario.PowerOff("a").Silence("a", "pvc-2").Silence("c", "pvc-2");
        scenario.Replica("b", replica => replica with { Score = 0, Connections = [new("a", Up: false), new("c", Up: false)] }, "pvc-2").Report("pvc-1").Report("pvc-2").After(5);
        scenario.Facts("pvc-2", "majority", [
            isHeard ? consumer : new(new("a")), isHeard ? outdated with { Score = 0, Connections = [new("a", Up: true), new("b", Up: false), new("d", Up: false), new("e", Up: false)] } : new(new("c")),
            Apart("b", up: "de", down: "ac"), Apart("d", up: "be", down: "ac") with { Score = 10002 }, Apart("e", up: "bd", down: "ac") with { Score = 10002 }]);
        return scenario.Tell(new Observation.PromotionChanged(new("pvc-2"), new("b"), Promotability.MayPromote)).Report("pvc-2");
    }

    [Theory]
    [InlineData("bc")]
    [InlineData("")]
    public void First_admission_is_in_the_confirming_answer(string silent)
    {
        // All of A's links are cut at once; nobody tells of pvc-2 (whose peers' satellites are away) until a move of the pod has to be confirmed.
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
        foreach (var one in silent)
        {
            scenario.Silence($"{one}", "pvc-2");
        }

        scenario.Report("pvc-2").After(20).Replica("a", replica => replica with { Score = 10101, Connections = [new("b", Up: false), new("c", Up: false)] }, "pvc-2");
        foreach (var speaker in "bc".Except(silent))
        {
            scenario.Link($"{speaker}", "a", up: false, "pvc-2").MayPromote($"{speaker}", "pvc-2");
        }

        Assert.Empty(scenario.CutOff("a").After(120).Moves);
    }
}
