namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Who cannot decide leaves the Lease to one who can.</summary>
public sealed class CannotDecideTests
{
    private static readonly TimeSpan Request = TimeSpan.FromSeconds(5);

    private readonly LeaseServer _server = new();

    [Theory]
    [InlineData(Source.Linstor)]
    [InlineData(Source.Pods)]
    [InlineData(Source.Volumes)]
    [InlineData(Source.Attachments)]
    [InlineData(Source.CsiNodes)]
    public void A_leader_gives_the_Lease_up_when_a_source_that_it_needs_has_been_lost_for_15_s(Source source)
    {
        _server.Start("a").Pass(3).Synced("a", LeaseServer.All.Remove(source));
        Assert.Equal(15, _server.Until(() => _server.Record!.IsReleased));
        Assert.Null(_server.Leader);
    }

    [Fact]
    public void A_leader_keeps_the_Lease_without_a_synced_watch_of_nodes()
    {
        _server.Start("a").Synced("a", LeaseServer.All.Remove(Source.Nodes)).Pass(60);
        Assert.Equal("a", _server.Leader);
    }

    [Fact]
    public void A_leader_whose_source_comes_back_in_time_keeps_the_Lease()
    {
        for (_server.Start("a"); _server.Now < Instant.Start + TimeSpan.FromHours(1.1);)
        {
            _server.LoseLinstor("a").Pass(14.9).Synced("a", LeaseServer.All).Pass(0.1);
            Assert.Equal("a", _server.Leader);
        }
    }

    [Fact]
    public void No_request_begins_that_would_outlast_the_hold_of_a_leader_that_cannot_decide()
    {
        _server.Start("a").LoseLinstor("a");
        Assert.Equal(10, _server.Until(() => !_server["a"].Holds(_server.Now + Request)));
        Assert.Equal("a", _server.Record!.Holder);
        Assert.Equal(5, _server.Until(() => _server.Record!.IsReleased));
    }

    [Fact]
    public void A_standby_that_can_decide_takes_over_with_its_next_look()
    {
        _server.Start("a").Start("b").Pass(3).LoseLinstor("a");
        Assert.InRange(_server.Until(() => _server.Leader == "b"), 15, 17.4);
        _server.Pass(120);
        Assert.Equal("b", _server.Leader);
    }

    [Fact]
    public void A_replica_that_could_not_decide_and_can_again_takes_a_free_Lease_at_once()
    {
        _server.Start("a").LoseLinstor("a").Pass(20).Synced("a", LeaseServer.All);
        Assert.Equal("a", _server.Leader);
    }

    [Fact]
    public void A_standby_that_has_lost_a_source_for_a_moment_competes_like_any_other()
    {
        _server.Start("a").Start("b").Pass(3).LoseLinstor("b").Stop("a").Kill("a");
        Assert.InRange(_server.Until(() => _server.Leader == "b"), 0, 2.4);
    }

    [Fact]
    public void A_standby_that_cannot_decide_leaves_the_Lease_of_a_dead_holder_free_for_30_s()
    {
        _server.Start("a").Start("b").Pass(3).LoseLinstor("b").Pass(16).Kill("a");
        Assert.InRange(_server.Until(() => _server.Leader == "b"), 15 + 30 - 2, 15 + 30 + 2.4);
    }

    [Fact]
    public void A_lone_replica_that_starts_while_LINSTOR_is_away_leads_after_30_s_so_that_the_outage_is_reported()
    {
        _server.Start("a", decides: false).Synced("a", LeaseServer.All.Remove(Source.Linstor));
        Assert.InRange(_server.Until(() => _server.Leader == "a"), 30, 32.4);
    }

    [Fact]
    public void A_replica_that_has_just_started_does_not_take_the_Lease_before_its_sources_are_synced()
    {
        _server.Start("a", decides: false).Pass(1).Synced("a", [Source.Linstor, Source.Pods]);
        Assert.Null(_server.Leader);
        _server.Pass(0.3).Synced("a", LeaseServer.All);
        Assert.Equal("a", _server.Leader);
    }

    [Fact]
    public void A_replica_that_comes_back_under_its_own_name_and_cannot_decide_does_not_go_on_where_it_was()
    {
        _server.Start("a").Pass(1).Kill("a").Start("a", decides: false).Start("b");
        Assert.InRange(_server.Until(() => _server.Leader is not null), 15, 17.4);
        Assert.Equal("b", _server.Leader);
    }

    [Fact]
    public void A_leader_that_cannot_decide_offers_the_Lease_again_every_30_s()
    {
        _server.Start("a", decides: false).Until(() => _server.Leader == "a");
        for (var turn = 0; turn < 3; turn++)
        {
            Assert.Equal(30, _server.Until(() => _server.Record!.IsReleased));
            Assert.InRange(_server.Until(() => _server.Leader == "a"), 30, 32.4);
        }
    }

