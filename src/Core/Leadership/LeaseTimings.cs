namespace Piraeus.HighAvailability.Core;

/// <summary>The durations of the leader election.</summary>
public static class LeaseTimings
{
    /// <summary>How long a challenger waits after it saw the holder's last renewal.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    /// <summary>How long a renewal lets its holder act, from when it was sent.</summary>
    public static readonly TimeSpan RenewDeadline = TimeSpan.FromSeconds(10);

    /// <summary>The pause between an answer and the next request; up to a fifth longer for every replica but the holder.</summary>
    public static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(2);

    /// <summary>A source that is lost for this long keeps a replica from deciding, and ends its hold.</summary>
    public static readonly TimeSpan SourceLostFor = TimeSpan.FromSeconds(15);

    /// <summary>A replica that cannot decide competes for a Lease that was free for this long: no replica that can decide wants it.</summary>
    public static readonly TimeSpan FreeFor = TimeSpan.FromSeconds(30);

    /// <summary>How long a replica that took the Lease without being able to decide keeps it, before it offers it again.</summary>
    public static readonly TimeSpan Term = TimeSpan.FromSeconds(30);
}
