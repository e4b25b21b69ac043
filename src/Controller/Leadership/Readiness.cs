using System.Globalization;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Leadership;

/// <summary>Tracks which sources a decision needs and lacks. The election uses this, and the log reports once when this replica cannot decide, and once when it can again.</summary>
/// <param name="hold">Receives the lost sources.</param>
/// <param name="clock">Measures how long a source is lost.</param>
/// <param name="provider">Provides the wall time of the loss.</param>
/// <param name="logger">Logs both reports.</param>
internal sealed partial class Readiness(LeadershipStatus hold, MonotonicClock clock, TimeProvider provider, ILogger<Readiness> logger)
{
    private Instant? _loggedSince;

    /// <summary>The lost sources, as text: <c>Pods since 2030-01-01T00:00:00Z</c>.</summary>
    public static string Describe(UnsyncedSources lost, Instant now, DateTimeOffset wall) => string.Join(", ", lost.All
        .Where(one => one.KeepsFromDeciding(now))
        .Select(one => string.Create(
            CultureInfo.InvariantCulture,
            $"{one.Source} {(one.NeverSynced ? "not heard of" : "silent")} since {wall + (one.Since - now):yyyy-MM-dd'T'HH:mm:ss'Z'}")));

    /// <summary>Takes note of a snapshot; called whenever the control loop turns.</summary>
    public void Observe(ClusterSnapshot cluster)
    {
        hold.Synced(cluster.SyncedSources);
        var (now, lost) = (clock.Now, hold.Election.Lost);
        if (!lost.CannotDecide(now))
        {
            if (_loggedSince is { } since)
            {
                _loggedSince = null;
                Decides((now - since).TotalSeconds, hold.Leader);
            }
        }
        else if (_loggedSince is null && now >= lost.Since + LeaseTimings.SourceLostFor) // a new process needs a moment
        {
            _loggedSince = lost.Since;
            CannotDecide(Describe(lost, now, provider.GetUtcNow()), hold.Leader);
        }
    }

    [LoggerMessage(410, LogLevel.Warning, "This replica cannot decide: {Lost}. {Leader} leads.")]
    private partial void CannotDecide(string lost, string leader);

    [LoggerMessage(411, LogLevel.Information, "This replica can decide again, after {Seconds:0} s. {Leader} leads.")]
    private partial void Decides(double seconds, string leader);
}
