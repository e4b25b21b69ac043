namespace Piraeus.HighAvailability.Controller.Tests;

/// <summary>A clock that stands still until it is told to move; its timers ring while it moves.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(TimeSpan For, int Time, TaskCompletionSource Armed)> _waiting = [];
    private readonly Dictionary<TimeSpan, int> _times = [];
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

    /// <summary>Waits until somebody rests for exactly that long.</summary>
    public Task RestingAsync(TimeSpan rest) => RestingAsync(rest, 0);

    /// <summary>Waits until somebody has begun for the n-th time to rest for exactly that long.</summary>
    public async Task RestingAsync(TimeSpan rest, int time)
    {
        var armed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (time == 0 ? _timers.Any(timer => timer.Rest == rest) : _times.GetValueOrDefault(rest) >= time)
            {
                return;
            }

            _waiting.Add((rest, time, armed));
        }

        await armed.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>How long those who rest now have asked to.</summary>
    public IReadOnlyList<TimeSpan> Rests
    {
        get
        {
            lock (_lock)
            {
                return [.. _timers.Select(timer => timer.Rest)];
            }
        }
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

            var time = _times[rest] = _times.GetValueOrDefault(rest) + 1;
            foreach (var (_, _, armed) in _waiting.Where(waiting => waiting.For == rest && waiting.Time <= time))
            {
                armed.TrySetResult();
            }

            _waiting.RemoveAll(waiting => waiting.Armed.Task.IsCompleted);
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
