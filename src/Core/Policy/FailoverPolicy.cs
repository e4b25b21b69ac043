namespace Piraeus.HighAvailability.Core;

/// <summary>Who has lost its storage, and what is to be done about it.</summary>
/// <remarks>Has no memory: the same snapshot and the same instant always give the same verdict.</remarks>
public sealed class FailoverPolicy(FailoverSettings settings)
{
    /// <summary>Everything to be done, and everything left alone, at one instant.</summary>
    public Verdict Decide(ClusterSnapshot cluster, Instant now) => new PolicyEvaluation(settings, cluster, now).Conclude();
}

/// <summary>One verdict in the making.</summary>
internal sealed partial class PolicyEvaluation(FailoverSettings settings, ClusterSnapshot cluster, Instant now)
{
    private readonly List<Decision> _preparations = [];
    private readonly List<Decision> _decisions = [];
    private readonly List<Decision> _detachments = [];
    private readonly HashSet<DecisionKey> _decided = [];
    private readonly List<Exception> _errors = [];
    private readonly Eligibility _eligibility = new(cluster, (resource, node) => IsLost(settings, resource, node, now));
    private Dictionary<Pod, Ineligibility?>? _objections;
    private Instant? _requeueAt;

    public Verdict Conclude()
    {
        // The actuator takes decisions in order, so the highest priority comes first. Of one priority, pods come before their attachments, which the
        // attach-detach controller may delete before us.
        int? priority = null;
        foreach (var consumer in cluster.InDoubt.Values.SelectMany(consumers => consumers).OrderByDescending(consumer => consumer.Priority))
        {
            if (consumer.Priority != priority)
            {
                DetachDecided();
                priority = consumer.Priority;
            }

            Isolate(consumer);
        }

        DetachDecided();

        QueryOutdated();
        if (cluster.ReviewAt is { } review)
        {
            WakeAt(review > now ? review : now + Timings.Soon); // what is due already is assessed with the next observation, which is a tick if nothing else
        }

        Release();
        Recover();
        Isolate(Follow);
        IReadOnlyList<Decision> decisions = [.. _preparations.Concat(_decisions)];
        return new(decisions, _requeueAt) { Errors = [.. _errors], Assess = Assessing(settings, cluster, decisions) };
    }

    private void DetachDecided()
    {
        _decisions.AddRange(_detachments);
        _detachments.Clear();
    }

    // Keeps what it needs, and nothing of how the verdict came about.
    private static Func<IReadOnlyList<AssessedConsumer>> Assessing(FailoverSettings settings, ClusterSnapshot cluster, IReadOnlyList<Decision> decisions) =>
        () => AssessedConsumer.All(settings, cluster, decisions);

    // An error in judging one consumer holds that one, and nobody else.
    private void Isolate(VolumeConsumer consumer)
    {
        var (preparations, decisions, detachments) = (_preparations.Count, _decisions.Count, _detachments.Count);
        try
        {
            Judge(consumer);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Undo(_preparations, preparations);
            Undo(_decisions, decisions);
            Undo(_detachments, detachments);
            _errors.Add(error);
            _decisions.Add(new Decision.Hold(consumer.Resource.Name, consumer.Node, HoldReason.InternalError, new() { Error = error.GetType().Name }, consumer.Pods, consumer.Since, Overdue: true));
            WakeAt(now + Timings.AfterError);
        }
    }

    // What only explains cannot stop what decides.
    private void Isolate(Action explain)
    {
        try
        {
            explain();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            _errors.Add(error);
        }
    }

    private void Undo(List<Decision> list, int count)
    {
        _decided.ExceptWith(list.Skip(count).Where(decision => decision is Decision.Query or Decision.Mutation).Select(decision => decision.Key));
        list.RemoveRange(count, list.Count - count);
    }

    // Reads from top to bottom as the safety argument: each paragraph is one reason to hold; what is left, acts.
    private void Judge(VolumeConsumer consumer)
    {
        var assessment = consumer.Assessment;
        if (assessment?.Reason is HoldReason.Healthy || (assessment is null && consumer.Resource.Exists && !consumer.HasPromotablePeer))
        {
            return;
        }

        var since = AssessedConsumer.SinceOf(consumer);
        StayInformed(consumer, since);

        if (assessment is null)
        {
            Hold(consumer, consumer.Resource.Exists ? HoldReason.NeverDeployed : HoldReason.NoSuchResource, new() { Node = consumer.LinstorName }, since);
            return;
        }

        if (assessment.Reason is { } reason)
        {
            Hold(consumer, reason, new() { Node = assessment.By }, since);
            return;
        }

        if (LostSource() is { } silent)
        {
            Hold(consumer, HoldReason.KubernetesSilent, new() { Source = silent }, since);
            return;
        }

        var due = AssessedConsumer.DueOf(consumer, settings, cluster);
        if (now < due)
        {
            Hold(consumer, HoldReason.GraceNotOver, HoldDetail.None, since);
            Prepare(consumer, due);
            return;
        }

        if (!assessment.IsCorroborated && PodsOn(consumer.Node) is not { Ready: false })
        {
            Hold(consumer, HoldReason.OnlyOneSpeaker, new() { Node = assessment.By }, since);
            return;
        }

        if (cluster.Storm is not null)
        {
            Hold(consumer, HoldReason.Storm, HoldDetail.None, since);
            return;
        }

        Move(consumer, new LossEvidence(consumer.Resource.Name, consumer.Node, assessment.By!.Value, since, due));
    }

