namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When a quorum policy proves that the consumer's node can no longer write.</summary>
public sealed class FencingPolicyTests
{
    [Theory]
    [InlineData("off")]
    [InlineData("OFF")]
    [InlineData(null)]
    [InlineData("1")]
    [InlineData("nonsense")]
    public void Without_a_quorum_policy_that_fences_nothing_is_moved(string? policy)
    {
        var scenario = Scenario.WithAppOn("a").Quorum(policy).PowerOff("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.Holds);
    }

    [Theory]
    [InlineData("majority")]
    [InlineData("Majority")]
    [InlineData("all")]
    [InlineData("2")]
    [InlineData("3")]
    public void Majority_all_and_a_number_above_half_the_voters_are_quorum_policies(string policy) =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").Quorum(policy).PowerOff("a").After(46).Moves);

    [Fact]
    public void The_quorum_policy_is_read_afresh_and_never_cached_for_ever()
    {
        var turnedOff = Scenario.WithAppOn("a").After(60).Quorum("off").PowerOff("a").After(600);
        Assert.Empty(turnedOff.Moves);

        var turnedOn = Scenario.Empty().Resource("pvc-1", "a", "off").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a")
            .After(60).Quorum("majority").Report("pvc-1").After(15).Report("pvc-1").PowerOff("a").After(46);
        Assert.Equal(Moved, turnedOn.Moves);
    }

    [Fact]
    public void A_policy_turned_off_during_the_grace_period_stops_the_failover() =>
        Assert.Empty(Scenario.WithAppOn("a").PowerOff("a").After(30).Quorum("off").After(600).Moves);

    [Fact]
    public void A_policy_that_is_turned_on_while_the_consumers_node_is_away_proves_nothing_about_it_until_the_node_speaks_again()
    {
        var scenario = Scenario.WithAppOn("a").Quorum("off").PowerOff("a").After(60).Quorum("majority").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.Holds);

        scenario.Satellite("a", SatelliteState.Online).Replica("a", replica => replica with { Promotability = Promotability.MayNotPromote, Usage = Usage.InUse, Score = 0 });
        Assert.Equal(Moved, scenario.After(60).Moves);
    }

    [Fact]
    public void A_node_that_has_fallen_silent_has_not_received_a_policy_even_if_its_satellite_was_not_missed_yet()
    {
        var scenario = Scenario.WithAppOn("a").After(5).Quorum("off").Replica("a", replica => new Replica(replica.Node)).Report("pvc-1").Quorum("majority").Report("pvc-1");
        Assert.Empty(scenario.PowerOff("a").After(600).Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.Holds);
    }

    [Fact]
    public void A_policy_is_a_proof_once_the_node_has_spoken_twelve_seconds_after_it_came()
    {
        var early = Copy(11).PowerOff("a").After(600);
        Assert.Empty(early.Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], early.Holds);
        Assert.Equal(Moved, Copy(12.1).PowerOff("a").After(46).Moves);

        Scenario Copy(double seconds) => Scenario.Empty().Resource("pvc-1", "a", "off").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a")
            .After(5).Quorum("majority").Report("pvc-1").After(seconds).Report("pvc-1");
    }

    [Fact]
    public void A_late_answer_that_has_no_policy_is_remembered()
    {
        // Quorum was off for a while, and the answer that says so is overtaken by one that was asked for when it was on again. A has not been heard of since.
        var scenario = Scenario.WithAppOn("a").After(60).Report("pvc-1");
        var late = scenario.Quorum("off").ReportOf(Scenario.Pvc1);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.After(1).Quorum("majority").PowerOff("a").Report("pvc-1").Observe(new Observation.ResourceReported(late)).After(600).Holds);
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(15, true)]
    public void A_late_answer_from_before_the_policy_came_shows_that_there_was_none(double seconds, bool isMoved)
    {
        var scenario = Scenario.Empty().Facts("pvc-1", "off", [Connected("a", "b", "c") with { Usage = Usage.InUse }, Connected("b", "a", "c"), Connected("c", "a", "b")]);
        var late = scenario.ReportOf(Scenario.Pvc1);
        scenario.Quorum("majority").Report("pvc-1").Observe(new Observation.ResourceReported(late)).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        Assert.Equal(isMoved ? Moved : [], scenario.After(seconds).Report("pvc-1").PowerOff("a").After(600).Moves);
    }

    [Fact]
    public void An_evicted_replica_is_no_voter_in_a_late_answer_either()
    {
        // Of three voters "2" is a majority, of four it is not. The late answer overtakes nothing: it was asked for when A lived.
        var scenario = Scenario.Empty(new() { StormThreshold = 1 }).Satellites(On("a"), On("b"), On("c"), new(new("d"), SatelliteState.Offline, Evicted: true)).Node("a", ready: false);
        scenario.Facts("pvc-1", "2", [Connected("a", "b", "c") with { Usage = Usage.InUse }, Connected("b", "a", "c"), Connected("c", "a", "b"), new(new("d")) { Leaving = true }])
            .Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        var late = scenario.ReportOf(Scenario.Pvc1);
        Assert.Equal(Moved, scenario.After(1).PowerOff("a").Report("pvc-1").After(1).Observe(new Observation.ResourceReported(late)).After(600).Moves);
    }

    [Fact]
    public void A_policy_that_came_after_the_satellite_of_a_node_hung_proves_nothing_of_it()
    {
        // LINSTOR turns quorum off and on again, and the satellite of A, which hangs, gets neither. Then A's links break.
        var scenario = Scenario.Empty(new() { StormThreshold = 1 }).Resource("pvc-1", "a", "off").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        scenario.Quorum("majority").Report("pvc-1").After(60).OnlyPeersLose("a").Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.NoQuorumPolicy], scenario.Holds);
    }

    [Fact]
    public void A_policy_proves_nothing_of_a_node_that_was_silent_when_this_process_first_asked()
    {
        // LINSTOR's list of satellites was read just before it noticed that a is silent: it says ONLINE.
        var scenario = Scenario.Empty().Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a")
            .Facts("pvc-1", "off", [new Replica(new("a")), Survivor("b", "c"), Survivor("c", "b")])
            .Observe(new Observation.PromotionChanged(Scenario.Pvc1, new("b"), Promotability.MayPromote))
            .Report("pvc-1").After(1)
            .Satellite("a", SatelliteState.Offline)
            .Quorum("majority").Report("pvc-1");
        Assert.Empty(scenario.After(600).Moves);
        Assert.Contains(HoldReason.NoQuorumPolicy, scenario.AllHolds);
    }

    private static Replica Survivor(string node, string peer) => new(new(node))
    {
        Promotability = Promotability.MayPromote,
        Usage = Usage.Unused,
        Score = 10102,
        Connections = [new("a", Up: false), new(peer, Up: true)],
    };
}
