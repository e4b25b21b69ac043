namespace Piraeus.HighAvailability.Core;

/// <content>Acts on a loss whose grace period is over: which pods and attachments to delete, and what to confirm first.</content>
internal sealed partial class PolicyEvaluation
{
    private void Move(VolumeConsumer consumer, LossEvidence evidence)
    {
        if (StaysAsIs(consumer))
        {
            HoldAll(consumer, evidence);
            return;
        }

        // A fresh list of the node's pods is newer than the watch. If the list fails, do not wait for it.
        var onNode = PodsOn(consumer.Node);
        if (onNode is null && !CannotListPodsOn(consumer.Node))
        {
            Hold(consumer, HoldReason.AwaitingConfirmation, new() { Node = consumer.Node }, evidence.Since);
            return;
        }

        foreach (var watched in consumer.Pods)
        {
            var pod = onNode is null ? watched : onNode.Pods.Find(watched.Uid)?.Item;
            if (pod is null)
            {
                // The pod is gone, which the watch will report, or it came after the list was requested.
                Ask(new Decision.ListPodsOnNode(consumer.Node), onNode!.AskedAt + _shortestInterval);
                Hold(consumer, HoldReason.AwaitingConfirmation, new() { Pod = watched.Key }, evidence.Since, watched);
            }
            else if ((ObjectionTo(pod) ?? Eligibility.Wish(watched) ?? (watched.Finished ? ObjectionTo(watched) : null)) is { } objection) // a pod that has finished does not run again
            {
                Hold(consumer, objection.Reason, objection.Detail, evidence.Since, watched);
            }
            else if (MayMoveOn(pod, evidence) is { } hour && now < hour)
            {
                Hold(consumer, HoldReason.ComesBack, HoldDetail.None, evidence.Since, pod);
                WakeAt(hour);
            }
            else
            {
                Act(consumer, new Decision.DeletePod(pod, evidence), evidence, onNode, [consumer.Resource.Name, .. Eligibility.WrittenBy(pod)]);
            }
        }

        var attachments = consumer.Attachments.Where(attachment => !attachment.Deleting).ToList();
        if (onNode is not null)
        {
            attachments.ForEach(attachment => Detach(consumer, attachment, onNode, evidence));
        }
        else if (attachments.Count > 0 && consumer.Pods.IsEmpty)
        {
            Hold(consumer, HoldReason.AwaitingConfirmation, new() { Node = consumer.Node }, evidence.Since);
        }
    }

    // A pod that stays whatever the grace period brings is held for that reason from the start. Only an objection that the loss of another volume would lift has to wait.
    private void HoldInGrace(VolumeConsumer consumer, Instant since)
    {
        var waiting = consumer.Pods;
        foreach (var pod in consumer.Pods)
        {
            if (ObjectionTo(pod) is { Detail.Unprotected: not (Unprotected.ManyWriters or Unprotected.QuorumOnBothSides) } stays)
            {
                Hold(consumer, stays.Reason, stays.Detail, since, pod);
                waiting = waiting.Remove(pod);
            }
        }

        if (!waiting.IsEmpty || consumer.Pods.IsEmpty)
        {
            Hold(consumer, HoldReason.GraceNotOver, HoldDetail.None, since, waiting);
        }
    }

    // By the watch, no pod may be moved, and each attachment serves these pods or no pod that was moved. These stay, whatever else is on the node.
    private bool StaysAsIs(VolumeConsumer consumer) => consumer.Pods.All(pod => ObjectionTo(pod) is not null)
        && consumer.Attachments.All(attachment => attachment.Deleting || ServesPodOf(consumer, attachment) || !MayGo(attachment));

    private bool ServesPodOf(VolumeConsumer consumer, Attachment attachment) =>
        cluster.ClaimsServedBy(attachment).Any(claim => consumer.Pods.Any(pod => !pod.Finished && pod.Uses(claim)));

    private void HoldAll(VolumeConsumer consumer, LossEvidence evidence)
    {
        foreach (var pod in consumer.Pods)
        {
            var stays = ObjectionTo(pod)!;
            Hold(consumer, stays.Reason, stays.Detail, evidence.Since, pod);
        }

        foreach (var attachment in consumer.Attachments.Where(attachment => !attachment.Deleting && !ServesPodOf(consumer, attachment)))
        {
            // The pods that use it only improve the explanation, so list them rarely.
            Ask(new Decision.ListPodsOnNode(consumer.Node), cluster.PodsOnNodes.GetValueOrDefault(consumer.Node) is { AskedAt: var asked } ? asked + Timings.LongestInterval : now);
            HoldUnwanted(consumer, attachment, evidence);
        }
    }

    // A pod that comes to an already lost node replaces another one, and so may the next pod. Moving it at once only makes more of them.
    private Instant? MayMoveOn(Pod pod, LossEvidence evidence) => cluster.Pods.Find(pod.Key)?.Since is { } since && since > evidence.Due
        ? Instant.Later(since + Timings.ShortestStay, cluster.MayMoveOn(pod, evidence.Lost))
        : null;

