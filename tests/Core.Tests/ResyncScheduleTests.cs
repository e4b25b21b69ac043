namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When LINSTOR is queried for what its event stream may not have reported, and when it counts as silent.</summary>
public sealed class ResyncScheduleTests : ResyncFixture
{
    [Fact]
    public void The_first_round_begins_at_once_and_the_others_an_interval_after_the_satellites_were_read()
    {
        Assert.Equal(At(0), Schedule.NextRoundAt);
        Read(0.2);
        Assert.Equal(At(10.2), Schedule.NextRoundAt);
    }

    [Fact]
    public void The_stream_is_intact_if_it_has_spoken_and_has_not_ended_since_the_satellites_were_read()
    {
        Read(0);
        Assert.False(Schedule.IsStreamIntact); // it may not be open yet
        Schedule.StreamSpoke();
        Assert.True(Schedule.IsStreamIntact);
        Schedule.Nudge(At(1));
        Schedule.StreamSpoke();
        Assert.False(Schedule.IsStreamIntact); // another one has begun: nothing is known of the time between
        Read(1);
        Assert.True(Schedule.IsStreamIntact);
        Schedule.BeginRound(At(11));
        Schedule.Nudge(At(11.1));
        Schedule.SatellitesRead(At(11.2));
        Schedule.StreamSpoke();
        Assert.False(Schedule.IsStreamIntact); // the list may be older than the end of the stream
    }

    [Fact]
    public void A_stream_that_ends_after_the_satellites_could_not_be_read_makes_it_a_silence()
    {
        Read(0);
        Schedule.StreamSpoke();
        Schedule.BeginRound(At(1));
        Schedule.SatellitesFailed(At(1));
        Assert.True(Schedule.IsStreamIntact);
        Assert.False(Schedule.BeginRound(At(1.5)));
        Schedule.SatellitesFailed(At(1.6));
        Schedule.Nudge(At(1.7));
        Schedule.StreamSpoke();
        Assert.True(Schedule.BeginRound(At(2)));
        Schedule.SatellitesRead(At(2));
        Assert.False(Schedule.BeginRound(At(3)));
    }

    [Fact]
    public void A_request_about_one_resource_that_times_out_brings_the_next_resync_forward_which_shows_whether_LINSTOR_is_silent()
    {
        InUse(2);
        Read(0);
        Schedule.NextSlice(Cluster, At(0));
        Schedule.Failed(new("r-0000"), At(5), isNetwork: true);
        Assert.Equal((At(5), false), (Schedule.NextRoundAt, Schedule.IsSilent));

        Read(5);
        Schedule.Failed(new("r-0001"), At(5.1), isNetwork: true); // asked before the satellites were read, so that it says nothing new
        Assert.Equal((At(15), false), (Schedule.NextRoundAt, Schedule.IsSilent));
    }

    [Fact]
    public void Requests_that_fail_at_once_bring_the_next_round_forward_by_no_more_than_two_rounds_a_second()
    {
        InUse(1);
        Read(0);
        Schedule.NextSlice(Cluster, At(0));
        Schedule.Failed(new("r-0000"), At(0.001), isNetwork: true);
        Assert.Equal(At(0.5), Schedule.NextRoundAt);
    }

    [Fact]
    public void An_answer_that_is_of_no_use_brings_nothing_forward()
    {
        InUse(1);
        Read(0);
        Schedule.NextSlice(Cluster, At(0));
        Assert.Equal(1, Schedule.Failed(new("r-0000"), At(5), isNetwork: false));
        Assert.Equal(At(10), Schedule.NextRoundAt);
    }

    [Fact]
    public void LINSTOR_is_silent_from_when_its_satellites_could_not_be_read_until_they_can()
    {
        Schedule.BeginRound(At(0));
        Assert.True(Schedule.SatellitesFailed(At(5)));
        Assert.True(Schedule.IsSilent);
        Schedule.BeginRound(At(6));
        Assert.False(Schedule.SatellitesFailed(At(11)));
        Schedule.BeginRound(At(12));
        Assert.True(Schedule.SatellitesRead(At(12)));
        Assert.False(Schedule.IsSilent);
    }

    [Theory]
    [InlineData(10, new[] { 0.5, 1, 2, 4, 8, 10, 10 })]
    [InlineData(0.001, new[] { 0.5, 0.5, 0.5 })]
    public void A_silent_LINSTOR_is_asked_less_and_less_often_but_at_least_once_an_interval(double interval, double[] pauses)
    {
        Schedule = new(TimeSpan.FromSeconds(interval), Instant.Start);
        foreach (var pause in pauses)
        {
            var now = Schedule.NextRoundAt;
            Schedule.BeginRound(now);
            Schedule.SatellitesFailed(now);
            Assert.Equal(now + TimeSpan.FromSeconds(pause), Schedule.NextRoundAt);
        }
    }

    [Fact]
    public void The_end_of_the_stream_brings_the_next_round_forward()
    {
        Read(0);
        Schedule.Nudge(At(3));
        Assert.Equal(At(3), Schedule.NextRoundAt);
    }

    [Fact]
    public void The_end_of_the_stream_during_a_round_makes_one_more_round()
    {
        Schedule.BeginRound(At(0));
        Schedule.Nudge(At(1));
        Schedule.Nudge(At(1));
        Schedule.SatellitesRead(At(2));
        Assert.Equal(At(2), Schedule.NextRoundAt);
        Read(2);
        Assert.Equal(At(12), Schedule.NextRoundAt);
    }

    [Fact]
    public void The_end_of_the_stream_does_not_hurry_the_retries_of_a_silent_LINSTOR()
    {
        Schedule.BeginRound(At(0));
        Schedule.SatellitesFailed(At(0));
        Schedule.Nudge(At(0.1));
        Assert.Equal(At(0.5), Schedule.NextRoundAt);
        Read(0.5);
        Assert.Equal(At(0.5), Schedule.NextRoundAt);
    }

    [Theory]
    [InlineData(10, 30, false)]
    [InlineData(10, 30.1, true)]
    [InlineData(1, 5, false)]
    [InlineData(1, 5.1, true)]
    public void After_a_pause_that_noSchedule_makes_LINSTOR_is_to_be_reported_as_lost_first(double interval, double pause, bool lost)
    {
        Schedule = new(TimeSpan.FromSeconds(interval), Instant.Start);
        Read(0);
        Assert.Equal(lost, Schedule.BeginRound(At(pause)));
    }
}
