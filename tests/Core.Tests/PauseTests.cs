namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Silences of LINSTOR and of the promotable peer: short ones pause the grace period, longer ones start it anew.</summary>
public sealed class PauseTests
{
    [Fact]
    public void A_silence_of_linstor_of_up_to_twelve_seconds_pauses_the_grace_period()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(30).LinstorGoesAway().After(8);
        Assert.Contains(HoldReason.LinstorSilent, scenario.AllHolds);
        Assert.Empty(scenario.LinstorComesBack().After(14).Moves);
        Assert.NotEmpty(scenario.After(12).Moves);
    }

    [Fact]
    public void A_longer_silence_of_linstor_starts_the_grace_period_anew()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(44).LinstorGoesAway().After(3600).LinstorComesBack();
        Assert.Empty(scenario.After(44).Moves);
        Assert.NotEmpty(scenario.After(2).Moves);
    }

    [Fact]
    public void A_silence_of_the_promotable_peer_of_up_to_twelve_seconds_pauses_the_grace_period()
    {
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).After(20).Silence("c").PowerOff("a").Node("a", ready: false).After(30).Silence("b").After(10);
        Assert.Contains(HoldReason.PeerSilent, scenario.AllHolds);
        Assert.Empty(scenario.Speak("b").After(14).Moves);
        Assert.NotEmpty(scenario.After(3).Moves);
    }

    [Fact]
    public void A_score_that_is_left_out_for_up_to_twelve_seconds_pauses_the_grace_period()
    {
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).PowerOff("a").LosesQuorum("c").Node("a", ready: false).Report("pvc-1").After(30);
        scenario.Replica("b", replica => replica with { Score = null }).Report("pvc-1").After(5);
        Assert.Contains(HoldReason.NoUpToDatePeer, scenario.AllHolds);
        Assert.Empty(scenario.Replica("b", replica => replica with { Score = 10102 }).Report("pvc-1").After(14).Moves);
        Assert.NotEmpty(scenario.After(3).Moves);
    }

    [Fact]
    public void A_longer_silence_of_the_promotable_peer_starts_the_grace_period_anew()
    {
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).Silence("c").PowerOff("a").Node("a", ready: false).After(30).Silence("b").After(13).Speak("b");
        Assert.Empty(scenario.After(44).Moves);
        Assert.NotEmpty(scenario.After(3).Moves);
    }

    [Fact]
    public void A_silence_of_the_promotable_peer_that_the_stream_did_not_report_counts_from_when_the_peer_last_spoke()
    {
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).After(20).Silence("c").PowerOff("a").Node("a", ready: false).After(30).Report("pvc-1");
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.After(8).Silence("b", streamed: false).Ignores = _ => false;
        Assert.Empty(scenario.After(5).Speak("b").After(44).Moves);
        Assert.NotEmpty(scenario.After(3).Moves);
    }

    [Fact]
    public void A_peer_that_is_no_proof_does_not_hide_for_how_long_the_proof_was_silent()
    {
        // C may promote on the strength of B's disk only. B is last heard at 30 s; C falls silent at 39 s, as the stream tells; B is found away at 40 s, and is back at 46 s.
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).Replica("c", replica => replica with { Score = 10002 }).PowerOff("a").Node("a", ready: false).After(30).Report("pvc-1");
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.After(9).Replica("c", Silent).After(1).Silence("b", streamed: false).After(6).Ignores = _ => false;
        Assert.Empty(scenario.Speak("b").Report("pvc-1").After(30).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_short_silence_of_the_proof_is_short_though_another_fell_silent_long_before(bool streamed)
    {
        // C's satellite, a mere process, stops 5 s after the loss. At 30 s B's reconnects; an older list of satellites arrives after B's statements.
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).PowerOff("a").Node("a", ready: false).After(5).Silence("c").Link("b", "c", up: true).After(25);
        if (streamed)
        {
            var back = scenario.ReportOf(Scenario.Pvc1).Replicas.Single(one => one.Node == new NodeName("b"));
            scenario.Replica("b", Silent).After(0.5).Replica("b", _ => back);
        }

        var asked = scenario.Now;
        scenario.Ignores = decision => decision is Decision.QuerySatellites;
        scenario.After(0.5).Report("pvc-1").After(0.5);
        scenario.Observe(new Observation.SatellitesListed([.. "abc".Select(node => new Satellite(new($"{node}"), SatelliteState.Offline))], asked)).After(0.2).Ignores = _ => false;
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Satellite("b", SatelliteState.Online).Report("pvc-1").After(20).Moves);
    }

    [Fact]
    public void A_silence_that_had_lasted_too_long_for_a_pause_when_it_was_noticed_is_none()
    {
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).Silence("c").PowerOff("a").Node("a", ready: false).After(30).Report("pvc-1");
        scenario.Ignores = decision => decision is Decision.QueryResource;
        var silent = scenario.After(13).Silence("b", streamed: false).Cluster.Resources[Scenario.Pvc1].AssessmentOf(new("a"));
        Assert.Equal((HoldReason.PeerSilent, null), (silent!.Reason, silent.PausedAt));
    }

    [Fact]
    public void A_loss_that_was_interrupted_unheard_is_not_as_old_as_it_looks()
    {
        // While LINSTOR cannot be asked, c goes away and b loses quorum. The stream returns first and says so of b; of c, which LINSTOR does not hear, it repeats nothing.
        var scenario = Scenario.WithAppOn("a").Node("a", ready: false).PowerOff("a").After(43).LinstorGoesAway().After(100);
        scenario.Replica("c", Silent, streamed: false).Satellite("c", SatelliteState.Offline, streamed: false);
        scenario.MayNotPromote("b").After(1);

        // c comes back before LINSTOR is asked again.
        scenario.Satellite("c", SatelliteState.Online, streamed: false).MayPromote("b").LinstorComesBack();
        Assert.Empty(scenario.After(44).Moves);
        Assert.NotEmpty(scenario.After(3).Moves);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 0)] // a process that was frozen hears of both at once
    [InlineData(false, 1)]
    public void What_a_speaking_peer_takes_back_is_no_silence(bool isSilent, double seconds)
    {
        // B and C prove the loss. At 30 s B's satellite is restarted; then A is back for 3 s, as C says. Answers are slow.
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).PowerOff("a").Node("a", ready: false).After(30).Report("pvc-1");
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario = isSilent ? scenario.Silence("b") : scenario.Stream("b", Promotability.MayNotPromote);
        (seconds > 0 ? scenario.After(seconds) : scenario).Stream("c", Promotability.MayNotPromote).After(3).Stream("c", Promotability.MayPromote).After(0.5).Ignores = _ => false;
        Assert.Empty(scenario.Speak("b").Link("b", "c", up: true).Report("pvc-1").After(40).Moves);
        Assert.NotEmpty(scenario.After(10).Moves);
    }

    private static Replica Silent(Replica replica) =>
        replica with { Promotability = Promotability.Unknown, Usage = Usage.Unknown, Score = null, Connections = [] };
}
