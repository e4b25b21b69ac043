using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Controller.Tests.Endpoints;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class InstrumentsTests : IAsyncDisposable
{
    private readonly string _meter = $"Tests.{Guid.NewGuid()}";
    private readonly LogCapture _log = new();
    private readonly MetricsReader _metrics;
    private readonly Instruments _instruments;

    public InstrumentsTests() => (_metrics, _instruments) = (new(_meter), new(_log.CreateLogger<Instruments>(), _meter));

    [Fact]
    public async Task What_changes_the_cluster_is_counted_by_its_answer()
    {
        var node = new ClusterNode(new("a"), new("u-node"));
        foreach (var change in (Decision[])[ControlFixture.Delete, ControlFixture.Detach, new Decision.TaintNode(node, ControlFixture.Evidence), new Decision.UntaintNode(node), new Decision.ClearVolumesInUse(node, [])])
        {
            _instruments.Acted(change, new(MutationOutcome.Accepted));
        }

        _instruments.Acted(ControlFixture.Delete, new(MutationOutcome.TimedOut));
        Assert.Equal(
            ["delete_pod/accepted", "delete_pod/timed_out", "detach/accepted", "release/accepted", "taint/accepted", "untaint/accepted"],
            (await CountedAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_question_that_failed_and_what_was_never_sent_are_not_counted_among_the_changes()
    {
        foreach (var question in (Decision[])[new Decision.QueryResource(ControlFixture.Resource), new Decision.QuerySatellites(), new Decision.ListPodsOnNode(new("a")), new Decision.QueryWarnings("shop", new("u-pod"))])
        {
            _instruments.Acted(question, new(MutationOutcome.Refused));
        }

        _instruments.Acted(ControlFixture.Delete, new(MutationOutcome.NotSent));
        _instruments.Acted(ControlFixture.Detach, new(MutationOutcome.Refused));
        Assert.Equal(["detach/refused"], await CountedAsync());
    }

    [Fact]
    public async Task A_consumer_that_is_held_counts_once_for_each_reason_however_many_pods_it_has()
    {
        FailoverSettings settings = new() { KnownResourceGrace = TimeSpan.Zero, NewResourceGrace = TimeSpan.Zero, StormThreshold = 1 };
        var pod = ControlFixture.App with { OptedOut = true };
        var other = pod with { Key = new("shop", "app-1"), Uid = new("u-other") };
        var now = Instant.Start + TimeSpan.FromTicks(1);
        Observation[] seen = [.. ControlFixture.Suspicion, new Observation.Listed<Pod>([pod, other]), ControlFixture.Loss(now), new Observation.PodsOnNodeListed(new("a"), [pod, other], [], now)];
        var cluster = seen.Aggregate(ClusterSnapshot.For(settings), (known, each) => known.Apply(each, now));
        var verdict = new FailoverPolicy(settings).Decide(cluster, now);
        Assert.Equal(2, verdict.Decisions.Count(decision => decision is Decision.Hold { Reason: HoldReason.OptedOut }));

        _instruments.Observe(cluster, verdict);
        Assert.Equal(1, (await _metrics.SamplesAsync())["piraeus_ha_held{reason=\"OptedOut\"}"]);
        _instruments.Observe(cluster, new([], null));
        Assert.DoesNotContain("piraeus_ha_held{reason=\"OptedOut\"}", (await _metrics.SamplesAsync()).Keys);
    }

    [Fact]
    public async Task A_storm_is_measured_while_it_lasts()
    {
        var began = Instant.Start + TimeSpan.FromSeconds(10);
        var well = ClusterSnapshot.For(new()).Apply(ControlFixture.Satellites(Instant.Start), Instant.Start);
        var storm = well.Apply(ControlFixture.Satellites(began, "a", "b"), began);
        foreach (var (cluster, expected) in ((ClusterSnapshot, int)[])[(well, 0), (storm, 1), (storm.Apply(ControlFixture.Satellites(began), began), 0)])
        {
            _instruments.Observe(cluster, new([], null));
            Assert.Equal(expected, (await _metrics.SamplesAsync())["piraeus_ha_storm"]);
        }
    }

    [Fact]
    public async Task What_is_counted_before_the_first_scrape_is_not_lost()
    {
        await using var metrics = new MetricsReader(_meter);
        _instruments.FailedInternally();
        _instruments.Acted(ControlFixture.Delete, new(MutationOutcome.Accepted));
        _instruments.AskedLinstor(TimeSpan.FromSeconds(2), "ok");
        var samples = await metrics.SamplesAsync();
        Assert.Equal((1, 1), (samples["piraeus_ha_internal_errors_total"], samples["""piraeus_ha_actions_total{action="delete_pod",answer="accepted"}"""]));
        Assert.Equal((0, 1), (samples["""piraeus_ha_linstor_request_duration_seconds_bucket{outcome="ok",le="1.5"}"""], samples["""piraeus_ha_linstor_request_duration_seconds_bucket{outcome="ok",le="2"}"""]));
    }

    [Fact]
    public async Task A_metric_that_cannot_be_measured_is_left_out_and_logged()
    {
        _instruments.ObserveLeadership(() => throw new InvalidOperationException("a bug of ours"), _ => true);
        var samples = await _metrics.SamplesAsync();
        Assert.DoesNotContain("piraeus_ha_leader", samples.Keys);
        Assert.Equal((0, 1), (samples["piraeus_ha_storm"], samples["piraeus_ha_cannot_decide{source=\"linstor\"}"]));
        Assert.Contains(_log.Lines, line => line.Contains("a bug of ours", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Consumers_are_counted_by_what_follows_for_them_and_every_state_is_told()
    {
        FailoverSettings settings = new() { KnownResourceGrace = TimeSpan.FromSeconds(20), NewResourceGrace = TimeSpan.FromSeconds(20), StormThreshold = 1, TaintNodes = false };
        var pod = ControlFixture.App;
        var now = Instant.Start + TimeSpan.FromTicks(1);
        Observation[] seen = [.. ControlFixture.Suspicion, new Observation.Listed<ClusterNode>([new(new("a"), new("u-a")) { TaintedByUs = true }, new(new("b"), new("u-b"))]), ControlFixture.Loss(now), new Observation.PodsOnNodeListed(new("a"), [pod], [], now)];
        var cluster = seen.Aggregate(ClusterSnapshot.For(settings), (known, each) => known.Apply(each, now));
        async Task<string> AtAsync(Instant at, params Observation[] more)
        {
            cluster = more.Aggregate(cluster, (known, each) => known.Apply(each, at));
            _instruments.Observe(cluster, new FailoverPolicy(settings).Decide(cluster, at));
            return string.Join(' ', (await _metrics.SamplesAsync()).Where(sample => sample.Key.StartsWith("piraeus_ha_consumers{", StringComparison.Ordinal)).Select(sample => $"{sample.Key.Split('"')[1]}={sample.Value}"));
        }

        var over = now + TimeSpan.FromSeconds(40);
        Assert.Equal("moving=0 held=0 in_grace_period=1 in_doubt=0", await AtAsync(now));
        Assert.Equal("moving=1 held=0 in_grace_period=0 in_doubt=0", await AtAsync(over, ControlFixture.Satellites(over, "a"), ControlFixture.Loss(over), new Observation.PodsOnNodeListed(new("a"), [pod], [], over)));
        Assert.Equal("moving=0 held=1 in_grace_period=0 in_doubt=0", await AtAsync(over, new Observation.PodsOnNodeListed(new("a"), [pod with { OptedOut = true }], [], over)));
        var samples = await _metrics.SamplesAsync();
        Assert.Equal((1, 1, 1), (samples["piraeus_ha_tainted_nodes"], samples["""piraeus_ha_source_synced{source="pods"}"""], samples["""piraeus_ha_source_synced{source="csi_nodes"}"""]));
        _instruments.Observe(cluster.Apply(new Observation.SourceLost(Source.Pods), over), new([], null));
        Assert.Equal(0, (await _metrics.SamplesAsync())["""piraeus_ha_source_synced{source="pods"}"""]);
    }

    [Fact]
    public async Task Questions_waits_silence_and_forecasts_are_measured_once_they_are_known()
    {
        (TimeSpan? Age, IEnumerable<(string?, int)>? Forecast) known = (null, null);
        _instruments.ObserveLinstor(() => known.Age);
        _instruments.ObserveForecast(() => known.Forecast);
        Assert.DoesNotContain((await _metrics.SamplesAsync()).Keys, sample => sample.Contains("_age", StringComparison.Ordinal) || sample.Contains("forecast", StringComparison.Ordinal));

        known = (TimeSpan.FromSeconds(3), [(null, 2), ("OptedOut", 1)]);
        _instruments.Asked(new Decision.QuerySatellites(), isAnswered: true);
        _instruments.Asked(new Decision.ListPodsOnNode(new("a")), isAnswered: false);
        _instruments.Postponed();
        var samples = await _metrics.SamplesAsync();
        Assert.Equal((3, 2, 1), (samples["piraeus_ha_linstor_answer_age_seconds"], samples["""piraeus_ha_forecast_pods{outcome="moves"}"""], samples["""piraeus_ha_forecast_pods{outcome="stays",reason="OptedOut"}"""]));
        Assert.Equal((1, 1, 1), (samples["""piraeus_ha_queries_total{outcome="answered",query="query_satellites"}"""], samples["""piraeus_ha_queries_total{outcome="failed",query="list_pods_on_node"}"""], samples["piraeus_ha_postponed_total"]));
    }

    public ValueTask DisposeAsync()
    {
        _instruments.Dispose();
        return _metrics.DisposeAsync();
    }

    private async Task<IEnumerable<string>> CountedAsync() => (await _metrics.SamplesAsync()).Keys
        .Where(sample => sample.StartsWith("piraeus_ha_actions_total", StringComparison.Ordinal)).Select(sample => string.Join('/', sample.Split('"').Where((_, at) => at % 2 == 1)));
}
