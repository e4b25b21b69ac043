using System.Diagnostics.Metrics;
using System.Numerics;

namespace Piraeus.HighAvailability.Controller.Telemetry;

/// <summary>What one instrument has measured, in every series of it.</summary>
internal sealed class Aggregate
{
    /// <summary>Those of Prometheus' own clients: from milliseconds to ten seconds.</summary>
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    /// <summary>.NET 10 declares these as counters although they fall (dotnet/runtime#126167).</summary>
    private static readonly string[] Falling = ["dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length"];

    private readonly Instrument _instrument;
    private readonly MetricType _type;
    private readonly bool _adds;
    private readonly double[]? _bounds;
    private readonly string _name;
    private readonly Lock _lock = new();
    private readonly Dictionary<KeyValuePair<string, object?>[], Cell> _byTags = new(Tags.Comparer);
    private readonly Dictionary<string, Cell> _byLabels = new(StringComparer.Ordinal); // tags that read the same are the same series

    private Aggregate(Instrument instrument, MetricType type, bool adds, double[]? bounds = null)
    {
        (_instrument, _type, _adds, _bounds) = (instrument, type, adds, bounds);
        _name = PrometheusNames.Family(instrument.Name, instrument.Unit, type);
    }

    /// <summary>For an instrument that measures with this type of number, otherwise null.</summary>
    public static Aggregate? Of<T>(Instrument instrument)
        where T : struct, INumber<T> => instrument switch
        {
            Counter<T> => new(instrument, MetricType.Counter, adds: true),
            UpDownCounter<T> => new(instrument, MetricType.Gauge, adds: true),
            ObservableCounter<T> when !Falling.Contains(instrument.Name) => new(instrument, MetricType.Counter, adds: false),
            Gauge<T> or ObservableCounter<T> or ObservableGauge<T> or ObservableUpDownCounter<T> => new(instrument, MetricType.Gauge, adds: false),
            Histogram<T> histogram => new(instrument, MetricType.Histogram, adds: true, Bounds(histogram.Advice?.HistogramBucketBoundaries)),
            _ => null,
        };

    /// <summary>Takes a measurement in. Every thread that measures anything comes here, so a known series costs no memory.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // A counter that goes down would look like a process that has restarted.
        if (_type == MetricType.Counter && !(value >= 0))
        {
            return;
        }

        lock (_lock)
        {
            var cell = _byTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>().TryGetValue(tags, out var known) ? known : Open(tags);
            cell.Value = _adds ? cell.Value + value : value;
            if (_bounds is not null)
            {
                cell.Counts[Bucket(_bounds, value)]++;
            }
        }
    }

    /// <summary>Starts afresh, if what is observed is asked for: what is not told again is gone.</summary>
    public void Forget()
    {
        if (_instrument.IsObservable)
        {
            lock (_lock)
            {
                _byTags.Clear();
                _byLabels.Clear();
            }
        }
    }

    /// <summary>As it is now.</summary>
    public MetricFamily Read()
    {
        lock (_lock)
        {
            return new(_name, _type, _instrument.Description, [.. _byLabels.Select(
                cell => new Series(cell.Key, cell.Value.Value, _bounds is null ? null : new(_bounds, [.. cell.Value.Counts])))]);
        }
    }

    private Cell Open(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = PrometheusNames.Labels(tags);
        if (!_byLabels.TryGetValue(labels, out var cell))
        {
            _byLabels[labels] = cell = new(_bounds is null ? [] : new long[_bounds.Length + 1]);
        }

        return _byTags[tags.ToArray()] = cell;
    }

    private static double[] Bounds<T>(IReadOnlyList<T>? advised)
        where T : struct, INumber<T> =>
        advised is null ? DefaultBounds : [.. advised.Select(double.CreateSaturating).Where(double.IsFinite).Distinct().Order()];

    // What is not a number is not within any bound.
    private static int Bucket(double[] bounds, double value)
    {
        var bucket = 0;
        while (bucket < bounds.Length && !(value <= bounds[bucket]))
        {
            bucket++;
        }

        return bucket;
    }

    private sealed class Cell(long[] counts)
    {
        public double Value { get; set; }

        public long[] Counts => counts;
    }
}
