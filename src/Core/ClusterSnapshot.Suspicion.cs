using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>Which resources are worth a thought, so that a turn costs what is amiss and not what there is.</content>
public sealed partial record ClusterSnapshot
{
    /// <summary>The resource definitions in use of which something is to be said: not every replica's user would be plainly well.</summary>
    public ImmutableSortedSet<ResourceName> Suspicious { get; private init; } = [];

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
        Observation.SatellitesListed or Observation.Listed<Pod> or Observation.Listed<Volume> or Observation.Listed<Attachment> => Resources.Keys,
        _ => [],
    };

    private bool SaysTheSameAs(ClusterSnapshot before) =>
        (Resources, Pods, Volumes, Attachments) == (before.Resources, before.Pods, before.Volumes, before.Attachments);

    private ClusterSnapshot Review(IEnumerable<ResourceName> names)
    {
        var (resources, suspicious) = (Resources, Suspicious);
        foreach (var name in names)
        {
            var isNeeded = Resources.TryGetValue(name, out var resource) && (resource.IsHeardOf || Volumes.RefersTo(name));
            resources = isNeeded ? resources : resources.Remove(name);
            suspicious = isNeeded && resource!.IsDubious && IsUsed(name) ? suspicious.Add(name) : suspicious.Remove(name);
        }

        return this with { Resources = resources, Suspicious = suspicious };
    }

    private bool IsUsed(ResourceName name) => Volumes.ReferringTo(name).Any(volume =>
        Attachments.RefersTo(volume.Item.Name) || (volume.Item.Claim is { } claim && Pods.RefersTo(claim)));

    private IEnumerable<ResourceName> UsedBy(ObjectKey pod) =>
        from use in Pods.Find(pod)?.Item.Claims ?? []
        from volume in Claims.ReferringTo(new(pod.Namespace, use.Claim))
        where volume.Item.Resource is not null
        select volume.Item.Resource!.Value;

    private IEnumerable<ResourceName> BehindOf(string volume) => Volumes.Find(volume)?.Item.Resource is { } resource ? [resource] : [];
}
