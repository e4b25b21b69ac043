namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What the node reports of itself, which replicas outvote it, and which may be on its side.</summary>
public sealed class CounterEvidenceTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_link_that_ends_because_its_node_was_declared_lost_does_not_stand(bool isLost)
    {
        // A's pod has not opened the volume yet, so that every replica may promote. A's satellite stops.
        var scenario = Scenario.WithAppOn("a", NoStorm, replica => replica with { Usage = Usage.Unused, Promotability = Promotability.MayPromote }).Node("a", ready: false).After(60).Silence("a").Report("pvc-1").After(10);
        if (isLost)
        {
            foreach (var peer in (string[])["b", "c"])
            {
                scenario.Replica(peer, replica => replica with { Connections = [.. replica.Connections.Where(link => link.Peer.Split('.')[0] != "a")] });
            }

            scenario.Remove("a").Satellites(On("b"), On("c")).Report("pvc-1");
        }

        Assert.Equal(isLost ? Moved : [], scenario.After(100).Moves);
    }

    [Fact]
    public void A_node_that_speaks_and_leaves_out_the_score_it_had_lost_has_not_reported_that_it_has_no_quorum()
    {
        var scenario = Scenario.WithAppOn("a").CutOff("a").Report("pvc-1").Replica("a", replica => replica with { Score = null }).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void A_node_that_never_reported_its_score_has_not_reported_that_it_has_no_quorum()
    {
        var scenario = Scenario.WithAppOn("a", change: replica => replica.Node.Value == "a" ? replica with { Score = null } : replica).OnlyPeersLose("a").Link("a", "b", up: false).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void Counter_evidence_from_between_the_two_statements_of_loss_evidence_is_older_than_that() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).Silence("a").MayPromote("b").Report("pvc-1").After(3)
            .Replica("c", replica => replica with { Score = 10102 }).Report("pvc-1").After(3).Link("b", "a", up: false).Report("pvc-1").Silence("c").After(60).Moves);

    [Fact]
    public void A_node_is_not_outvoted_while_one_that_has_no_quorum_reports_a_connection_to_it()
    {
        var scenario = Scenario.WithAppOn("a", replicas: "abcd").MayPromote("b").MayPromote("d").Link("b", "a", up: false).Link("d", "a", up: false).Replica("c", replica => replica with { Score = 0 }).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void A_node_is_not_outvoted_by_a_denial_that_is_no_longer_repeated()
    {
        var scenario = Scenario.WithAppOn("a").OnlyPeersLose("a").Report("pvc-1").After(3)
            .Replica("c", replica => replica with { Connections = replica.Connections.RemoveAll(connection => connection.Peer == "a") }).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.SideHasQuorum], scenario.Holds);
    }

    [Fact]
    public void A_node_is_outvoted_twelve_seconds_after_the_last_one_has_denied_it()
    {
        var scenario = Scenario.WithAppOn("a").MayPromote("b").Link("b", "a", up: false).Report("pvc-1").After(10).MayPromote("c").Link("c", "a", up: false).Report("pvc-1");
        Assert.Empty(scenario.After(56).Moves);
        Assert.Equal(Moved, scenario.After(2).Moves);
    }

    [Fact]
    public void A_diskless_node_is_outvoted_without_the_diskless_ones_which_have_no_link_to_it()
    {
        static Replica Client(Replica replica) => replica.Node.Value == "b" ? replica : replica with
        {
            Diskless = true,
            Score = replica.Node.Value == "a" ? 3 : 2,
            Connections = [new("b", Up: true)],
        };
        Assert.Equal(Moved, Scenario.WithAppOn("a", change: Client).OnlyPeersLose("a").After(58).Moves);
    }

    [Fact]
    public void Links_that_were_down_before_are_no_admission_of_a_node_that_has_quorum_now() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").CutOff("a").Report("pvc-1").After(5).Replica("a", replica => replica with { Connections = [] }).Heal("a").Report("pvc-1").After(5).Report("pvc-1")
            .PowerOff("a").After(46).Moves);

    [Fact]
    public void A_node_that_was_last_connected_to_one_peer_and_not_to_another_has_admitted_nothing() =>
        Assert.Equal(Moved, Scenario.WithAppOn("a").Link("a", "b", up: false).Link("b", "a", up: false).Report("pvc-1").After(60).Report("pvc-1").PowerOff("a").After(46).Moves);

    [Fact]
    public void A_member_that_reports_a_connection_to_the_peer_is_on_its_side_although_the_peer_does_not_report_that_link()
    {
        var scenario = Five();
        foreach (var node in (string[])["c", "d", "e"])
        {
            scenario.Replica(node, replica => replica with { Score = 10005 });
        }

        scenario.Report("pvc-1").After(20).PowerOff("a").Replica("b", replica => replica with { Connections = [new("a", Up: false), new("c", Up: true)] });
        Assert.Equal(Moved, scenario.After(46).Moves);
    }

    [Fact]
    public void A_member_whose_link_the_peer_no_longer_reports_may_be_on_the_nodes_side()
    {
        var scenario = Five().Silence("a").Silence("d").Silence("e");
        foreach (var (node, other) in (ReadOnlySpan<(string, string)>)[("b", "c"), ("c", "b")])
        {
            scenario.Replica(node, replica => replica with { Connections = [new("a", Up: false), new(other, Up: true)] }).MayPromote(node);
        }

        Assert.Empty(scenario.After(600).Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);
    }

    [Fact]
    public void The_policy_that_counts_is_the_one_that_the_node_last_knew()
    {
        var scenario = Split().Quorum("all").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);

        // D and E are with B: then A has no quorum by any of the two.
        Assert.Equal(Moved, scenario.Link("b", "d", up: true).Link("b", "e", up: true).After(60).Moves);

        static Scenario Split() => Five().Silence("a").Silence("d").Silence("e").CutLinks("b").CutLinks("c");
    }

    [Fact]
    public void Where_the_policy_was_not_known_when_the_node_was_last_heard_of_the_present_one_counts()
    {
        var scenario = Scenario.Empty();
        scenario.HidesPolicy = true;
        scenario.Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(20).PowerOff("a").Report("pvc-1");
        scenario.HidesPolicy = false;
        Assert.Equal(Moved, scenario.After(60).Moves);
    }

    [Fact]
    public void A_replica_that_is_being_deleted_is_no_member()
    {
        var scenario = Scenario.WithAppOn("a");
        Assert.Equal(3, scenario.Cluster.Resources[Scenario.Pvc1].Voters);
        Assert.Equal(2, scenario.Replica("c", replica => replica with { Leaving = true }).Report("pvc-1").Cluster.Resources[Scenario.Pvc1].Voters);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_peer_that_was_silent_when_the_node_last_changed_is_borne_out_by_another_one(bool isBorneOut)
    {
        // B's satellite is away while A becomes Primary. Then A loses power, as C, which is diskless, says as well, and B's satellite comes back.
        var scenario = Scenario.WithAppOn("b", NoStorm).Replica("c", replica => replica with { Diskless = true, Score = 2 }).Report("pvc-1").After(60).Silence("b").After(5);
        scenario.Volume("pv-2", "more", "pvc-1").Attachment("va-2", "pv-2", "a").Pod("app-1", "a", pod => pod with { Claims = [new("more")] }).Node("a", ready: false);
        scenario.Replica("a", replica => replica with { Usage = Usage.InUse }).Report("pvc-1").After(30).Silence("a").Link("c", "a", up: false);
        scenario = isBorneOut ? scenario.MayPromote("c") : scenario.MayNotPromote("c");
        scenario.Report("pvc-1").After(30).Satellite("b", SatelliteState.Online);
        scenario.Replica("b", replica => replica with { Promotability = Promotability.MayPromote, Usage = Usage.Unused, Score = 10101, Connections = [new("a", Up: false), new("c", Up: true)] });
        Assert.Equal(isBorneOut ? ["delete app-1 on a"] : [], scenario.Report("pvc-1").After(600).Moves.Where(move => move.StartsWith("delete app-1", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_node_whose_own_replica_is_leaving_goes_by_the_members_it_knew()
    {
        // A is evicted while it lives; then C is declared lost. LINSTOR tells B of both, and A of nothing.
        var scenario = Scenario.WithAppOn("a").Replica("a", replica => replica with { Leaving = true }).Report("pvc-1").Remove("c").Report("pvc-1");
        Assert.Equal(["a", "b", "c"], Members("a"));
        Assert.Equal(["b"], Members("b"));

        IEnumerable<string> Members(string node) => scenario.Cluster.Resources[Scenario.Pvc1].Find(new(node))!.Memberships[^1].Members.Select(member => member.Node.Value);
    }

    private static Scenario Five() => Scenario.Empty(NoStorm).Satellites([.. "abcde".Select(node => new Satellite(new($"{node}"), SatelliteState.Online))])
        .Resource("pvc-1", "a", "majority", "a", "b", "c", "d", "e").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(20);
}

/// <summary>How the links of these scenarios fail.</summary>
file static class Links
{
    public static Scenario CutLinks(this Scenario scenario, string node) =>
        ((string[])["a", "d", "e"]).Aggregate(scenario, (cut, other) => cut.Link(node, other, up: false)).MayPromote(node);
}
