using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>Which resources are worth a thought, so that a turn costs what is amiss and not what there is.</content>
public sealed partial record ClusterSnapshot
{
    /// <summary>Everybody who is not plainly well, by resource definition. Kept rather than worked out in every turn: most turns change the lot of one.</summary>
    public ImmutableSortedDictionary<ResourceName, ImmutableArray<User>> InDoubt { get; private init; } = ImmutableSortedDictionary<ResourceName, ImmutableArray<User>>.Empty;

    /// <summary>The resource definitions of which something is to be said: somebody who uses them is not plainly well.</summary>
    public IEnumerable<ResourceName> Suspicious => InDoubt.Keys;

    /// <summary>Whether somebody who uses the resource is not plainly well.</summary>
    public bool IsSuspicious(ResourceName name) => InDoubt.ContainsKey(name);

    /// <summary>The resources whose users an observation may have changed, seen from before it or from after it.</summary>
    private IEnumerable<ResourceName> Touched(Observation seen) => seen switch
    {
        Observation.Promotion o => [o.Resource],
        Observation.Reported o => [o.Report.Resource],
        Observation.Seen<Pod> o => UsedBy(o.Item.Key),
        Observation.Gone<Pod> o => UsedBy(o.Item.Key),
        Observation.Seen<Volume> o => BehindOf(o.Item.Name),
        Observation.Gone<Volume> o => BehindOf(o.Item.Name),
        Observation.Seen<Attachment> o => BehindOf(o.Item.Volume),
        Observation.Gone<Attachment> o => BehindOf(o.Item.Volume),
        Observation.Acted { Decision: Decision.DeletePod o } => UsedBy(o.Pod.Key),
        Observation.SatellitesListed or Observation.Listed<Pod> or Observation.Listed<Volume> or Observation.Listed<Attachment> => Resources.Keys,
        Observation.Listed<CsiNode> or Observation.Seen<CsiNode> => Resources.Keys,
        _ => [],
    };

    private bool SaysTheSameAs(ClusterSnapshot before) =>
        (Resources, Pods, Volumes, Attachments, CsiNodes) == (before.Resources, before.Pods, before.Volumes, before.Attachments, before.CsiNodes);

    private ClusterSnapshot Review(IEnumerable<ResourceName> names)
    {
        var (resources, inDoubt) = (Resources, InDoubt);
        foreach (var name in names)
        {
            var isNeeded = Resources.TryGetValue(name, out var resource) && (resource.IsHeardOf || Volumes.RefersTo(name));
            resources = isNeeded ? resources : resources.Remove(name);
            inDoubt = isNeeded && resource!.IsDubious && User.InDoubtOf(this, resource) is { IsEmpty: false } users ? inDoubt.SetItem(name, users) : inDoubt.Remove(name);
        }

        return this with { Resources = resources, InDoubt = inDoubt };
    }

    private IEnumerable<ResourceName> UsedBy(ObjectKey pod) =>
        from claim in Pods.Find(pod)?.Item.ClaimKeys ?? []
        from volume in Claims.ReferringTo(claim)
        where volume.Item.Resource is not null
        select volume.Item.Resource!.Value;

    private IEnumerable<ResourceName> BehindOf(string volume) => Volumes.Find(volume)?.Item.Resource is { } resource ? [resource] : [];
}
