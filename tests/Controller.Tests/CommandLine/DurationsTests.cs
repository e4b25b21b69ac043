using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Tests;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("45s", 45_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("500ms", 500)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("2us", 0.002)]
    [InlineData("2µs", 0.002)]
    [InlineData("2μs", 0.002)]
    [InlineData("100ns", 0.0001)]
    [InlineData("1h1m1s1ms", 3_661_001)]
    [InlineData(".5s", 500)]
    [InlineData("1.s", 1000)]
    [InlineData("+1s", 1000)]
    [InlineData("-1m30s", -90_000)]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    public void Durations_are_read_as_Go_reads_them(string text, double milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Durations.Parse(text));

    [Theory]
    [InlineData("45", "the unit is missing, for example 45s")]
    [InlineData("1.5", "the unit is missing, for example 1.5s")]
    [InlineData("", "not a duration like 45s, 1m30s or 500ms")]
    [InlineData("s", "not a duration like 45s, 1m30s or 500ms")]
    [InlineData(".s", "not a duration like 45s, 1m30s or 500ms")]
    [InlineData("1d", "not a duration like 45s, 1m30s or 500ms")]
    [InlineData("1m30", "not a duration like 45s, 1m30s or 500ms")]
    [InlineData("1 s", "not a duration like 45s, 1m30s or 500ms")]
    [InlineData("45s\n", "not a duration like 45s, 1m30s or 500ms")]
    [InlineData("00:00:45", "not a duration like 45s, 1m30s or 500ms")]
    [InlineData("9999999999999h", "too long for a duration")]
    [InlineData("99999999999999999999999999999999999999h", "too long for a duration")]
    public void What_is_no_duration_is_refused_with_its_reason(string text, string complaint) =>
        Assert.Equal(complaint, Assert.Throws<FormatException>(() => Durations.Parse(text)).Message);

    [Theory]
    [InlineData("0", "0s")]
    [InlineData("45s", "45s")]
    [InlineData("90s", "1m30s")]
    [InlineData("1.5h", "1h30m0s")]
    [InlineData("1500ms", "1.5s")]
    [InlineData("250ms", "250ms")]
    [InlineData("1500us", "1.5ms")]
    [InlineData("2us", "2µs")]
    [InlineData("-90s", "-1m30s")]
    [InlineData("49h", "49h0m0s")]
    public void Durations_are_written_as_Go_writes_them(string text, string written) =>
        Assert.Equal(written, Durations.ToText(Durations.Parse(text)));
}
