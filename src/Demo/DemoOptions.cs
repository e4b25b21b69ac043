using System.Globalization;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Demo;

/// <summary>The demo's options.</summary>
internal sealed record DemoOptions
{
    /// <summary>The page's port; 0 takes any free port.</summary>
    public int Port { get; init; }

    /// <summary>Short enough to watch, long enough to see that the controller waits.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The scenario to run; null leaves the choice to the viewer of the page.</summary>
    public string? Scenario { get; init; }

    /// <summary>Whether to open the page, if there is a browser.</summary>
    public bool OpensBrowser { get; init; } = true;

    /// <summary>The controller's program; null for the one next to this program.</summary>
    public string? Controller { get; init; }

    public static DemoOptions WithController(DemoOptions options, string text) =>
        File.Exists(text) ? options with { Controller = Path.GetFullPath(text) } : throw new FormatException("there is no such file");

    public static DemoOptions WithPort(DemoOptions options, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535
            ? options with { Port = port }
            : throw new FormatException("must be a whole number from 0 to 65535");

    public static DemoOptions WithGrace(DemoOptions options, string text) =>
        Durations.Parse(text) is var grace && grace >= TimeSpan.FromSeconds(1) && grace <= TimeSpan.FromMinutes(10)
            ? options with { Grace = grace }
            : throw new FormatException("must be from 1s to 10m");

    public static DemoOptions WithScenario(DemoOptions options, string text) =>
        Scenarios.Names.Contains(text, StringComparer.Ordinal)
            ? options with { Scenario = text }
            : throw new FormatException($"must be {string.Join(", ", Scenarios.Names.SkipLast(1))} or {Scenarios.Names[^1]}");
}
