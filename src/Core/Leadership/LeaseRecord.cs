namespace Piraeus.HighAvailability.Core;

/// <summary>The spec of a Lease object. Two records are equal if no field differs; metadata does not count.</summary>
/// <param name="Holder">The holder's identity; null or empty when released.</param>
/// <param name="DurationSeconds">How long the holder asks others to wait after its last renewal; null if it does not say.</param>
/// <param name="AcquireTime">When the holder acquired it, by its own wall clock.</param>
/// <param name="RenewTime">When it was last renewed, by the holder's wall clock. It is never compared with any other clock.</param>
/// <param name="Transitions">How often the holder changed.</param>
public sealed record LeaseRecord(
    string? Holder, int? DurationSeconds, DateTimeOffset? AcquireTime = null, DateTimeOffset? RenewTime = null, int? Transitions = null)
{
    /// <summary>Whether no holder is named.</summary>
    public bool IsReleased => string.IsNullOrEmpty(Holder);

    /// <summary>How long to wait after the last renewal: at least as long as any holder relies on, whatever is written into the Lease.</summary>
    public TimeSpan Duration => DurationSeconds > LeaseTimings.Duration.TotalSeconds ? TimeSpan.FromSeconds(DurationSeconds.Value) : LeaseTimings.Duration;

    /// <summary>The record that makes a candidate the holder, or renews its hold, after the one that was last seen.</summary>
    /// <param name="seen">The record as last seen; null if there was none.</param>
    /// <param name="me">The candidate.</param>
    /// <param name="wall">Its wall clock.</param>
    public static LeaseRecord HeldBy(string me, LeaseRecord? seen, DateTimeOffset wall)
    {
        var isMine = seen?.Holder == me;
        var renewed = isMine ? After(seen!.RenewTime, Microseconds(wall)) : Microseconds(wall);
        return new(
            me,
            (int)LeaseTimings.Duration.TotalSeconds,
            isMine ? seen!.AcquireTime : renewed,
            renewed,
            seen is null ? 0 : (seen.Transitions ?? 0) + (isMine ? 0 : 1));
    }

    /// <summary>The record that gives the Lease up, as client-go writes it.</summary>
    public LeaseRecord Released(DateTimeOffset wall)
    {
        var now = Microseconds(wall);
        return new("", 1, now, now, Transitions);
    }

    // A renewal must change the record even if the wall clock stands still or is set back: challengers count from a change.
    private static DateTimeOffset After(DateTimeOffset? last, DateTimeOffset wall) =>
        last >= wall && last - wall < TimeSpan.FromSeconds(1) ? last.Value.AddMicroseconds(1) : wall;

    // The API keeps microseconds.
    private static DateTimeOffset Microseconds(DateTimeOffset wall) => wall.AddTicks(-(wall.Ticks % TimeSpan.TicksPerMicrosecond));
}
