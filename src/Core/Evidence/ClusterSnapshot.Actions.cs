namespace Piraeus.HighAvailability.Core;

/// <content>Whether an action still holds when its request leaves, and changes that its answer shows before the watch does.</content>
public sealed partial record ClusterSnapshot
{
    /// <summary>Whether everything that an action rests on still holds by what was observed since it was decided.</summary>
    /// <param name="action">The action.</param>
    /// <param name="decided">When it was decided.</param>
    /// <remarks>Asked before the request leaves: there is time between a decision and its request, and an answer that arrives then may take the loss back.</remarks>
    public bool Upholds(Decision action, Instant decided) => LossEvidence.Of(action) is var losses && (losses.IsEmpty
        || (Storm is null && losses.All(Holds) && (action is not Decision.DeletePod { Pod: var pod } || MayStillMove(pod, decided))));

    // A loss that began anew has a grace period of its own, and what the stream has reported since the newest answer may speak against it.
    private bool Holds(LossEvidence evidence) => IsLostSince(Resources.GetValueOrDefault(evidence.Resource), evidence.Lost, evidence.Since);

    private bool IsLostSince(Resource? resource, NodeName node, Instant since) =>
        resource is { IsReportCurrent: true } && resource.AssessmentOf(LinstorNameOf(node)) is { IsLoss: true } loss && loss.Since <= since;

    // The other volumes of the pod count, too. A pod that has left the watch is gone, or has lost its label.
    private bool MayStillMove(Pod pod, Instant decided) => Pods.Find(pod.Key)?.Item is { } watched && watched.Uid == pod.Uid
        && new Eligibility(this, (resource, node) => IsLostSince(resource, node, decided)).ObjectionTo(watched) is null;

    private ClusterSnapshot Note(Decision decision, MutationAnswer outcome, Instant at)
    {
        var key = decision.Key;
        var attempt = RetryState.After(outcome, RetryStates.GetValueOrDefault(key), at);
        var noted = this with { RetryStates = RetryStates.SetItem(key, attempt) };
        var isDone = outcome.Answer is MutationOutcome.Accepted or MutationOutcome.AlreadyGone or MutationOutcome.Unchanged;
        return decision switch
        {
            Decision.DeletePod { Pod: var pod } o => isDone
                ? noted.NoteReturn(o, at).Vacate(pod).Settle(pod, isGone: outcome.Answer == MutationOutcome.AlreadyGone || pod.Finalizers.IsEmpty)
                : (outcome.Answer is MutationOutcome.TimedOut or MutationOutcome.Refused ? noted.Vacate(pod) : noted).Settle(pod, isGone: false), // it may have been done, also where a proxy or a broken connection answers: if the pod goes, it was
            Decision.DeleteAttachment { Attachment: var attachment } => noted.Settle(attachment),
            Decision.TaintNode o when outcome.Answer == MutationOutcome.Accepted => Done(key, o.Node, tainted: true),
            Decision.UntaintNode o when isDone => Done(key, o.Node, tainted: false),
            Decision.ClearVolumesInUse o when isDone => Released(key, o),
            _ => noted,
        };
    }

    // A write to a node takes effect here at once: waiting for the watch would cost time, and an older event only repeats the work.
    private ClusterSnapshot Done(DecisionKey key, ClusterNode node, bool tainted) => (Nodes.TryGetValue(node.Name, out var known) ? Set(known with { TaintedByUs = tainted }) : this) with
    {
        RetryStates = RetryStates.Remove(key),
        PodsOnNodes = PodsOnNodes.TryGetValue(node.Name, out var onNode) ? PodsOnNodes.SetItem(node.Name, onNode with { Tainted = tainted }) : PodsOnNodes,
    };

    private ClusterSnapshot Released(DecisionKey key, Decision.ClearVolumesInUse release) => this with
    {
        RetryStates = RetryStates.Remove(key),
        PodsOnNodes = PodsOnNodes.TryGetValue(release.Node.Name, out var onNode)
            ? PodsOnNodes.SetItem(release.Node.Name, onNode with { VolumesInUse = onNode.VolumesInUse.Except(release.Volumes) })
            : PodsOnNodes,
    };

    // An old list of pods belongs to a loss that is over, or to a node that is gone.
    private ClusterSnapshot Take(Observation.PodsOnNodeListed listed, Instant at) => this with
    {
        PodsOnNodes = PodsOnNodes.RemoveRange(PodsOnNodes.Where(known => at - known.Value.AnsweredAt > Timings.ReturnLasts).Select(known => known.Key)).SetItem(listed.Node, PodsOnNode.Of(listed, at)),
        RetryStates = RetryStates.Remove(DecisionKey.ListPodsOnNode(listed.Node)),
    };

    // An action that was not retried long after it was allowed is no longer wanted: its object is gone, or its loss is over.
    private ClusterSnapshot ForgetAbandoned(Instant at)
    {
        var abandoned = RetryStates.Where(tried => at - tried.Value.NotBefore > Timings.ReturnLasts).Select(tried => tried.Key).ToList();
        return abandoned.Count == 0 ? this : this with { RetryStates = RetryStates.RemoveRange(abandoned) };
    }

    private ClusterSnapshot Vacate(Pod pod) => this with { Orphaned = Orphaned.Union(AttachmentsOn(pod.Node, pod)) };

    // A new pod on a node that has its storage needs the attachment that an earlier one left behind.
    private ClusterSnapshot Occupy(Pod pod) => Orphaned.IsEmpty || pod.Node is null
        ? this
        : this with { Orphaned = Orphaned.Except(pod.ClaimKeys.SelectMany(AttachmentsOf).Where(attachment => attachment.Node == pod.Node && !IsOrphaned(attachment)).Select(attachment => attachment.Uid)) };

    private IEnumerable<Uid> AttachmentsOn(NodeName? node, Pod pod) =>
        pod.ClaimKeys.SelectMany(AttachmentsOf).Where(attachment => attachment.Node == node).Select(attachment => attachment.Uid);

    // A pod without finalizers is gone when its forced deletion is accepted, so its attachment need not wait for the watch. The watch may also be faster than the answer, and does not report the
    // same deletion again.
    private ClusterSnapshot Settle(Pod pod, bool isGone) =>
        Pods.Find(pod.Key)?.Item.Uid != pod.Uid ? Forget(pod) : isGone ? Forget(pod) with { Pods = Pods.Remove(pod) } : this;

    private ClusterSnapshot Settle(Attachment attachment) => Attachments.Find(attachment.Name)?.Item.Uid == attachment.Uid ? this : Forget(attachment);
}
