using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>Which resources need evaluation, so that the cost of a turn depends on the problems and not on the size of the cluster.</content>
public sealed partial record ClusterSnapshot
{
    /// <summary>Every consumer that is not plainly well, by resource definition. Kept between turns, because most turns change only one resource.</summary>
    public ImmutableSortedDictionary<ResourceName, ImmutableArray<VolumeConsumer>> InDoubt { get; private init; } = ImmutableSortedDictionary<ResourceName, ImmutableArray<VolumeConsumer>>.Empty;

    /// <summary>The resource definitions with a consumer that is not plainly well.</summary>
    public IEnumerable<ResourceName> NamesInDoubt => InDoubt.Keys;

    /// <summary>Whether the resource has a consumer that is not plainly well.</summary>
    public bool IsInDoubt(ResourceName name) => InDoubt.ContainsKey(name);

    /// <summary>The resources whose consumers an observation may have changed.</summary>
    private IEnumerable<ResourceName> Touched(Observation seen, ClusterSnapshot before) => seen switch
    {
        Observation.PromotionChanged o => [o.Resource],
        Observation.ResourceReported o => [o.Report.Resource],
        _ => before.TouchedHere(seen).Concat(TouchedHere(seen)).Distinct(),
    };

    private IEnumerable<ResourceName> TouchedHere(Observation seen) => seen switch
    {
        Observation.Updated<Pod> o => UsedBy(o.Item.Key),
        Observation.Deleted<Pod> o => UsedBy(o.Item.Key),
        Observation.Updated<Volume> o => BehindOf(o.Item.Name),
        Observation.Deleted<Volume> o => BehindOf(o.Item.Name),
        Observation.Updated<Attachment> o => BehindOf(o.Item.Volume),
        Observation.Deleted<Attachment> o => BehindOf(o.Item.Volume),
        Observation.MutationAnswered { Decision: Decision.DeletePod o } => UsedBy(o.Pod.Key),
        Observation.SatellitesListed or Observation.SourceLost or Observation.Listed<Pod> or Observation.Listed<Volume> or Observation.Listed<Attachment> => Resources.Keys,
        Observation.Listed<CsiNode> or Observation.Updated<CsiNode> => Resources.Keys,
        _ => [],
    };

    /// <summary>Which resources must be assessed again even without a new observation, and when.</summary>
    private ImmutableDictionary<ResourceName, Instant> Reviews { get; init; } = ImmutableDictionary<ResourceName, Instant>.Empty;

    /// <summary>The used resources to query from LINSTOR, whether a consumer is in doubt or not, and from when.</summary>
    internal ImmutableSortedDictionary<ResourceName, Instant> Outdated { get; private init; } = ImmutableSortedDictionary<ResourceName, Instant>.Empty;

    /// <summary>When the first of the <see cref="Reviews"/> is due; null if none is.</summary>
    internal Instant? ReviewAt { get; private init; }

    /// <summary>The number of consumers on each LINSTOR node that no speaker reports as healthy.</summary>
    private ImmutableDictionary<NodeName, int> Consumers { get; init; } = ImmutableDictionary<NodeName, int>.Empty;

    private static ImmutableDictionary<NodeName, int> Recount(ImmutableDictionary<NodeName, int> counts, ImmutableArray<VolumeConsumer> before, ImmutableArray<VolumeConsumer> after) =>
        AreCountedAlike(before, after) ? counts : Count(Count(counts, before, -1), after, 1);

    // Runs for nearly every observation.
    private static bool AreCountedAlike(ImmutableArray<VolumeConsumer> before, ImmutableArray<VolumeConsumer> after)
    {
        var next = 0;
        foreach (var consumer in before)
        {
            if (IsCounted(consumer) && !(Counted() is { } other && other.LinstorName == consumer.LinstorName))
            {
                return false;
            }
        }

        return Counted() is null;

        VolumeConsumer? Counted()
        {
            while (next < after.Length)
            {
                if (IsCounted(after[next++]))
                {
                    return after[next - 1];
                }
            }

            return null;
        }
    }

    private static bool IsCounted(VolumeConsumer consumer) =>
        consumer.Assessment is not (null or { Reason: HoldReason.StillConnected or HoldReason.SideHasQuorum or HoldReason.OwnReplicaMayPromote or HoldReason.NotAskedYet or HoldReason.LinstorSilent });