    private void Detach(VolumeConsumer consumer, Attachment attachment, PodsOnNode onNode, LossEvidence evidence)
    {
        var claims = cluster.ClaimsServedBy(attachment).ToList();
        if (claims.Count == 0)
        {
            HoldUnwanted(consumer, attachment, evidence);
            return;
        }

        var claim = cluster.Volumes.Find(attachment.Volume)?.Item.Claim ?? claims[0];
        if (consumer.Pods.Any(pod => claims.Exists(pod.Uses) && (!pod.Finished || pod.Terminating)))
        {
            return; // these pods are moved first, or held for a reason of their own
        }

        if (claims.SelectMany(onNode.Pods.ReferringTo).Select(held => held.Item).FirstOrDefault(pod => !pod.Finished) is { } stays)
        {
            // A pod that has left the watch may be gone, or only have lost its label: list the node's pods again, at growing intervals.
            Ask(new Decision.ListPodsOnNode(consumer.Node), onNode.AskedAt + Between(_shortestInterval, onNode.AskedAt - evidence.Due, settings.ReconcileInterval));
            Hold(consumer, stays.OptedIn ? HoldReason.AwaitingConfirmation : HoldReason.AttachmentInUse, new() { Pod = stays.Key }, evidence.Since, stays);
            return;
        }

        if (!MayGo(attachment))
        {
            HoldUnwanted(consumer, attachment, evidence);
            return;
        }

        Act(consumer, new Decision.DeleteAttachment(attachment, claim, evidence), evidence, onNode, [consumer.Resource.Name]);
    }

    /// <summary>Whether the attachment serves an opted-in pod: one that was moved, or one that waits elsewhere.</summary>
    private bool MayGo(Attachment attachment) => cluster.ClaimsServedBy(attachment).ToList() is { Count: > 0 } claims
        && (cluster.Orphaned.Contains(attachment.Uid) || claims.Exists(claim => IsWantedElsewhere(claim, attachment.Node)));

    private void HoldUnwanted(VolumeConsumer consumer, Attachment attachment, LossEvidence evidence)
    {
        if (cluster.PodsOnNodes.GetValueOrDefault(consumer.Node) is { } onNode
            && cluster.ClaimsServedBy(attachment).SelectMany(onNode.Pods.ReferringTo).Select(held => held.Item).FirstOrDefault(pod => pod is { Finished: false, OptedIn: false }) is { } stays)
        {
            Hold(consumer, HoldReason.AttachmentInUse, new() { Pod = stays.Key }, evidence.Since, stays);
            return;
        }

        var claim = cluster.Volumes.Find(attachment.Volume)?.Item.Claim;
        Hold(consumer, HoldReason.NotOptedIn, claim is null ? new() { Attachment = attachment.Name, Volume = attachment.Volume } : new() { Attachment = attachment.Name, Claim = claim }, evidence.Since);
    }

    private Ineligibility? ObjectionTo(Pod pod)
    {
        _objections ??= new(ReferenceEqualityComparer.Instance);
        return _objections.TryGetValue(pod, out var known) ? known : _objections[pod] = Eligibility.ObjectionTo(pod);
    }

    /// <summary>Acts if LINSTOR has confirmed, within the last seconds, every resource that the action rests on, and the node is prepared for it.</summary>
    private void Act(VolumeConsumer consumer, Decision action, LossEvidence evidence, PodsOnNode? onNode, params IEnumerable<ResourceName> restsOn)
    {
        HoldDetail? doubtful = null;
        var lostSince = evidence.Since;
        foreach (var name in restsOn)
        {
            // For another volume that is also lost, the end of its own grace period counts. Until then, the action does not rest on its loss.
            var due = evidence.Due;
            if (cluster.Resources.GetValueOrDefault(name)?.AssessmentOf(consumer.LinstorName) is { IsLoss: true } loss && loss.Since + settings.GraceOf(loss) is var over && over <= now)
            {
                (lostSince, due) = (Instant.Later(lostSince, loss.Since), Instant.Later(due, over));
            }

            if (!IsConfirmed(name, due) || (name != consumer.Resource.Name && !IsSettled(cluster.Resources[name], consumer.LinstorName)))
            {
                doubtful ??= new() { Resource = name };
                AskToConfirm(name, consumer.LinstorName, due);
            }
        }

        if (!AreSatellitesConfirmed(lostSince))
        {
            doubtful ??= HoldDetail.None;
            Do(new Decision.QuerySatellites());
        }

        if (doubtful is not null)
        {
            Hold(consumer, HoldReason.AwaitingConfirmation, doubtful, evidence.Since);
        }
        else if (!IsDue(action) || IsCleared(consumer, evidence, onNode))
        {
            Do(action); // prepare the node only for an action that is due, so that back-off applies to both
        }
    }

    private bool IsDue(Decision action) => !(cluster.RetryStates.GetValueOrDefault(action.Key) is { } attempt && now < attempt.NotBefore);

    private bool IsWantedElsewhere(ObjectKey claim, NodeName node) => cluster.Pods.ReferringTo(claim).Any(held =>
        held.Item is { OptedIn: true, OptedOut: false, Finished: false } pod && pod.Node != node);
}
