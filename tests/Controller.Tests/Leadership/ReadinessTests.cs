using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Leadership;

/// <summary>Nobody has to guess that a replica cannot decide.</summary>
public sealed class ReadinessTests
{
    private readonly TestTime _time = new();
    private readonly LogCapture _told = new();
    private readonly MonotonicClock _clock;
    private readonly LeadershipStatus _hold;
    private readonly Readiness _readiness;
    private ClusterSnapshot _cluster = ClusterSnapshot.Empty;

    public ReadinessTests()
    {
        _clock = new(_time);
        _hold = new(_clock, "me");
        _readiness = new(_hold, _clock, _time, new Logger<Readiness>(_told));
    }

    [Fact]
    public void The_log_says_once_that_this_replica_cannot_decide_and_once_that_it_can_again()
    {
        Hear(
            new Observation.SatellitesListed([], Instant.Start), new Observation.Listed<Pod>([]), new Observation.Listed<Volume>([]),
            new Observation.Listed<Attachment>([]), new Observation.Listed<CsiNode>([]));
        _hold.Follow("other");
        Pass(60);
        Assert.Empty(_told.Lines);

        Hear(new Observation.SourceLost(Source.Pods));
        Pass(14);
        Assert.Empty(_told.Lines);
        Pass(60);
        Assert.Equal("This replica cannot decide: Pods silent since 2030-01-01T00:01:00Z. other leads.", Assert.Single(_told.Lines));

        Hear(new Observation.Listed<Pod>([]));
        Pass(60);
        Assert.Equal("This replica can decide again, after 74 s. other leads.", _told.Lines.Last());
        Assert.Equal(2, _told.Lines.Count);
    }

    [Fact]
    public void A_source_that_was_never_heard_of_is_told_after_15_s()
    {
        Hear(new Observation.Listed<Pod>([]), new Observation.Listed<Volume>([]), new Observation.Listed<Attachment>([]), new Observation.Listed<CsiNode>([]));
        Pass(14);
        Assert.Empty(_told.Lines);
        Pass(1);
        Assert.Equal("This replica cannot decide: Linstor not heard of since 2030-01-01T00:00:00Z. Nobody leads.", Assert.Single(_told.Lines));
    }

    [Fact]
    public void Two_gauges_say_who_leads_and_which_source_keeps_whom_from_deciding()
    {
        const string name = nameof(Two_gauges_say_who_leads_and_which_source_keeps_whom_from_deciding);
        using var instruments = new Instruments(name);
        instruments.ObserveLeadership(() => _hold.Covers(TimeSpan.Zero), _hold.IsKeptFromDecidingBy);
        Assert.Equal(
            ["piraeus.ha.cannot_decide attachments 1", "piraeus.ha.cannot_decide csi_nodes 1", "piraeus.ha.cannot_decide linstor 1", "piraeus.ha.cannot_decide pods 1", "piraeus.ha.cannot_decide volumes 1", "piraeus.ha.leader  0"],
            Measure(name));
        _hold.Lead();
        _hold.Synced(Elections.AllSources.Remove(Source.Linstor));
        Assert.Equal(["piraeus.ha.leader  1"], Measure(name).Where(told => !told.EndsWith(" 0", StringComparison.Ordinal)));
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(["piraeus.ha.cannot_decide linstor 1"], Measure(name).Where(told => !told.EndsWith(" 0", StringComparison.Ordinal)));
    }

    private static List<string> Measure(string meter)
    {
        List<string> told = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == meter && instrument.Name is "piraeus.ha.leader" or "piraeus.ha.cannot_decide")
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => told.Add($"{instrument.Name} {(tags.IsEmpty ? "" : tags[0].Value)} {value}"));
        listener.Start();
        listener.RecordObservableInstruments();
        return [.. told.Order(StringComparer.Ordinal)];
    }

    private void Hear(params Observation[] seen)
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
