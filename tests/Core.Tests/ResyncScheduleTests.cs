namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When LINSTOR is asked for what its event stream may not have said, about which resources, and when it counts as silent.</summary>
public sealed class ResyncScheduleTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private ClusterSnapshot _cluster = ClusterSnapshot.Empty;
    private ResyncSchedule _schedule = new(Interval, Instant.Start);

    [Fact]
    public void The_first_round_begins_at_once_and_the_others_an_interval_after_the_satellites_were_read()
    {
        Assert.Equal(At(0), _schedule.NextRoundAt);
        Read(0.2);
        Assert.Equal(At(10.2), _schedule.NextRoundAt);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(20, 20, 1)]
    [InlineData(21, 20, 2)]
    [InlineData(45, 20, 3)]
    [InlineData(1201, 21, 58)]
    public void Every_resource_in_use_is_asked_about_within_sixty_rounds_of_the_same_size(int resources, int size, int rounds)
    {
        InUse(resources);
        var seen = new HashSet<string>();
        for (var round = 0; round < rounds; round++)
        {
            var slice = Round(10 * round);
            Assert.Equal(size, slice.Count);
            seen.UnionWith(slice);
        }

        Assert.InRange(rounds, 1, ResyncSchedule.Slices);
        Assert.Equal(resources, seen.Count);
    }

    [Fact]
    public void A_resource_that_is_used_where_the_satellite_is_not_online_is_asked_about_in_every_round_beside_the_others()
    {
        InUse(100);
        Tell(new Observation.Seen<Attachment>(new("r-0050", new("r-0050"), "pv-r-0050", new("lost"))));
        Tell(new Observation.SatellitesListed([new(new("a"), SatelliteState.Online), new(new("lost"), SatelliteState.Offline)], Instant.Start));
        Assert.Equal(["r-0050", .. Names(0, 20)], Round(0));
        Assert.Equal(["r-0050", .. Names(20, 20)], Round(10));
    }

    [Fact]
    public void A_resource_that_has_not_been_answered_is_not_asked_about_again()
    {
        InUse(3);
        Read(0);
        Assert.Equal(3, _schedule.NextSlice(_cluster, At(0)).Count);
        _schedule.Answered(new("r-0001"));
        Read(10);
        Assert.Equal(new ResourceName("r-0001"), Assert.Single(_schedule.NextSlice(_cluster, At(10))));
    }

    [Fact]
    public void While_a_whole_slice_has_not_been_answered_nothing_is_added()
    {
        InUse(100);
        Read(0);
        Assert.Equal(20, _schedule.NextSlice(_cluster, At(0)).Count);
        Read(10);
        Assert.Empty(_schedule.NextSlice(_cluster, At(10)));
    }

    [Fact]
    public void A_resource_whose_requests_fail_is_left_out_longer_and_longer_but_never_longer_than_five_minutes()
    {
        InUse(2);
        var asked = new List<int>();
        for (var round = 0; round < 200; round++)
        {
            Read(10 * round);
            foreach (var resource in _schedule.NextSlice(_cluster, At(10 * round)))
            {
                if (resource == new ResourceName("r-0000"))
                {
                    asked.Add(round);
                    _schedule.Failed(resource, At(10 * round), isNetwork: true);
                }
                else
                {
                    _schedule.Answered(resource);
                }
            }
        }

        Assert.Equal([0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181], asked);
    }

    [Fact]
    public void The_others_keep_their_turn_beside_one_that_fails()
    {
        InUse(21);
        Assert.Equal(Names(0, 20), Round(0, failing: "r-0003"));
        Assert.Equal(["r-0020", .. Names(0, 19)], Round(10, failing: "r-0003"));
        Assert.Equal(["r-0019", "r-0020", .. Names(0, 19).Where(name => name != "r-0003")], Round(15));
    }

    [Fact]
    public void An_answer_ends_the_back_off()
    {
        InUse(1);
        Round(0, failing: "r-0000");
        Round(10, failing: "r-0000");
        Assert.Equal(["r-0000"], Round(30));
        Round(40, failing: "r-0000");
        Assert.Equal(["r-0000"], Round(50));
    }

    [Fact]
    public void A_resource_that_is_no_longer_in_use_is_forgotten()
    {
        InUse(1);
        Round(0, failing: "r-0000");
        Round(10, failing: "r-0000");
        var before = _cluster;
        _cluster = ClusterSnapshot.Empty;
        Assert.Empty(Round(12));
        _cluster = before;
        Assert.Equal(["r-0000"], Round(14));
    }

    [Fact]
    public void A_request_about_one_resource_that_times_out_brings_the_next_round_forward_which_tells_whether_LINSTOR_is_silent()
    {
        InUse(2);
        Read(0);
        _schedule.NextSlice(_cluster, At(0));
        _schedule.Failed(new("r-0000"), At(5), isNetwork: true);
        Assert.Equal((At(5), false), (_schedule.NextRoundAt, _schedule.IsSilent));

        Read(5);
        _schedule.Failed(new("r-0001"), At(5.1), isNetwork: true); // asked before the satellites were read, so that it says nothing new
        Assert.Equal((At(15), false), (_schedule.NextRoundAt, _schedule.IsSilent));
    }

    [Fact]
    public void Requests_that_fail_at_once_bring_the_next_round_forward_by_no_more_than_two_rounds_a_second()
    {
        InUse(1);
        Read(0);
        _schedule.NextSlice(_cluster, At(0));
        _schedule.Failed(new("r-0000"), At(0.001), isNetwork: true);
        Assert.Equal(At(0.5), _schedule.NextRoundAt);
    }

    [Fact]
    public void An_answer_that_is_of_no_use_brings_nothing_forward()
    {
        InUse(1);
        Read(0);
        _schedule.NextSlice(_cluster, At(0));
        Assert.Equal(1, _schedule.Failed(new("r-0000"), At(5), isNetwork: false));
        Assert.Equal(At(10), _schedule.NextRoundAt);
    }

    [Fact]
    public void LINSTOR_is_silent_from_when_its_satellites_could_not_be_read_until_they_can()
    {
        _schedule.BeginRound(At(0));
        Assert.True(_schedule.SatellitesFailed(At(5)));
        Assert.True(_schedule.IsSilent);
        _schedule.BeginRound(At(6));
        Assert.False(_schedule.SatellitesFailed(At(11)));
        _schedule.BeginRound(At(12));
        Assert.True(_schedule.SatellitesRead(At(12)));
        Assert.False(_schedule.IsSilent);
    }

    [Theory]
    [InlineData(10, new[] { 0.5, 1, 2, 4, 8, 10, 10 })]
    [InlineData(0.001, new[] { 0.5, 0.5, 0.5 })]
    public void A_silent_LINSTOR_is_asked_less_and_less_often_but_at_least_once_an_interval(double interval, double[] pauses)
    {
        _schedule = new(TimeSpan.FromSeconds(interval), Instant.Start);
        foreach (var pause in pauses)
        {
            var now = _schedule.NextRoundAt;
            _schedule.BeginRound(now);
            _schedule.SatellitesFailed(now);
            Assert.Equal(now + TimeSpan.FromSeconds(pause), _schedule.NextRoundAt);
        }
    }

    [Fact]
    public void LINSTORs_own_silence_is_held_against_no_resource()
    {
        InUse(1);
        Round(0, failing: "r-0000");
        Round(10, failing: "r-0000");
        _schedule.BeginRound(At(11));
        _schedule.SatellitesFailed(At(11));
        Assert.Equal(["r-0000"], Round(12));
    }

    [Fact]
    public void The_end_of_the_stream_brings_the_next_round_forward()
    {
        Read(0);
        _schedule.Nudge(At(3));
        Assert.Equal(At(3), _schedule.NextRoundAt);
    }

    [Fact]
    public void The_end_of_the_stream_during_a_round_makes_one_more_round()
    {
        _schedule.BeginRound(At(0));
        _schedule.Nudge(At(1));
        _schedule.Nudge(At(1));
        _schedule.SatellitesRead(At(2));
        Assert.Equal(At(2), _schedule.NextRoundAt);
        Read(2);
        Assert.Equal(At(12), _schedule.NextRoundAt);
    }

    [Fact]
    public void The_end_of_the_stream_does_not_hurry_the_retries_of_a_silent_LINSTOR()
    {
        _schedule.BeginRound(At(0));
        _schedule.SatellitesFailed(At(0));
        _schedule.Nudge(At(0.1));
        Assert.Equal(At(0.5), _schedule.NextRoundAt);
        Read(0.5);
        Assert.Equal(At(0.5), _schedule.NextRoundAt);
    }

    [Theory]
    [InlineData(10, 30, false)]
    [InlineData(10, 30.1, true)]
    [InlineData(1, 5, false)]
    [InlineData(1, 5.1, true)]
    public void After_a_pause_that_no_schedule_makes_LINSTOR_is_to_be_reported_as_lost_first(double interval, double pause, bool lost)
    {
        _schedule = new(TimeSpan.FromSeconds(interval), Instant.Start);
        Read(0);
        Assert.Equal(lost, _schedule.BeginRound(At(pause)));
    }

    private static Instant At(double seconds) => Instant.Start + TimeSpan.FromSeconds(seconds);

    private static IEnumerable<string> Names(int first, int count) => Enumerable.Range(first, count).Select(number => $"r-{number:0000}");

    private void Tell(Observation seen) => _cluster = _cluster.Apply(seen, Instant.Start);

    private void InUse(int count)
    {
        Tell(new Observation.Listed<Volume>([.. Names(0, count).Select(name => new Volume($"pv-{name}", null) { Resource = new(name) })]));
        Tell(new Observation.Listed<Attachment>([.. Names(0, count).Select(name => new Attachment(name, new(name), $"pv-{name}", new("a")))]));
        Tell(new Observation.SatellitesListed([new(new("a"), SatelliteState.Online)], Instant.Start));
    }

    private void Read(double at)
    {
        _schedule.BeginRound(At(at));
        _schedule.SatellitesRead(At(at));
    }

    /// <summary>A whole round in which all resources answer but one.</summary>
    private List<string> Round(double at, string? failing = null)
    {
        Read(at);
        var slice = _schedule.NextSlice(_cluster, At(at));
        foreach (var resource in slice)
        {
            if (resource.Value == failing)
            {
                _schedule.Failed(resource, At(at), isNetwork: false);
            }
            else
            {
                _schedule.Answered(resource);
            }
        }

        return [.. slice.Select(resource => resource.Value)];
    }
}
