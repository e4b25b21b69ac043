using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>Lets a world live in real time: one lock, and a timer for what the agenda has next.</summary>
internal sealed class WorldClock : IDisposable
{
    private readonly Lock _gate = new();
    private readonly StorageWorld _world;
    private readonly TimeProvider _time;
    private readonly TimeSpan _offset;
    private readonly long _began;
    private readonly ITimer _timer;
    private readonly List<Waiter> _waiters = [];
    private bool _isAsking;

    public WorldClock(StorageWorld world, TimeProvider time)
    {
        _world = world;
        _time = time;
        _offset = world.Agenda.Now;
        _began = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Ask(_ => true), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Ask(_ => true);
    }

    /// <summary>Brings the world up to the present, then asks it, or does something to it.</summary>
    public T Ask<T>(Func<StorageWorld, T> question)
    {
        lock (_gate)
        {
            if (_isAsking)
            {
                // Asked from within a question or a condition: the present does not move meanwhile.
                return question(_world);
            }

            _isAsking = true;
            try
            {
                _world.RunUntil(Now());
                return question(_world);
            }
            finally
            {
                WakeWaiters();
                Rearm();
                _isAsking = false;
            }
        }
    }

    /// <summary>Completes once the condition holds; it is looked at whenever something may have changed.</summary>
    public async Task WhenAsync(Func<StorageWorld, bool> condition, CancellationToken cancellation)
    {
        var waiter = new Waiter(condition);
        Ask(_ => { _waiters.Add(waiter); return true; });
        using var registration = cancellation.Register(() => waiter.Done.TrySetCanceled(cancellation));
        await waiter.Done.Task;
    }

    public void Dispose() => _timer.Dispose();

    private TimeSpan Now() => _offset + _time.GetElapsedTime(_began);

    private void WakeWaiters() => _waiters.RemoveAll(waiter => waiter.Done.Task.IsCompleted || (waiter.Condition(_world) && waiter.Done.TrySetResult()));

    private void Rearm()
    {
        // A timer may fire a little early by the other clock; a millisecond more costs nothing.
        var due = _world.Agenda.NextAt is { } next ? next - Now() + TimeSpan.FromMilliseconds(1) : Timeout.InfiniteTimeSpan;
        _timer.Change(due < TimeSpan.Zero && due != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : due, Timeout.InfiniteTimeSpan);
    }

    private sealed record Waiter(Func<StorageWorld, bool> Condition)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
