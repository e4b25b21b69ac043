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

    private static Reporter Reporter(ControlFixture fixture, IncidentWebhook? webhook = null) => new(fixture.Events, webhook, fixture.Instruments, fixture.DecisionLog, fixture.Errors, new Microsoft.Extensions.Logging.Logger<Reporter>(fixture.Told));

    private static Verdict Verdict(params Decision[] decisions) => new(decisions, null);

    private static Decision.Hold Holding(HoldReason reason, string? detail = null) => new(ControlFixture.Resource, new("a"), reason, new() { Storage = detail }, [ControlFixture.App], Instant.Start, Overdue: true);

    private static async Task<int> EventsAsync(ControlFixture fixture)
    {
        await fixture.Events.RunAsync(new CancellationToken(true)).SoonAsync();
        return fixture.Kubernetes.Calls.Count;
    }
}
