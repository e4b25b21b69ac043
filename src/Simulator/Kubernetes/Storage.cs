using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>How many nodes may use a volume at a time, spelled as Kubernetes does.</summary>
public enum AccessMode
{
    /// <summary>One node reads and writes.</summary>
    ReadWriteOnce,

    /// <summary>Many nodes read and write.</summary>
    ReadWriteMany,
}

/// <summary>A PersistentVolume of a CSI driver.</summary>
/// <param name="Metadata">Its name is not assumed to be its handle.</param>
/// <param name="Driver">The CSI driver.</param>
/// <param name="Handle">The driver's name of the volume; for LINSTOR the resource definition.</param>
/// <param name="ClaimNamespace">The namespace of the claim it is bound to.</param>
/// <param name="ClaimName">The claim it is bound to.</param>
public sealed record PersistentVolume(Metadata Metadata, string Driver, string Handle, string ClaimNamespace, string ClaimName) : KubernetesObject(Metadata)
{
    /// <summary>How many nodes may use it.</summary>
    public AccessMode AccessMode { get; init; }

    /// <summary>Parameters of the driver.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } = Metadata.Nothing;

    /// <summary>How a node's volumesInUse names it.</summary>
    public string InUseName => $"kubernetes.io/csi/{Driver}^{Handle}";
}

/// <summary>A PersistentVolumeClaim, bound to a volume.</summary>
public sealed record PersistentVolumeClaim(Metadata Metadata, string VolumeName) : KubernetesObject(Metadata)
{
    /// <summary>How many nodes may use it.</summary>
    public AccessMode AccessMode { get; init; }
}

/// <summary>The wish that a volume be attached to a node, and whether it is.</summary>
/// <param name="Metadata">Named <c>csi-…</c> after volume, driver and node.</param>
/// <param name="Attacher">The CSI driver.</param>
/// <param name="VolumeName">The PersistentVolume.</param>
/// <param name="NodeName">The node.</param>
public sealed record VolumeAttachment(Metadata Metadata, string Attacher, string VolumeName, string NodeName) : KubernetesObject(Metadata)
{
    /// <summary>The external attacher says that the volume can be used on the node.</summary>
    public bool Attached { get; init; }

    /// <summary>What attaching last failed with; null if it did not.</summary>
    public string? AttachError { get; init; }

    /// <summary>What detaching last failed with; null if it did not.</summary>
    public string? DetachError { get; init; }
}
