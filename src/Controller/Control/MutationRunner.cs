using System.Net;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Sends the policy's mutations to Kubernetes, and reports what was done as an Event.</summary>
/// <param name="kubernetes">Deletes pods and attachments.</param>
/// <param name="nodes">Changes nodes.</param>
/// <param name="events">Writes the Events.</param>
/// <param name="errors">Takes this program's own errors.</param>
/// <param name="dryRun">Whether mutations are only logged.</param>
/// <param name="clock">Limits the wait for a pod's condition.</param>
/// <param name="logger">The log.</param>
internal sealed class MutationRunner(KubernetesClient kubernetes, NodeClient nodes, EventRecorder events, InternalErrors errors, bool dryRun, TimeProvider clock, ILogger logger)
{
    /// <summary>How long a deletion waits for the pod's condition.</summary>
    public static readonly TimeSpan ConditionPatience = TimeSpan.FromMilliseconds(100);

    /// <summary>Of so many mutations in a row that are not sent, the last one is a warning.</summary>
    private const int ManyNotSent = 20;

    private int _deletions;
    private int _conditions;
    private int _notSent;
    private bool _mayNotMark;

    /// <summary>
    /// How many conditions may be under way. While more pods than that are being deleted, they get none: a condition costs the API server as much as a deletion, and would slow all of them down.
    /// </summary>
    public int MostConditions { get; init; } = 4;

    /// <summary>Whether mutations are only logged (<c>--dry-run</c>).</summary>
    public bool IsDryRun => dryRun;

    /// <summary>Sends one mutation, and waits for its answer.</summary>
    /// <param name="mutation">The mutation.</param>
    /// <param name="objection">Why it may not be sent any more, as a clause; null if it may. Asked immediately before it is sent: this process may be suspended at any time.</param>
    public async Task<MutationAnswer> RunAsync(Decision mutation, Func<string?> objection)
    {
        var sentence = DecisionText.Of(mutation);
        if (dryRun)
        {
            logger.Write(LogLevel.Information, LogLines.DryRun, LogLine.Of(mutation, $"Dry run, not done: {sentence}"));
            return new(MutationOutcome.DryRun);
        }

        if (mutation is not Decision.DeletePod deletion)
        {
            return await SendAsync(mutation, sentence, objection);
        }

        try
        {
            if (Interlocked.Increment(ref _deletions) <= MostConditions && _conditions < MostConditions && !deletion.Pod.Terminating && objection() is null)
            {
                await MarkAsync(deletion);
            }

            return await SendAsync(mutation, sentence, objection);
        }
        finally
        {
            Interlocked.Decrement(ref _deletions);
        }
    }

    private async Task<MutationAnswer> SendAsync(Decision mutation, string sentence, Func<string?> objection)
    {
        if (objection() is { } early)
        {
            return NotSent(mutation, sentence, early);
        }

        string? late = null;
        var isLogged = false;
        var outcome = mutation switch
        {
            Decision.DeletePod o => await kubernetes.DeleteAsync(o.Pod, MayNotLeave, CancellationToken.None),
            Decision.DeleteAttachment o => await kubernetes.DeleteAsync(o.Attachment, MayNotLeave, CancellationToken.None),
            Decision.TaintNode o => await nodes.TaintAsync(o.Node.Name, MayNotLeave, CancellationToken.None),
            Decision.UntaintNode o => await nodes.UntaintAsync(o.Node.Name, MayNotLeave, CancellationToken.None),
            Decision.ClearVolumesInUse o => await nodes.ReleaseAsync(o.Node.Name, o.Volumes.ToHashSet(), MayNotLeave, CancellationToken.None),
            _ => throw new ArgumentOutOfRangeException(nameof(mutation)),
        };

        if (outcome.Answer == MutationOutcome.NotSent)
        {
            return NotSent(mutation, sentence, late!);
        }

        _notSent = 0;
        if (outcome.Answer == MutationOutcome.Accepted)
        {
            errors.Isolate(() => events.Happened(mutation)); // a mutation does not fail because its Event failed
        }
        else
        {
            var level = outcome.Answer is MutationOutcome.Unchanged or MutationOutcome.AlreadyGone or MutationOutcome.Replaced ? LogLevel.Information : LogLevel.Warning;
            logger.Write(level, LogLines.NotDone, LogLine.Of(mutation, $"{sentence} The answer was {outcome.Answer}: {outcome.Message}", outcome.Answer, outcome.Message));
        }

        return outcome;

        // A mutation is logged when it leaves, after it was checked for the last time.
        bool MayNotLeave()
        {
            late = objection();
            if (late is null && !isLogged) // a change of a node is sent again after a conflict
            {
                isLogged = true;
                logger.Write(LogLevel.Information, LogLines.Acting, LogLine.Of(mutation, sentence));
            }

            return late is not null;
        }
    }

    // Now and then is nothing: it is decided again. If nothing else happens, somebody must know.
    private MutationAnswer NotSent(Decision mutation, string sentence, string why)
    {
        var level = Interlocked.Increment(ref _notSent) % ManyNotSent == 0 ? LogLevel.Warning : LogLevel.Debug;
        logger.Write(level, LogLines.NotSent, LogLine.Of(mutation, $"Not done, because {why}: {sentence}"));
        return new(MutationOutcome.NotSent);
    }

    // No deletion waits long for the condition, or fails because of it.
    private async Task MarkAsync(Decision.DeletePod deletion)
    {
        using var stop = new CancellationTokenSource();
        await Task.WhenAny(SendConditionAsync(deletion), Task.Delay(ConditionPatience, clock, stop.Token));
        await stop.CancelAsync();
    }

    private async Task SendConditionAsync(Decision.DeletePod deletion)
    {
        Interlocked.Increment(ref _conditions);
        try
        {
            await kubernetes.MarkDisruptedAsync(deletion.Pod, DecisionText.Of(deletion), CancellationToken.None);
        }
        catch (KubernetesException forbidden) when (forbidden.Status == HttpStatusCode.Forbidden)
        {
            if (Interlocked.Exchange(ref _mayNotMark, true))
            {
                return; // logged already
            }

            var why = RefusalText.Explain(forbidden, RefusalText.Missing("", "pods/status", "patch"));
            logger.Write(LogLevel.Information, LogLines.NotMarked, LogLine.Of(deletion, $"Pods are deleted without the condition DisruptionTarget: {why}", null, why));
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            logger.Write(LogLevel.Debug, LogLines.NotMarked, LogLine.Of(deletion, $"Pod {deletion.Pod.Key} is deleted without the condition DisruptionTarget: {failed.Message}", null, failed.Message));
        }
        catch (Exception bug)
        {
            errors.Note(bug);
        }
        finally
        {
            Interlocked.Decrement(ref _conditions);
        }
    }
}
