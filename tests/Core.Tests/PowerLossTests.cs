namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Power losses that look like satellites with old state, and are none.</summary>
public sealed class PowerLossTests
{
    [Fact]
    public void What_was_stated_long_before_a_silence_does_not_stand_after_it()
    {
        // C last changed anything at 100 s, and its satellite is dead from then on. B is heard until 300 s. While its satellite is restarted, A loses power.
        var scenario = Scenario.WithThird(tieBreaker: false).After(100).Replica("c", replica => replica with { Score = 10104 }).Report("pvc-1").After(1).Silence("c").Report("pvc-1").After(200).Report("pvc-1");
        scenario.Silence("b").Silence("a").Report("pvc-1").After(20);
        Assert.Equal(Moved, scenario.Back("b", Lost("b", "c", tieBreaker: false)).After(600).Moves);
    }

    [Theory]
    [InlineData(30, 1, false)]
    [InlineData(30, 5, false)]
    [InlineData(120, 20, false)]
    [InlineData(30, 1, true)]
    [InlineData(30, 5, true)]
    public void Two_that_agree_after_a_power_loss_during_an_upgrade_are_believed(double away, double late, bool tieBreaker)
    {
        // The satellites are restarted, and only A's is back before LINSTOR is restarted, too. A loses power meanwhile.
        var scenario = Scenario.WithThird(tieBreaker).After(300).Silence("b").Silence("c").Silence("a").Report("pvc-1").After(8).Back("a", Scenario.Healthy()[0]).After(2);
        scenario.LinstorGoesAway().Satellite("a", SatelliteState.Offline, streamed: false).Replica("a", _ => new(new("a")), streamed: false).After(away).LinstorComesBack().After(1);
        Assert.Equal(Moved, scenario.Back("b", Lost("b", "c", tieBreaker)).After(late).Back("c", Lost("c", "b", tieBreaker)).After(600).Moves);
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    [InlineData(false, 60)]
    [InlineData(true, 60)]
    public void Two_that_agree_are_believed_although_neither_was_heard_before(bool podStarts, double later)
    {
        var scenario = Scenario.Empty(NoStorm, On("a"), Off("b"), Off("c"), On("x")).Node("a", ready: false).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        scenario.Facts("pvc-1", "majority", [podStarts ? Connected("a", "b", "c") with { Promotability = Promotability.MayPromote } : Scenario.Healthy()[0], new(new("b")), new(new("c"))])
            .Stream("a", podStarts ? Promotability.MayPromote : Promotability.MayNotPromote).Report("pvc-1").After(15);
        scenario = podStarts ? scenario.Replica("a", _ => Scenario.Healthy()[0]).Report("pvc-1").After(2) : scenario;
        scenario.After(5).Silence("a").Report("pvc-1").After(later);
        Assert.Equal(Moved, scenario.Back("b", Lost("b", "c", tieBreaker: false)).After(3).Back("c", Lost("c", "b", tieBreaker: false)).After(600).Moves);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(8, false)]
    [InlineData(8, true)]
    public void Power_loss_in_a_restart_of_linstor_soon_after_one_of_the_nodes_satellite(double soon, bool tieBreaker)
    {
        var scenario = Scenario.WithThird(tieBreaker).After(300).Silence("a").Report("pvc-1").After(6).Back("a", Scenario.Healthy()[0]).After(soon).Report("pvc-1");
        scenario.AllAway().After(30).LinstorComesBack().Report("pvc-1").After(2);
        Assert.Equal(Moved, scenario.Back("b", Lost("b", "c", tieBreaker)).After(2).Back("c", Lost("c", "b", tieBreaker)).After(600).Moves);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Power_loss_just_before_this_process_started_is_found_whichever_source_was_first(bool streamFirst, bool tieBreaker)
    {
        // LINSTOR still repeats A when this process starts.
        var scenario = Scenario.Started(Connected("a", "b", "c") with { Usage = Usage.InUse, Score = tieBreaker ? 10102 : 10103 }, Lost("b", "c", tieBreaker), Lost("c", "b", tieBreaker));
        scenario = streamFirst ? scenario : scenario.ListAll();
        scenario.Stream("a", Promotability.MayNotPromote).Stream("bc", Promotability.MayPromote).After(0.2);
        scenario = streamFirst ? scenario.ListAll() : scenario;
        Assert.Equal(Moved, scenario.After(3).Silence("a").After(300).Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Power_loss_just_after_this_process_started_is_found_whichever_source_was_first(bool streamFirst)
    {
        var scenario = Scenario.Started(Scenario.Healthy());
        scenario = streamFirst ? scenario : scenario.ListAll();
        scenario.Stream("abc", Promotability.MayNotPromote).After(0.2);
        scenario = streamFirst ? scenario.ListAll() : scenario;
        Assert.Equal(Moved, scenario.After(0.5).OnlyPeersLose("a").After(6).Silence("a").After(300).Moves);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Power_loss_long_after_the_last_answer_while_the_only_other_satellite_is_restarted(bool linstor, bool tieBreaker)
    {
        // C's satellite has long been dead. The pod starts on A, and the answer that shows it is the last for five minutes, unless B is asked about once more.
        var scenario = Scenario.Empty(NoStorm, On("a"), On("b"), Off("c"), On("x")).Volume("pv-1", "data", "pvc-1");
        var unused = AllConnected("abc").Select(replica => replica with { Promotability = Promotability.MayPromote, Usage = Usage.Unused, Score = tieBreaker ? 10102 : 10103 }).ToList();
        scenario.Facts("pvc-1", "majority", [unused[0], unused[1], new(new("c")) { Diskless = tieBreaker }]).Stream("ab", Promotability.MayPromote).Report("pvc-1").After(600).Report("pvc-1");
        scenario.Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(10);
        scenario.Replica("a", one => one with { Usage = Usage.InUse, Promotability = Promotability.MayNotPromote }).MayNotPromote("b").After(300).Node("a", ready: false);
        if (linstor)
        {
            scenario.LinstorGoesAway().Satellite("a", SatelliteState.Offline, streamed: false).Replica("a", _ => new(new("a")), streamed: false).Replica("b", _ => Lost("b", "c", tieBreaker), streamed: false);
            scenario.After(60).LinstorComesBack().Stream("b", Promotability.MayPromote);
        }
        else
        {
            scenario.Silence("b").After(5).Silence("a").After(30).Back("b", Lost("b", "c", tieBreaker));
        }

        Assert.Equal(Moved, scenario.After(600).Moves);
    }

    [Theory]
    [InlineData(1, 20)]
    [InlineData(8, 20)]
    [InlineData(14, 60)]
    [InlineData(14, 120)]
    public void Power_loss_while_satellites_register_one_after_the_other(double dies, double late)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(300).AllAway().After(20).Satellites(Off("a"), Off("b"), Off("c")).LinstorComesBack().Report("pvc-1").After(1);
        scenario.Back("a", Scenario.Healthy()[0]).After(2).Back("c", Scenario.Healthy()[2]).After(dies).Link("c", "a", up: false).MayPromote("c").After(3).Silence("a").After(late);
        Assert.Equal(Moved, scenario.Back("b", Lost("b", "c", tieBreaker: false)).After(100).Moves);
    }

    private static Replica Lost(string node, string other, bool tieBreaker) => Apart(node, up: other, down: "a") is var lost && !tieBreaker ? lost
        : node == "c" ? lost with { Diskless = true, Score = 1 } : lost with { Score = 10101 };
}
