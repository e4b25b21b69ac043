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
/// <param name="cluster">The snapshot.</param>
/// <param name="isLost">Whether a Kubernetes node has lost a resource, grace period included.</param>
internal sealed class Eligibility(ClusterSnapshot cluster, Func<Resource, NodeName, bool> isLost)
{
    /// <summary>The reason not to move an opted-in pod that has lost a resource; null if there is none.</summary>
    public Ineligibility? ObjectionTo(Pod pod)
    {
        if (Wish(pod) is { } wish)
        {
            return wish;
        }

        if (pod.Finished)
        {
            // A finished pod uses nothing. It blocks its successor's name only if it was deleted and its lost node cannot confirm the deletion.
            return pod.Terminating ? null : new(HoldReason.Finished);
        }

        if (!pod.SharedStorage.IsEmpty)
        {
            return new(HoldReason.WritesToSharedStorage, new() { Unprotected = Unprotected.OtherStorage, Storage = string.Join(", ", pod.SharedStorage) });
        }

        return WrittenClaims(pod).Select(claim => ObjectionTo(claim, pod.Node)).FirstOrDefault(objection => objection is not null);
    }

    /// <summary>The reason why the pod's owner does not want it moved; null if there is none.</summary>
    public static Ineligibility? Wish(Pod pod) => !pod.OptedIn ? new(HoldReason.NotOptedIn, new HoldDetail { Pod = pod.Key }) : pod.OptedOut ? new(HoldReason.OptedOut) : null;

    /// <summary>Every LINSTOR resource that the pod writes to. Each must be fenced, lost or not.</summary>
    public IEnumerable<ResourceName> WrittenBy(Pod pod) =>
        from claim in WrittenClaims(pod)
        from volume in cluster.Claims.ReferringTo(claim)
        where volume.Item is { Resource: not null, ReadOnly: false }
        select volume.Item.Resource!.Value;

    // Two pods cannot damage a volume that they only read, and an ephemeral volume is not shared.
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

        // A resource that was never reported is no objection, because acting waits for the report.
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

        // DRBD protects a volume with one writer: the replacement cannot open it while the old pod's node has it open. It does not protect a volume with several writers.
        return (volume.ManyWriters || resource.AllowsTwoPrimaries == true) && !isLost(resource, bound)
            ? new(HoldReason.WritesToSharedStorage, new() { Unprotected = Unprotected.ManyWriters, Claim = claim, Resource = name })
            : null;
    }
}