    private void Move(VolumeConsumer consumer, LossEvidence evidence)
    {
        if (StaysAsIs(consumer))
        {
            foreach (var pod in consumer.Pods)
            {
                var stays = ObjectionTo(pod)!;
                Hold(consumer, stays.Reason, stays.Detail, evidence.Since, pod);
            }

            return;
        }

        // What is on the node was asked afresh: it is newer than the watch. It is not waited for where it cannot be had.
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
                // It is gone, which the watch will tell, or came after the question.
                Ask(new Decision.ListPodsOnNode(consumer.Node), onNode!.AskedAt + _shortestInterval);
                Hold(consumer, HoldReason.AwaitingConfirmation, new() { Pod = watched.Key }, evidence.Since, watched);
            }
            else if ((ObjectionTo(pod) ?? Eligibility.Wish(watched)) is { } objection)
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
                Act(consumer, new Decision.DeletePod(pod, evidence), evidence, onNode, [consumer.Resource.Name, .. _eligibility.WrittenBy(pod)]);
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

    // Pods that may not be moved by what the watch says, and their attachments: to ask what is on their node would be to ask for ever.
    private bool StaysAsIs(VolumeConsumer consumer) => !consumer.Pods.IsEmpty && consumer.Pods.All(pod => ObjectionTo(pod) is not null)
        && consumer.Attachments.All(attachment => attachment.Deleting || (cluster.Volumes.Find(attachment.Volume)?.Item.Claim is { } claim && consumer.Pods.Any(pod => !pod.Finished && pod.Uses(claim))));

    // A pod that comes to a node which was lost by then was put there in place of another, and so may the next one be: haste only makes more of them.
    private Instant? MayMoveOn(Pod pod, LossEvidence evidence) => cluster.Pods.Find(pod.Key)?.Since is { } since && since > evidence.Due
        ? Instant.Later(since + Timings.ShortestStay, cluster.MayMoveOn(pod, evidence.Lost))
        : null;

    private void Detach(VolumeConsumer consumer, Attachment attachment, PodsOnNode onNode, LossEvidence evidence)
    {
        if (cluster.Volumes.Find(attachment.Volume)?.Item.Claim is not { } claim)
        {
            Hold(consumer, HoldReason.NotOptedIn, new() { Attachment = attachment.Name, Volume = attachment.Volume }, evidence.Since);
            return;
        }

        if (consumer.Pods.Any(pod => pod.Uses(claim) && (!pod.Finished || pod.Terminating)))
        {
            return; // they are being moved first, or have been held with a reason of their own
        }

        if (onNode.Pods.ReferringTo(claim).Select(held => held.Item).FirstOrDefault(pod => !pod.Finished) is { } stays)
        {
            // A pod that has left the watch may be gone, or only have lost its label: ask again who is there.
            Ask(new Decision.ListPodsOnNode(consumer.Node), onNode.AskedAt + _shortestInterval);
            Hold(consumer, stays.OptedIn ? HoldReason.AwaitingConfirmation : HoldReason.AttachmentInUse, new() { Pod = stays.Key }, evidence.Since, stays);
            return;
        }

        if (!cluster.Orphaned.Contains(attachment.Uid) && !IsWantedElsewhere(claim, consumer.Node))
        {
            Hold(consumer, HoldReason.NotOptedIn, new() { Attachment = attachment.Name, Claim = claim }, evidence.Since);
            return;
        }

        Act(consumer, new Decision.DeleteAttachment(attachment, claim, evidence), evidence, onNode, [consumer.Resource.Name]);
    }

    private Ineligibility? ObjectionTo(Pod pod)
    {
        _objections ??= new(ReferenceEqualityComparer.Instance);
        return _objections.TryGetValue(pod, out var known) ? known : _objections[pod] = _eligibility.ObjectionTo(pod);
    }

    /// <summary>Acts, if LINSTOR has confirmed within the last seconds what it knows of everything that the action rests on, and the node is ready for it.</summary>
    private void Act(VolumeConsumer consumer, Decision action, LossEvidence evidence, PodsOnNode? onNode, params IEnumerable<ResourceName> restsOn)
    {
        HoldDetail? doubtful = null;
        foreach (var name in restsOn)
        {
            if (!IsConfirmed(name, evidence.Due))
            {
                doubtful ??= new() { Resource = name };
                AskToConfirm(name, evidence.Due);
            }
        }

        if (!AreSatellitesConfirmed)
        {
            doubtful ??= HoldDetail.None;
            Do(new Decision.QuerySatellites());
        }

        if (doubtful is not null)
        {
            Hold(consumer, HoldReason.AwaitingConfirmation, doubtful, evidence.Since);
        }
        else if (IsCleared(consumer, evidence, onNode))
        {
            Do(action);
        }
    }

    private static bool IsLost(FailoverSettings settings, Resource resource, NodeName node, Instant now) =>
        resource.AssessmentOf(node) is { IsLoss: true } loss && now >= loss.Since + settings.GraceOf(loss);

    private bool IsWantedElsewhere(ObjectKey claim, NodeName node) => cluster.Pods.ReferringTo(claim).Any(held =>
        held.Item is { OptedIn: true, OptedOut: false, Finished: false } pod && pod.Node != node);
}
