using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Tells people what is left alone, and why: each reason once, in the log and as an Event.</summary>
internal sealed partial class Reporter(EventRecorder events, ILogger<Reporter> logger)
{
    /// <summary>Reasons that pass by themselves, or mean that all is well: no reader of a pod's Events is helped by them.</summary>
    private static readonly HashSet<HoldReason> Passing =
        [HoldReason.NotAskedYet, HoldReason.OwnReplicaMayPromote, HoldReason.GraceNotOver];

    private readonly HashSet<Told> _told = [];

    /// <summary>Says what is new in a verdict.</summary>
    public void Report(ClusterSnapshot cluster, Verdict verdict)
    {
        foreach (var hold in verdict.Decisions.OfType<Decision.Hold>())
        {
            if (_told.Add(new(hold.Resource, hold.Node, hold.Reason, hold.Detail, string.Join(' ', hold.Pods.Select(pod => pod.Uid)), hold.Overdue)))
            {
                Tell(hold);
            }
        }

        // Who is well again, or has moved, may be told again.
        _told.RemoveWhere(told => !cluster.Suspicious.Contains(told.Resource));
    }

    private void Tell(Decision.Hold hold)
    {
        var matters = hold.Overdue && !Passing.Contains(hold.Reason);
        Holding(matters ? LogLevel.Warning : hold.Reason == HoldReason.GraceNotOver ? LogLevel.Information : LogLevel.Debug, Sentences.Of(hold), hold.Reason);
        if (matters)
        {
            events.Held(hold);
        }
    }

    private readonly record struct Told(ResourceName Resource, NodeName Node, HoldReason Reason, string? Detail, string Pods, bool Overdue);

    [LoggerMessage(EventId = 110, Message = "{Sentence} ({Reason})")]
    private partial void Holding(LogLevel level, string sentence, HoldReason reason);
}
