using System.Collections.Concurrent;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>A clock whose timers ring at once, and that remembers what was asked of them.</summary>
internal sealed class ImpatientClock : TimeProvider
{
    public ConcurrentQueue<TimeSpan> Asked { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Asked.Enqueue(dueTime);
        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
