namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Which quorum policy counts, and who can have quorum by it.</summary>
public sealed class QuorumPolicyTests
{
    private static readonly string[] Moved = ["delete app-0 on a", "detach va-1"];

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
        var scene = Scene.WithAppOn("a").Quorum("off");
        foreach (var node in (string[])["a", "b", "c"])
        {
            scene.Replica(node, replica => replica with { QuorumPolicy = "2" });
        }

        Assert.Equal("2", scene.Report("pvc-1").Cluster.Resources[Scene.Pvc1].Policy);
    }

    [Theory]
    [InlineData(null, "majority", true)] // the definition and its group say nothing: the node's own counts before the controller's
    [InlineData("majority", null, false)]
    public void A_nodes_own_policy_counts_for_its_replicas_where_neither_definition_nor_group_has_one(string? definition, string? controller, bool counts)
    {
        var scene = Scene.WithAppOn("a").Satellites(Online("a"), Online("b") with { QuorumPolicy = "off" }, Online("c"));
        scene.Tell(new Observation.ResourceReported(scene.ReportOf(Scene.Pvc1) with { QuorumProperties = new(definition, controller) }));
        Assert.Equal(!counts, scene.Cluster.Resources[Scene.Pvc1].Fences);
    }

    [Fact]
    public void A_policy_that_cannot_be_read_changes_no_memory_and_gives_no_permission()
    {
        var scene = Scene.WithAppOn("a").PowerOff("a");
        scene.HidesPolicy = true;
        Assert.Empty(scene.After(120).Moves);
        Assert.Equal([HoldReason.AwaitingConfirmation], scene.Holds);
        scene.HidesPolicy = false;
        Assert.Equal(Moved, scene.After(15).Moves);
    }

    [Fact]
    public void A_definition_that_is_not_found_for_a_moment_keeps_its_policy()
    {
        var scene = Scene.WithAppOn("a").PowerOff("a").After(20);
        scene.Tell(new Observation.ResourceReported(new(Scene.Pvc1, false, [], scene.Now)));
        Assert.Equal(Moved, scene.Report("pvc-1").After(30).Moves);
    }

    [Fact]
    public void A_definition_that_is_created_anew_begins_anew()
    {
        var scene = Scene.WithAppOn("a").After(5);
        scene.Tell(new Observation.ResourceReported(scene.ReportOf(Scene.Pvc1) with { Uuid = "1", QuorumProperties = new("off", null) }));
        scene.After(1).Tell(new Observation.ResourceReported(scene.ReportOf(Scene.Pvc1) with { Uuid = "2" }));
        Assert.True(scene.Cluster.Resources[Scene.Pvc1].IsFenced(new("a")));
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
        var scene = Scene.WithAppOn("a").Replica("a", replica => replica with { QuorumPolicy = own });
        scene.Tell(new Observation.ResourceReported(scene.ReportOf(Scene.Pvc1) with { QuorumProperties = new(definition, controller) }));
        return scene.Cluster.Resources[Scene.Pvc1].Policy;
    }

    private static Satellite Online(string node) => new(new(node), SatelliteState.Online);
}
