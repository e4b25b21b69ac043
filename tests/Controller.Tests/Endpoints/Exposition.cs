using System.Globalization;
using System.Text.RegularExpressions;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

/// <summary>A document in Prometheus' text format, read more strictly than Prometheus does.</summary>
internal sealed partial class Exposition
{
    private static readonly string[] Types = ["counter", "gauge", "histogram"];

    private readonly Dictionary<string, string> _types = [];
    private readonly Dictionary<string, double> _samples = [];
    private readonly HashSet<string> _helped = [];

    /// <summary>By family.</summary>
    public IReadOnlyDictionary<string, string> TypeOf => _types;

    /// <summary>By name and labels, as written.</summary>
    public IReadOnlyDictionary<string, double> Samples => _samples;

    public static Exposition Parse(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var document = new Exposition();
        var family = "";
        foreach (var line in text[..^1].Split('\n'))
        {
            family = line.StartsWith('#') ? document.Comment(line, family) : document.Sample(line, family);
        }

        Assert.Equal(document._types.Keys.Order(StringComparer.Ordinal), document._types.Keys);
        document.CheckHistograms();
        return document;
    }

    private string Comment(string line, string family)
    {
        var comment = CommentLine().Match(line);
        Assert.True(comment.Success, line);
        var name = comment.Groups["name"].Value;
        if (comment.Groups["what"].Value == "HELP")
        {
            Assert.True(_helped.Add(name), line);
            Assert.DoesNotMatch("""\\[^\\n]""", comment.Groups["text"].Value.Replace(@"\\", "", StringComparison.Ordinal));
            return family;
        }

        Assert.Contains(comment.Groups["text"].Value, Types);
        Assert.True(_types.TryAdd(name, comment.Groups["text"].Value), line);
        return name;
    }

    private string Sample(string line, string family)
    {
        var sample = SampleLine().Match(line);
        Assert.True(sample.Success, line);
        string[] names = _types[family] == "histogram" ? [family + "_bucket", family + "_sum", family + "_count"] : [family];
        Assert.Contains(sample.Groups["name"].Value, names);
        var labels = sample.Groups["label"].Captures.Select(label => label.Value).ToList();
        Assert.Equal(labels, labels.Distinct());
        var value = sample.Groups["value"].Value;
        Assert.True(_samples.TryAdd(sample.Groups["series"].Value.Replace("{}", "", StringComparison.Ordinal), Number(value)), line);
        Assert.False(_types[family] == "counter" && !(Number(value) >= 0), line);
        return family;
    }

    private void CheckHistograms()
    {
        foreach (var histogram in _samples.Select(sample => (Bucket: BucketSeries().Match(sample.Key), sample.Value)).Where(sample => sample.Bucket.Success)
            .GroupBy(sample => (Name: sample.Bucket.Groups["name"].Value, Labels: sample.Bucket.Groups["labels"].Value.TrimEnd(','))))
        {
            var bounds = histogram.Select(sample => Number(sample.Bucket.Groups["le"].Value)).ToList();
            var counts = histogram.Select(sample => sample.Value).ToList();
            Assert.Equal(bounds.Order().Distinct(), bounds);
            Assert.Equal(counts.Order(), counts);
            Assert.Equal(double.PositiveInfinity, bounds[^1]);
            var labels = histogram.Key.Labels.Length > 0 ? $"{{{histogram.Key.Labels}}}" : "";
            Assert.Equal(counts[^1], _samples[$"{histogram.Key.Name}_count{labels}"]);
            Assert.Contains($"{histogram.Key.Name}_sum{labels}", _samples);
        }
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex("""^# (?<what>HELP|TYPE) (?<name>[a-zA-Z_][a-zA-Z0-9_]*) (?<text>.+)$""")]
    private static partial Regex CommentLine();

    [GeneratedRegex("""^(?<series>(?<name>[a-zA-Z_][a-zA-Z0-9_]*)(\{((?<label>[a-zA-Z_][a-zA-Z0-9_]*)="([^"\\]|\\["\\n])+"(,(?!\})|(?=\})))*\})?) (?<value>NaN|[+-]Inf|-?[0-9.]+(E[+-][0-9]+)?)$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex("""^(?<name>\w+)_bucket\{(?<labels>(.*,)?)le="(?<le>[^"]+)"\}$""")]
    private static partial Regex BucketSeries();
}
