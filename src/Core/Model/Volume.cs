namespace Piraeus.HighAvailability.Core;

/// <summary>A PersistentVolume.</summary>
/// <param name="Name">The volume's name; never assumed to be its handle.</param>
/// <param name="Claim">The claim it is bound to, if any.</param>
public sealed record Volume(string Name, ObjectKey? Claim)
{
    /// <summary>The LINSTOR resource definition behind it; null for every other kind of volume.</summary>
    public ResourceName? Resource { get; init; }

    /// <summary>The CSI driver's name for it; null for volumes that are not LINSTOR's.</summary>
    public string? Handle { get; init; }

    /// <summary>How a node's <c>status.volumesInUse</c> begins to name the volumes of its driver; the handle follows.</summary>
    public string InUsePrefix { get; init; } = "";

    /// <summary>How a node's <c>status.volumesInUse</c> names it; null for volumes that are not LINSTOR's.</summary>
    public string? InUseName => Handle is null ? null : InUsePrefix + Handle;

    /// <summary>Whether several nodes may write to it at once, as its <c>accessModes</c> say (<c>ReadWriteMany</c>).</summary>
    public bool ManyWriters { get; init; }

    /// <summary>Whether it is read-only for all nodes, as its specification says (<c>ReadOnlyMany</c> alone, or mounted read-only).</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Why writing to it is not fenced with any LINSTOR resource, as text (for example, its driver); null for LINSTOR's, node-local and read-only volumes.</summary>
    public string? SharedStorage { get; init; }
}
