namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What a replica asks of the API server, and when.</summary>
public sealed class LeaderElectionTests
{
    private static readonly LeaseRecord Others = new("other", 15, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 3);

    private readonly LeaseServer _server = new();

    [Fact]
    public void A_Lease_that_is_not_there_is_created_after_a_look()
    {
        _server.Start("a");
        Assert.Equal([null, "a"], _server.Asked.Select(asked => asked.Request.Record?.Holder));
        Assert.Equal("a", _server.Leader);
    }

    [Fact]
    public void It_is_renewed_every_two_seconds_without_a_look()
    {
        _server.Start("a").Pass(10);
        Assert.Equal(5, _server.Asked.Skip(2).Count(asked => asked.Request.Record?.Holder == "a"));
        Assert.Equal(7, _server.Asked.Count);
    }

    [Fact]
    public void A_renewal_changes_the_record_even_if_the_wall_clock_stands_still()
    {
        var seen = new HashSet<LeaseRecord>();
        LeaseRecord? record = null;
        for (var renewal = 0; renewal < 5; renewal++)
        {
            record = LeaseRecord.HeldBy("a", record, DateTimeOffset.UnixEpoch);
            Assert.True(seen.Add(record));
        }

        Assert.Equal(DateTimeOffset.UnixEpoch.AddMicroseconds(4), record!.RenewTime);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddHours(-1), LeaseRecord.HeldBy("a", record, DateTimeOffset.UnixEpoch.AddHours(-1)).RenewTime);
    }

    [Fact]
    public void A_challenger_rests_up_to_a_fifth_longer_than_the_holder()
    {
        _server.Start("a");
        Assert.Equal(TimeSpan.FromSeconds(2), _server["a"].WakeAt - _server.Now);
        _server.Start("b");
        Assert.Equal(TimeSpan.FromSeconds(2.2), _server["b"].WakeAt - _server.Now);
    }

    [Theory]
    [InlineData(LeaseOutcome.Conflict)]
    [InlineData(LeaseOutcome.NotFound)]
    public void A_replica_whose_write_conflicts_reads_at_once_and_does_no_more_in_that_turn(LeaseOutcome outcome)
    {
        _server.Start("a");
        _server.Asked.Clear();
        _server.Refuses = (_, request) => request.Record is null ? null : outcome;
        _server.Pass(2);
        Assert.Equal(["a", null], _server.Asked.Select(asked => asked.Request.Record?.Holder));
        Assert.True(_server["a"].Holds(_server.Now));
    }

    [Fact]
    public void A_leader_whose_requests_fail_retries_every_two_seconds_and_stops_acting_after_ten()
    {
        _server.Start("a");
        _server.Asked.Clear();
        _server.Refuses = (_, _) => LeaseOutcome.Failed;
        _server.Pass(9.9);
        Assert.Equal("a", _server.Leader);
        _server.Pass(0.1);
        Assert.Null(_server.Leader);
        Assert.Equal(5, _server.Asked.Count);
    }

    [Fact]
    public void A_Lease_that_cannot_be_created_is_looked_for_in_the_next_turn()
    {
        _server.Refuses = (_, request) => request.Record is null ? null : LeaseOutcome.NotFound; // there is no such namespace
        _server.Start("a").Pass(2.3);
        Assert.Equal([null, "a", null, "a"], _server.Asked.Select(asked => asked.Request.Record?.Holder));
    }

    [Fact]
    public void Only_one_request_is_under_way_at_a_time()
    {
        var (election, request) = new LeaderElection("a", _server.Now).Begin(_server.Now, DateTimeOffset.UnixEpoch);
        Assert.NotNull(request);
        Assert.Null(election.Begin(_server.Now + TimeSpan.FromMinutes(1), DateTimeOffset.UnixEpoch).Request);
    }

    [Fact]
    public void A_late_answer_to_a_renewal_counts_from_when_it_was_sent()
    {
        _server.Start("a").Pass(1.9);
        var sent = _server.Now + TimeSpan.FromSeconds(0.1);
        var (election, request) = _server["a"].Begin(sent, DateTimeOffset.UnixEpoch);
        election = election.Answered(request!, new(LeaseOutcome.Done, request!.Record, "2"), sent + TimeSpan.FromSeconds(5), 0);
        Assert.True(election.Holds(sent + TimeSpan.FromSeconds(9.9)));
        Assert.False(election.Holds(sent + TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void The_answer_to_a_renewal_that_the_end_cut_off_gives_nothing_back()
    {
        _server.Start("a").Pass(1.9);
        var sent = _server.Now + TimeSpan.FromSeconds(0.1);
        var (election, request) = _server["a"].Begin(sent, DateTimeOffset.UnixEpoch);
        var stopping = election.Stop(sent);
        Assert.Same(stopping, stopping.Answered(request!, new(LeaseOutcome.Done, request!.Record, "2"), sent, 0));
        Assert.False(stopping.Holds(sent));
    }

    [Fact]
    public void A_leader_that_stops_gives_the_Lease_up_and_another_has_it_with_its_next_look()
    {
        _server.Start("a").Start("b").Pass(1).Stop("a");
        Assert.Equal(("", 1, 0), (_server.Record!.Holder, _server.Record.DurationSeconds, _server.Record.Transitions));
        _server.Kill("a");
        Assert.InRange(_server.Until(() => _server.Leader == "b"), 0, 2.4);
        Assert.Equal(1, _server.Record.Transitions);
    }

    [Fact]
    public void A_leader_that_stops_and_conflicts_reads_and_gives_up_what_is_still_its_own()
    {
        _server.Start("a").Put(_server.Record); // a renewal that was cut off, or a label
        _server.Stop("a");
        Assert.Equal("", _server.Record!.Holder);
    }

    [Fact]
    public void A_leader_that_stops_and_finds_another_holder_leaves_it_alone()
    {
        _server.Start("a").Put(Others);
        _server.Stop("a");
        Assert.Equal(Others, _server.Record);
    }

    [Fact]
    public void A_leader_that_stops_and_gets_no_answer_does_not_wait()
    {
        _server.Start("a");
        _server.Asked.Clear();
        _server.Refuses = (_, _) => LeaseOutcome.Failed;
        _server.Stop("a").Pass(30);
        Assert.Single(_server.Asked);
    }

    [Fact]
    public void A_replica_that_never_held_the_Lease_gives_nothing_up()
    {
        _server.Put(Others).Start("a").Stop("a").Pass(30);
        Assert.Equal(Others, _server.Record);
    }

    // "a" was cut off from the API server, "b" has taken over, and an administrator deletes the Lease. When "a" is back, the requests of "b" hang for a moment.
    [Fact]
    public void A_former_leader_does_not_take_a_deleted_Lease_while_the_last_leader_may_act()
    {
        _server.Start("a").Start("b").Pass(10);
        _server.Refuses = (who, _) => who == "a" ? LeaseOutcome.Failed : null;
        _server.Pass(40);
        Assert.Equal("b", _server.Leader);
        _server.Put(null);
        _server.Refuses = (who, _) => who == "b" ? LeaseOutcome.Failed : null;
        for (var tenths = 0; tenths < 300; tenths++)
        {
            _server.Pass(0.1);
            Assert.False(_server["a"].Holds(_server.Now) && _server["b"].Holds(_server.Now), $"two leaders after {tenths / 10.0} s");
        }

        Assert.Equal("a", _server.Leader);
    }
}
