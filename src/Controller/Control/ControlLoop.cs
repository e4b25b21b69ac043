using System.Threading.Channels;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Recording;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Turns observations into decisions. The only owner of this process's snapshot of the cluster.</summary>
/// <param name="inbox">The channel that every source writes its observations to.</param>
/// <param name="settings">The settings of the policy.</param>
/// <param name="actuator">Carries out the decisions.</param>
/// <param name="reporter">Reports to the log and as Events.</param>
/// <param name="errors">Records the program's own errors: the loop continues whatever fails in a turn.</param>
/// <param name="clock">The clock of the policy.</param>
/// <param name="provider">Wakes the loop.</param>
/// <param name="recorder">Records all input of the policy; null without a recording.</param>
/// <param name="turned">Called with each new snapshot before a decision is made on it; null if not needed.</param>
internal sealed class ControlLoop(
    Channel<Observation> inbox, FailoverSettings settings, Actuator actuator, Reporter reporter, InternalErrors errors, MonotonicClock clock, TimeProvider provider, Recorder? recorder = null,
    Action<ClusterSnapshot>? turned = null)
{
    /// <summary>The loop turns at least this often, so that its health is visible from outside.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(5);

    /// <summary>How long a decision may take.</summary>
    public static readonly TimeSpan LongestDecision = TimeSpan.FromSeconds(1);

    // Decided, handed over, and not yet answered: only this loop reads and writes it.
    private readonly HashSet<DecisionKey> _inFlight = [];
    private readonly FailoverPolicy _policy = new(settings);
    private readonly LoopThrottle _loopThrottle = new();
    private bool _hasCaughtUp;
    private volatile ClusterSnapshot _cluster = ClusterSnapshot.For(settings);
    private long _lastTurn = provider.GetTimestamp();
    private Instant _lookedAt = clock.Now;

    /// <summary>The current snapshot; any thread may read it.</summary>
    public ClusterSnapshot Cluster => _cluster;

    /// <summary>How long ago the loop last turned.</summary>
    public TimeSpan Age => provider.GetElapsedTime(Volatile.Read(ref _lastTurn));

    public async Task RunAsync(CancellationToken cancellation)
    {
        // The alarm is one more source of observations, so that the loop waits for one channel only.
        await using var alarm = provider.CreateTimer(_ => inbox.Writer.TryWrite(new Observation.Tick()), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        while (await inbox.Reader.WaitToReadAsync(cancellation))
        {
            var began = provider.GetTimestamp();
            var rested = provider.GetElapsedTime(_lastTurn, began);
            while (inbox.Reader.TryRead(out var seen))
            {
                TakeIn(seen, Look());
            }

            Look();
            errors.Isolate(() => turned?.Invoke(_cluster));
            var now = clock.Now;
            var verdict = Decide(now);
            errors.Isolate(() => recorder?.Decided(verdict, now));
            var foundRoom = Offer(verdict, DecidedAt(now, clock.Now));
            errors.Isolate(() => reporter.Report(_cluster, verdict));
            var took = provider.GetElapsedTime(began); // before the alarm is set: the time after that counts as pause
            alarm.Change(Until(foundRoom ? verdict.RequeueAt : Instant.Earlier(verdict.RequeueAt, clock.Now + Actuator.Breath)), Timeout.InfiniteTimeSpan);
            TidyUp();
            Volatile.Write(ref _lastTurn, provider.GetTimestamp());
            await Task.Delay(_loopThrottle.After(rested, took), provider, cancellation);
        }
    }

    /// <summary>The age of a decision counts from its end: a large cluster takes a while. One that took too long was interrupted by a suspension, and counts from its beginning, so that it is made again.</summary>
    internal static Instant DecidedAt(Instant began, Instant ended) => ended - began <= LongestDecision ? ended : began;

    // Before anything is taken in, and before a decision: any step may have taken long.
    private Instant Look()
    {
        var now = clock.Now;
        if (Observation.SourceLost.AfterPause(_lookedAt, now) is { } lost)
        {
            TakeIn(lost, _lookedAt);
        }

        _lookedAt = now;
        return now;
    }

    private void TakeIn(Observation seen, Instant at)
    {
        if (DecisionKey.AnsweredBy(seen) is { } answered)
        {
            _inFlight.Remove(answered);
        }

        var before = _cluster;
        errors.Isolate(() => _cluster = before.Apply(seen, at)); // an observation that cannot be applied is dropped; it is queried again
        if (!ReferenceEquals(_cluster, before) && !_cluster.Errors.IsEmpty)
        {
            errors.Note(_cluster.Errors);
        }

        errors.Isolate(() => recorder?.Observe(seen, at));
        errors.Isolate(() => reporter.Observe(before, seen));
    }

    private Verdict Decide(Instant now)
    {
        var verdict = new Verdict([], null);
        errors.Isolate(() => verdict = _policy.Decide(_cluster, now));
        errors.Note(verdict.Errors);
        return verdict;
    }

    // Listing a large cluster leaves much garbage, and later activity is too low to make the runtime return that memory.
    private void TidyUp()
    {
        if (!_hasCaughtUp && _cluster.SyncedSources.Count == Enum.GetValues<Source>().Length)
        {
            _hasCaughtUp = true;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }

    /// <returns>Whether there was room for everything.</returns>
    private bool Offer(Verdict verdict, Instant decided)
    {
        var foundRoom = true;
        foreach (var decision in verdict.Decisions)
        {
            if (decision is Decision.Hold or Decision.ReportStuck || _inFlight.Contains(decision.Key))
            {
                continue;
            }

            var offered = actuator.Offer(decision, decided, () => _cluster.Upholds(decision, decided));
            if (offered == OfferResult.NoRoom)
            {
                foundRoom = false;
                errors.Isolate(reporter.Postponed);
            }

            if (offered == OfferResult.Taken)
            {
                _inFlight.Add(decision.Key);
                errors.Isolate(() => reporter.Acting(_cluster, decision));
            }
        }

        return foundRoom;
    }

    private TimeSpan Until(Instant? at)
    {
        var rest = at - clock.Now ?? LongestRest;
        return rest < TimeSpan.Zero ? TimeSpan.Zero : rest < LongestRest ? rest : LongestRest;
    }
}
