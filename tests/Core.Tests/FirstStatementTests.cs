namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When the first statements after a start or a return of LINSTOR are dated.</summary>
public sealed class FirstStatementTests
{
    [Fact]
    public void First_statements_after_a_return_of_linstor_have_one_date_regardless_of_the_order_in_which_satellites_register()
    {
        // LINSTOR is restarted while all is well. B registers with stale state, A registers later and at once falls silent: nothing shows whose statements are newer.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).LinstorGoesAway();
        scenario.Facts("pvc-1", "majority", [new(new("a")), new(new("c")), Promotable("b")]);
        scenario.LinstorComesBack().Report("pvc-1").After(3);
        scenario.Replica("a", Well).Report("pvc-1").After(1).Silence("a");
        Assert.Empty(scenario.After(600).Moves);
    }

    [Fact]
    public void First_statements_after_a_return_of_linstor_have_one_date_also_if_the_speaker_of_the_loss_evidence_registers_last()
    {
        // No satellite has registered when LINSTOR is back; then A does, and falls silent; B registers later, and repeats stale state.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).LinstorGoesAway();
        scenario.Facts("pvc-1", "majority", [new(new("a")), new(new("b")), new(new("c"))]).LinstorComesBack().Report("pvc-1").After(2);
        scenario.Replica("a", Well).Report("pvc-1").After(2).Silence("a").After(2);
        scenario.Replica("b", _ => Connected("b", "a", "c") with { Promotability = Promotability.MayPromote, Connections = [new("a", Up: false), new("c", Up: true)] }).Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void First_statements_of_a_node_that_the_stream_has_reported_are_older_than_loss_evidence(bool streamFirst)
    {
        // This process starts; the stream's replay may come before the first list. No round has come to the resource yet when A loses power; DRBD is faster than LINSTOR.
        var scenario = Scenario.Empty(NoStorm).Facts("pvc-1", "majority", [Well(Connected("a", "b", "c")), Connected("b", "a", "c"), Connected("c", "a", "b")]).LinstorGoesAway().After(1);
        scenario = streamFirst ? scenario : scenario.LinstorComesBack();
        scenario.Stream("a", Promotability.MayNotPromote).Stream("b", Promotability.MayNotPromote).Stream("c", Promotability.MayNotPromote).After(0.5);
        scenario = streamFirst ? scenario.LinstorComesBack() : scenario;
        scenario.Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false).After(60);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.OnlyPeersLose("a").After(3).Silence("a").After(300).Moves);
    }

    [Fact]
    public void First_statements_that_all_others_denied_before_linstor_returned_do_not_outlive_their_speaker()
    {
        // This process was frozen: answers that were on their way reach it before the next list of satellites does. A died meanwhile; DRBD has noticed, and LINSTOR has not.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).LinstorGoesAway().After(40).OnlyPeersLose("a").Report("pvc-1").After(0.1);
        scenario.LinstorComesBack().Report("pvc-1").After(1).Silence("a").Report("pvc-1").After(600);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Moves);
    }

    [Fact]
    public void First_statements_that_all_others_denied_from_the_start_do_not_outlive_their_speaker()
    {
        // This process starts in the seconds in which DRBD has noticed that A is dead, and LINSTOR has not.
        var scenario = Scenario.Empty(NoStorm).Facts("pvc-1", "majority", [Well(Connected("a", "b", "c")), Connected("b", "a", "c"), Connected("c", "a", "b")]);
        scenario.LinstorGoesAway().After(60).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false);
        scenario.Replica("b", replica => replica with { Promotability = Promotability.MayPromote, Connections = [new("a", Up: false), new("c", Up: true)] }, streamed: false);
        scenario.Replica("c", replica => replica with { Promotability = Promotability.MayPromote, Connections = [new("a", Up: false), new("b", Up: true)] }, streamed: false);
        scenario.LinstorComesBack().Stream("a", Promotability.MayNotPromote).Stream("b", Promotability.MayPromote).Stream("c", Promotability.MayPromote).Report("pvc-1").After(3).Silence("a").After(300);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_linstor_that_reached_no_satellite_returns_with_the_first_one_that_it_reaches(bool reachesNoSatellite)
    {
        // For a while this process is connected to a LINSTOR that reaches no satellite. A dies just before that ends: DRBD has noticed, LINSTOR has not.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60);
        scenario.Satellites([.. "abc".Select(node => new Satellite(new($"{node}"), reachesNoSatellite || node == 'a' ? SatelliteState.Offline : SatelliteState.Online))]).After(30);
        scenario.Replica("b", replica => replica with { Promotability = Promotability.MayPromote, Connections = [new("a", Up: false), new("c", Up: true)] }, streamed: false);
        scenario.Replica("c", replica => replica with { Promotability = Promotability.MayPromote, Connections = [new("a", Up: false), new("b", Up: true)] }, streamed: false);
        scenario.Satellites(On("a"), On("b"), On("c")).Report("pvc-1").After(3).Silence("a").After(600);
        Assert.Equal(reachesNoSatellite ? ["delete app-0 on a", "detach va-1"] : [], scenario.Moves);
    }

    [Fact]
    public void First_statements_that_come_later_than_twelve_seconds_after_a_return_are_dated_when_they_were_received()
    {
        // LINSTOR returns; 13 s later B finds A gone; 20 s after the return C registers, connected to A, and falls silent.
        var scenario = Scenario.Empty(NoStorm).Satellites(new(new("a"), SatelliteState.Offline), On("b"), new(new("c"), SatelliteState.Offline)).Node("a", ready: false)
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Facts("pvc-1", "majority", [new(new("a")), Connected("b", "a", "c"), new(new("c"))]).Report("pvc-1").After(13);
        scenario.Replica("b", replica => replica with { Connections = [new("a", Up: false), new("c", Up: true)] }).MayPromote("b").Report("pvc-1").After(7);
        scenario.Satellite("c", SatelliteState.Online).Replica("c", _ => Connected("c", "a", "b")).Report("pvc-1").After(1).Silence("c");
        Assert.Empty(scenario.After(600).Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }
}
