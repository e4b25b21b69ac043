using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <content>How failovers and incidents end.</content>
public sealed partial class ReporterTests
{
    [Fact]
    public async Task The_end_of_a_failover_is_reported_once()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var (reporter, cluster) = (Reporter(fixture), Moving());
        reporter.Report(cluster, Verdict());
        Assert.Empty(fixture.Told.Lines);
        cluster = cluster.Apply(new Observation.Deleted<Attachment>(ControlFixture.Csi1), Instant.Start).Apply(new Observation.Updated<Pod>(Replacement with { Running = true }), Instant.Start);
        for (var turn = 0; turn < 3; turn++)
        {
            reporter.Report(cluster = cluster.Apply(new Observation.Tick(), Instant.Start), Verdict());
        }

        Assert.StartsWith("Pod shop/app-0 of node a runs on node b, 0.00 s after its storage was lost (decided", Assert.Single(fixture.Told.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_everything_that_failed_together_is_reported_once_in_one_line()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var (reporter, cluster) = (Reporter(fixture), Moving());
        var other = ControlFixture.App with { Key = new("shop", "bare"), Uid = new("u-bare") };
        cluster = cluster.Apply(new Observation.MutationAnswered(new Decision.DeletePod(other, ControlFixture.Evidence), new(MutationOutcome.Accepted), Instant.Start), Instant.Start)
            .Apply(new Observation.Deleted<Attachment>(ControlFixture.Csi1), Instant.Start);
        reporter.Report(cluster, Verdict());
        Assert.Single(fixture.Told.Lines);
        cluster = cluster.Apply(new Observation.Updated<Pod>(Replacement with { Running = true }), Instant.Start);
        reporter.Report(cluster, Verdict());
        reporter.Report(cluster, Verdict());

        Assert.Equal("Node a: 1 of 2 pods run elsewhere, the last one 0.00 s after the first request; the longest phase was \"pod gone\", 0.00 s for half of them; 1 does not run.", fixture.Told.Lines.ToList()[2]);
        Assert.Equal(3, fixture.Told.Lines.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_end_of_an_incident_is_one_Event_on_its_node(bool isWell)
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var (reporter, cluster) = (Reporter(fixture), Moving().Apply(new Observation.Updated<ClusterNode>(new(new("a"), new("u-node"))), Instant.Start));
        if (!isWell)
        {
            var bare = ControlFixture.App with { Key = new("shop", "bare"), Uid = new("u-bare") };
            cluster = cluster.Apply(new Observation.MutationAnswered(new Decision.DeletePod(bare, ControlFixture.Evidence), new(MutationOutcome.Accepted), Instant.Start), Instant.Start);
        }

        cluster = cluster.Apply(new Observation.Deleted<Attachment>(ControlFixture.Csi1), Instant.Start).Apply(new Observation.Updated<Pod>(Replacement with { Running = true }), Instant.Start);
        reporter.Report(cluster, Verdict());
        reporter.Report(cluster.Apply(new Observation.Tick(), Instant.Start), Verdict());

        var (_, written) = Assert.Single(await EventRecorderTests.WrittenAsync(fixture));
        Assert.Equal(("FailoverEnded", isWell ? "Normal" : "Warning", "Node", "a"), ((string?)written["reason"], (string?)written["type"], (string?)written["involvedObject"]!["kind"], (string?)written["involvedObject"]!["uid"]));
        Assert.StartsWith(isWell ? "Pod shop/app-0 of node a runs on node b, 0.00 s after" : "Node a: 1 of 2 pods run elsewhere", (string?)written["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_incident_that_grows_after_its_end_is_reported_again()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var (reporter, cluster) = (Reporter(fixture), Moving().Apply(new Observation.Updated<ClusterNode>(new(new("a"), new("u-node"))), Instant.Start));
        cluster = cluster.Apply(new Observation.Deleted<Attachment>(ControlFixture.Csi1), Instant.Start).Apply(new Observation.Updated<Pod>(Replacement with { Running = true }), Instant.Start);
        reporter.Report(cluster, Verdict());

        var bare = ControlFixture.App with { Key = new("shop", "bare"), Uid = new("u-bare") };
        cluster = cluster.Apply(new Observation.MutationAnswered(new Decision.DeletePod(bare, ControlFixture.Evidence), new(MutationOutcome.Accepted), Instant.Start), Instant.Start);
        reporter.Report(cluster, Verdict());
        reporter.Report(cluster.Apply(new Observation.Tick(), Instant.Start), Verdict());
        Assert.Equal(2, (await EventRecorderTests.WrittenAsync(fixture)).Count(written => (string?)written.Event["reason"] == "FailoverEnded"));
        Assert.Contains(fixture.Told.Lines, line => line.StartsWith("Node a: 1 of 2 pods run elsewhere", StringComparison.Ordinal));
    }

    [Fact]
    public async Task That_a_pod_stays_is_reported_as_often_as_it_could_not_be_moved()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.ReportLoss();
        var (reporter, cluster) = (Reporter(fixture), ClusterSnapshot.Empty);
        while (fixture.Inbox.Reader.TryRead(out var seen))
        {
            cluster = cluster.Apply(seen, Instant.Start);
        }

        for (var times = 1; times <= 2; times++)
        {
            cluster = cluster.Apply(new Observation.PromotionChanged(ControlFixture.Resource, new("b"), Promotability.MayPromote), Instant.Start)
                .Apply(new Observation.MutationAnswered(ControlFixture.Delete, new(MutationOutcome.Refused), Instant.Start), Instant.Start);
            reporter.Report(cluster, Verdict());
            cluster = cluster.Apply(new Observation.PromotionChanged(ControlFixture.Resource, new("b"), Promotability.MayNotPromote), Instant.Start);
            reporter.Report(cluster, Verdict());
            Assert.Equal(times, fixture.Told.Lines.Count(line => line.StartsWith("Pod shop/app-0 stays on node a", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task An_incident_ends_again_if_a_pod_that_stayed_loses_its_storage_anew()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.ReportLoss();
        var (reporter, cluster) = (Reporter(fixture), ClusterSnapshot.Empty);
        while (fixture.Inbox.Reader.TryRead(out var seen))
        {
            cluster = cluster.Apply(seen, Instant.Start);
        }

        cluster = cluster.Apply(new Observation.Updated<ClusterNode>(new(new("a"), new("u-node"))), Instant.Start);
        var delete = new Decision.DeletePod(ControlFixture.App with { Owner = Replacement.Owner }, ControlFixture.Evidence);
        foreach (var outcome in (MutationOutcome[])[MutationOutcome.Refused, MutationOutcome.Accepted])
        {
            cluster = cluster.Apply(new Observation.PromotionChanged(ControlFixture.Resource, new("b"), Promotability.MayPromote), Instant.Start).Apply(new Observation.MutationAnswered(delete, new(outcome), Instant.Start), Instant.Start);
            reporter.Report(cluster, Verdict());
            cluster = outcome == MutationOutcome.Refused ? cluster.Apply(new Observation.PromotionChanged(ControlFixture.Resource, new("b"), Promotability.MayNotPromote), Instant.Start)
                : cluster.Apply(new Observation.Deleted<Attachment>(ControlFixture.Csi1), Instant.Start).Apply(new Observation.Deleted<Pod>(delete.Pod), Instant.Start).Apply(new Observation.Updated<Pod>(Replacement with { Running = true }), Instant.Start);
            reporter.Report(cluster, Verdict());
        }

        var messages = (await EventRecorderTests.WrittenAsync(fixture)).Where(written => (string?)written.Event["reason"] == "FailoverEnded").Select(written => (string?)written.Event["message"]).ToList();
        Assert.Equal(2, messages.Count);
        Assert.StartsWith("Pod shop/app-0 stays on node a", messages[0], StringComparison.Ordinal);
        Assert.StartsWith("Pod shop/app-0 of node a runs on node b", messages[1], StringComparison.Ordinal);
    }

    private static readonly Pod Replacement = ControlFixture.App with { Uid = new("u-new"), Node = new("b"), Owner = new("apps/v1", "StatefulSet", "app", new("u-set")) };

    /// <summary>Pod app-0 was deleted, its attachment is still there, and its StatefulSet has not created it anew.</summary>
    private static ClusterSnapshot Moving() => ((Observation[])
    [
        new Observation.Updated<Volume>(new("pv", new("shop", "data")) { Resource = ControlFixture.Resource }),
        new Observation.Updated<Attachment>(ControlFixture.Csi1),
        new Observation.MutationAnswered(new Decision.DeletePod(ControlFixture.App with { Owner = Replacement.Owner }, ControlFixture.Evidence), new(MutationOutcome.Accepted), Instant.Start),
    ]).Aggregate(ClusterSnapshot.Empty, (cluster, seen) => cluster.Apply(seen, Instant.Start));
}
