using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Reports what is left alone, how failovers end, and why: each once, in the log and as an Event.</summary>
internal sealed partial class Reporter(EventRecorder events, IncidentWebhook? webhook, Instruments instruments, DecisionLog decisionLog, InternalErrors errors, ILogger<Reporter> logger)
{
    /// <summary>Reasons that pass by themselves, or mean that all is well: they do not help a reader of a pod's Events.</summary>
    private static readonly HashSet<HoldReason> Passing =
        [HoldReason.NotAskedYet, HoldReason.OwnReplicaMayPromote, HoldReason.GraceNotOver];

    /// <summary>Reasons come and go, and are remembered for a while. Pods come and go forever, and are not.</summary>
    private const int Remembered = 1000;

    private readonly HashSet<Reported> _reported = [];
    private readonly HashSet<(NodeName Node, ResourceName Resource)> _taints = [];
    private readonly HashSet<(Uid Pod, string Reason)> _stuck = [];
    private readonly HashSet<Uid> _ended = [];
    private ClusterSnapshot _before = ClusterSnapshot.Empty;
    private bool _isStorm;

    /// <summary>How many reports it remembers.</summary>
    public int Remembers => _reported.Count;

    /// <summary>Notices what other controllers finish for us: a released volume may be detached before we delete its attachment.</summary>
    /// <param name="before">The snapshot before the observation.</param>
    /// <param name="seen">The observation.</param>
    public void Observe(ClusterSnapshot before, Observation seen)
    {
        if (seen is Observation.Deleted<Attachment> { Item: var attachment } && before.IsOrphaned(attachment))
        {
            events.Detached(attachment);
        }

        if (seen is Observation.MutationAnswered { Decision: var decision, Outcome: var outcome })
        {
            instruments.Acted(decision, outcome);
            if (outcome.Answer == MutationOutcome.NotSent)
            {
                instruments.Postponed();
            }

            decisionLog.Answered(decision, outcome);
        }
    }

    /// <summary>Notices a decision that found no room.</summary>
    public void Postponed() => instruments.Postponed();

    /// <summary>Notices the evidence of a decision that is being carried out.</summary>
    public void Acting(ClusterSnapshot cluster, Decision action) => decisionLog.Acting(cluster, action);

    /// <summary>Reports what is new in a verdict. A report that fails does not prevent the others.</summary>
    public void Report(ClusterSnapshot cluster, Verdict verdict)
    {
        instruments.Observe(cluster, verdict);
        errors.Isolate(() => ReportNew(cluster.Storm));
        errors.Isolate(() => ReportHolds(cluster, verdict));
        foreach (var stuck in verdict.Decisions.OfType<Decision.ReportStuck>())
        {
            errors.Isolate(() => ReportNew(stuck));
        }

        if (!ReferenceEquals(cluster.Failovers, _before.Failovers))
        {
            errors.Isolate(() => Follow(cluster));
        }

        _before = cluster;
    }

    private void ReportHolds(ClusterSnapshot cluster, Verdict verdict)
    {
        var holds = verdict.Decisions.OfType<Decision.Hold>().Where(hold => hold.Reason != HoldReason.TaintStays).ToList();
        foreach (var hold in holds)
        {
            if (_reported.Add(Reported.Of(hold)))
            {
                errors.Isolate(() => ReportNew(cluster, hold));
            }
        }

        ReportTaints(cluster, verdict);

        // A consumer that is well again, or has moved, may be reported again.
        if (!ReferenceEquals(cluster.InDoubt, _before.InDoubt))
        {
            _reported.RemoveWhere(reported => !cluster.IsInDoubt(reported.Resource));
        }

        if (_reported.Count > Remembered + (2 * holds.Count))
        {
            _reported.IntersectWith(holds.Select(Reported.Of));
        }
    }

    // While a node keeps its taint, each resource is reported once.
    private void ReportTaints(ClusterSnapshot cluster, Verdict verdict)
    {
        foreach (var hold in verdict.Decisions.OfType<Decision.Hold>().Where(hold => hold.Reason == HoldReason.TaintStays))
        {
            if (_taints.Add((hold.Node, hold.Resource)))
            {
                Log(LogLevel.Information, hold);
                decisionLog.Held(cluster, hold);
            }
        }

        _taints.RemoveWhere(known => cluster.Nodes.GetValueOrDefault(known.Node) is not { TaintedByUs: true });
    }

    private void ReportNew(Storm? storm)
    {
        if (storm is not null && !_isStorm)
        {
            StormBegan(storm.Nodes.Count, storm.Of, string.Join(", ", storm.Nodes));
        }
        else if (storm is null && _isStorm)
        {
            StormEnded();
        }

        _isStorm = storm is not null;
    }

