using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

/// <content>What is told of nodes: their replicas, storms, and taints that stay.</content>
public sealed partial class StatusEndpointTests
{
    [Fact]
    public async Task Each_replica_is_reported_with_whether_it_is_listed_whether_it_speaks_and_the_date_of_its_statements()
    {
        ReportLoss();
        Time.Advance(TimeSpan.FromSeconds(5));
        var consumer = Assert.Single((await AskAsync()).GetProperty("inDoubt").EnumerateArray());
        Assert.Equal("b", Text(consumer, "by"));
        var (lost, peer) = (consumer.GetProperty("linstor").GetProperty("replicas")[0], consumer.GetProperty("linstor").GetProperty("replicas")[1]);
        Assert.Equal(("Listed", false, false), (Text(lost, "presence"), lost.GetProperty("speaks").GetBoolean(), lost.TryGetProperty("since", out _)));
        Assert.Equal(
            ("Listed", true, DateTimeOffset.Parse("2030-01-01T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture)),
            (Text(peer, "presence"), peer.GetProperty("speaks").GetBoolean(), peer.GetProperty("since").GetDateTimeOffset()));
    }

    [Fact]
    public async Task A_storm_is_reported_with_the_nodes_that_were_lost_and_of_how_many()
    {
        Apply(ControlFixture.Satellites(Clock.Now));
        Assert.False((await AskAsync()).TryGetProperty("storm", out _));
        Time.Advance(TimeSpan.FromSeconds(10));
        Apply(ControlFixture.Satellites(Clock.Now, "b", "c"));
        Assert.Equal("{\"nodes\":[\"b\",\"c\"],\"of\":3}", Compact(await AskAsync(), "storm"));
    }

    [Fact]
    public async Task Which_resource_keeps_the_taint_of_a_node_is_reported()
    {
        ReportLoss();
        Apply(
            ControlFixture.Satellites(Clock.Now),
            new Observation.Updated<ClusterNode>(new(new("a"), new("u-node")) { TaintedByUs = true }),
            new Observation.ResourceReported(new(ControlFixture.Resource, true, [new(new("a")) { Promotability = Promotability.MayNotPromote, Score = 0 }], Clock.Now) { QuorumProperties = new("majority", null) }));
        var stays = Assert.Single((await AskAsync()).GetProperty("taintsThatStay").EnumerateArray());
        Assert.Equal(
            ("a", "rd", "Leaving the taint of node a alone: resource rd has not recovered there: it has no quorum, no usable data, or its node has said nothing new since the loss."), (Text(stays, "node"), Text(stays, "resource"), Text(stays, "sentence")));
    }
}
