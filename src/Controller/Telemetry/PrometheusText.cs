using System.Globalization;
using System.Text;

namespace Piraeus.HighAvailability.Controller.Telemetry;

/// <summary>Prometheus' text exposition format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>One document. One invalid line would cost its reader all the others, so what claims a name that is taken is left out.</summary>
    public static string Write(IEnumerable<MetricFamily> families)
    {
        var text = new StringBuilder();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var named = families.Where(family => family.Series.Count > 0)
            .OrderBy(family => family.Name, StringComparer.Ordinal)
            .ThenBy(family => family.Type)
            .GroupBy(family => (family.Name, family.Type));
        foreach (var same in named)
        {
            if (taken.Add(same.Key.Name))
            {
                Family(text, same.Key.Name, same.Key.Type, [.. same]);
                taken.UnionWith(same.Key.Type == MetricType.Histogram ? [same.Key.Name + "_bucket", same.Key.Name + "_sum", same.Key.Name + "_count"] : []);
            }
        }

        return text.ToString();
    }

    /// <summary>A number as Go's parser reads it, wherever we run.</summary>
    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString(CultureInfo.InvariantCulture),
    };

    private static void Family(StringBuilder text, string name, MetricType type, List<MetricFamily> families)
    {
        if (families.Select(family => family.Help).FirstOrDefault(help => !string.IsNullOrEmpty(help)) is { } help)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        }

        text.Append("# TYPE ").Append(name).Append(' ').Append(Word(type)).Append('\n');
        foreach (var series in families.SelectMany(family => family.Series).DistinctBy(series => series.Labels).OrderBy(series => series.Labels, StringComparer.Ordinal))
        {
            if (series.Buckets is { } buckets)
            {
                Histogram(text, name, series, buckets);
            }
            else
            {
                Sample(text, name, series.Labels, Number(series.Value));
            }
        }
    }

    private static void Histogram(StringBuilder text, string name, Series series, Buckets buckets)
    {
        var count = 0L;
        for (var i = 0; i < buckets.Counts.Count; i++)
        {
            count += buckets.Counts[i];
            var bound = i < buckets.Bounds.Count ? buckets.Bounds[i] : double.PositiveInfinity;
            var labels = $"{series.Labels}{(series.Labels.Length > 0 ? "," : "")}le=\"{Number(bound)}\"";
            Sample(text, name + "_bucket", labels, Number(count));
        }

        Sample(text, name + "_sum", series.Labels, Number(series.Value));
        Sample(text, name + "_count", series.Labels, Number(count));
    }

    private static void Sample(StringBuilder text, string name, string labels, string value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(value).Append('\n');
    }

    private static string Word(MetricType type) => type switch
    {
        MetricType.Counter => "counter",
        MetricType.Histogram => "histogram",
        _ => "gauge",
    };
}
