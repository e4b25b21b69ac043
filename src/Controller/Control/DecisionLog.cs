using System.Collections.Immutable;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>The knowledge behind a decision, so that it can be explained afterwards.</summary>
/// <param name="Evidence">Why a consumer was believed to have lost its storage; null where nothing was done.</param>
/// <param name="Resource">LINSTOR's statements about the resource; null if there were none.</param>
/// <param name="Linstor">Whether LINSTOR answered, and which satellites it reached. This decides which speakers spoke.</param>
/// <param name="At">The instant of the decision.</param>
internal sealed record DecisionFacts(LossEvidence? Evidence, Resource? Resource, LinstorView Linstor, Instant At);

/// <summary>One action, hold, or outcome.</summary>
/// <param name="Number">Counts up, without gaps.</param>
/// <param name="At">When it was reported.</param>
/// <param name="Kind">The decision's name, or <c>Failover</c> for the outcome of a failover.</param>
/// <param name="About">The object: a pod, an attachment, a node.</param>
/// <param name="Sentence">The sentence in the log.</param>
/// <param name="Uid">The incarnation that was deleted; null where nothing was.</param>
/// <param name="Answer">How a request was answered; null where no request was sent.</param>
/// <param name="Reason">Why something was left alone; null for everything else.</param>
/// <param name="Overdue">Whether something would have been done by now without that reason.</param>
/// <param name="Facts">What it rests on; null where the sentence says it all.</param>
internal sealed record DecisionLogEntry(
    long Number, DateTimeOffset At, string Kind, string About, string Sentence, string? Uid, MutationAnswer? Answer, HoldReason? Reason, bool Overdue, DecisionFacts? Facts);

/// <summary>Remembers the last decisions and outcomes; any thread may read it.</summary>
internal sealed class DecisionLog(MonotonicClock clock, TimeProvider provider)
{
    /// <summary>How many entries are remembered: enough for an incident of some size, with all its holds.</summary>
    public const int Memory = 200;

    // Only for actions under way: an accepted action always gets an answer.
    private readonly Dictionary<DecisionKey, DecisionFacts> _underWay = [];
    private ImmutableList<DecisionLogEntry> _entries = [];
    private long _number;

    /// <summary>Takes each new entry.</summary>
    public Action<DecisionLogEntry>? Written { get; init; }

    /// <summary>The remembered entries, oldest first.</summary>
    public ImmutableList<DecisionLogEntry> Entries => Volatile.Read(ref _entries);

    /// <summary>An action is being carried out. These are the facts it rests on, whatever is observed until its answer.</summary>
    public void Acting(ClusterSnapshot cluster, Decision action)
    {
        if (EvidenceOf(action) is { } evidence)
        {
            _underWay[action.Key] = new(evidence, cluster.Resources.GetValueOrDefault(evidence.Resource), cluster.Linstor, clock.Now);
        }
    }

    /// <summary>An action was answered.</summary>
    public void Answered(Decision action, MutationAnswer outcome)
    {
        _underWay.Remove(action.Key, out var facts);
        if (action is not Decision.Query && outcome.Answer != MutationOutcome.NotSent) // nothing was done, and it is decided again
        {
            Write(NameOf(action), Subject(action), DecisionText.Of(action), UidOf(action), facts, outcome);
        }
    }

    /// <summary>Something is left alone.</summary>
    public void Held(ClusterSnapshot cluster, Decision.Hold hold)
    {
        // A hold that passes by itself needs no entry, except for the grace period, which readers wait for.
        if (hold.Reason is not (HoldReason.NotAskedYet or HoldReason.OwnReplicaMayPromote))
        {
            var resource = cluster.Resources.GetValueOrDefault(hold.Resource);
            Write(nameof(Decision.Hold), Subject(hold), DecisionText.Of(hold), null, new(null, resource, cluster.Linstor, clock.Now), null, hold.Reason, hold.Overdue);
        }
    }

    /// <summary>A failover has reached an outcome.</summary>
    public void Followed(string about, string sentence) => Write(nameof(Failover), about, sentence, null, null);

    private static LossEvidence? EvidenceOf(Decision decision) => decision switch
    {
        Decision.DeletePod o => o.Evidence,
        Decision.DeleteAttachment o => o.Evidence,
        Decision.TaintNode o => o.Evidence,
        _ => null,
    };

    private static string NameOf(Decision action) => action switch
    {
        Decision.DeletePod => nameof(Decision.DeletePod),
        Decision.DeleteAttachment => nameof(Decision.DeleteAttachment),
        Decision.TaintNode => nameof(Decision.TaintNode),
        Decision.UntaintNode => nameof(Decision.UntaintNode),
        _ => nameof(Decision.ClearVolumesInUse),
    };

    private static string? UidOf(Decision action) => action switch
    {
        Decision.DeletePod o => o.Pod.Uid.Value,
        Decision.DeleteAttachment o => o.Attachment.Uid.Value,
        _ => null,
    };

    private static string Subject(Decision decision) => decision switch
    {
        Decision.DeletePod o => $"pod {o.Pod.Key}",
        Decision.DeleteAttachment o => $"attachment {o.Attachment.Name}",
        Decision.TaintNode o => $"node {o.Node.Name}",
        Decision.UntaintNode o => $"node {o.Node.Name}",
        Decision.ClearVolumesInUse o => $"node {o.Node.Name}",
        Decision.Hold { Pods: [] } o => $"resource {o.Resource}",
        Decision.Hold o => string.Join(", ", o.Pods.Select(pod => $"pod {pod.Key}")),
        _ => "",
    };

    private void Write(string kind, string about, string sentence, string? uid, DecisionFacts? facts, MutationAnswer? answer = null, HoldReason? reason = null, bool overdue = false)
    {
        var entries = _entries.Count < Memory ? _entries : _entries.RemoveAt(0);
        var entry = new DecisionLogEntry(++_number, provider.GetUtcNow(), kind, about, sentence, uid, answer, reason, overdue, facts);
        Volatile.Write(ref _entries, entries.Add(entry));
        Written?.Invoke(entry);
    }
}
