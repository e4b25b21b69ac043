using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <content>What is told of nodes: storms, and taints that stay.</content>
public sealed partial class ReporterTests
{
    [Fact]
    public async Task A_storm_is_reported_once_when_it_begins_with_the_way_to_release_it_and_once_when_it_ends()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var reporter = Reporter(fixture);
        var (before, at) = (Instant.Start, Instant.Start + TimeSpan.FromSeconds(10));
        var cluster = ClusterSnapshot.For(new()).Apply(ControlFixture.Satellites(before), before);
        reporter.Report(cluster, Verdict());
        foreach (var offline in (string[][])[["a", "b"], ["a", "b", "c"], ["a", "b"]])
        {
            reporter.Report(cluster = cluster.Apply(ControlFixture.Satellites(at, offline), at), Verdict());
        }

        var began = Assert.Single(fixture.Told.Lines);
        Assert.StartsWith("Storm: 2 of 3 nodes were lost at once (a, b), ", began, StringComparison.Ordinal);
        Assert.Contains("linstor node lost NODE", began, StringComparison.Ordinal);
        Assert.Contains("kubectl annotate node NODE drbd.linbit.com/loss-confirmed=", began, StringComparison.Ordinal);

        for (var turn = 0; turn < 2; turn++)
        {
            reporter.Report(cluster = cluster.Apply(ControlFixture.Satellites(at), at), Verdict());
        }

        Assert.Equal(["The storm is over: what is lost is moved again."], fixture.Told.Lines.Skip(1));
    }

    [Fact]
    public async Task Why_a_node_keeps_its_taint_is_logged_once_for_each_node_and_resource_and_is_no_Event()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var reporter = Reporter(fixture);
        var node = new ClusterNode(new("a"), new("u-node")) { TaintedByUs = true };
        var stays = new Decision.Hold(ControlFixture.Resource, node.Name, HoldReason.TaintStays, HoldDetail.None, [], Instant.Start, Overdue: false);
        var tainted = Unwell.Apply(new Observation.Updated<ClusterNode>(node), Instant.Start);
        foreach (var hold in (Decision.Hold[])[stays, stays with { Overdue = true }, stays with { Resource = new("rd-2") }])
        {
            reporter.Report(tainted, Verdict(hold));
            reporter.Report(Well.Apply(new Observation.Updated<ClusterNode>(node), Instant.Start), Verdict());
        }

        Assert.Equal(["rd", "rd-2"], fixture.Told.Lines.Select(line => line.Split(' ')[8]));
        Assert.Equal(0, await EventsAsync(fixture));

        reporter.Report(Unwell, Verdict());
        reporter.Report(tainted, Verdict(stays));
        Assert.Equal(3, fixture.Told.Lines.Count);
    }
}
