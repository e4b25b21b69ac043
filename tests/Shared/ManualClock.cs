namespace Piraeus.HighAvailability.Tests;

/// <summary>A clock that stands still until it is told to move; its timers ring while it moves.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(Func<bool> Until, TaskCompletionSource Over)> _waiting = [];
    private readonly List<TimeSpan> _rests = [];
    private TimeSpan _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _elapsed.Ticks;
        }
    }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddYears(60) + new TimeSpan(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        var end = new TimeSpan(GetTimestamp()) + by;
        while (NextUntil(end) is { } timer)
        {
            timer.Ring();
        }
    }

    /// <summary>Time passes until the first who rests is woken.</summary>
    public void AdvanceToNext()
    {
        ManualTimer next;
        lock (_lock)
        {
            next = _timers.MinBy(timer => timer.Due)!;
            _timers.Remove(next);
            _elapsed = next.Due > _elapsed ? next.Due : _elapsed;
        }

        next.Ring();
    }

    /// <summary>Time passes and no timer rings, as when the machine or the process was suspended; those that are due ring when time moves on.</summary>
    public void Sleep(TimeSpan duration)
    {
        lock (_lock)
        {
            _elapsed += duration;
        }
    }

    /// <summary>Waits until somebody rests for that long.</summary>
    public Task RestingAsync(TimeSpan rest) => RestingAsync(rest, rest);

    /// <summary>Waits until somebody rests for something between the two.</summary>
    public Task RestingAsync(TimeSpan shortest, TimeSpan longest) => WhenAsync(() => _timers.Any(timer => timer.Rest >= shortest && timer.Rest <= longest));

    /// <summary>Waits until somebody has begun for the n-th time to rest for that long.</summary>
    public Task RestingAsync(TimeSpan rest, int time) => WhenAsync(() => _rests.Count(each => each == rest) >= time);

    /// <summary>How often somebody has begun to rest for that long.</summary>
    public int Rests(TimeSpan rest)
    {
        lock (_lock)
        {
            return _rests.Count(each => each == rest);
        }
    }

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

    private ManualTimer? NextUntil(TimeSpan end)
    {
        lock (_lock)
        {
            var next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
            _elapsed = next is null ? end : next.Due > _elapsed ? next.Due : _elapsed;
            _ = next is not null && _timers.Remove(next);
            return next;
        }
    }

    private void Arm(ManualTimer timer, TimeSpan rest)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
            if (rest == Timeout.InfiniteTimeSpan)
            {
                return;
            }

            (timer.Rest, timer.Due) = (rest, _elapsed + rest);
            if (rest > TimeSpan.Zero)
            {
                _timers.Add(timer);
            }

            _rests.Add(rest);
            Notify();
        }

        if (rest == TimeSpan.Zero)
        {
            timer.Ring();
        }
    }

    /// <summary>Rings once.</summary>
    private sealed class ManualTimer(ManualClock clock, Action ring) : ITimer
    {
        public TimeSpan Rest { get; set; }

        public TimeSpan Due { get; set; }

        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Assert.Equal(Timeout.InfiniteTimeSpan, period);
            clock.Arm(this, dueTime);
            return true;
        }

        public void Dispose() => clock.Arm(this, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
