using System.Globalization;
using Piraeus.HighAvailability.Controller.Telemetry;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

public sealed class PrometheusTextTests
{
    [Fact]
    public void A_document_is_ordered_by_names_and_labels_whatever_the_order_of_what_is_written()
    {
        var text = PrometheusText.Write([
            new("ha_waits", MetricType.Gauge, null, [new("", 1.5)]),
            new("ha_acts_total", MetricType.Counter, "What was done.", [new("kind=\"b\"", 2), new("kind=\"a\"", 12345678)]),
        ]);
        Assert.Equal(
            """
            # HELP ha_acts_total What was done.
            # TYPE ha_acts_total counter
            ha_acts_total{kind="a"} 12345678
            ha_acts_total{kind="b"} 2
            # TYPE ha_waits gauge
            ha_waits 1.5

            """, text);
        Assert.NotEmpty(Exposition.Parse(text).Samples);
    }

    [Fact]
    public void A_histograms_buckets_are_cumulative_and_end_at_infinity()
    {
        var text = PrometheusText.Write([
            new("ha_wait_seconds", MetricType.Histogram, null, [new("", 0, new([], [0])), new("of=\"x\"", 7.25, new([0.5, 2], [1, 0, 2]))]),
        ]);
        Assert.Equal(
            """
            # TYPE ha_wait_seconds histogram
            ha_wait_seconds_bucket{le="+Inf"} 0
            ha_wait_seconds_sum 0
            ha_wait_seconds_count 0
            ha_wait_seconds_bucket{of="x",le="0.5"} 1
            ha_wait_seconds_bucket{of="x",le="2"} 1
            ha_wait_seconds_bucket{of="x",le="+Inf"} 3
            ha_wait_seconds_sum{of="x"} 7.25
            ha_wait_seconds_count{of="x"} 3

            """, text);
        Assert.NotEmpty(Exposition.Parse(text).Samples);
    }

    [Theory]
    [InlineData(0.1, "0.1")]
    [InlineData(-2, "-2")]
    [InlineData(1e21, "1E+21")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    public void A_number_is_written_the_same_in_every_culture(double value, string text)
    {
        var elsewhere = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        elsewhere.NumberFormat = new() { NumberDecimalSeparator = ",", NaNSymbol = "?", NegativeSign = "~" };
        CultureInfo.CurrentCulture = elsewhere;
        Assert.Equal(text, PrometheusText.Number(value));
    }

    [Fact]
    public void Help_stays_on_its_line() =>
        Assert.StartsWith("# HELP x C:\\\\dir\\nand \"more\"\n", PrometheusText.Write([new("x", MetricType.Gauge, "C:\\dir\nand \"more\"", [new("", 1)])]), StringComparison.Ordinal);

    [Fact]
    public void A_family_without_series_is_not_mentioned() => Assert.Empty(PrometheusText.Write([new("x", MetricType.Gauge, "Nothing.", [])]));

    [Fact]
    public void Two_families_of_one_name_and_type_are_one()
    {
        var text = PrometheusText.Write([
            new("x", MetricType.Gauge, null, [new("b=\"1\"", 1), new("c=\"1\"", 2)]),
            new("x", MetricType.Gauge, "Both.", [new("a=\"1\"", 3), new("b=\"1\"", 4)]),
        ]);
        Assert.Equal("# HELP x Both.\n# TYPE x gauge\nx{a=\"1\"} 3\nx{b=\"1\"} 1\nx{c=\"1\"} 2\n", text);
    }

    [Fact]
    public void A_name_that_is_taken_is_left_out()
    {
        var text = PrometheusText.Write([
            new("x_count", MetricType.Counter, null, [new("", 1)]),
            new("y", MetricType.Gauge, null, [new("", 2)]),
            new("x", MetricType.Histogram, null, [new("", 3, new([], [1]))]),
            new("y", MetricType.Counter, null, [new("", 4)]),
        ]);
        Assert.Equal("# TYPE x histogram\nx_bucket{le=\"+Inf\"} 1\nx_sum 3\nx_count 1\n# TYPE y counter\ny 4\n", text);
    }
}
