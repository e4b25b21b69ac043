using System.Collections.Concurrent;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>What became of a decision that was offered.</summary>
internal enum OfferResult
{
    /// <summary>It is being carried out; how it ended comes back as an observation.</summary>
    Taken,

    /// <summary>It is not for us to act on: somebody else leads, or we are stopping.</summary>
    NotOurs,

    /// <summary>As much is under way as is allowed. It is to be decided anew when there is room, on what is known then.</summary>
    NoRoom,
}

/// <summary>Turns decisions into requests, many at a time, and tells how each ended.</summary>
/// <remarks>
/// It takes on what is under way and as much again, so that nobody idles until the policy has thought again. There is no other queue: what finds no
/// room is decided anew, on what is known then, and what is most important goes first. Requests that the server does not answer keep no room (see
/// <see cref="ConcurrencyLimiter"/>), so that however many of them come first, the others have their turn within seconds.
/// </remarks>
internal sealed partial class Actuator(
    KubernetesClient kubernetes,
    NodeClient nodes,
    LinstorClient linstor,
    LeadershipStatus hold,
    EventRecorder events,
    RateLimiter limit,
    ChannelWriter<Observation> inbox,
    InternalErrors errors,
    MonotonicClock clock,
    bool dryRun,
    ILogger<Actuator> logger)
{
    /// <summary>How many requests that change the cluster may be under way at a time; those that the server leaves without an answer are not counted after a second.</summary>
    public const int Actions = 32;

    /// <summary>How many questions may be under way at a time.</summary>
    public const int Questions = 16;

    /// <summary>How long an action may wait for its turn; after that it no longer rests on fresh evidence, and is decided anew.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    /// <summary>How soon what found no room may be offered again, if nothing has ended until then.</summary>
    public static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrencyLimiter _questions = new(Questions, waiting: 256, slow: 3 * Questions, clock); // a question is never stale

    // Room for all that hang: within its deadline a hanging action keeps its turn for one second and goes on without it for the rest.
    private readonly ConcurrencyLimiter _actions = new(Actions, waiting: Actions, slow: Actions * (int)(KubernetesClient.ActDeadline / ConcurrencyLimiter.Prompt), clock);
    private readonly UnansweredActions _unanswered = new(clock);
    private readonly QueryRunner _queryRunner = new(kubernetes, nodes, linstor, logger);
    private readonly ConcurrentDictionary<Task, byte> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Takes a decision on if it can be begun at once; waits for nothing.</summary>
    public OfferResult Offer(Decision decision)
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

        if (decision is not Decision.Query && !dryRun && !limit.AttemptAcquire().IsAcquired)
        {
            slot.GiveUp();
            return OfferResult.NoRoom;
        }

        var task = CarryOutAsync(decision, clock.Now, slot);
        _running.TryAdd(task, 0);
        _ = task.ContinueWith(done => _running.TryRemove(done, out _), TaskScheduler.Default);
        return OfferResult.Taken;
    }

    /// <summary>Takes nothing more on, and waits for what is under way.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        await _stopping.CancelAsync();
        await Task.WhenAny(Task.WhenAll(_running.Keys), Task.Delay(patience));
    }

    private async Task CarryOutAsync(Decision decision, Instant offered, ConcurrencyLimiter.Slot slot)
    {
        try
        {
            // The place is free before the answer is told: whoever hears it finds room.
            var answer = await slot.RunAsync(() => AnswerAsync(decision, offered), _stopping.Token);
            await inbox.WriteAsync(answer, _stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Nobody is left to be told.
        }
        catch (Exception bug)
        {
            errors.Note(bug);
        }
    }

    private async Task<Observation> AnswerAsync(Decision decision, Instant offered)
    {
        try
        {
            return decision is Decision.Query
                ? await _queryRunner.AnswerAsync(decision, offered, _stopping.Token)
                : new Observation.MutationAnswered(decision, await ActAsync(decision, offered), offered);
        }
        catch (Exception bug) when (bug is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            // What failed as nobody foresaw has failed like anything else: it is tried again with back-off.
            errors.Note(bug);
            return new Observation.MutationAnswered(decision, new(MutationOutcome.Refused, bug.Message), offered);
        }
    }

    private async Task<MutationAnswer> ActAsync(Decision decision, Instant offered)
    {
        var sentence = DecisionText.Of(decision);
        if (dryRun)
        {
            logger.Write(LogLevel.Information, LogLines.DryRun, LogLine.Of(decision, $"Dry run, not done: {sentence}"));
            return new(MutationOutcome.DryRun);
        }

        // Asked once more, at the moment of acting: it may have waited for its turn.
        if (!hold.Covers(KubernetesClient.ActDeadline) || clock.Now - offered > LongestWait)
        {
            logger.Write(LogLevel.Debug, LogLines.TooLate, LogLine.Of(decision, $"Not done, because its turn came too late: {sentence}"));
            return new(MutationOutcome.NotSent);
        }

        logger.Write(LogLevel.Information, LogLines.Acting, LogLine.Of(decision, sentence));
        var outcome = decision switch
        {
            Decision.DeletePod o => await kubernetes.DeleteAsync(o.Pod, CancellationToken.None),
            Decision.DeleteAttachment o => await kubernetes.DeleteAsync(o.Attachment, CancellationToken.None),
            Decision.TaintNode o => await nodes.TaintAsync(o.Node.Name, CancellationToken.None),
            Decision.UntaintNode o => await nodes.UntaintAsync(o.Node.Name, CancellationToken.None),
            Decision.ClearVolumesInUse o => await nodes.ReleaseAsync(o.Node.Name, o.Volumes.ToHashSet(), CancellationToken.None),
            _ => throw new ArgumentOutOfRangeException(nameof(decision)),
        };

        _unanswered.Note(decision, outcome.Answer);
        if (outcome.Answer == MutationOutcome.Accepted)
        {
            errors.Isolate(() => events.Happened(decision)); // an action does not fail because its Event did
        }
        else
        {
            var level = outcome.Answer is MutationOutcome.Unchanged or MutationOutcome.AlreadyGone or MutationOutcome.Replaced ? LogLevel.Information : LogLevel.Warning;
            logger.Write(level, LogLines.NotDone, LogLine.Of(decision, $"{sentence} The answer was {outcome.Answer}: {outcome.Message}", outcome.Answer, outcome.Message));
        }

        return outcome;
    }
}
