using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Tells people what is left alone, and why: each reason once, in the log and as an Event.</summary>
internal sealed partial class Reporter(EventRecorder events, ILogger<Reporter> logger)
{
    /// <summary>Reasons that pass by themselves, or mean that all is well: no reader of a pod's Events is helped by them.</summary>
    private static readonly HashSet<HoldReason> Passing =
        [HoldReason.NotAskedYet, HoldReason.OwnReplicaMayPromote, HoldReason.GraceNotOver];

    /// <summary>Reasons come and go, and are remembered for a while; pods come and go for ever, and are not.</summary>
    private const int Remembered = 1000;

    private readonly HashSet<Told> _told = [];

    /// <summary>How much it remembers to have told.</summary>
    public int Remembers => _told.Count;

    /// <summary>Notices what others finish for us: a released volume may be detached before we come to it.</summary>
    /// <param name="before">What was believed before the observation.</param>
    /// <param name="seen">The observation.</param>
    public void Saw(ClusterSnapshot before, Observation seen)
    {
        if (seen is Observation.Gone<Attachment> { Item: var attachment } && before.IsForsaken(attachment))
        {
            events.Detached(attachment);
        }
    }

    /// <summary>Says what is new in a verdict.</summary>
    public void Report(ClusterSnapshot cluster, Verdict verdict)
    {
        var holds = verdict.Decisions.OfType<Decision.Hold>().ToList();
        foreach (var hold in holds)
        {
            if (_told.Add(Told.Of(hold)))
            {
                Tell(hold);
            }
        }

        // Who is well again, or has moved, may be told again.
        _told.RemoveWhere(told => !cluster.IsSuspicious(told.Resource));
        if (_told.Count > Remembered + (2 * holds.Count))
        {
            _told.IntersectWith(holds.Select(Told.Of));
        }
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

    private readonly record struct Told(ResourceName Resource, NodeName Node, HoldReason Reason, string? Detail, string Pods, bool Overdue)
    {
        public static Told Of(Decision.Hold hold) =>
            new(hold.Resource, hold.Node, hold.Reason, hold.Detail, hold.Pods is [var pod] ? pod.Uid.Value : string.Join(' ', hold.Pods.Select(one => one.Uid)), hold.Overdue);
    }

    [LoggerMessage(EventId = 110, Message = "{Sentence} ({Reason})")]
    private partial void Holding(LogLevel level, string sentence, HoldReason reason);
}