    private void Follow(ClusterSnapshot cluster)
    {
        var ended = new List<Failover>();
        var stillEnded = 0;
        foreach (var (failover, _) in cluster.Failovers.All)
        {
            if (failover.Ending is null)
            {
                _ended.Remove(failover.Pod.Uid); // a pod that stayed may lose its storage again
                continue;
            }

            stillEnded++;
            if (_ended.Add(failover.Pod.Uid))
            {
                ended.Add(failover);
            }
        }

        foreach (var failover in ended)
        {
            instruments.Ended(failover);
            logger.Write(failover.Ending == FailoverResult.GivenUp ? LogLevel.Warning : LogLevel.Information, LogLines.FailoverEnded, LogLine.Of([failover], DecisionText.Of(failover)));
            decisionLog.Followed($"pod {failover.Pod.Key}", DecisionText.Of(failover));
        }

        foreach (var (node, began) in ended.Select(failover => (failover.Evidence.Lost, failover.Incident)).Distinct())
        {
            // An incident that has ended may go on: another pod may be moved later, or one that stayed may lose its storage again.
            ImmutableArray<Failover> incident = [.. cluster.Failovers.All.Select(held => held.Item).Where(failover => failover.Evidence.Lost == node && failover.Incident == began)];
            if (incident.All(failover => failover.Ending is not null))
            {
                ReportEnd(cluster, incident);
            }
        }

        // A failover that is no longer followed needs no memory.
        if (_ended.Count > stillEnded)
        {
            _ended.RemoveWhere(uid => cluster.Failovers.Find(uid) is null);
        }

        _stuck.RemoveWhere(known => cluster.Failovers.Find(known.Pod) is null);
    }

    private void ReportEnd(ClusterSnapshot cluster, ImmutableArray<Failover> incident)
    {
        var sentence = incident is [var only] ? DecisionText.Of(only) : DecisionText.Of(incident);
        if (incident.Length > 1) // else the line about its failover has said everything
        {
            logger.Write(LogLevel.Information, LogLines.IncidentEnded, LogLine.Of(incident, sentence));
        }

        if (cluster.Nodes.TryGetValue(incident[0].Evidence.Lost, out var node))
        {
            events.Ended(node, sentence, isWell: incident.All(failover => failover.Ending == FailoverResult.Runs));
        }

        webhook?.Ended(incident, sentence);
    }

    private void ReportNew(Decision.ReportStuck stall)
    {
        // Several replacements may be refused for the same reason, each under its own name.
        var sentence = DecisionText.Of(stall);
        var reason = stall.Failover.Replacement is { } replacement ? sentence.Replace(replacement.Key.Name, "", StringComparison.Ordinal) : sentence;
        if (_stuck.Add((stall.Failover.Pod.Uid, reason)))
        {
            logger.Write(LogLevel.Warning, LogLines.Stuck, LogLine.Of(stall, sentence));
            events.Stalled(stall);
            decisionLog.Followed($"pod {stall.Failover.Pod.Key}", sentence);
        }
    }

    private void ReportNew(ClusterSnapshot cluster, Decision.Hold hold)
    {
        var matters = hold.Overdue && !Passing.Contains(hold.Reason);
        var level = hold.Reason == HoldReason.Storm ? LogLevel.Debug // the storm has a line of its own
            : matters ? LogLevel.Warning
            : hold.Reason is HoldReason.GraceNotOver or HoldReason.NotOptedIn or HoldReason.OptedOut or HoldReason.Finished or HoldReason.WritesToSharedStorage ? LogLevel.Information : LogLevel.Debug;
        Log(level, hold);
        if (matters)
        {
            events.Held(hold);
        }

        decisionLog.Held(cluster, hold);
    }

    private void Log(LogLevel level, Decision.Hold hold)
    {
        if (logger.IsEnabled(level))
        {
            logger.Write(level, LogLines.Held, LogLine.Of(hold, $"{DecisionText.Of(hold)} ({hold.Reason})"));
        }
    }

    private readonly record struct Reported(ResourceName Resource, NodeName Node, HoldReason Reason, HoldDetail Detail, string Pods, bool Overdue)
    {
        public static Reported Of(Decision.Hold hold) =>
            new(hold.Resource, hold.Node, hold.Reason, hold.Detail, hold.Pods is [var pod] ? pod.Uid.Value : string.Join(' ', hold.Pods.Select(one => one.Uid)), hold.Overdue);
    }

    [LoggerMessage(114, LogLevel.Warning, "Storm: {Count} of {Of} nodes were lost at once ({Nodes}), so LINSTOR's own view is in doubt, and nothing is moved until they return. If they are really gone, confirm it: "
        + "\"linstor node lost NODE\", or evict the node, or \"kubectl annotate node NODE drbd.linbit.com/loss-confirmed=\".")]
    private partial void StormBegan(int count, int of, string nodes);

    [LoggerMessage(115, LogLevel.Information, "The storm is over: what is lost is moved again.")]
    private partial void StormEnded();
}
