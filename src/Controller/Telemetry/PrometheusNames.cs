using System.Globalization;
using System.Text;

namespace Piraeus.HighAvailability.Controller.Telemetry;

/// <summary>What Prometheus calls what System.Diagnostics.Metrics names; the rules are those of OpenTelemetry's exporters.</summary>
internal static class PrometheusNames
{
    private const string Total = "_total";

    /// <summary>The name of an instrument's family: dots become underscores, and the unit and <c>_total</c> are appended.</summary>
    public static string Family(string instrument, string? unit, MetricType type)
    {
        var name = Clean(instrument);
        var isCounter = type == MetricType.Counter;
        if (isCounter && name.EndsWith(Total, StringComparison.Ordinal))
        {
            name = name[..^Total.Length]; // it comes last, after the unit
        }

        var suffix = unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        name += name.EndsWith(suffix, StringComparison.Ordinal) ? "" : suffix;
        return isCounter ? name + Total : name;
    }

    /// <summary>Tags as they are written between the braces: sorted, escaped, each name once.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // To Prometheus a label without a value is no label, so writing it could repeat a series.
        var labels = tags.ToArray()
            .Select(tag => (Name: Label(tag.Key), Value: Text(tag.Value)))
            .Where(label => label.Value.Length > 0)
            .GroupBy(label => label.Name, label => label.Value)
            .OrderBy(label => label.Key, StringComparer.Ordinal)
            .Select(label => $"{label.Key}=\"{Escape(string.Join(';', label.Order(StringComparer.Ordinal)))}\"");
        return string.Join(',', labels);
    }

    // A histogram's buckets have this label already.
    private static string Label(string name) => Clean(name) switch { "le" => "exported_le", var clean => clean };

    // Two underscores in front are Prometheus' own, so there is never more than one in a row.
    private static string Clean(string name)
    {
        var clean = new StringBuilder(name.Length);
        foreach (var character in name)
        {
            if (clean.Length == 0 && char.IsAsciiDigit(character))
            {
                clean.Append('_').Append(character);
            }
            else if (char.IsAsciiLetterOrDigit(character))
            {
                clean.Append(character);
            }
            else if (clean.Length == 0 || clean[^1] != '_')
            {
                clean.Append('_');
            }
        }

        return clean.Length > 0 ? clean.ToString() : "_";
    }

    private static string Text(object? value) => value switch
    {
        true => "true",
        false => "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
