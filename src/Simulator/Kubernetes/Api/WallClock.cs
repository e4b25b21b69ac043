using System.Globalization;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Converts the world's time to wall-clock times and ages.</summary>
/// <param name="clock">The clock that drives the world.</param>
/// <param name="began">The wall-clock time at which the world began.</param>
internal sealed class WallClock(WorldClock clock, DateTimeOffset began)
{
    /// <summary>The current wall-clock time.</summary>
    public DateTimeOffset Now => began + clock.EventQueue.Now;

    /// <summary>Kubernetes' <c>Time</c>: whole seconds.</summary>
    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Kubernetes' <c>MicroTime</c>: always six digits.</summary>
    public static string Micro(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads either format; null if there is no value.</summary>
    public static DateTimeOffset? Date(JsonNode? json, params ReadOnlySpan<string> path) =>
        json.Text(path) is not { Length: > 0 } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date
        : throw ApiException.BadRequest($"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\"");

    public string Text(TimeSpan at) => Text(began + at);

    /// <summary>Reads a time. If it equals the old one in the API's whole seconds, the old one is kept with its fraction.</summary>
    public TimeSpan? Read(JsonNode? json, string name, TimeSpan? old) =>
        Date(json, name) is not { } date ? null : old is { } known && Text(known) == Text(date) ? known : date - began;

    /// <summary>The age of a time, formatted as in kubectl's columns.</summary>
    public string Age(TimeSpan since) => Short(clock.EventQueue.Now - since);

    /// <inheritdoc cref="Age(TimeSpan)"/>
    public string Age(DateTimeOffset since) => Short(Now - since);

    private static string Short(TimeSpan age)
    {
        var (seconds, minutes, hours) = ((long)age.TotalSeconds, (long)age.TotalMinutes, (long)age.TotalHours);
        return seconds < -1 ? "<invalid>"
            : seconds < 120 ? $"{Math.Max(0, seconds)}s"
            : minutes < 10 ? Two(minutes, "m", seconds % 60, "s")
            : minutes < 180 ? $"{minutes}m"
            : hours < 8 ? Two(hours, "h", minutes % 60, "m")
            : hours < 48 ? $"{hours}h"
            : hours < 192 ? Two(hours / 24, "d", hours % 24, "h")
            : $"{hours / 24}d";
    }

    private static string Two(long big, string bigUnit, long small, string smallUnit) => small == 0 ? $"{big}{bigUnit}" : $"{big}{bigUnit}{small}{smallUnit}";
}
