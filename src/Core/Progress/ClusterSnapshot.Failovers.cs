using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>Tracks failovers, for reports only: nothing here influences a decision.</content>
public sealed partial record ClusterSnapshot
{
    /// <summary>The pods that this process deleted, by the claims they mounted, until everything that was lost together runs elsewhere.</summary>
    public ObjectIndex<Uid, Failover, ObjectKey> Failovers { get; private init; } = new(
        failover => failover.Pod.Uid,
        failover => failover.Pod.ClaimKeys.Distinct(),
        (_, _) => true);

    /// <summary>When the first request was sent for each node from which something is being moved.</summary>
    public ImmutableDictionary<NodeName, Instant> Incidents { get; private init; } = ImmutableDictionary<NodeName, Instant>.Empty;

    /// <summary>The last Kubernetes warnings about objects that a failover waits for.</summary>
    public ImmutableDictionary<Uid, Observation.WarningsListed> Warnings { get; private init; } = ImmutableDictionary<Uid, Observation.WarningsListed>.Empty;

    internal IEnumerable<Attachment> AttachmentsOf(ObjectKey claim) => Claims.ReferringTo(claim).SelectMany(volume => SameAs(volume.Item))
        .DistinctBy(volume => volume.Name).SelectMany(volume => Attachments.ReferringTo(volume.Name)).Select(held => held.Item);

    /// <summary>The claims whose pods use an attachment. Kubernetes makes one attachment for all PersistentVolumes of the same handle that a node uses.</summary>
    internal IEnumerable<ObjectKey> ClaimsServedBy(Attachment attachment) =>
        Volumes.Find(attachment.Volume) is { Item: var volume } ? SameAs(volume).Select(same => same.Claim).OfType<ObjectKey>().Distinct() : [];

    private IEnumerable<Volume> SameAs(Volume volume) => volume is { Resource: { } resource, Handle: { } handle }
        ? Volumes.ReferringTo(resource).Select(held => held.Item).Where(other => other.Handle == handle)
        : [volume];

    /// <summary>An action was carried out for a lost node, so its failover begins.</summary>
    private ClusterSnapshot Begin(Observation.MutationAnswered acted)
    {
        var node = acted.Decision switch
        {
            Decision.DeletePod o => o.Evidence.Lost,
            Decision.DeleteAttachment o => o.Evidence.Lost,
            Decision.TaintNode o => o.Node.Name,
            Decision.ClearVolumesInUse o => o.Node.Name,
            _ => (NodeName?)null,
        };
        if (node is not { } lost || acted.Outcome.Answer == MutationOutcome.DryRun)
        {
            return this;
        }

        var began = Incidents.GetValueOrDefault(lost, acted.TakenAt);
        var next = this with { Incidents = Incidents.SetItem(lost, began) };
        if (acted.Decision is not Decision.DeletePod { Pod: var pod, Evidence: var evidence })
        {
            return next;
        }

        if (FailoverThatCameBack(pod, lost) is { } returning)
        {
            return acted.Outcome.Answer == MutationOutcome.Accepted ? next with { Failovers = Failovers.Set(returning.Return(), acted.TakenAt) } : next;
        }

        // A consumer that was due when the first request was sent was decided then, and waited for its turn.
        var decided = evidence.Due <= began ? began : acted.TakenAt;
        var failover = Failovers.Find(pod.Uid) is { Item: { Ending: not FailoverResult.NoLongerLost } known } ? known : Failover.Begin(this, pod, evidence, began, decided, acted.TakenAt);
        return next with { Failovers = Failovers.Set(failover.Answered(acted.Outcome.Answer), acted.TakenAt) };
    }

    // A replacement that the scheduler placed on the lost node again is moved on as part of the same failover.
    private Failover? FailoverThatCameBack(Pod pod, NodeName lost) => Failovers.Count == 0 ? null : pod.ClaimKeys.SelectMany(Failovers.ReferringTo)
        .Select(held => held.Item).FirstOrDefault(failover => failover.Ending is null && failover.Evidence.Lost == lost && failover.Replacement?.Uid == pod.Uid);

