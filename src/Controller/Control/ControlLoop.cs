using System.Threading.Channels;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Observations in, decisions out. The only owner of what this process believes.</summary>
/// <param name="inbox">Where everybody tells what they saw.</param>
/// <param name="policy">Decides.</param>
/// <param name="actuator">Carries out what is decided.</param>
/// <param name="reporter">Tells people.</param>
/// <param name="clock">The time that the policy goes by.</param>
/// <param name="provider">Wakes the loop.</param>
internal sealed class ControlLoop(
    Channel<Observation> inbox, FailoverPolicy policy, Actuator actuator, Reporter reporter, MonotonicClock clock, TimeProvider provider)
{
    /// <summary>The loop turns at least this often, so that its health can be told from outside.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(5);

    /// <summary>How much rest may be owed before it is taken.</summary>
    private static readonly TimeSpan Credit = TimeSpan.FromMilliseconds(300);

    /// <summary>How long the loop rests at most between two turns: somebody may wait for its next decision.</summary>
    private static readonly TimeSpan LongestRestBetweenTurns = TimeSpan.FromMilliseconds(40);

    // Decided, handed over, and not yet answered: only this loop reads and writes it.
    private readonly HashSet<ActionKey> _inFlight = [];
    private TimeSpan _owed;
    private bool _hasCaughtUp;
    private volatile ClusterSnapshot _cluster = ClusterSnapshot.Empty;
    private long _lastTurn = provider.GetTimestamp();

    /// <summary>What is believed now; any thread may read it.</summary>
    public ClusterSnapshot Cluster => _cluster;

    /// <summary>How long ago the loop last turned.</summary>
    public TimeSpan Age => provider.GetElapsedTime(Volatile.Read(ref _lastTurn));

    public async Task RunAsync(CancellationToken cancellation)
    {
        // The alarm is one more source of observations, so there is only one thing to wait for.
        await using var alarm = provider.CreateTimer(_ => inbox.Writer.TryWrite(new Observation.Woken()), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        while (await inbox.Reader.WaitToReadAsync(cancellation))
        {
            var began = provider.GetTimestamp();
            _owed = Longer(_owed - provider.GetElapsedTime(_lastTurn, began), TimeSpan.Zero);
            while (inbox.Reader.TryRead(out var seen))
            {
                Answered(seen);
                reporter.Saw(_cluster, seen);
                _cluster = _cluster.Apply(seen, clock.Now);
            }

            var verdict = policy.Decide(_cluster, clock.Now);
            var foundRoom = Offer(verdict);
            reporter.Report(_cluster, verdict);
            alarm.Change(Until(foundRoom ? verdict.AskAgainAt : Instant.Earlier(verdict.AskAgainAt, clock.Now + Actuator.Breath)), Timeout.InfiniteTimeSpan);
            TidyUp();
            Volatile.Write(ref _lastTurn, provider.GetTimestamp());
            await RestAsync(provider.GetElapsedTime(began), cancellation);
        }
    }

    // Listing a large cluster leaves much behind, and nothing that happens afterwards would be reason enough to give it back.
    private void TidyUp()
    {
        if (!_hasCaughtUp && _cluster.Listening.Count == Enum.GetValues<Source>().Length)
        {
            _hasCaughtUp = true;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }

    // While a thousand volumes fall, thousands of things are told, and one look at many of them is worth as much as one at each. So a turn owes a rest
    // of four times its length, and the loop takes a fifth of a processor; but a short burst, such as the loss of a few volumes, owes nothing yet.
    private Task RestAsync(TimeSpan worked, CancellationToken cancellation)
    {
        _owed += 4 * worked;
        return _owed < Credit ? Task.CompletedTask : Task.Delay(_owed - Credit < LongestRestBetweenTurns ? _owed - Credit : LongestRestBetweenTurns, provider, cancellation);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <returns>Whether there was room for everything.</returns>
    private bool Offer(Verdict verdict)
    {
        var foundRoom = true;
        foreach (var decision in verdict.Decisions)
        {
            if (decision.IsRemark || _inFlight.Contains(ActionKey.For(decision)))
            {
                continue;
            }

            var offered = actuator.Offer(decision);
            foundRoom &= offered != Offered.NoRoom;
            if (offered == Offered.Taken)
            {
                _inFlight.Add(ActionKey.For(decision));
                reporter.Took(_cluster, decision);
            }
        }

        return foundRoom;
    }

    private void Answered(Observation seen)
    {
        ActionKey? key = seen switch
        {
            Observation.Acted o => ActionKey.For(o.Decision),
            Observation.Reported o => ActionKey.For(new Decision.Consult(o.Report.Resource)),
            Observation.Surveyed o => ActionKey.For(new Decision.Survey(o.Node)),
            Observation.Warned o => ActionKey.For(new Decision.Inquire("", o.About)),
            _ => null,
        };
        if (key is { } answered)
        {
            _inFlight.Remove(answered);
        }
    }

    private TimeSpan Until(Instant? at)
    {
        var rest = at - clock.Now ?? LongestRest;
        return rest < TimeSpan.Zero ? TimeSpan.Zero : rest < LongestRest ? rest : LongestRest;
    }
}