    [Fact]
    public void A_standby_that_can_decide_waits_for_one_that_cannot_for_no_longer_than_its_term()
    {
        _server.Start("a", decides: false).Until(() => _server.Leader == "a");
        _server.Start("b");
        Assert.InRange(_server.Until(() => _server.Leader == "b"), 0, 30 + 2.4);
        _server.Pass(300);
        Assert.Equal("b", _server.Leader);
    }

    [Fact]
    public void A_leader_that_took_the_Lease_blindly_and_can_decide_now_keeps_it()
    {
        _server.Start("a", decides: false).Until(() => _server.Leader == "a");
        _server.Pass(20).Synced("a", LeaseServer.All).Pass(60);
        Assert.Equal("a", _server.Leader);
        _server.LoseLinstor("a");
        Assert.Equal(15, _server.Until(() => _server.Leader is null));
    }

    [Fact]
    public void Two_that_cannot_decide_never_lead_for_longer_than_a_term_and_never_at_once()
    {
        _server.Start("a", decides: false).Pass(1).Start("b", decides: false);
        for (var turn = 0; turn < 10; turn++)
        {
            _server.Until(() => _server.Leader is not null);
            Assert.InRange(_server.Until(() => _server.Leader is null), 29, 30);
        }
    }

    [Fact]
    public void A_release_that_failed_is_tried_again_and_what_was_sent_ends_the_hold_for_good()
    {
        _server.Start("a").LoseLinstor("a");
        _server.Refuses = (_, request) => request.IsRelease ? LeaseOutcome.Failed : null;
        _server.Pass(16);
        Assert.Equal("a", _server.Record!.Holder);
        Assert.Equal("a", _server["a"].Lease.Record!.Holder);
        Assert.False(_server["a"].Holds(_server.Now));
        _server.Refuses = (_, _) => null;
        Assert.InRange(_server.Until(() => _server.Record!.IsReleased), 0, 2.4);
    }

    [Fact]
    public void A_replica_that_can_decide_again_while_its_release_is_under_way_acts_only_once_it_has_taken_the_Lease_anew()
    {
        _server.Start("a").LoseLinstor("a").Pass(14.9);
        var end = _server.Now + TimeSpan.FromSeconds(0.1);
        var (election, release) = _server["a"].Begin(end, DateTimeOffset.UnixEpoch);
        Assert.True(release!.IsRelease);
        election = election.Synced(LeaseServer.All, end);
        Assert.False(election.Holds(end));
        election = election.Answered(release, new(LeaseOutcome.Failed), end, 0);
        Assert.False(election.Holds(end));
        Assert.Equal("a", election.Begin(election.WakeAt, DateTimeOffset.UnixEpoch).Request!.Record!.Holder);
    }

    [Fact]
    public void A_source_that_comes_back_just_before_the_Lease_would_be_given_up_keeps_it()
    {
        _server.Start("a").LoseLinstor("a").Pass(14.9);
        var end = _server.Now + TimeSpan.FromSeconds(0.1);
        var (_, request) = _server["a"].Synced(LeaseServer.All, end).Begin(end, DateTimeOffset.UnixEpoch);
        Assert.False(request?.IsRelease == true);
    }

    [Fact]
    public void A_leader_whose_renewals_failed_and_that_cannot_decide_by_now_does_not_renew_but_gives_up()
    {
        _server.Start("a").LoseLinstor("a");
        _server.Refuses = (_, _) => LeaseOutcome.Failed;
        _server.Pass(20);
        _server.Asked.Clear();
        _server.Refuses = (_, _) => null;
        _server.Pass(2.4);
        Assert.True(_server.Asked[0].Request.IsRelease);
        Assert.True(_server.Record!.IsReleased);
    }

    [Fact]
    public void A_lost_source_is_dated_when_it_was_lost_or_at_the_process_start_if_it_was_never_synced()
    {
        var lost = UnsyncedSources.AtStart(At(0));
        Assert.Equal(UnsyncedSources.Needed, lost.All.Select(one => one.Source));
        Assert.True(lost.CannotDecide(At(0)));

        lost = lost.Update([Source.Linstor, Source.Volumes, Source.Attachments, Source.CsiNodes], At(1));
        Assert.Equal([new(Source.Pods, At(0), NeverSynced: true)], lost.All);
        lost = lost.Update(LeaseServer.All, At(2)).Update(LeaseServer.All.Remove(Source.Linstor), At(3)).Update([], At(4));
        Assert.Equal(new UnsyncedSource(Source.Linstor, At(3), NeverSynced: false), lost.All[0]);
        Assert.Equal(At(3), lost.Since);
        Assert.False(lost.CannotDecide(At(17.9)));
        Assert.True(lost.CannotDecide(At(18)));
        Assert.Same(lost, lost.Update([], At(30)));
    }

    private static Instant At(double seconds) => Instant.Start + TimeSpan.FromSeconds(seconds);
}
