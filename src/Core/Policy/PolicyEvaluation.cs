namespace Piraeus.HighAvailability.Core;

/// <summary>One evaluation of the policy.</summary>
internal sealed partial class PolicyEvaluation(FailoverSettings settings, ClusterSnapshot cluster, Instant now)
{
    private readonly List<Decision> _preparations = [];
    private readonly List<Decision> _decisions = [];
    private readonly List<Decision> _detachments = [];
    private readonly HashSet<DecisionKey> _decided = [];
    private readonly List<Exception> _errors = [];
    private Dictionary<Pod, Ineligibility?>? _objections;
    private Instant? _requeueAt;

    public Verdict Conclude()
    {
        // The actuator takes decisions in order, so the highest priority comes first. Within one priority, pods come before their attachments, which the attach-detach controller may delete
        // before us.
        int? priority = null;
        foreach (var consumer in ByPriority())
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
            WakeAt(review > now ? review : now + Timings.Soon); // an overdue review takes place with the next observation, which is a tick if nothing else
        }

        Release();
        Recover();
        Isolate(Follow);
        IReadOnlyList<Decision> decisions = [.. _preparations.Concat(_decisions)];
        return new(decisions, _requeueAt) { Errors = _errors, Assess = Assessing(settings, cluster, decisions) };
    }

    // Runs for every turn, nearly always with one consumer or none.
    private List<VolumeConsumer> ByPriority()
    {
        var consumers = new List<VolumeConsumer>(cluster.InDoubt.Count);
        foreach (var (_, users) in cluster.InDoubt)
        {
            consumers.AddRange(users.AsSpan());
        }

        return consumers.TrueForAll(consumer => consumer.Priority == consumers[0].Priority) ? consumers : [.. consumers.OrderByDescending(consumer => consumer.Priority)];
    }

    private void DetachDecided()
    {
        _decisions.AddRange(_detachments);
        _detachments.Clear();
    }

    // Captures only its arguments, so that it does not keep the evaluation alive.
    private static Func<IReadOnlyList<AssessedConsumer>> Assessing(FailoverSettings settings, ClusterSnapshot cluster, IReadOnlyList<Decision> decisions) =>
        () => AssessedConsumer.All(settings, cluster, decisions);

    // An error in judging one consumer holds only that consumer.
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

    // An error in an explanation must not stop a decision.
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

    // Read from top to bottom, this is the safety argument: each paragraph is one reason to hold, and the rest acts.
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
            HoldInGrace(consumer, since);
            WakeAt(due);
            Prepare(consumer, due);
            return;
        }

        if (!IsCertain(assessment, consumer.Node))
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

    private Eligibility Eligibility => field ??= new(cluster, IsLost);

    // Whether a Kubernetes node has lost another resource that a pod there uses, by the same rule as the judged one.
    private bool IsLost(Resource resource, NodeName node) =>
        resource.AssessmentOf(cluster.LinstorNameOf(node)) is { IsLoss: true } loss && now >= loss.Since + settings.GraceOf(loss) && IsCertain(loss, node);

    // A loss does not rest on one speaker: another one, or Kubernetes, has to agree.
    private bool IsCertain(LossAssessment loss, NodeName node) => loss.IsCorroborated || PodsOn(node) is { Ready: false };
}