    private static ImmutableDictionary<NodeName, int> Count(ImmutableDictionary<NodeName, int> counts, ImmutableArray<VolumeConsumer> consumers, int by)
    {
        foreach (var consumer in consumers)
        {
            if (!IsCounted(consumer))
            {
                continue;
            }

            var count = counts.GetValueOrDefault(consumer.LinstorName) + by;
            counts = count == 0 ? counts.Remove(consumer.LinstorName) : counts.SetItem(consumer.LinstorName, count);
        }

        return counts;
    }

    /// <summary>When each node was lost, and whether that is a storm.</summary>
    private StormWatch Losses { get; init; } = new();

    /// <summary>The share of nodes, from 0 to 1, above which simultaneous losses are a storm.</summary>
    private double StormThreshold { get; init; } = new FailoverSettings().StormThreshold;

    /// <summary>The storm, if so many nodes were lost at once that LINSTOR's view is in doubt; else null.</summary>
    public Storm? Storm => Losses.Storm;

    /// <summary>The resources that consumers were seen to lose, by LINSTOR node, and when. A loss that can no longer be proved is not over.</summary>
    private ImmutableDictionary<NodeName, ImmutableDictionary<ResourceName, Instant>> LostOn { get; init; } = ImmutableDictionary<NodeName, ImmutableDictionary<ResourceName, Instant>>.Empty;

    /// <summary>Whether a consumer was seen to lose the resource on a LINSTOR node, which has not recovered since.</summary>
    internal bool WasLostOn(ResourceName resource, NodeName node) => LostOn.TryGetValue(node, out var lost) && lost.ContainsKey(resource);

    /// <summary>Whether anything uses the resource, on any node.</summary>
    internal bool IsUsed(ResourceName resource) => Volumes.ReferringTo(resource).Any(volume =>
        Attachments.RefersTo(volume.Item.Name) || (volume.Item.Claim is { } claim && Pods.RefersTo(claim)));

    private ImmutableDictionary<NodeName, ImmutableDictionary<ResourceName, Instant>> Remember(
        ImmutableDictionary<NodeName, ImmutableDictionary<ResourceName, Instant>> lostOn, ResourceName name, Resource? resource, ImmutableArray<VolumeConsumer> consumers)
    {
        foreach (var (node, lost) in lostOn)
        {
            if (lost.TryGetValue(name, out var since) && resource?.HasRecovered(node, since, Linstor) != false)
            {
                lostOn = lost.Count == 1 ? lostOn.Remove(node) : lostOn.SetItem(node, lost.Remove(name));
            }
        }

        foreach (var consumer in consumers)
        {
            if (consumer.Assessment is { IsLoss: true, Since: var since } && !(lostOn.TryGetValue(consumer.LinstorName, out var known) && known.ContainsKey(name)))
            {
                lostOn = lostOn.SetItem(consumer.LinstorName, (known ?? ImmutableDictionary<ResourceName, Instant>.Empty).Add(name, since));
            }
        }

        return lostOn;
    }

    private ClusterSnapshot Watch(ClusterSnapshot before, Instant at)
    {
        var isInformed = SyncedSources.Contains(Source.Pods) && SyncedSources.Contains(Source.Volumes) && SyncedSources.Contains(Source.Attachments);
        if (Satellites is not { } satellites || (SyncedSources == before.SyncedSources && satellites == before.Satellites && Consumers == before.Consumers && LostOn == before.LostOn && LossConfirmed == before.LossConfirmed && CsiNodes == before.CsiNodes))
        {
            return this;
        }

        var confirmed = LossConfirmed.Select(LinstorNameOf).ToHashSet();
        var nodes = satellites.Values.Where(satellite => !satellite.Evicted && !confirmed.Contains(satellite.Name)).Select(satellite => new NodeHealth(
            satellite.Name, satellite.State == SatelliteState.Offline, LostOn.ContainsKey(satellite.Name), Consumers.ContainsKey(satellite.Name), before.Linstor.Find(satellite.Name) is null));
        return this with { Losses = Losses.After([.. nodes], Linstor.SpokenFor(at), isInformed, StormThreshold) };
    }

    private ClusterSnapshot ReassessDue(Instant at)
    {
        if (!(ReviewAt <= at))
        {
            return this;
        }

        var due = Reviews.Where(review => review.Value <= at).Select(review => review.Key).ToList();
        return ReassessAll(due.Select(name => Resources[name]), at).Review(due);
    }

