namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>LINSTOR has removed or lost a member, and the node, which its satellite may not have told yet, still reports a connection to it: it counts that member.</summary>
public sealed class RemovedMemberTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_member_that_is_being_removed_counts_while_the_node_names_it(bool isAway)
    {
        // C is removed while its satellite is away; D has no disk. A, which has not heard of that, and C are cut off from B and D: of three votes, A's side has two.
        var scenario = Scenario.WithAppOn("a", NoStorm, replica => replica.Node.Value == "d" ? replica with { Diskless = true, Score = 3 } : replica, replicas: "abcd").Node("a", ready: false).After(60);
        var own = OwnOf(scenario);
        scenario.Silence("c").Report("pvc-1").After(5);
        scenario = isAway ? scenario.Silence("a").Report("pvc-1").After(5) : scenario;
        scenario.Replica("c", replica => replica with { Leaving = true });
        scenario = Without(Without(scenario, "b", "ad"), "d", "ab").Report("pvc-1").After(60);
        scenario = isAway ? scenario.Back("a", own).After(1) : scenario;
        Assert.Empty(CutFrom(scenario, "bd").Moves);
    }

    [Fact]
    public void Members_that_were_declared_lost_count_while_a_node_that_came_back_for_a_moment_names_them()
    {
        // D and E are declared lost while they and A, whose satellites are away, live. A's satellite is back for a second. Then A, D and E are cut off: A has three of five votes, B has two of three.
        var scenario = Five();
        var own = OwnOf(scenario);
        scenario = Without(Without(scenario.Silence("a").Silence("d").Silence("e").Report("pvc-1").After(20).Remove("d").Remove("e"), "b", "ac"), "c", "ab");
        scenario.Report("pvc-1").Satellites(Off("a"), On("b"), On("c")).Report("pvc-1").After(60).Back("a", own).After(1);
        Assert.Empty(CutFrom(scenario, "bc").Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Members_that_were_declared_lost_count_until_the_node_drops_them(bool isDropped)
    {
        var scenario = LoseOthers(Five(), "de");
        scenario = isDropped ? Without(scenario, "a", "bc").Report("pvc-1").After(1) : scenario;
        Assert.Equal(isDropped ? Moved : [], CutFrom(scenario, "bc").Moves);
    }

    [Fact]
    public void Members_that_were_declared_lost_count_for_a_node_without_a_disk_that_names_them()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm, replica => replica.Node.Value == "a" ? replica with { Diskless = true, Score = 5 } : replica, replicas: "abcdef").Node("a", ready: false).After(60);
        Assert.Empty(CutFrom(LoseOthers(scenario, "def"), "bc").Moves);
    }

    [Fact]
    public void A_number_of_votes_that_fences_only_without_a_removed_member_does_not_while_the_node_names_it()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm, replicas: "abcd").Node("a", ready: false).Quorum("2").Report("pvc-1").After(60).Silence("d").Report("pvc-1").After(5).Replica("d", replica => replica with { Leaving = true });
        Assert.Empty(CutFrom(Without(Without(scenario, "b", "ac"), "c", "ab").Report("pvc-1").After(60), "bc").Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Members_that_were_lost_before_this_process_started_count_while_the_node_names_them(bool isNamed)
    {
        var own = (isNamed ? Connected("a", "b", "c", "d", "e") : Connected("a", "b", "c")) with { Usage = Usage.InUse };
        var scenario = Scenario.Started(own, Connected("b", "a", "c"), Connected("c", "a", "b")).ListAll().Stream("abc", Promotability.MayNotPromote).Report("pvc-1").After(60);
        Assert.Equal(isNamed ? [] : Moved, CutFrom(scenario, "bc").Moves);
    }

    private static Scenario Five() => Scenario.WithAppOn("a", NoStorm, replicas: "abcde").Node("a", ready: false).After(60);

    private static Replica OwnOf(Scenario scenario) => scenario.ReportOf(Scenario.Pvc1).Replicas.Single(replica => replica.Node.Value == "a");

    // B and C, which alone have a satellite beside A, drop the lost ones.
    private static Scenario LoseOthers(Scenario scenario, string lost)
    {
        scenario = lost.Aggregate(scenario, (next, node) => next.Silence($"{node}")).Report("pvc-1").After(20);
        scenario = lost.Aggregate(scenario, (next, node) => next.Remove($"{node}"));
        return Without(Without(scenario, "b", "ac"), "c", "ab").Report("pvc-1").Satellites(On("a"), On("b"), On("c")).Report("pvc-1").After(60);
    }

    private static Scenario Without(Scenario scenario, string node, string peers) =>
        scenario.Replica(node, replica => replica with { Connections = [.. peers.Select(peer => new Connection($"{peer}", Up: true))] });

    // These lose their links to A, and have quorum by their own count. LINSTOR loses A soon after.
    private static Scenario CutFrom(Scenario scenario, string nodes)
    {
        scenario = nodes.Aggregate(scenario, (next, node) => next.Link($"{node}", "a", up: false).MayPromote($"{node}"));
        return scenario.Report("pvc-1").After(3).Silence("a").Report("pvc-1").After(600);
    }
}
