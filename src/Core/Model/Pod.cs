using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A claim that a pod mounts.</summary>
/// <param name="Claim">The PersistentVolumeClaim's name, in the pod's namespace.</param>
/// <param name="ReadOnly">Whether the pod can only read it.</param>
/// <param name="Ephemeral">Whether the claim was made for this pod alone and dies with it.</param>
public readonly record struct ClaimUse(string Claim, bool ReadOnly = false, bool Ephemeral = false);

/// <summary>The controller of a pod: a StatefulSet, a ReplicaSet, a Job …, in the pod's namespace.</summary>
public sealed record Owner(string ApiVersion, string Kind, string Name, Uid Uid);

/// <summary>The fields of a pod that the policy needs.</summary>
/// <param name="Key">Namespace and name; a replacement may carry the same.</param>
/// <param name="Uid">The incarnation.</param>
/// <param name="Node">The Kubernetes node it is bound to; null while unscheduled.</param>
public sealed record Pod(ObjectKey Key, Uid Uid, NodeName? Node)
{
    /// <summary>The claims it mounts. Never default.</summary>
    public ImmutableArray<ClaimUse> Claims { get; init; } = [];

    /// <summary>Volumes of its own specification that write to shared storage of another kind, as text; DRBD fences none of it. Never default.</summary>
    public ImmutableArray<string> SharedStorage { get; init; } = [];

    /// <summary>Its scheduling priority, as its PriorityClass has set it: the higher, the sooner it is moved.</summary>
    public int Priority { get; init; }

    /// <summary>Whether its labels match the selector: its owner has opted in to failover.</summary>
    public bool OptedIn { get; init; }

    /// <summary>Whether it carries the annotation <c>drbd.linbit.com/ignore-fail-over</c>.</summary>
    public bool OptedOut { get; init; }

    /// <summary>Its finalizers: a deleted pod stays until these are removed. Never default.</summary>
    public ImmutableArray<string> Finalizers { get; init; } = [];

    /// <summary>The controller that recreates it when it is deleted; null if there is none.</summary>
    public Owner? Owner { get; init; }

    /// <summary>Whether its phase is Running: its volumes are mounted, and its containers were started.</summary>
    public bool Running { get; init; }

    /// <summary>Whether it has succeeded or failed, so that it no longer uses anything.</summary>
    public bool Finished { get; init; }

    /// <summary>Whether it has been deleted (<c>deletionTimestamp</c>) and still exists, because of its node or a finalizer.</summary>
    public bool Terminating { get; init; }

    /// <summary>Why it does not run yet, as its own status states it; null if the status gives no reason.</summary>
    public string? Trouble { get; init; }

    /// <summary>The claims that it mounts, as object keys. A claim occurs as often as it is mounted.</summary>
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
