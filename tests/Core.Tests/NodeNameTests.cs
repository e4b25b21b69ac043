namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>How a node's names in Kubernetes, LINSTOR and DRBD are matched.</summary>
public sealed class NodeNameTests
{
    [Fact]
    public void Names_compare_without_case()
    {
        var scenario = Scenario.Empty().Resource("PVC-1", inUseOn: "A", "majority", "A", "B", "C")
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").PowerOff("A", "PVC-1");
        Assert.Equal(Moved, scenario.After(46).Moves);
    }

    [Fact]
    public void A_node_is_known_to_linstor_by_its_csi_node_id() =>
        Assert.Equal(["delete app-0 on kube-a", "detach va-1"], Scenario.Empty().Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1")
            .Observe(new Observation.Updated<CsiNode>(new(new("kube-a"), new NodeName("a"))))
            .Attachment("va-1", "pv-1", "kube-a").Pod("app-0", "kube-a").PowerOff("a").After(46).Moves);

    [Theory]
    [InlineData("a.example.com")]
    [InlineData("A")]
    [InlineData("host-1")]
    public void A_connection_named_by_host_is_understood_by_full_or_short_name_or_elimination(string host)
    {
        Replica Renamed(Replica replica) => replica with
        {
            Connections = [.. replica.Connections.Select(connection => connection with
            {
                Peer = connection.Peer switch { "a" => host, "b" => "host-2", _ => "host-3" },
            })],
        };

        var cut = Scenario.WithAppOn("a", change: Renamed).CutOff("a").Replica("b", Cut).Replica("c", Cut);
        Assert.Equal(Moved, cut.After(46).Moves);

        var connected = Scenario.WithAppOn("a", change: Renamed).PowerOff("a").Replica("b", Connected).Replica("c", Connected);
        Assert.Empty(connected.After(600).Moves);
        Replica Cut(Replica replica) => replica with { Connections = [.. replica.Connections.Select(connection => connection with { Up = connection.Peer != host })] };
        static Replica Connected(Replica replica) => replica with { Connections = [.. replica.Connections.Select(connection => connection with { Up = true })] };
    }

    [Fact]
    public void A_connection_that_may_or_may_not_lead_to_the_consumers_node_counts_as_one_that_does()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").MayNotPromote("c").Replica("c", replica => new Replica(replica.Node))
            .Replica("b", replica => replica with { Connections = [new("host-1", Up: true), new("host-2", Up: false)] });
        Assert.Empty(scenario.After(600).Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_node_keeps_its_linstor_name_when_its_driver_is_no_longer_registered(bool relisted)
    {
        var scenario = Scenario.Empty().Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1")
            .Observe(new Observation.Updated<CsiNode>(new(new("kube-a"), new NodeName("a"))))
            .Attachment("va-1", "pv-1", "kube-a").Pod("app-0", "kube-a").PowerOff("a");
        scenario.Observe(relisted ? new Observation.Listed<CsiNode>([]) : new Observation.Updated<CsiNode>(new(new("kube-a"), null)));
        Assert.Equal(["delete app-0 on kube-a", "detach va-1"], scenario.After(46).Moves);
    }
}
