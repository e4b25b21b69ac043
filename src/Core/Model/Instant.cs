namespace Piraeus.HighAvailability.Core;

/// <summary>A reading of the controller's monotonic clock: time since the process (or the simulation) began.</summary>
/// <remarks>Never built from wall time. A wall clock may be stepped by NTP, and a grace period must not notice.</remarks>
public readonly record struct Instant(TimeSpan SinceStart) : IComparable<Instant>
{
    /// <summary>The moment the clock began.</summary>
    public static Instant Start => default;

    /// <summary>The later of two instants.</summary>
    public static Instant Later(Instant one, Instant other) => one > other ? one : other;

    /// <summary>The earlier of two instants, where null means "never".</summary>
    public static Instant? Earlier(Instant? one, Instant? other) => one is null || other < one ? other ?? one : one;

    public int CompareTo(Instant other) => SinceStart.CompareTo(other.SinceStart);

    public override string ToString() => $"+{SinceStart.TotalSeconds:0.###}s";

    public static Instant operator +(Instant at, TimeSpan by) => new(at.SinceStart + by);

    public static Instant operator -(Instant at, TimeSpan by) => new(at.SinceStart - by);

    public static TimeSpan operator -(Instant later, Instant earlier) => later.SinceStart - earlier.SinceStart;

    public static bool operator <(Instant one, Instant other) => one.SinceStart < other.SinceStart;

    public static bool operator >(Instant one, Instant other) => one.SinceStart > other.SinceStart;

    public static bool operator <=(Instant one, Instant other) => one.SinceStart <= other.SinceStart;

    public static bool operator >=(Instant one, Instant other) => one.SinceStart >= other.SinceStart;
}
