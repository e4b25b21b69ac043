namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>The scheduled events of a world. Events at the same time run in the order of scheduling, so that the same calls always give the same result.</summary>
/// <remarks>Time is measured since the world began. The queue has no clock of its own: time advances only in <see cref="RunUntil"/>.</remarks>
public sealed class EventQueue
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _queue = new();
    private long _asked;

    /// <summary>The current time, since the world began.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>The time of the next event; null if none is scheduled.</summary>
    public TimeSpan? NextAt => _queue.TryPeek(out _, out var next) ? next.At : null;

    /// <summary>Schedules <paramref name="what"/> for <paramref name="when"/>; a time in the past means now.</summary>
    public void At(TimeSpan when, Action what) => _queue.Enqueue(what, (when < Now ? Now : when, _asked++));

    /// <summary>Schedules <paramref name="what"/> for <paramref name="delay"/> from now.</summary>
    public void After(TimeSpan delay, Action what) => At(Now + delay, what);

    /// <summary>Runs all events scheduled up to and including <paramref name="end"/>, and advances the time to it.</summary>
    public void RunUntil(TimeSpan end)
    {
        while (_queue.TryPeek(out var what, out var next) && next.At <= end)
        {
            _queue.Dequeue();
            Now = next.At;
            what();
        }

        Now = end > Now ? end : Now;
    }
}
