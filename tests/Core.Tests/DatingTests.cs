namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When statements are new: loss evidence is as old as its first report, counter-evidence as new as its speaker's last change or its return from silence.</summary>
public sealed class DatingTests
{
    [Fact]
    public void Loss_evidence_keeps_its_first_date_through_a_silence()
    {
        // A and C are well again and report it; then their satellites stop, and B's is restarted and repeats its earlier report.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).CutOff("a").Report("pvc-1").After(5);
        scenario.Replica("a", Well).MayNotPromote("c").Link("c", "a", up: true).Report("pvc-1").After(5);
        Assert.Empty(scenario.Silence("a").Silence("c").Silence("b").After(5).Speak("b").After(600).Moves);
    }

    [Fact]
    public void Loss_evidence_that_was_contradicted_for_long_is_no_newer_after_a_silence()
    {
        // LINSTOR loses A's satellite, and B's hangs with "A is gone". C repeats for 50 s that it is connected to A. Then C's satellite stops, and B's is restarted and repeats its earlier report.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).Silence("a").Link("b", "a", up: false).MayPromote("b").Report("pvc-1").After(50).Report("pvc-1");
        Assert.Empty(scenario.Silence("c").Silence("b").After(5).Speak("b").After(600).Moves);
    }

    [Fact]
    public void A_return_from_silence_with_the_same_statements_dates_counter_evidence_anew()
    {
        // Only answers report the return, and nothing in them has changed; the events of B and C hang at "down".
        var scenario = Scenario.WithAppOn("a").After(60).Silence("a").Report("pvc-1").Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").After(20);
        scenario.Satellite("a", SatelliteState.Online).Replica("a", Well, streamed: false).Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void A_change_that_only_an_answer_reports_dates_counter_evidence_anew()
    {
        var scenario = Healed().Silence("c").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }

    [Fact]
    public void A_link_that_is_left_out_is_remembered()
    {
        var scenario = Healed().Replica("c", replica => replica with { Score = null, Connections = replica.Connections.RemoveAll(connection => connection.Peer == "a") }).Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.StillConnected], scenario.Holds);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_score_that_changed_since_the_last_answer_is_older_than_what_the_stream_has_just_reported(bool failed, bool late)
    {
        // A resynchronisation ended since the last answer. Then A loses power, DRBD is faster than LINSTOR, and the first answer still contains A's statements, with another score.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Replica("a", replica => replica with { Score = 10102 }).Report("pvc-1").After(60);
        if (failed)
        {
            scenario.LinstorGoesAway().After(2).LinstorComesBack();
        }

        scenario.Replica("a", replica => replica with { Score = 10103 }).After(60);
        if (late)
        {
            // LINSTOR needs so long for the first answer that A may have been away and back in between.
            scenario.Ignores = decision => decision is Decision.QueryResource;
            scenario.OnlyPeersLose("a").After(13).Ignores = _ => false;
            scenario.After(3).Silence("a").After(600);
            Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
        }
        else
        {
            Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.OnlyPeersLose("a").After(3).Silence("a").After(300).Moves);
        }
    }

    [Fact]
    public void A_score_that_changed_when_links_healed_is_newer_than_what_the_stream_reported_before()
    {
        // A is cut off for a moment, in which B's events hang. C, whose links heal, is the reason for the next question. Then the link between A and C breaks, and the satellites of both stop.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").After(0.3).Replica("a", replica => replica with { Score = 10102 }).Link("c", "a", up: true).MayNotPromote("c");
        scenario.After(0.3).Report("pvc-1").Ignores = _ => false;
        scenario.After(2).Link("c", "a", up: false).Report("pvc-1").After(1).Silence("a").Silence("c").After(600);
        Assert.Empty(scenario.Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Loss_evidence_after_a_silence_of_its_speaker_may_be_as_old_as_that_silence(bool isStreamed)
    {
        // B's satellite is away while the links flap, and comes back with the state of the flap. C, a tie-breaker, has lost its link to A and its quorum for good. Then A's satellite stops.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Replica("c", replica => replica with { Diskless = true, Score = 2 }).Report("pvc-1").After(60).Silence("b").After(5);
        scenario.Link("c", "a", up: false).LosesQuorum("c").Replica("a", replica => replica with { Score = 10102, Connections = [new("b", Up: true), new("c", Up: false)] }).Report("pvc-1").After(5);
        scenario.Satellite("b", SatelliteState.Online);
        scenario = isStreamed ? scenario.MayPromote("b") : scenario;
        scenario.Replica("b", _ => Connected("b", "a", "c") with { Promotability = Promotability.MayPromote, Connections = [new("a", Up: false), new("c", Up: true)] }, streamed: false).Report("pvc-1");
        Assert.Empty(scenario.After(5).Silence("a").After(600).Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Theory]
    [InlineData(2, true, true)]
    [InlineData(13, true, false)]
    [InlineData(2, false, false)]
    public void A_list_that_failed_while_the_stream_went_on_makes_no_statements_new(double silence, bool isStreamIntact, bool isMoved)
    {
        // C's satellite has long been dead, so only B can contradict A. LINSTOR's list fails for a moment; then A loses power, and DRBD is faster than LINSTOR.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Silence("c").After(600).LinstorGoesAway(isStreamIntact).After(silence).LinstorComesBack().After(5);
        scenario.Link("b", "a", up: false).MayPromote("b").Report("pvc-1").After(3).Silence("a").After(600);
        Assert.Equal(isMoved ? ["delete app-0 on a", "detach va-1"] : [], scenario.Moves);
    }

    [Fact]
    public void What_the_stream_reported_after_a_query_was_sent_is_newer_than_the_answer()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").Report("pvc-1");
        var stale = scenario.ReportOf(Scenario.Pvc1);
        scenario.MayNotPromote("b").Observe(new Observation.ResourceReported(stale));
        Assert.Equal(Promotability.MayNotPromote, scenario.Cluster.Resources[Scenario.Pvc1].Find(new("b"))!.Promotability);
    }

    [Fact]
    public void A_list_of_satellites_that_was_requested_before_the_statements_does_not_silence_their_speaker()
    {
        var scenario = Scenario.WithAppOn("a");
        var before = scenario.Now;
        scenario.After(1).Report("pvc-1").Observe(new Observation.SatellitesListed([new(new("a"), SatelliteState.Online), new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Offline)], before));
        Assert.False(scenario.Cluster.Resources[Scenario.Pvc1].Find(new("c"))!.IsSilent);
    }

    [Fact]
    public void A_late_answer_to_an_older_query_is_ignored()
    {
        var scenario = Scenario.WithAppOn("a");
        var stale = scenario.ReportOf(Scenario.Pvc1);
        scenario.After(1).Link("c", "a", up: false).Report("pvc-1").Observe(new Observation.ResourceReported(stale));
        Assert.False(scenario.Cluster.Resources[Scenario.Pvc1].Find(new("c"))!.Links.Single(link => link.Peer == "a").Up.Value);
    }

    [Fact]
    public void A_replica_that_is_created_anew_has_not_admitted_what_its_predecessor_did()
    {
        var scenario = Scenario.WithAppOn("a").Replica("a", replica => replica with { Uuid = "1" }).CutOff("a").Replica("a", replica => replica with { Score = 10101 }).Report("pvc-1").After(5);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Silence("a").Replica("a", replica => replica with { Uuid = "2" }).Report("pvc-1").After(46).Moves);
    }

    // A is silent. B and C find it gone, and C, which may not promote, finds it again.
    private static Scenario Healed() => Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).Silence("a").Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").Report("pvc-1").After(5)
        .Link("c", "a", up: true).Report("pvc-1").After(1);

    // A is cut off for 4 s, and C's satellite hangs in that moment; no answer came until the links were up again, as A and B say. Then the satellites of A and B go away.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_that_is_found_to_be_down_may_have_gone_at_any_time_since_its_end_was_last_heard(bool isAnsweredDuringTheCut)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(300).Report("pvc-1").After(5);
        scenario.Ignores = decision => !isAnsweredDuringTheCut && decision is Decision.QueryResource;
        scenario.CutOff("a").After(4);
        scenario.Link("b", "a", up: true).Link("a", "b", up: true).Link("a", "c", up: true).Replica("a", replica => replica with { Score = 10103 }).MayNotPromote("b").After(2);
        scenario.Ignores = _ => false;
        scenario.Report("pvc-1").After(4).Report("pvc-1").After(5).Silence("a").Silence("b").Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
    }

    // LINSTOR needs 2 s for an answer. The last one before A hangs contains something new of A, and that the links are up.
    [Fact]
    public void A_link_that_is_found_to_be_down_has_gone_after_it_was_last_seen_to_be_up()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(300);
        scenario.Observe(new Observation.ResourceReported(scenario.Replica("a", replica => replica with { Score = 10104 }).ReportOf(Scenario.Pvc1) with { AskedAt = scenario.Now - TimeSpan.FromSeconds(2) })).After(5);
        Assert.NotEmpty(scenario.Link("b", "a", up: false).Link("c", "a", up: false).MayPromote("b").MayPromote("c").Report("pvc-1").After(60).Moves);
    }
}
