using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Sends the policy's mutations to Kubernetes, and reports what was done as an Event.</summary>
internal sealed class MutationRunner(KubernetesClient kubernetes, NodeClient nodes, EventRecorder events, InternalErrors errors, bool dryRun, ILogger logger)
{
    /// <summary>Whether mutations are only logged (<c>--dry-run</c>).</summary>
    public bool IsDryRun => dryRun;

    /// <summary>Logs that a mutation was not sent, because its turn came too late.</summary>
    public void TooLate(Decision mutation) =>
        logger.Write(LogLevel.Debug, LogLines.TooLate, LogLine.Of(mutation, $"Not done, because its turn came too late: {DecisionText.Of(mutation)}"));

    /// <summary>Sends one mutation, and waits for its answer.</summary>
    public async Task<MutationAnswer> RunAsync(Decision mutation)
    {
        var sentence = DecisionText.Of(mutation);
        if (dryRun)
        {
            logger.Write(LogLevel.Information, LogLines.DryRun, LogLine.Of(mutation, $"Dry run, not done: {sentence}"));
            return new(MutationOutcome.DryRun);
        }

        logger.Write(LogLevel.Information, LogLines.Acting, LogLine.Of(mutation, sentence));
        var outcome = mutation switch
        {
            Decision.DeletePod o => await kubernetes.DeleteAsync(o.Pod, CancellationToken.None),
            Decision.DeleteAttachment o => await kubernetes.DeleteAsync(o.Attachment, CancellationToken.None),
            Decision.TaintNode o => await nodes.TaintAsync(o.Node.Name, CancellationToken.None),
            Decision.UntaintNode o => await nodes.UntaintAsync(o.Node.Name, CancellationToken.None),
            Decision.ClearVolumesInUse o => await nodes.ReleaseAsync(o.Node.Name, o.Volumes.ToHashSet(), CancellationToken.None),
            _ => throw new ArgumentOutOfRangeException(nameof(mutation)),
        };

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
    }
}
