using System.Globalization;

namespace Piraeus.HighAvailability.Demo;

/// <summary>The duration of an outage without the controller: the sum of Kubernetes' own timeouts.</summary>
internal static class Baseline
{
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Evicted = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan Detached = TimeSpan.FromMinutes(6);

    public static TimeSpan Total => Noticed + Evicted + Detached;

    public const string Explained =
        "40 s until the node counts as lost (node-monitor-grace-period), 300 s until its pods are evicted (default-unreachable-toleration-seconds), "
        + "6 min until their volumes are detached by force (maxWaitForUnmountDuration): 11 min 40 s. "
        + "And a StatefulSet creates no replacement until an administrator deletes the evicted pod by force, at any hour of the night.";

    public static string Words(TimeSpan time) => time.TotalSeconds < 60
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes} min {time.Seconds} s");
}
