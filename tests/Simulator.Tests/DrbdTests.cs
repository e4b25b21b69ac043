using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class DrbdTests
{
    private static readonly DrbdPeer _upToDate = new(DrbdRole.Secondary, DiskState.UpToDate, Stable: true);
    private static readonly DrbdPeer _diskless = new(DrbdRole.Secondary, DiskState.Diskless, Stable: true);

    [Theory]
    [InlineData(DiskState.UpToDate, 2, 10103)]
    [InlineData(DiskState.UpToDate, 1, 10102)]
    [InlineData(DiskState.UpToDate, 0, 10101)]
    [InlineData(DiskState.Inconsistent, 1, 10001)]
    [InlineData(DiskState.Outdated, 1, 1)]
    [InlineData(DiskState.Diskless, 2, 2)]
    [InlineData(DiskState.Diskless, 0, 0)]
    public void The_score_counts_the_own_disk_own_current_volumes_and_current_replicas(DiskState own, int peers, int score) =>
        Assert.Equal(score, Drbd.PromotionScore(View(own, [.. Enumerable.Repeat(_upToDate, peers)])));

    [Fact]
    public void The_score_does_not_care_who_is_Primary() =>
        Assert.Equal(10102, Drbd.PromotionScore(View(DiskState.UpToDate, _upToDate with { Role = DrbdRole.Primary })));

    [Fact]
    public void No_volumes_failing_IO_or_no_quorum_make_the_score_zero_and_promotion_impossible()
    {
        var healthy = View(DiskState.UpToDate, _upToDate);
        Assert.True(Drbd.MayPromote(healthy));
        foreach (var hopeless in new[] { healthy with { Volumes = 0 }, healthy with { FailsIo = true }, healthy with { Quorate = false } })
        {
            Assert.Equal(0, Drbd.PromotionScore(hopeless));
            Assert.False(Drbd.MayPromote(hopeless));
        }
    }

    [Fact]
    public void A_known_Primary_forbids_promotion_here_and_elsewhere()
    {
        Assert.False(Drbd.MayPromote(View(DiskState.UpToDate, _upToDate) with { Role = DrbdRole.Primary }));
        Assert.False(Drbd.MayPromote(View(DiskState.UpToDate, _upToDate with { Role = DrbdRole.Primary })));
    }

    [Fact]
    public void A_diskless_node_may_promote_on_the_data_of_a_peer_unless_a_Primary_hides_behind_it()
    {
        Assert.True(Drbd.MayPromote(View(DiskState.Diskless, _upToDate)));
        Assert.False(Drbd.MayPromote(View(DiskState.Diskless, _upToDate with { Stable = false })));
        Assert.False(Drbd.MayPromote(View(DiskState.Diskless, _diskless)));
    }

    [Theory]
    [InlineData("majority", 3, 2, true)]
    [InlineData("majority", 3, 1, false)]
    [InlineData("majority", 4, 2, false)]
    [InlineData("all", 3, 2, false)]
    [InlineData("all", 3, 3, true)]
    [InlineData("1", 3, 1, true)]
    [InlineData("off", 3, 1, true)]
    public void Quorum_is_as_many_votes_as_the_policy_says(string policy, int voters, int votes, bool has) =>
        Assert.Equal(has, Drbd.HasQuorum(policy, new QuorumCount(voters, votes, Quorumless: 0, Diskless: 0, Voices: 0), had: true));

    [Theory]
    [InlineData(1, true, true)]
    [InlineData(0, true, false)]
    [InlineData(1, false, false)]
    public void A_tie_breaker_keeps_quorum_for_one_of_two_but_never_brings_it_back(int voices, bool had, bool has) =>
        Assert.Equal(has, Drbd.HasQuorum("majority", new QuorumCount(Voters: 2, Votes: 1, Quorumless: 0, Diskless: 1, voices), had));

    [Theory]
    [InlineData("majority", 2, 1, 1, true)]
    [InlineData("majority", 3, 1, 1, false)]
    [InlineData("majority", 3, 1, 2, true)]
    [InlineData("all", 3, 2, 1, true)]
    [InlineData("2", 3, 1, 2, false)]
    public void Those_who_are_all_known_to_be_without_quorum_do_not_count(string policy, int voters, int votes, int quorumless, bool has) =>
        Assert.Equal(has, Drbd.HasQuorum(policy, new QuorumCount(voters, votes, quorumless, Diskless: 0, Voices: 0), had: false));

    private static DrbdView View(DiskState own, params DrbdPeer[] connected) => new(1, FailsIo: false, Quorate: true, DrbdRole.Secondary, own, connected);
}
