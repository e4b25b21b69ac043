using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Tests.Endpoints;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed partial class ReporterTests
{
    private static readonly ClusterSnapshot Well = ClusterSnapshot.Empty.Apply(new Observation.Updated<Volume>(new("pv", null) { Resource = ControlFixture.Resource }), Instant.Start)
        .Apply(new Observation.Updated<Attachment>(new("va", new("va"), "pv", new("a"))), Instant.Start);
    private static readonly ClusterSnapshot Unwell = Well.Apply(new Observation.ResourceReported(new(ControlFixture.Resource, false, [], Instant.Start)), Instant.Start);

    [Fact]
    public async Task Each_reason_is_logged_once_however_often_the_policy_repeats_it()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var reporter = Reporter(fixture);
        for (var turn = 0; turn < 3; turn++)
        {
            reporter.Report(Unwell, Verdict(Holding(HoldReason.OptedOut), Holding(HoldReason.WritesToSharedStorage, "volume v (nfs)")));
        }

        Assert.Equal(2, fixture.Told.Lines.Count);
        Assert.Equal(2, await EventsAsync(fixture));
    }

    [Theory]
    [InlineData(MutationOutcome.NotSent, 1)]
    [InlineData(MutationOutcome.Refused, 0)]
    public async Task What_came_too_late_to_be_sent_counts_as_postponed(MutationOutcome outcome, int postponed)
    {
        await using var fixture = await ControlFixture.OpenAsync();
        await using var metrics = new MetricsReader(fixture.Meter);
        Reporter(fixture).Observe(Well, new Observation.MutationAnswered(ControlFixture.Delete, new(outcome), Instant.Start));
        Assert.Equal(postponed, (await metrics.SamplesAsync()).GetValueOrDefault("piraeus_ha_postponed_total"));
    }

    [Fact]
    public async Task Reasons_that_alternate_are_logged_once_each()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var reporter = Reporter(fixture);
        for (var turn = 0; turn < 10; turn++)
        {
            reporter.Report(Unwell, Verdict(Holding(turn % 2 == 0 ? HoldReason.LinstorSilent : HoldReason.StillConnected, "a")));
        }

        Assert.Equal(2, fixture.Told.Lines.Count);
    }

    [Fact]
    public async Task Another_detail_another_pod_and_the_end_of_the_grace_period_are_news()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var reporter = Reporter(fixture);
        var hold = Holding(HoldReason.WritesToSharedStorage, "one") with { Overdue = false };
        foreach (var news in (Decision.Hold[])[hold, hold with { Overdue = true }, hold with { Detail = new() { Storage = "two" } }, hold with { Pods = [ControlFixture.App with { Uid = new("u-2") }] }, hold with { Node = new("c") }])
        {
            reporter.Report(Unwell, Verdict(news));
        }

        Assert.Equal(5, fixture.Told.Lines.Count);
    }

    [Fact]
    public async Task A_reason_is_logged_again_after_the_resource_was_well()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var reporter = Reporter(fixture);
        reporter.Report(Unwell, Verdict(Holding(HoldReason.OptedOut)));
        reporter.Report(Well, Verdict());
        reporter.Report(Unwell, Verdict(Holding(HoldReason.OptedOut)));
        Assert.Equal(2, await EventsAsync(fixture));
    }

    [Theory]
    [InlineData(HoldReason.NotAskedYet)]
    [InlineData(HoldReason.OwnReplicaMayPromote)]
    [InlineData(HoldReason.GraceNotOver)]
    public async Task A_reason_that_passes_by_itself_is_no_Event(object reason)
    {
        await using var fixture = await ControlFixture.OpenAsync();
        Reporter(fixture).Report(Unwell, Verdict(Holding((HoldReason)reason)));
        Assert.Single(fixture.Told.Lines);
        Assert.Equal(0, await EventsAsync(fixture));
    }

    [Fact]
    public async Task A_reason_that_has_held_nothing_up_yet_is_no_Event()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        Reporter(fixture).Report(Unwell, Verdict(Holding(HoldReason.OptedOut) with { Overdue = false }));
        Assert.Single(fixture.Told.Lines);
        Assert.Equal(0, await EventsAsync(fixture));
    }

    [Fact]
    public async Task What_stands_is_never_forgotten_however_much_comes_and_goes()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var reporter = Reporter(fixture);
        var stands = Holding(HoldReason.OptedOut);
        for (var pod = 0; pod < 5000; pod++)
        {
            reporter.Report(Unwell, Verdict(stands, Holding(HoldReason.WritesToSharedStorage) with { Pods = [ControlFixture.App with { Uid = new($"u-{pod}") }] }));
        }

        Assert.Single(fixture.Told.Lines, line => line.EndsWith("(OptedOut)", StringComparison.Ordinal));
        Assert.Equal(5001, fixture.Told.Lines.Count);
        Assert.InRange(reporter.Remembers, 1, 2000);
    }

    [Fact]
    public async Task A_stuck_failover_is_reported_once_for_each_reason_on_the_owner_and_then_on_the_replacement()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var (reporter, cluster) = (Reporter(fixture), Moving());
        var failover = cluster.Failovers.All.Single().Item;
        for (var turn = 0; turn < 3; turn++)
        {
            reporter.Report(cluster, Verdict(new Decision.ReportStuck(failover, Phase.Scheduled, "quota")));
        }

        var scheduled = cluster.Apply(new Observation.Updated<Pod>(Replacement), Instant.Start);
        reporter.Report(scheduled, Verdict(new Decision.ReportStuck(scheduled.Failovers.All.Single().Item, Phase.Attached, "no space")));

        Assert.Equal(2, fixture.Told.Lines.Count(line => line.Contains("moved away from node a, waits for", StringComparison.Ordinal)));
        Assert.Equal(2, await EventsAsync(fixture));
        Assert.Equal(["StatefulSet app", "Pod app-0"], fixture.Kubernetes.Calls.Select(call => System.Text.Json.Nodes.JsonNode.Parse(call.Body)!["involvedObject"]!).Select(about => $"{about["kind"]} {about["name"]}"));
    }

    [Fact]
    public async Task Replacements_that_are_refused_one_after_the_other_for_the_same_reason_are_reported_once()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var (reporter, cluster) = (Reporter(fixture), Moving());
        foreach (var name in (string[])["app-x1", "app-x2", "app-x3"])
        {
            var next = cluster.Apply(new Observation.Updated<Pod>(Replacement with { Key = Replacement.Key with { Name = name }, Uid = new(name) }), Instant.Start);
            var failover = next.Failovers.All.Single().Item;
            Assert.Equal(name, failover.Replacement?.Key.Name);
            reporter.Report(next, Verdict(new Decision.ReportStuck(failover, Phase.Running, $"pod default/{name} on node b does not run: OutOfcpu")));
        }

        Assert.Single(fixture.Told.Lines, line => line.Contains("OutOfcpu", StringComparison.Ordinal));
    }

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

    private static Reporter Reporter(ControlFixture fixture, IncidentWebhook? webhook = null) => new(fixture.Events, webhook, fixture.Instruments, fixture.DecisionLog, fixture.Errors, new Microsoft.Extensions.Logging.Logger<Reporter>(fixture.Told));

    private static Verdict Verdict(params Decision[] decisions) => new(decisions, null);

    private static Decision.Hold Holding(HoldReason reason, string? detail = null) => new(ControlFixture.Resource, new("a"), reason, new() { Storage = detail }, [ControlFixture.App], Instant.Start, Overdue: true);

    private static async Task<int> EventsAsync(ControlFixture fixture)
    {
        await fixture.Events.RunAsync(new CancellationToken(true)).SoonAsync();
        return fixture.Kubernetes.Calls.Count;
    }
}
