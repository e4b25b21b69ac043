using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Common;

/// <summary>Reads a provider's monotonic clock as time since this object was made; one per process, so that instants compare.</summary>
internal sealed class MonotonicClock(TimeProvider provider)
{
    private readonly long _start = provider.GetTimestamp();

    public Instant Now => new(provider.GetElapsedTime(_start));

    public Task DelayAsync(TimeSpan delay, CancellationToken cancellation) => Task.Delay(delay, provider, cancellation);
}
