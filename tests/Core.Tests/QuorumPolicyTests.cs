namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Which quorum policy counts, and who can have quorum by it.</summary>
public sealed class QuorumPolicyTests
{
    [Theory]
    [InlineData("majority", "off", "off")]
    [InlineData("majority", "nonsense", "nonsense")]
    [InlineData("all", "2", "2")]
    [InlineData("3", "2", "2")]
    [InlineData("2", "3", "2")]
    [InlineData("off", "majority", "off")]
    public void Of_the_definitions_policy_and_a_replicas_own_the_one_that_fences_less_counts(string definition, string own, string effective) =>
        Assert.Equal(effective, Policy(definition, controller: null, own));

    [Fact]
    public void Where_every_replica_has_its_own_policy_the_definitions_counts_for_none()
    {
        var scenario = Scenario.WithAppOn("a").Quorum("off");
        foreach (var node in (string[])["a", "b", "c"])
        {
            scenario.Replica(node, replica => replica with { QuorumPolicy = "2" });
        }

        Assert.Equal("2", scenario.Report("pvc-1").Cluster.Resources[Scenario.Pvc1].Policy);
    }

    [Theory]
    [InlineData(null, "majority", true)] // the definition and its group say nothing: the node's own counts before the controller's
    [InlineData("majority", null, false)]
    public void A_nodes_own_policy_counts_for_its_replicas_where_neither_definition_nor_group_has_one(string? definition, string? controller, bool counts)
    {
        var scenario = Scenario.WithAppOn("a").Satellites(On("a"), On("b") with { QuorumPolicy = "off" }, On("c"));
        scenario.Observe(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { QuorumProperties = new(definition, controller) }));
        Assert.Equal(!counts, scenario.Cluster.Resources[Scenario.Pvc1].Fences);
    }

    // A process starts while A is cut off. LINSTOR's first list still shows that A's own policy is off; then it is unset, of which A cannot know, and only then does LINSTOR answer about the resource.
    [Theory]
    [InlineData("off", true, false)]
    [InlineData("off", false, true)] // the definition has a policy, which counts before the node's
    [InlineData("all", true, true)]
    public void A_nodes_own_policy_that_LINSTOR_listed_before_the_first_answer_may_still_be_in_force_there(string policy, bool isInherited, bool isMoved)
    {
        var scenario = Scenario.Empty(NoStorm, Off("a") with { QuorumPolicy = policy }, On("b"), On("c")).Satellites(Off("a"), On("b"), On("c")).Satellites(Off("a"), On("b"), On("c"), On("d"));
        scenario.InheritsPolicy = isInherited;
        Replica[] others = [.. "bc".Select(node => Apart($"{node}", up: node == 'b' ? "c" : "b", down: "a") with { Promotability = Promotability.MayPromote })];
        scenario.Facts("pvc-1", "majority", [new(new("a")), .. others]).Stream("bc", Promotability.MayPromote).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false);
        Assert.Equal(isMoved, scenario.Report("pvc-1").After(120).Moves.Any());
        Assert.Equal(!isMoved, scenario.Holds.Contains(HoldReason.NoQuorumPolicy));
    }

    [Fact]
    public void A_policy_that_cannot_be_read_changes_no_memory_and_gives_no_permission()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a");
        scenario.HidesPolicy = true;
        Assert.Empty(scenario.After(120).Moves);
        Assert.Equal([HoldReason.AwaitingConfirmation], scenario.Holds);
        scenario.HidesPolicy = false;
        Assert.Equal(Moved, scenario.After(15).Moves);
    }

    [Fact]
    public void A_definition_that_is_not_found_for_a_moment_keeps_its_policy()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(20);
        scenario.Observe(new Observation.ResourceReported(new(Scenario.Pvc1, false, [], scenario.Now)));
        Assert.Equal(Moved, scenario.Report("pvc-1").After(30).Moves);
    }

    [Fact]
    public void A_definition_that_is_created_anew_begins_anew()
    {
        var scenario = Scenario.WithAppOn("a").After(5);
        scenario.Observe(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { Uuid = "1", QuorumProperties = new("off", null) }));
        scenario.After(1).Observe(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { Uuid = "2" }));
        Assert.True(scenario.Cluster.Resources[Scenario.Pvc1].IsFenced(new("a")));
    }

    [Theory]
    [InlineData("majority", "a", false)]
    [InlineData("majority", "ab", true)]
    [InlineData("majority", "ax", false)] // three voters: a tie-breaker breaks no tie
    [InlineData("all", "ab", false)]
    [InlineData("2", "ab", true)]
    [InlineData("1", "a", true)]
    [InlineData("off", "", true)]
    [InlineData(null, "", true)]
    public void Some_of_three_voters_and_a_diskless_member_may_have_quorum(string? policy, string side, bool may) =>
        Assert.Equal(may, QuorumPolicy.MayHaveQuorum(policy, [new(new("a"), true), new(new("b"), true), new(new("c"), true), new(new("x"), false)], member => side.Contains(member.Node.Value, StringComparison.Ordinal)));

    [Theory]
    [InlineData("a", false)]
    [InlineData("ax", true)] // the tie-breaker
    [InlineData("x", false)]
    [InlineData("ab", true)]
    public void Of_two_voters_the_one_that_has_the_tie_breaker_may_have_quorum(string side, bool may) =>
        Assert.Equal(may, QuorumPolicy.MayHaveQuorum("majority", [new(new("a"), true), new(new("b"), true), new(new("x"), false)], member => side.Contains(member.Node.Value, StringComparison.Ordinal)));

    private static string? Policy(string? definition, string? controller, string own)
    {
        var scenario = Scenario.WithAppOn("a").Replica("a", replica => replica with { QuorumPolicy = own });
        scenario.Observe(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { QuorumProperties = new(definition, controller) }));
        return scenario.Cluster.Resources[Scenario.Pvc1].Policy;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_number_of_votes_asks_for_less_than_a_majority_only_if_it_is_smaller(bool onNode)
    {
        // C alone goes by "3". It is cut off with A, where two of three are a majority; D and E are placed with B.
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1 }).Node("a", ready: false);
        scenario.InheritsPolicy = onNode;
        scenario = onNode ? scenario.Satellite("c", satellite => satellite with { QuorumPolicy = "3" }) : scenario.Replica("c", replica => replica with { QuorumPolicy = "3" });
        scenario.Report("pvc-1").After(60).Report("pvc-1").After(60).Silence("a").Silence("c").Link("b", "a", up: false).Link("b", "c", up: false).Report("pvc-1").After(1);
        scenario.Satellites(Off("a"), On("b"), Off("c") with { QuorumPolicy = onNode ? "3" : null }, On("d"), On("e"));
        scenario.Facts("pvc-1", "majority", [new(new("a")), new(new("c")) { QuorumPolicy = onNode ? null : "3" }, Apart("b", up: "de", down: "ac"), Apart("d", up: "be", down: "ac"), Apart("e", up: "bd", down: "ac")]);
        Assert.Empty(scenario.Stream("b", Promotability.MayPromote).Report("pvc-1").After(600).Moves);
    }
}
