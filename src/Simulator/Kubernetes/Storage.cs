using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>How many nodes may use a volume at a time, spelled as in Kubernetes.</summary>
public enum AccessMode
{
    /// <summary>One node reads and writes.</summary>
    ReadWriteOnce,

    /// <summary>Many nodes read and write.</summary>
    ReadWriteMany,
}

/// <summary>A PersistentVolume of a CSI driver.</summary>
/// <param name="Metadata">Its name need not be its handle.</param>
/// <param name="Driver">The CSI driver.</param>
/// <param name="Handle">The driver's name of the volume; for LINSTOR, the resource definition.</param>
/// <param name="ClaimNamespace">The namespace of the claim it is bound to.</param>
/// <param name="ClaimName">The claim it is bound to.</param>
public sealed record PersistentVolume(Metadata Metadata, string Driver, string Handle, string ClaimNamespace, string ClaimName) : KubernetesObject(Metadata)
{
    /// <summary>How many nodes may use it.</summary>
    public AccessMode AccessMode { get; init; }

    /// <summary>Parameters of the driver.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } = Metadata.Nothing;

    /// <summary>Its <see cref="StorageClass"/>; empty for none.</summary>
    public string StorageClass { get; init; } = "";

    /// <summary>Its name in a node's volumesInUse.</summary>
    public string InUseName => $"kubernetes.io/csi/{Driver}^{Handle}";
}

/// <summary>A PersistentVolumeClaim, bound to a volume.</summary>
public sealed record PersistentVolumeClaim(Metadata Metadata, string VolumeName) : KubernetesObject(Metadata)
{
    /// <summary>How many nodes may use it.</summary>
    public AccessMode AccessMode { get; init; }

    /// <summary>Its <see cref="StorageClass"/>; empty for none.</summary>
    public string StorageClass { get; init; } = "";
}

/// <summary>The request to attach a volume to a node, and its status.</summary>
/// <param name="Metadata">Named <c>csi-…</c> after volume, driver and node.</param>
/// <param name="Attacher">The CSI driver.</param>
/// <param name="VolumeName">The PersistentVolume.</param>
/// <param name="NodeName">The node.</param>
public sealed record VolumeAttachment(Metadata Metadata, string Attacher, string VolumeName, string NodeName) : KubernetesObject(Metadata)
{
    /// <summary>The external attacher reports that the volume can be used on the node.</summary>
    public bool Attached { get; init; }

    /// <summary>The last error of attaching; null if there was none.</summary>
    public string? AttachError { get; init; }

    /// <summary>The last error of detaching; null if there was none.</summary>
    public string? DetachError { get; init; }
}

/// <summary>A class of volumes. Every volume that the model creates itself is of the LINSTOR driver's only class.</summary>
public sealed record StorageClass(Metadata Metadata, string Provisioner) : KubernetesObject(Metadata)
{
    /// <summary>The annotation of the class that claims without a class get.</summary>
    public const string DefaultAnnotation = "storageclass.kubernetes.io/is-default-class";

    /// <summary>Parameters of the driver.</summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } = Metadata.Nothing;
}

/// <summary>A CSI driver of the cluster, which has the driver's name.</summary>
public sealed record CsiDriver(Metadata Metadata) : KubernetesObject(Metadata);