    private bool IsSameAs(ClusterSnapshot before) =>
        (Resources, Pods, Volumes, Attachments, CsiNodes) == (before.Resources, before.Pods, before.Volumes, before.Attachments, before.CsiNodes);

    // Attachments left behind by a loss that is over have a grace period in the next one, like any others.
    private IEnumerable<Uid> OfLossesThatAreOver(
        ResourceName name, ImmutableDictionary<NodeName, ImmutableDictionary<ResourceName, Instant>> before, ImmutableDictionary<NodeName, ImmutableDictionary<ResourceName, Instant>> now) =>
        from volume in Volumes.ReferringTo(name)
        from held in Attachments.ReferringTo(volume.Item.Name)
        let node = LinstorNameOf(held.Item.Node)
        where before.GetValueOrDefault(node)?.ContainsKey(name) == true && now.GetValueOrDefault(node)?.ContainsKey(name) != true
        select held.Item.Uid;

    private IEnumerable<Uid> OnNodesThatHaveAll(
        ImmutableDictionary<NodeName, ImmutableDictionary<ResourceName, Instant>> before, ImmutableDictionary<NodeName, ImmutableDictionary<ResourceName, Instant>> now)
    {
        var well = before.Keys.Where(node => !now.ContainsKey(node)).ToHashSet();
        return well.Count == 0 ? [] : Attachments.All.Where(held => Orphaned.Contains(held.Item.Uid) && well.Contains(LinstorNameOf(held.Item.Node))).Select(held => held.Item.Uid);
    }

    private static bool IsLostAnywhere(ImmutableDictionary<NodeName, ImmutableDictionary<ResourceName, Instant>> lostOn, ResourceName name) => lostOn.Values.Any(lost => lost.ContainsKey(name));

    private ClusterSnapshot Review(IEnumerable<ResourceName> names)
    {
        var (resources, inDoubt, reviews, outdated, consumers, lostOn, orphaned) = (Resources, InDoubt, Reviews, Outdated, Consumers, LostOn, Orphaned);
        foreach (var name in names)
        {
            var isNeeded = Resources.TryGetValue(name, out var resource) && (resource.IsHeardOf || Volumes.RefersTo(name));
            resources = isNeeded ? resources : resources.Remove(name);
            var users = isNeeded && resource!.IsInDoubt ? VolumeConsumer.InDoubtOf(this, resource) : [];
            consumers = Recount(consumers, inDoubt.GetValueOrDefault(name, []), users);
            inDoubt = users.IsEmpty ? inDoubt.Remove(name) : inDoubt.SetItem(name, users);
            var before = lostOn;
            lostOn = Remember(lostOn, name, resource, users);
            orphaned = orphaned.IsEmpty || ReferenceEquals(lostOn, before) ? orphaned : orphaned.Except(OfLossesThatAreOver(name, before, lostOn)).Except(OnNodesThatHaveAll(before, lostOn));
            outdated = isNeeded && resource!.QueryAt is { } due && (IsUsed(name) || IsLostAnywhere(lostOn, name)) ? outdated.SetItem(name, due) : outdated.Remove(name);
            reviews = inDoubt.ContainsKey(name) && resource!.ReviewAt is { } at ? reviews.SetItem(name, at) : reviews.Remove(name);
        }

        var isSame = (resources, inDoubt, reviews) == (Resources, InDoubt, Reviews) && (outdated, consumers, lostOn, orphaned) == (Outdated, Consumers, LostOn, Orphaned);
        return isSame ? this : this with
        {
            Resources = resources,
            InDoubt = inDoubt,
            Consumers = consumers,
            LostOn = lostOn,
            Orphaned = orphaned,
            Outdated = outdated,
            Reviews = reviews,
            ReviewAt = reviews == Reviews ? ReviewAt : reviews.IsEmpty ? null : reviews.Values.Min(),
        };
    }

    private IEnumerable<ResourceName> UsedBy(ObjectKey pod) =>
        from claim in Pods.Find(pod)?.Item.ClaimKeys ?? []
        from volume in Claims.ReferringTo(claim)
        where volume.Item.Resource is not null
        select volume.Item.Resource!.Value;

    private IEnumerable<ResourceName> BehindOf(string volume) => Volumes.Find(volume)?.Item.Resource is { } resource ? [resource] : [];
}
