using System.Collections.Concurrent;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>The result of offering a decision to the actuator.</summary>
internal enum OfferResult
{
    /// <summary>It is being carried out; its outcome comes back as an observation.</summary>
    Taken,

    /// <summary>It is not for us to act on: another replica leads, or we are stopping.</summary>
    NotOurs,

    /// <summary>Too much is under way. The policy decides again when there is room, on what is known then.</summary>
    NoRoom,
}

/// <summary>Turns decisions into requests, many at a time, and reports the outcome of each.</summary>
/// <remarks>
/// It accepts as many requests again as are under way, so that no slot is idle until the next turn of the policy. There is no other queue: a decision without a slot is decided again, on what is
/// known then, and the most important one goes first. Requests that the server does not answer keep no slot (see <see cref="ConcurrencyLimiter"/>), so that however many of them come first, the
/// others have their turn within seconds.
/// </remarks>
/// <param name="queries">Carries out the queries.</param>
/// <param name="mutations">Sends what changes the cluster.</param>
/// <param name="hold">Whether this replica leads.</param>
/// <param name="limit">The rate limit of requests that change the cluster.</param>
/// <param name="inbox">Receives the outcomes.</param>
/// <param name="errors">Receives bugs.</param>
/// <param name="clock">The clock of the decisions.</param>
internal sealed class Actuator(
    QueryRunner queries, MutationRunner mutations, LeadershipStatus hold, RateLimiter limit, ChannelWriter<Observation> inbox, InternalErrors errors, MonotonicClock clock)
{
    /// <summary>How many requests that change the cluster may be under way at a time; those without an answer after a second are not counted.</summary>
    public const int Actions = 32;

    /// <summary>How many queries may be under way at a time.</summary>
    public const int Questions = 16;

    /// <summary>How long ago an action may have been decided when it is sent. After that, it no longer rests on fresh evidence, and is decided again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    /// <summary>How soon a decision without a slot may be offered again, if no request has ended until then.</summary>
    public static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrencyLimiter _questions = new(Questions, waiting: 256, slow: 3 * Questions, clock); // a query is never stale

    // Slots for all requests that hang: a hanging action keeps its turn for one second, and runs without it until its deadline.
    private readonly ConcurrencyLimiter _actions = new(Actions, waiting: Actions, slow: Actions * (int)(KubernetesClient.ActDeadline / ConcurrencyLimiter.Prompt), clock);
    private readonly UnansweredActions _unanswered = new(clock);
    private readonly ConcurrentDictionary<Task, byte> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Accepts a decision if it can begin at once; never waits.</summary>
    /// <param name="decision">The decision.</param>
    /// <param name="decided">The instant for which it was decided. This process may have been suspended since.</param>
    /// <param name="isUpheld">Whether it still stands by what was observed since. Asked immediately before it is sent, by any thread.</param>
    public OfferResult Offer(Decision decision, Instant decided, Func<bool> isUpheld)
    {
        if (_stopping.IsCancellationRequested || (decision is not Decision.Query && !hold.Covers(KubernetesClient.ActDeadline)))
        {
            return OfferResult.NotOurs;
        }

        var slot = decision is Decision.Query ? _questions.TryReserve() : _actions.TryReserve(_unanswered.Contains(decision));
        if (slot is null)
        {
            return OfferResult.NoRoom;
        }

        if (decision is not Decision.Query && !mutations.IsDryRun && !limit.AttemptAcquire().IsAcquired)
        {
            slot.GiveUp();
            return OfferResult.NoRoom;
        }

        var task = CarryOutAsync(decision, decided, isUpheld, slot);
        _running.TryAdd(task, 0);
        _ = task.ContinueWith(done => _running.TryRemove(done, out _), TaskScheduler.Default);
        return OfferResult.Taken;
    }

    /// <summary>Accepts no more decisions, and waits for those under way.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        await _stopping.CancelAsync();
        await Task.WhenAny(Task.WhenAll(_running.Keys), Task.Delay(patience));
    }

    private async Task CarryOutAsync(Decision decision, Instant decided, Func<bool> isUpheld, ConcurrencyLimiter.Slot slot)
    {
        try
        {
            // The slot is free before the answer is written, so that the reader of the answer finds it free.
            var answer = await slot.RunAsync(() => AnswerAsync(decision, decided, isUpheld), _stopping.Token);
            await inbox.WriteAsync(answer, _stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The inbox has no reader any more.
        }
        catch (Exception bug)
        {
            errors.Note(bug);
        }
    }

    private async Task<Observation> AnswerAsync(Decision decision, Instant decided, Func<bool> isUpheld)
    {
        try
        {
            return decision is Decision.Query
                ? await queries.AnswerAsync(decision, decided, _stopping.Token)
                : new Observation.MutationAnswered(decision, await ActAsync(decision, decided, isUpheld), decided);
        }
        catch (Exception bug) when (bug is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            // An unforeseen failure counts like any other: the action is retried with back-off.
            errors.Note(bug);
            return new Observation.MutationAnswered(decision, new(MutationOutcome.Refused, bug.Message), decided);
        }
    }

    private async Task<MutationAnswer> ActAsync(Decision decision, Instant decided, Func<bool> isUpheld)
    {
        var outcome = await mutations.RunAsync(decision, Objection);
        _unanswered.Note(decision, outcome.Answer);
        return outcome;

        string? Objection() => !hold.Covers(KubernetesClient.ActDeadline) ? "this replica may not lead until its answer"
            : clock.Now - decided > LongestWait ? "its turn came too late"
            : !isUpheld() ? "what was observed since speaks against it"
            : null;
    }
}
