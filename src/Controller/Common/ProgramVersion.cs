using System.Net.Http.Headers;
using System.Reflection;

namespace Piraeus.HighAvailability.Controller.Common;

/// <summary>What this program is called and which version of it runs.</summary>
internal static class ProgramVersion
{
    public const string Name = "piraeus-ha-controller";

    /// <summary>Whose instruments <c>/metrics</c> tells of.</summary>
    public const string Meter = "Piraeus.HighAvailability";

    // Builds append the commit after a plus sign, which no user agent needs.
    public static string Version { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static ProductInfoHeaderValue UserAgent { get; } = new(Name, Version);
}
