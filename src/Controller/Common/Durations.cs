using System.Globalization;
using System.Text.RegularExpressions;

namespace Piraeus.HighAvailability.Controller.Common;

/// <summary>Durations in Go's spelling: <c>45s</c>, <c>1m30s</c>, <c>500ms</c>, <c>1.5h</c>.</summary>
internal static partial class Durations
{
    /// <exception cref="FormatException">Its message completes "invalid value …: ".</exception>
    public static TimeSpan Parse(string text)
    {
        // Only zero needs no unit in Go.
        if (text is "0" or "+0" or "-0")
        {
            return TimeSpan.Zero;
        }

        var spelling = Spelling().Match(text);
        if (!spelling.Success)
        {
            throw new FormatException(BareNumber().IsMatch(text)
                ? $"the unit is missing, for example {text}s"
                : "not a duration like 45s, 1m30s or 500ms");
        }

        try
        {
            var ticks = spelling.Groups["number"].Captures.Zip(spelling.Groups["unit"].Captures, (number, unit) => Number(number.Value) * TicksPer(unit.Value)).Sum();
            return TimeSpan.FromTicks(decimal.ToInt64(spelling.Groups["sign"].Value == "-" ? -ticks : ticks));
        }
        catch (OverflowException)
        {
            throw new FormatException("too long for a duration");
        }
    }

    /// <summary>The same spelling back, as Go would print it.</summary>
    public static string ToText(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
        {
            return $"-{ToText(duration.Negate())}";
        }

        var seconds = (duration.Ticks % TimeSpan.TicksPerMinute / (decimal)TimeSpan.TicksPerSecond).ToString("0.#######", CultureInfo.InvariantCulture);
        return duration switch
        {
            { Ticks: 0 } => "0s",
            { Ticks: < TimeSpan.TicksPerMillisecond } => $"{duration.TotalMicroseconds.ToString("0.#", CultureInfo.InvariantCulture)}µs",
            { Ticks: < TimeSpan.TicksPerSecond } => $"{duration.TotalMilliseconds.ToString("0.####", CultureInfo.InvariantCulture)}ms",
            { Ticks: < TimeSpan.TicksPerMinute } => $"{seconds}s",
            { Ticks: < TimeSpan.TicksPerHour } => $"{duration.Minutes}m{seconds}s",
            _ => $"{(long)duration.TotalHours}h{duration.Minutes}m{seconds}s",
        };
    }

    // The dot may stand at either end, which the decimal parser accepts as Go does.
    private static decimal Number(string text) => decimal.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);

    private static decimal TicksPer(string unit) => unit switch
    {
        "ns" => 0.01m,
        "us" or "µs" or "μs" => TimeSpan.TicksPerMicrosecond,
        "ms" => TimeSpan.TicksPerMillisecond,
        "s" => TimeSpan.TicksPerSecond,
        "m" => TimeSpan.TicksPerMinute,
        _ => TimeSpan.TicksPerHour,
    };

    [GeneratedRegex(@"\A(?<sign>[-+]?)((?<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?<unit>ns|us|µs|μs|ms|s|m|h))+\z")]
    private static partial Regex Spelling();

    [GeneratedRegex(@"\A[0-9]+(\.[0-9]+)?\z")]
    private static partial Regex BareNumber();
}
