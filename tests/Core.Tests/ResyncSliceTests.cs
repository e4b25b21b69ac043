namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>About which resources LINSTOR is asked in a round.</summary>
public sealed class ResyncSliceTests : ResyncFixture
{
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
        Observe(new Observation.Updated<Attachment>(new("r-0050", new("r-0050"), "pv-r-0050", new("lost"))));
        Observe(new Observation.SatellitesListed([new(new("a"), SatelliteState.Online), new(new("lost"), SatelliteState.Offline)], Instant.Start));
        Assert.Equal(["r-0050", .. Names(0, 20)], Round(0));
        Assert.Equal(["r-0050", .. Names(20, 20)], Round(10));
    }

    [Fact]
    public void A_resource_that_has_not_been_answered_is_not_asked_about_again()
    {
        InUse(3);
        Read(0);
        Assert.Equal(3, Schedule.NextSlice(Cluster, At(0)).Count);
        Schedule.Answered(new("r-0001"));
        Read(10);
        Assert.Equal(new ResourceName("r-0001"), Assert.Single(Schedule.NextSlice(Cluster, At(10))));
    }

    [Fact]
    public void While_a_whole_slice_has_not_been_answered_nothing_is_added()
    {
        InUse(100);
        Read(0);
        Assert.Equal(20, Schedule.NextSlice(Cluster, At(0)).Count);
        Read(10);
        Assert.Empty(Schedule.NextSlice(Cluster, At(10)));
    }

    [Fact]
    public void A_resource_whose_requests_fail_is_left_out_longer_and_longer_but_never_longer_than_five_minutes()
    {
        InUse(2);
        var asked = new List<int>();
        for (var round = 0; round < 200; round++)
        {
            Read(10 * round);
            foreach (var resource in Schedule.NextSlice(Cluster, At(10 * round)))
            {
                if (resource == new ResourceName("r-0000"))
                {
                    asked.Add(round);
                    Schedule.Failed(resource, At(10 * round), isNetwork: true);
                }
                else
                {
                    Schedule.Answered(resource);
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
        var before = Cluster;
        Cluster = ClusterSnapshot.Empty;
        Assert.Empty(Round(12));
        Cluster = before;
        Assert.Equal(["r-0000"], Round(14));
    }

    [Fact]
    public void LINSTORs_own_silence_is_held_against_no_resource()
    {
        InUse(1);
        Round(0, failing: "r-0000");
        Round(10, failing: "r-0000");
        Schedule.BeginRound(At(11));
        Schedule.SatellitesFailed(At(11));
        Assert.Equal(["r-0000"], Round(12));
    }
}
