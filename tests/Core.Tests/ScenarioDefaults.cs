global using static Piraeus.HighAvailability.Core.Tests.ScenarioDefaults;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>The expectation and the settings that most tests of a loss share.</summary>
internal static class ScenarioDefaults
{
    /// <summary>The moves of a failover of the app on node a.</summary>
    public static readonly string[] Moved = ["delete app-0 on a", "detach va-1"];

    /// <summary>Settings with which no number of losses is a storm.</summary>
    public static FailoverSettings NoStorm => new() { StormThreshold = 1 };
}
