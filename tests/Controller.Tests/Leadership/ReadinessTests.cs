using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Controller.Tests.Endpoints;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Leadership;

/// <summary>A replica that cannot decide reports so in its log and metrics.</summary>
public sealed class ReadinessTests
{
    private readonly TestTime _time = new();
    private readonly LogCapture _log = new();
    private readonly MonotonicClock _clock;
    private readonly LeadershipStatus _hold;
    private readonly Readiness _readiness;
    private ClusterSnapshot _cluster = ClusterSnapshot.Empty;

    public ReadinessTests()
    {
        _clock = new(_time);
        _hold = new(_clock, "me");
        _readiness = new(_hold, _clock, _time, new Logger<Readiness>(_log));
    }

    [Fact]
    public void The_log_says_once_that_this_replica_cannot_decide_and_once_that_it_can_again()
    {
        Observe(
            new Observation.SatellitesListed([], Instant.Start), new Observation.Listed<Pod>([]), new Observation.Listed<Volume>([]),
            new Observation.Listed<Attachment>([]), new Observation.Listed<CsiNode>([]));
        _hold.Follow("other");
        Pass(60);
        Assert.Empty(_log.Lines);

        Observe(new Observation.SourceLost(Source.Pods));
        Pass(14);
        Assert.Empty(_log.Lines);
        Pass(60);
        Assert.Equal("This replica cannot decide: Pods silent since 2030-01-01T00:01:00Z. other leads.", Assert.Single(_log.Lines));

        Observe(new Observation.Listed<Pod>([]));
        Pass(60);
        Assert.Equal("This replica can decide again, after 74 s. other leads.", _log.Lines.Last());
        Assert.Equal(2, _log.Lines.Count);
    }

    [Fact]
    public void A_source_that_was_never_synced_is_reported_after_15_s()
    {
        Observe(new Observation.Listed<Pod>([]), new Observation.Listed<Volume>([]), new Observation.Listed<Attachment>([]), new Observation.Listed<CsiNode>([]));
        Pass(14);
        Assert.Empty(_log.Lines);
        Pass(1);
        Assert.Equal("This replica cannot decide: Linstor not heard of since 2030-01-01T00:00:00Z. No replica leads.", Assert.Single(_log.Lines));
    }

    [Fact]
    public async Task Two_gauges_show_which_replica_leads_and_which_source_keeps_a_replica_from_deciding()
    {
        const string name = nameof(Two_gauges_show_which_replica_leads_and_which_source_keeps_a_replica_from_deciding);
        await using var metrics = new MetricsReader(name);
        using var instruments = new Instruments(_log.CreateLogger<Instruments>(), name);
        instruments.ObserveLeadership(() => _hold.Covers(TimeSpan.Zero), _hold.IsKeptFromDecidingBy);
        string[] sources = ["attachments", "csi_nodes", "linstor", "pods", "volumes"];
        Assert.Equal(sources.Select(source => $"piraeus_ha_cannot_decide{{source=\"{source}\"}}"), await OnAsync());
        _hold.Lead();
        _hold.Synced(Elections.AllSources.Remove(Source.Linstor));
        Assert.Equal(["piraeus_ha_leader"], await OnAsync());
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(["piraeus_ha_cannot_decide{source=\"linstor\"}"], await OnAsync());
        Assert.Equal(6, (await metrics.SamplesAsync()).Keys.Count(IsLeadership));

        async Task<IEnumerable<string>> OnAsync() =>
            (await metrics.SamplesAsync()).Where(sample => IsLeadership(sample.Key) && sample.Value == 1).Select(sample => sample.Key).Order(StringComparer.Ordinal);

        static bool IsLeadership(string sample) => sample.StartsWith("piraeus_ha_leader", StringComparison.Ordinal) || sample.StartsWith("piraeus_ha_cannot", StringComparison.Ordinal);
    }

    private void Observe(params Observation[] seen)
    {
        _cluster = seen.Aggregate(_cluster, (cluster, one) => cluster.Apply(one, _clock.Now));
        _readiness.Observe(_cluster);
    }

    private void Pass(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            _readiness.Observe(_cluster);
        }
    }
}