    /// <summary>Updates the failovers that an observation may have advanced.</summary>
    private ClusterSnapshot Follow(Observation seen, Instant at)
    {
        if (Failovers.Count == 0 && Incidents.IsEmpty)
        {
            return this;
        }

        var failovers = Failovers;
        foreach (var uid in Concerned(seen, at).ToList())
        {
            if (failovers.Find(uid) is { Item: var before } && before.Advance(this with { Failovers = failovers }, at) is var after && !ReferenceEquals(before, after))
            {
                failovers = failovers.Set(after, at);
            }
        }

        var next = ReferenceEquals(failovers, Failovers) ? this : this with { Failovers = failovers };
        return seen is Observation.Tick ? next.ForgetOver(at) : next;
    }

    private IEnumerable<Uid> Concerned(Observation seen, Instant at)
    {
        var claims = seen switch
        {
            Observation.Updated<Pod> o => o.Item.ClaimKeys,
            Observation.Deleted<Pod> o => o.Item.ClaimKeys,
            Observation.MutationAnswered { Decision: Decision.DeletePod o } => o.Pod.ClaimKeys,
            Observation.PromotionChanged o => ClaimsOf(o.Resource),
            Observation.ResourceReported o => ClaimsOf(o.Report.Resource),
            Observation.Updated<Attachment> o => ClaimsOf(o.Item),
            Observation.Deleted<Attachment> o => ClaimsOf(o.Item),
            Observation.Updated<Volume> or Observation.Deleted<Volume> => null, // a volume that is released, or gone, no longer names the claim by which it would be found
            Observation.Listed<Pod> or Observation.Listed<Attachment> or Observation.Listed<Volume> or Observation.Tick => null,
            _ => [],
        };
        return claims is null
            ? Failovers.All.Where(held => seen is not Observation.Tick || held.Item.IsOverdue(at)).Select(held => held.Item.Pod.Uid)
            : claims.Distinct().SelectMany(Failovers.ReferringTo).Select(held => held.Item.Pod.Uid).Distinct();
    }

    private IEnumerable<ObjectKey> ClaimsOf(Attachment attachment) =>
        Volumes.Find(attachment.Volume)?.Item.Claim is { } claim ? [claim]
            : Failovers.All.Where(held => held.Item.Attachments.Any(left => left.Uid == attachment.Uid)).SelectMany(held => held.Item.Pod.ClaimKeys);

    private IEnumerable<ObjectKey> ClaimsOf(ResourceName resource) =>
        Volumes.ReferringTo(resource).Select(volume => volume.Item.Claim).OfType<ObjectKey>();

    private ClusterSnapshot ForgetOver(Instant at)
    {
        var over = Incidents
            .Where(incident => Failovers.All.Where(held => held.Item.Evidence.Lost == incident.Key)
                .All(held => at - held.Item.EndedAt > Timings.IncidentLasts) && at - incident.Value > Timings.IncidentLasts)
            .Select(incident => incident.Key)
            .ToHashSet();
        if (over.Count == 0)
        {
            return this;
        }

        var failovers = Failovers.All.Select(held => held.Item).Where(failover => over.Contains(failover.Evidence.Lost)).Aggregate(Failovers, (rest, failover) => rest.Remove(failover));
        return this with
        {
            RetryStates = RetryStates.RemoveRange(over.SelectMany(node => (DecisionKey[])[DecisionKey.TaintNode(node), DecisionKey.ClearVolumesInUse(node)])),
            Incidents = Incidents.RemoveRange(over),
            Failovers = failovers,
            Warnings = failovers.Count == 0 ? ImmutableDictionary<Uid, Observation.WarningsListed>.Empty : Warnings,
        };
    }
}
