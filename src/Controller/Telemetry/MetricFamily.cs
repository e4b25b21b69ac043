namespace Piraeus.HighAvailability.Controller.Telemetry;

/// <summary>What Prometheus calls the type of a metric.</summary>
internal enum MetricType
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>Everything that is told under one name.</summary>
internal sealed record MetricFamily(string Name, MetricType Type, string? Help, IReadOnlyList<Series> Series);

/// <summary>One line of a family; of a histogram, its lines for one set of labels.</summary>
/// <param name="Labels">As they are written between the braces, see <see cref="PrometheusNames.Labels"/>.</param>
/// <param name="Value">The value; of a histogram, the sum.</param>
/// <param name="Buckets">A histogram's.</param>
internal sealed record Series(string Labels, double Value, Buckets? Buckets = null);

/// <summary>How many measurements fell between which bounds.</summary>
/// <param name="Bounds">The highest value of each bucket, ascending and finite.</param>
/// <param name="Counts">One more than there are bounds: the last bucket takes the rest.</param>
internal sealed record Buckets(IReadOnlyList<double> Bounds, IReadOnlyList<long> Counts);
