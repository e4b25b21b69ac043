using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator;

/// <summary>Lets a world live in real time: one lock, and a timer for what the agenda has next. Servers of one world share it.</summary>
public sealed class WorldClock : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _offset;
    private readonly long _began;
    private readonly ITimer _timer;
    private readonly List<Waiter> _waiters = [];
    private bool _isAsking;

    /// <summary>Begins to drive a world; from now on it is touched through this alone.</summary>
    /// <param name="eventQueue">The world's time.</param>
    /// <param name="time">What it follows; the system's time if null.</param>
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

    /// <summary>The time that is driven.</summary>
    public EventQueue EventQueue { get; }

    /// <summary>The date at which the world began.</summary>
    public DateTimeOffset Epoch { get; }

    /// <summary>What it follows.</summary>
    internal TimeProvider Time => _time;

    /// <summary>Brings the world up to the present, then asks it, or does something to it.</summary>
    public T Ask<T>(Func<T> question)
    {
        lock (_gate)
        {
            if (_isAsking)
            {
                // Asked from within a question or a condition: the present does not move meanwhile.
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

    /// <summary>Brings the world up to the present, then does something to it.</summary>
    public void Do(Action what) => Ask(() =>
    {
        what();
        return true;
    });

    /// <summary>Completes once the condition holds; it is looked at whenever something may have changed.</summary>
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
        // A timer may fire a little early by the other clock; a millisecond more costs nothing.
        var due = EventQueue.NextAt is { } next ? next - Now() + TimeSpan.FromMilliseconds(1) : Timeout.InfiniteTimeSpan;
        _timer.Change(due < TimeSpan.Zero && due != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : due, Timeout.InfiniteTimeSpan);
    }

    private sealed record Waiter(Func<bool> Condition)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
