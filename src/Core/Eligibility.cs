namespace Piraeus.HighAvailability.Core;

/// <summary>A reason to leave a pod alone, and what it is about.</summary>
internal sealed record Objection(HoldReason Reason, string? Detail = null);

/// <summary>Which pods of a lost node may be moved.</summary>
internal static class Eligibility
{
    /// <summary>What speaks against moving an opted-in pod that has lost a resource, or null.</summary>
    public static Objection? ObjectionTo(ClusterSnapshot cluster, Pod pod)
    {
        if (pod.OptedOut)
        {
            return new(HoldReason.OptedOut);
        }

        if (!pod.SharedStorage.IsEmpty)
        {
            return new(HoldReason.WritesToSharedStorage, string.Join(", ", pod.SharedStorage));
        }

        var node = pod.Node is { } bound ? cluster.LinstorNameOf(bound) : (NodeName?)null;
        return WrittenClaims(pod).Select(claim => ObjectionTo(cluster, claim, node)).FirstOrDefault(objection => objection is not null);
    }

    /// <summary>Every LINSTOR resource that the pod writes to: each must be fenced, whether it is lost as well or not.</summary>
    public static IEnumerable<ResourceName> WrittenBy(ClusterSnapshot cluster, Pod pod) =>
        from claim in WrittenClaims(pod)
        from volume in cluster.Claims.ReferringTo(claim)
        where volume.Item.Resource is not null
        select volume.Item.Resource!.Value;

    // What a pod only reads cannot be harmed by two of it, and what dies with it is not shared.
    private static IEnumerable<ObjectKey> WrittenClaims(Pod pod) =>
        pod.Claims.Where(use => use is { ReadOnly: false, Ephemeral: false }).Select(use => new ObjectKey(pod.Key.Namespace, use.Claim));

    private static Objection? ObjectionTo(ClusterSnapshot cluster, ObjectKey claim, NodeName? node)
    {
        var volumes = cluster.Claims.ReferringTo(claim).Select(held => held.Item).ToList();
        return volumes.Count == 0
            ? new(HoldReason.WritesToSharedStorage, $"claim {claim.Name}, whose volume is not known")
            : volumes.Select(volume => ObjectionTo(cluster, claim, volume, node)).FirstOrDefault(objection => objection is not null);
    }

    private static Objection? ObjectionTo(ClusterSnapshot cluster, ObjectKey claim, Volume volume, NodeName? node)
    {
        if (volume.SharedStorage is { } storage)
        {
            return new(HoldReason.WritesToSharedStorage, $"claim {claim.Name} ({storage})");
        }

        // A resource that was never reported is no objection: acting waits for the report.
        return volume.Resource is { } name && node is { } user && cluster.Resources.GetValueOrDefault(name) is { QuorumProperties: not null } resource && !resource.IsFenced(user)
            ? new(HoldReason.WritesToSharedStorage, $"claim {claim.Name} (resource {name} has no quorum policy that fences the node)")
            : null;
    }
}
