namespace Piraeus.HighAvailability.Core;

/// <summary>A reason to leave a pod alone, and what it is about.</summary>
internal sealed record Ineligibility(HoldReason Reason, HoldDetail Detail)
{
    public Ineligibility(HoldReason reason)
        : this(reason, HoldDetail.None)
    {
    }
}

/// <summary>Which pods of a lost node may be moved.</summary>
/// <param name="cluster">What is known.</param>
/// <param name="isLost">Whether a Kubernetes node has lost a resource, grace period included.</param>
internal sealed class Eligibility(ClusterSnapshot cluster, Func<Resource, NodeName, bool> isLost)
{
    /// <summary>What speaks against moving an opted-in pod that has lost a resource, or null.</summary>
    public Ineligibility? ObjectionTo(Pod pod)
    {
        if (Wish(pod) is { } wish)
        {
            return wish;
        }

        if (pod.Finished)
        {
            // It uses nothing any more. Its name is in its successor's way only if it was deleted, and its node is not there to let go of it.
            return pod.Terminating ? null : new(HoldReason.Finished);
        }

        if (!pod.SharedStorage.IsEmpty)
        {
            return new(HoldReason.WritesToSharedStorage, new() { Unprotected = Unprotected.OtherStorage, Storage = string.Join(", ", pod.SharedStorage) });
        }

        return WrittenClaims(pod).Select(claim => ObjectionTo(claim, pod.Node)).FirstOrDefault(objection => objection is not null);
    }

    /// <summary>What the pod's owner wishes against moving it, or null.</summary>
    public static Ineligibility? Wish(Pod pod) => !pod.OptedIn ? new(HoldReason.NotOptedIn, new HoldDetail { Pod = pod.Key }) : pod.OptedOut ? new(HoldReason.OptedOut) : null;

    /// <summary>Every LINSTOR resource that the pod writes to: each must be fenced, whether it is lost as well or not.</summary>
    public IEnumerable<ResourceName> WrittenBy(Pod pod) =>
        from claim in WrittenClaims(pod)
        from volume in cluster.Claims.ReferringTo(claim)
        where volume.Item is { Resource: not null, ReadOnly: false }
        select volume.Item.Resource!.Value;

    // What a pod only reads cannot be harmed by two of it, and what dies with it is not shared.
    private static IEnumerable<ObjectKey> WrittenClaims(Pod pod) => pod.Finished ? []
        : pod.Claims.Where(use => use is { ReadOnly: false, Ephemeral: false }).Select(use => new ObjectKey(pod.Key.Namespace, use.Claim));

    private Ineligibility? ObjectionTo(ObjectKey claim, NodeName? node)
    {
        var volumes = cluster.Claims.ReferringTo(claim).Select(held => held.Item).ToList();
        return volumes.Count == 0
            ? new(HoldReason.WritesToSharedStorage, new() { Unprotected = Unprotected.UnknownVolume, Claim = claim })
            : volumes.Select(volume => ObjectionTo(claim, volume, node)).FirstOrDefault(objection => objection is not null);
    }

    private Ineligibility? ObjectionTo(ObjectKey claim, Volume volume, NodeName? node)
    {
        if (volume.ReadOnly)
        {
            return null;
        }

        if (volume.SharedStorage is { } storage)
        {
            return new(HoldReason.WritesToSharedStorage, new() { Unprotected = Unprotected.OtherStorage, Claim = claim, Storage = storage });
        }

        // A resource that was never reported is no objection: acting waits for the report.
        if (volume.Resource is not { } name || node is not { } bound || cluster.Resources.GetValueOrDefault(name) is not { QuorumProperties: not null } resource)
        {
            return null;
        }

        var consumer = cluster.LinstorNameOf(bound);
        if (!resource.IsFenced(consumer))
        {
            return new(HoldReason.WritesToSharedStorage, new() { Unprotected = Unprotected.NoQuorumPolicy, Claim = claim, Resource = name });
        }

        if (resource.AssessmentOf(consumer) is { MayBothHaveQuorum: true })
        {
            return new(HoldReason.WritesToSharedStorage, new() { Unprotected = Unprotected.QuorumOnBothSides, Claim = claim, Resource = name });
        }

        // A volume with one writer protects itself: DRBD does not let the replacement open it while the old pod's node has it. One with several does not.
        return (volume.ManyWriters || resource.AllowsTwoPrimaries == true) && !isLost(resource, bound)
            ? new(HoldReason.WritesToSharedStorage, new() { Unprotected = Unprotected.ManyWriters, Claim = claim, Resource = name })
            : null;
    }
}
