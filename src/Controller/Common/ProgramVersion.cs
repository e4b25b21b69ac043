using System.Net.Http.Headers;
using System.Reflection;

namespace Piraeus.HighAvailability.Controller.Common;

/// <summary>The name of this program and its running version.</summary>
internal static class ProgramVersion
{
    public const string Name = "piraeus-ha-controller";

    /// <summary>The meter whose instruments <c>/metrics</c> exports.</summary>
    public const string Meter = "Piraeus.HighAvailability";

    // Builds append the commit after a plus sign, which no user agent needs.
    public static string Version { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static ProductInfoHeaderValue UserAgent { get; } = new(Name, Version);
}
