namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>What happens next, and when. Ties go to whoever asked first, so that the same requests always tell the same story.</summary>
/// <remarks>Time is the time since the world began. The agenda has no clock of its own: it moves when <see cref="RunUntil"/> says so.</remarks>
public sealed class EventQueue
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _queue = new();
    private long _asked;

    /// <summary>The present, as time since the world began.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>When the next thing happens; null if nothing is planned.</summary>
    public TimeSpan? NextAt => _queue.TryPeek(out _, out var next) ? next.At : null;

    /// <summary>Plans <paramref name="what"/> for <paramref name="when"/>; a moment that has passed means now.</summary>
    public void At(TimeSpan when, Action what) => _queue.Enqueue(what, (when < Now ? Now : when, _asked++));

    /// <summary>Plans <paramref name="what"/> for <paramref name="delay"/> from now.</summary>
    public void After(TimeSpan delay, Action what) => At(Now + delay, what);

    /// <summary>Lets everything happen that is planned up to and including <paramref name="end"/>, which is the present afterwards.</summary>
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
