using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator;

/// <summary>Drives a world in real time with one lock, and a timer for the next event. The servers of one world share it.</summary>
public sealed class WorldClock : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _offset;
    private readonly long _began;
    private readonly ITimer _timer;
    private readonly List<Waiter> _waiters = [];
    private bool _isAsking;

    /// <summary>Begins to drive a world; from now on, all access must go through this clock.</summary>
    /// <param name="eventQueue">The world's events.</param>
    /// <param name="time">The time source; the system's time if null.</param>
    public WorldClock(EventQueue eventQueue, TimeProvider? time = null)
    {
        EventQueue = eventQueue;
        _time = time ?? TimeProvider.System;
        _offset = eventQueue.Now;
        _began = _time.GetTimestamp();
        Epoch = _time.GetUtcNow() - _offset;
        _timer = _time.CreateTimer(_ => Ask(() => true), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Ask(() => true);
    }

    /// <summary>The event queue that is driven.</summary>
    public EventQueue EventQueue { get; }

    /// <summary>The wall-clock time at which the world began.</summary>
    public DateTimeOffset Epoch { get; }

    /// <summary>The time source.</summary>
    internal TimeProvider Time => _time;

    /// <summary>Brings the world up to the present, then reads or changes it.</summary>
    public T Ask<T>(Func<T> question)
    {
        lock (_gate)
        {
            if (_isAsking)
            {
                // Called from within another call or a condition: the time does not advance meanwhile.
                return question();
            }

            _isAsking = true;
            try
            {
                EventQueue.RunUntil(Now());
                return question();
            }
            finally
            {
                WakeWaiters();
                Rearm();
                _isAsking = false;
            }
        }
    }

    /// <summary>Brings the world up to the present, then changes it.</summary>
    public void Do(Action what) => Ask(() =>
    {
        what();
        return true;
    });

    /// <summary>Completes once the condition holds; checks it whenever something may have changed.</summary>
    public async Task WhenAsync(Func<bool> condition, CancellationToken cancellation)
    {
        var waiter = new Waiter(condition);
        Do(() => _waiters.Add(waiter));
        using var registration = cancellation.Register(() => waiter.Done.TrySetCanceled(cancellation));
        await waiter.Done.Task;
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private TimeSpan Now() => _offset + _time.GetElapsedTime(_began);

    private void WakeWaiters() => _waiters.RemoveAll(waiter => waiter.Done.Task.IsCompleted || (waiter.Condition() && waiter.Done.TrySetResult()));

    private void Rearm()
    {
        // A timer may fire a little early by the other clock; one extra millisecond does no harm.
        var due = EventQueue.NextAt is { } next ? next - Now() + TimeSpan.FromMilliseconds(1) : Timeout.InfiniteTimeSpan;
        _timer.Change(due < TimeSpan.Zero && due != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : due, Timeout.InfiniteTimeSpan);
    }

    private sealed record Waiter(Func<bool> Condition)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
