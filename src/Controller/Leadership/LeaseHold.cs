using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Leadership;

/// <summary>Answers whether this process may act. Asked before every request that changes the cluster.</summary>
internal sealed class LeaseHold(MonotonicClock clock)
{
    private volatile LeaseRace? _race;

    /// <summary>True for a process that runs without leader election: it is always the one to act.</summary>
    public bool IsUncontested { get; init; }

    /// <summary>Whether we may act from now until a request of that length has ended.</summary>
    public bool Covers(TimeSpan request) => IsUncontested || _race?.Holds(clock.Now + request) == true;

    /// <summary>Who holds the lease, as last seen; null if nobody does, or nobody runs for it.</summary>
    public string? Holder => _race?.Record?.Holder is { Length: > 0 } holder ? holder : null;

    /// <summary>The race as it stands now.</summary>
    public void Update(LeaseRace race) => _race = race;
}
