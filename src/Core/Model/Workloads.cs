using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A claim that a pod mounts.</summary>
/// <param name="Claim">The PersistentVolumeClaim's name, in the pod's namespace.</param>
/// <param name="ReadOnly">Whether the pod can only read it.</param>
/// <param name="Ephemeral">Whether the claim was made for this pod alone and dies with it.</param>
public readonly record struct ClaimUse(string Claim, bool ReadOnly = false, bool Ephemeral = false);

/// <summary>The controller of a pod: a StatefulSet, a ReplicaSet, a Job …, in the pod's namespace.</summary>
public sealed record Owner(string ApiVersion, string Kind, string Name, Uid Uid);

/// <summary>The little of a pod that decides its fate.</summary>
/// <param name="Key">Namespace and name; a replacement may carry the same.</param>
/// <param name="Uid">The incarnation.</param>
/// <param name="Node">The Kubernetes node it is bound to; null while unscheduled.</param>
public sealed record Pod(ObjectKey Key, Uid Uid, NodeName? Node)
{
    /// <summary>The claims it mounts. Never default.</summary>
    public ImmutableArray<ClaimUse> Claims { get; init; } = [];

    /// <summary>Volumes of its own specification that write to shared storage of another kind, in words; DRBD fences none of it. Never default.</summary>
    public ImmutableArray<string> SharedStorage { get; init; } = [];

    /// <summary>Its scheduling priority, as its PriorityClass has set it: the higher, the sooner it is moved.</summary>
    public int Priority { get; init; }

    /// <summary>Whether its labels match the selector: its owner asked for failover.</summary>
    public bool OptedIn { get; init; }

    /// <summary>Whether it carries the annotation <c>drbd.linbit.com/ignore-fail-over</c>.</summary>
    public bool OptedOut { get; init; }

    /// <summary>Who holds it back: deleted, it stays until these are removed. Never default.</summary>
    public ImmutableArray<string> Finalizers { get; init; } = [];

    /// <summary>Who brings it back when it is deleted; null for a pod that nobody brings back.</summary>
    public Owner? Owner { get; init; }

    /// <summary>Whether its phase is Running: its volumes are mounted, and its containers were started.</summary>
    public bool Running { get; init; }

    /// <summary>Whether it has succeeded or failed: it uses nothing any more.</summary>
    public bool Finished { get; init; }

    /// <summary>Whether it has been deleted (<c>deletionTimestamp</c>) and is still there: its node, or a finalizer, has not let go of it.</summary>
    public bool Terminating { get; init; }

    /// <summary>Why it does not run yet, in the words of its own status; null if that says nothing.</summary>
    public string? Trouble { get; init; }

    /// <summary>The claims that it mounts, as objects. One is named as often as it is mounted.</summary>
    public IEnumerable<ObjectKey> ClaimKeys => Claims.Select(use => new ObjectKey(Key.Namespace, use.Claim));

    /// <summary>Whether the pod mounts the claim.</summary>
    public bool Uses(ObjectKey claim)
    {
        foreach (var use in Claims)
        {
            if (use.Claim == claim.Name && claim.Namespace == Key.Namespace)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>A PersistentVolume.</summary>
/// <param name="Name">The volume's name; never assumed to be its handle.</param>
/// <param name="Claim">The claim it is bound to, if any.</param>
public sealed record Volume(string Name, ObjectKey? Claim)
{
    /// <summary>The LINSTOR resource definition behind it; null for every other kind of volume.</summary>
    public ResourceName? Resource { get; init; }

    /// <summary>What its CSI driver calls it; null for volumes that are not LINSTOR's.</summary>
    public string? Handle { get; init; }

    /// <summary>How a node's <c>status.volumesInUse</c> begins to name the volumes of its driver; the handle follows.</summary>
    public string InUsePrefix { get; init; } = "";

    /// <summary>How a node's <c>status.volumesInUse</c> names it; null for volumes that are not LINSTOR's.</summary>
    public string? InUseName => Handle is null ? null : InUsePrefix + Handle;

    /// <summary>Whether several nodes may write to it at once, as its <c>accessModes</c> say (<c>ReadWriteMany</c>).</summary>
    public bool ManyWriters { get; init; }

    /// <summary>Why writing to it is not fenced with any LINSTOR resource, in words (say, its driver); null for LINSTOR's, node-local and read-only volumes.</summary>
    public string? SharedStorage { get; init; }
}

/// <summary>A VolumeAttachment of our attacher.</summary>
/// <param name="Name">The attachment's name.</param>
/// <param name="Uid">The incarnation.</param>
/// <param name="Volume">The PersistentVolume's name.</param>
/// <param name="Node">The Kubernetes node.</param>
/// <param name="Deleting">Whether it has been deleted and waits for the external attacher to let go.</param>
public sealed record Attachment(string Name, Uid Uid, string Volume, NodeName Node, bool Deleting = false)
{
    /// <summary>Whether the external attacher says that the volume is attached.</summary>
    public bool Attached { get; init; }

    /// <summary>What the external attacher last failed with; null if it did not fail.</summary>
    public string? Trouble { get; init; }
}

/// <summary>A Kubernetes node.</summary>
public sealed record ClusterNode(NodeName Name, Uid Uid)
{
    /// <summary>Whether this controller has put the taint there that keeps new pods away from a node which has lost storage. Somebody else's is not ours to take back.</summary>
    public bool TaintedByUs { get; init; }

    /// <summary>Whether an administrator has confirmed that the node is gone (annotation <c>drbd.linbit.com/loss-confirmed</c>): its loss is no reason to doubt LINSTOR.</summary>
    public bool LossConfirmed { get; init; }
}

/// <summary>What was on a node when Kubernetes was asked, less what we took away since.</summary>
/// <param name="AskedAt">When Kubernetes was asked.</param>
/// <param name="Pods">Every pod, those that the selector does not match included, by the claims they mount.</param>
/// <param name="VolumesInUse">The volumes that its kubelet last said to use; the attach-detach controller waits for them.</param>
public sealed record PodsOnNode(Instant AskedAt, ObjectIndex<Uid, Pod, ObjectKey> Pods, ImmutableHashSet<string> VolumesInUse)
{
    /// <summary>Whether Kubernetes calls the node Ready; false if it has no such node, null if it did not say.</summary>
    public bool? Ready { get; init; }

    /// <summary>Whether the node carries the taint that keeps new pods away from it; null if not known.</summary>
    public bool? Tainted { get; init; }

    internal static PodsOnNode Of(Observation.PodsOnNodeListed surveyed) => new(
        surveyed.AskedAt,
        new ObjectIndex<Uid, Pod, ObjectKey>(pod => pod.Uid, pod => pod.ClaimKeys.Distinct(), (_, _) => true).Replace(surveyed.Pods, surveyed.AskedAt),
        [.. surveyed.VolumesInUse])
    {
        Ready = surveyed.Ready,
        Tainted = surveyed.Tainted,
    };
}

/// <summary>What a node is called by the CSI driver: its LINSTOR name.</summary>
/// <param name="Name">The Kubernetes node.</param>
/// <param name="LinstorName">The driver's <c>nodeID</c>; null if the driver does not run there.</param>
public sealed record CsiNode(NodeName Name, NodeName? LinstorName);
