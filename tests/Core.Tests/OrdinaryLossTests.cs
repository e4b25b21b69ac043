namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Losses as they happen every day, with what happens beside them every day: each is moved in time.</summary>
public sealed class OrdinaryLossTests
{
    [Theory]
    [InlineData("3 disks")]
    [InlineData("tie-breaker")]
    [InlineData("diskless")]
    public void Plain_power_loss(string kind)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm, replica => kind switch
        {
            "tie-breaker" when replica.Node.Value == "c" => replica with { Diskless = true, Score = 2 },
            "diskless" when replica.Node.Value == "a" => replica with { Diskless = true, Score = 2 },
            _ => replica,
        });
        Assert.Equal(Moved, scenario.After(300).OnlyPeersLose("a").After(5).Silence("a").After(46).Moves);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(14)]
    [InlineData(40)]
    public void Power_loss_while_the_satellites_are_rolled_out(double seconds)
    {
        // Two disks and a tie-breaker; C's satellite, then B's, is restarted while A dies.
        var scenario = Scenario.WithAppOn("a", NoStorm, replica => replica.Node.Value == "c" ? replica with { Diskless = true, Score = 2 } : replica).Node("a", ready: false).After(300);
        scenario.Silence("b").Report("pvc-1").After(seconds);
        scenario.Link("c", "a", up: false).MayPromote("c").After(4).Silence("a").After(1);
        scenario.Satellite("b", SatelliteState.Online).Replica("b", _ => Connected("b", "a", "c") with { Promotability = Promotability.MayPromote, Score = 10101, Connections = [new("a", Up: false), new("c", Up: true)] });
        Assert.Equal(Moved, scenario.After(100).Moves);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    public void Power_loss_while_the_nodes_own_satellite_is_rolled_out(double seconds)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(300).Silence("a").Report("pvc-1").After(5).Satellite("a", SatelliteState.Online).Replica("a", _ => Connected("a", "b", "c") with { Usage = Usage.InUse }).Report("pvc-1").After(seconds);
        Assert.Equal(Moved, scenario.OnlyPeersLose("a").After(5).Silence("a").After(46).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Power_loss_before_the_satellite_of_a_rebooted_peer_is_back(bool tieBreakerIsHeardLater)
    {
        // Two disks A and B, tie-breaker C. B is rebooted and in sync again when A dies; its satellite starts only after that.
        var scenario = Scenario.WithAppOn("a", NoStorm, replica => replica.Node.Value == "c" ? replica with { Diskless = true, Score = 2 } : replica).Node("a", ready: false).After(300);
        scenario.Silence("b").Link("a", "b", up: false).Link("c", "b", up: false).Report("pvc-1").After(90).Link("a", "b", up: true).Link("c", "b", up: true).Report("pvc-1").After(20);
        scenario.Link("c", "a", up: false);
        scenario = tieBreakerIsHeardLater ? scenario : scenario.MayPromote("c");
        scenario.After(4).Silence("a").After(1);
        scenario.Satellite("b", SatelliteState.Online).Replica("b", _ => Connected("b", "a", "c") with { Promotability = Promotability.MayPromote, Score = 10101, Connections = [new("a", Up: false), new("c", Up: true)] }).After(2).MayPromote("c");
        Assert.Equal(Moved, scenario.After(100).Moves);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(3, false)]
    [InlineData(9, false)]
    [InlineData(0, true)]
    [InlineData(3, true)]
    [InlineData(9, true)]
    public void Power_loss_just_after_linstor_restarted_and_before_all_satellites_registered(double later, bool slow)
    {
        // LINSTOR restarts; A and B register; C later; A dies in between.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(300).LinstorGoesAway().After(20);
        scenario.Facts("pvc-1", "majority", [Connected("a", "b", "c") with { Usage = Usage.InUse }, slow ? new(new("b")) : Connected("b", "a", "c"), new(new("c"))]);
        scenario.Satellites(On("a"), slow ? Off("b") : On("b"), Off("c")).LinstorComesBack().Stream("a", Promotability.MayNotPromote).Report("pvc-1").After(slow ? 13 : 1);
        scenario.Satellite("b", SatelliteState.Online).Satellite("c", SatelliteState.Online);
        scenario.Replica("c", _ => Lost("c", "b")).After(later).Replica("b", _ => Lost("b", "c")).After(1).Silence("a");
        Assert.Equal(Moved, scenario.After(100).Moves);

        static Replica Lost(string node, string other) => new(new(node)) { Promotability = Promotability.MayPromote, Usage = Usage.Unused, Score = 10102, Connections = [new("a", Up: false), new(other, Up: true)] };
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(20)]
    public void Power_loss_of_the_node_that_linstor_ran_on(double later)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(300).LinstorGoesAway();
        scenario.Facts("pvc-1", "majority", [new(new("a")), new(new("b")), new(new("c"))]);
        scenario.Stream("a", Promotability.Unknown).Stream("b", Promotability.Unknown).Stream("c", Promotability.Unknown).After(120).Satellites(Off("a"), Off("b"), Off("c")).LinstorComesBack().Report("pvc-1").After(1);
        scenario.Satellite("b", SatelliteState.Online).Replica("b", _ => Lost("b", "c")).After(later);
        scenario.Satellite("c", SatelliteState.Online).Replica("c", _ => Lost("c", "b"));
        Assert.Equal(Moved, scenario.After(50).Moves);

        static Replica Lost(string node, string other) => new(new(node)) { Promotability = Promotability.MayPromote, Usage = Usage.Unused, Score = 10102, Connections = [new("a", Up: false), new(other, Up: true)] };
    }

    [Theory]
    [InlineData(2)]
    [InlineData(20)]
    public void Power_loss_soon_after_a_replica_was_moved(double seconds)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).After(60).Satellites(On("a"), On("b"), On("c"), On("d"));
        scenario.Facts("pvc-1", "majority", [Connected("a", "b", "c", "d") with { Usage = Usage.InUse }, Connected("b", "a", "c", "d"), Connected("c", "a", "b", "d"), Connected("d", "a", "b", "c")]).Report("pvc-1").After(30);
        scenario.Facts("pvc-1", "majority", [Connected("a", "b", "d") with { Usage = Usage.InUse }, Connected("b", "a", "d"), Connected("d", "a", "b")]).Report("pvc-1").Satellites(On("a"), On("b"), On("c"), On("d")).After(seconds);
        Assert.Equal(Moved, scenario.PowerOff("a").After(60).Moves);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(20)]
    public void Power_loss_soon_after_a_tie_breaker_was_replaced(double seconds)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm, replica => replica.Node.Value == "c" ? replica with { Diskless = true, Score = 2, Uuid = "1" } : replica with { Uuid = replica.Node.Value }).After(60).Satellites(On("a"), On("b"), On("c"), On("d"));
        scenario.Replica("c", replica => replica with { Uuid = "2" }).Report("pvc-1").After(seconds).Report("pvc-1");
        Assert.Equal(Moved, scenario.PowerOff("a").After(60).Moves);
    }

    [Fact]
    public void Power_loss_together_with_another_replica_and_its_score_had_changed_unread()
    {
        // Five disks; a resynchronisation ended unread. A and D lose power in one rack: B is told to be promotable, then D is absent, and then comes the answer.
        var scenario = Scenario.Empty(NoStorm).Satellites([.. "abcde".Select(node => On($"{node}"))]).Resource("pvc-1", "a", "majority", "a", "b", "c", "d", "e").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a")
            .Node("a", ready: false).After(60).Replica("a", replica => replica with { Score = 10104 }).After(60);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        foreach (var node in (string[])["b", "c", "e"])
        {
            scenario.Link(node, "a", up: false).Link(node, "d", up: false);
        }

        scenario.MayPromote("b").MayPromote("c").MayPromote("e").After(0.2).Stream("d", Promotability.Unknown).Replica("d", _ => new(new("d"))).After(0.2).Ignores = _ => false;
        scenario.After(3).Silence("d").Silence("a");
        Assert.Equal(Moved, scenario.After(300).Moves);
    }

    [Fact]
    public void Power_loss_after_another_replica_was_evicted()
    {
        // C dies, is evicted, and its replica is placed on D. Then A loses power.
        var scenario = Scenario.WithAppOn("a", NoStorm).After(60).PowerOff("c").Satellites(On("a"), On("b"), Off("c"), On("d"));
        scenario.Replica("a", replica => replica with { Promotability = Promotability.MayNotPromote }).Replica("b", replica => replica with { Promotability = Promotability.MayNotPromote }).Report("pvc-1").After(3600);
        scenario.Facts("pvc-1", "majority", [Connected("a", "b", "d") with { Usage = Usage.InUse }, Connected("b", "a", "d"), new(new("c")) { Leaving = true }, Connected("d", "a", "b")]).Report("pvc-1").After(3);
        var before = scenario.Consultations;
        scenario.After(600);
        Assert.InRange(scenario.Consultations - before, 0, 10);
        scenario.Silence("a").Link("b", "a", up: false).Link("d", "a", up: false).MayPromote("b").MayPromote("d");
        Assert.Equal(Moved, scenario.After(60).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Power_loss_after_the_members_changed_while_the_nodes_satellite_was_away(bool isOff)
    {
        // A's own satellite is restarted while the members change; then A dies.
        var scenario = Scenario.WithAppOn("a", NoStorm).After(60).Satellites(On("a"), On("b"), On("c"), On("d"));
        scenario.Satellite("a", SatelliteState.Offline).Report("pvc-1").After(5);
        scenario.Facts("pvc-1", "majority", [isOff ? new(new("a")) : Connected("a", "b", "d") with { Usage = Usage.InUse }, Connected("b", "a", "d"), Connected("d", "a", "b")]).Report("pvc-1").Satellites(isOff ? Off("a") : On("a"), On("b"), On("c"), On("d")).After(20);
        scenario.Satellites(On("a"), On("b"), On("c"), On("d")).Replica("a", _ => Connected("a", "b", "d") with { Usage = Usage.InUse }).Report("pvc-1").After(1);
        Assert.Equal(Moved, scenario.PowerOff("a").After(60).Moves);
    }
}
