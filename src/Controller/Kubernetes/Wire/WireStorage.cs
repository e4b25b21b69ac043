using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Kubernetes.Wire;

internal sealed class WireVolume
{
    [AllowNull]
    public WireMeta Metadata { get; set => field = value ?? new(); } = new();

    [AllowNull]
    public WireVolumeSpec Spec { get; set => field = value ?? new(); } = new();

    public WireVolumeStatus? Status { get; set; }
}

internal sealed class WireVolumeSpec
{
    public List<string>? AccessModes { get; set; }

    public WireObjectReference? ClaimRef { get; set; }

    public WireCsiVolume? Csi { get; set; }

    public IgnoredField Capacity { get; set; }

    public IgnoredField MountOptions { get; set; }

    public IgnoredField NodeAffinity { get; set; }

    public IgnoredField PersistentVolumeReclaimPolicy { get; set; }

    public IgnoredField StorageClassName { get; set; }

    public IgnoredField VolumeMode { get; set; }

    /// <summary>Every other field, including the source of a volume of another kind.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

internal sealed class WireCsiVolume
{
    [AllowNull]
    public string Driver { get; set => field = value ?? ""; } = "";

    [AllowNull]
    public string VolumeHandle { get; set => field = value ?? ""; } = "";

    public bool ReadOnly { get; set; }

    public Dictionary<string, string>? VolumeAttributes { get; set; }
}

internal sealed class WireVolumeStatus
{
    public string? Phase { get; set; }
}

internal sealed class WireAttachment
{
    [AllowNull]
    public WireMeta Metadata { get; set => field = value ?? new(); } = new();

    [AllowNull]
    public WireAttachmentSpec Spec { get; set => field = value ?? new(); } = new();

    public WireAttachmentStatus? Status { get; set; }
}

internal sealed class WireAttachmentSpec
{
    [AllowNull]
    public string Attacher { get; set => field = value ?? ""; } = "";

    [AllowNull]
    public string NodeName { get; set => field = value ?? ""; } = "";

    public WireAttachmentSource? Source { get; set; }
}

internal sealed class WireAttachmentSource
{
    public string? PersistentVolumeName { get; set; }
}

internal sealed class WireAttachmentStatus
{
    public bool Attached { get; set; }

    public WireAttachmentError? AttachError { get; set; }

    public WireAttachmentError? DetachError { get; set; }
}

internal sealed class WireAttachmentError
{
    public string? Message { get; set; }
}
