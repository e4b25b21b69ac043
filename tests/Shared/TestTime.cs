using Microsoft.Extensions.Time.Testing;

namespace Piraeus.HighAvailability.Tests;

/// <summary>Time that stands still until a test advances it. A test can also wait until a timer is armed.</summary>
internal sealed class TestTime() : FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60))
{
    private readonly Lock _lock = new();
    private readonly List<ObservedTimer> _armed = [];
    private readonly List<TimeSpan> _rests = [];
    private readonly List<(Func<bool> Until, TaskCompletionSource Over)> _waiting = [];
    private TimeSpan _slept;

    /// <summary>Whether time advances by itself to the end of each wait.</summary>
    public bool SkipsRests { get; init; }

    /// <summary>The durations for which timers were armed, in order.</summary>
    public IReadOnlyList<TimeSpan> AllRests
    {
        get
        {
            lock (_lock)
            {
                return [.. _rests];
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _slept;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Assert.Equal(Timeout.InfiniteTimeSpan, period);
        var timer = new ObservedTimer(this);
        timer.Inner = base.CreateTimer(
            _ =>
            {
                Disarm(timer);
                callback(state);
            },
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Advances time from timer to timer, so that each fires at its own time.</summary>
    public new void Advance(TimeSpan by)
    {
        (by, _slept) = (by + _slept, TimeSpan.Zero);
        var end = base.GetUtcNow() + by;
        while (NextUntil(end) is { } next)
        {
            base.Advance(next > base.GetUtcNow() ? next - base.GetUtcNow() : TimeSpan.Zero);
        }

        if (base.GetUtcNow() is var now && now < end) // a timer's callback may have advanced time further
        {
            base.Advance(end - now);
        }
    }

    /// <summary>Advances time until the first timer fires.</summary>
    public void AdvanceToNext()
    {
        DateTimeOffset next;
        lock (_lock)
        {
            next = _armed.Min(timer => timer.Due);
        }

        Advance(next > base.GetUtcNow() ? next - base.GetUtcNow() : TimeSpan.Zero);
    }

    /// <summary>Advances time without firing timers, as when the machine or the process was suspended; due timers fire when time next advances.</summary>
    public void Sleep(TimeSpan duration) => _slept += duration;

    /// <summary>Waits until a timer is armed for that duration.</summary>
    public Task RestingAsync(TimeSpan rest) => RestingAsync(rest, rest);

    /// <summary>Waits until a timer is armed for a duration between the two.</summary>
    public Task RestingAsync(TimeSpan shortest, TimeSpan longest) => WhenAsync(() => _armed.Any(timer => timer.Rest >= shortest && timer.Rest <= longest));

    /// <summary>Waits until a timer was armed for that duration for the n-th time.</summary>
    public Task RestingAsync(TimeSpan rest, int time) => WhenAsync(() => _rests.Count(each => each == rest) >= time);

    /// <summary>How often a timer was armed for that duration.</summary>
    public int Rests(TimeSpan rest) => AllRests.Count(each => each == rest);

    private Task WhenAsync(Func<bool> until)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Add((until, over));
            Notify();
        }

        return over.Task.SoonAsync();
    }

    private void Notify()
    {
        foreach (var (until, over) in _waiting)
        {
            _ = until() && over.TrySetResult();
        }

        _waiting.RemoveAll(waiting => waiting.Over.Task.IsCompleted);
    }

    private DateTimeOffset? NextUntil(DateTimeOffset end)
    {
        lock (_lock)
        {
            return _armed.Where(timer => timer.Due <= end).Min(timer => (DateTimeOffset?)timer.Due);
        }
    }

    // A waiting test is notified only when the timer can fire, so that time does not move past it.
    private bool Arm(ObservedTimer timer, TimeSpan rest)
    {
        lock (_lock)
        {
            _armed.Remove(timer);
            _rests.Add(rest);
            if (rest > TimeSpan.Zero)
            {
                (timer.Rest, timer.Due) = (rest, base.GetUtcNow() + rest);
                _armed.Add(timer);
                _ = timer.Inner!.Change(rest, Timeout.InfiniteTimeSpan);
            }

            Notify();
        }

        _ = SkipsRests && ThreadPool.QueueUserWorkItem(_ => Advance(rest));
        return rest > TimeSpan.Zero || timer.Inner!.Change(rest, Timeout.InfiniteTimeSpan); // fires at once
    }

    private void Disarm(ObservedTimer timer)
    {
        lock (_lock)
        {
            _armed.Remove(timer);
        }
    }

    private sealed class ObservedTimer(TestTime time) : ITimer
    {
        public ITimer? Inner { get; set; }

        public TimeSpan Rest { get; set; }

        public DateTimeOffset Due { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Assert.Equal(Timeout.InfiniteTimeSpan, period);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                return time.Arm(this, dueTime);
            }

            time.Disarm(this);
            return Inner!.Change(dueTime, period);
        }

        public void Dispose()
        {
            time.Disarm(this);
            Inner!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
