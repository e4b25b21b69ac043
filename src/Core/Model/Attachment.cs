namespace Piraeus.HighAvailability.Core;

/// <summary>A VolumeAttachment of our attacher.</summary>
/// <param name="Name">The attachment's name.</param>
/// <param name="Uid">The incarnation.</param>
/// <param name="Volume">The PersistentVolume's name.</param>
/// <param name="Node">The Kubernetes node.</param>
/// <param name="Deleting">Whether it has been deleted and waits for the external attacher to detach the volume.</param>
public sealed record Attachment(string Name, Uid Uid, string Volume, NodeName Node, bool Deleting = false)
{
    /// <summary>Whether the external attacher says that the volume is attached.</summary>
    public bool Attached { get; init; }

    /// <summary>The last error of the external attacher; null if it did not fail.</summary>
    public string? Trouble { get; init; }
}
