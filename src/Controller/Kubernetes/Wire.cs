using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

// The shapes of Kubernetes' JSON, only the fields that are read or written. Settable, because the source generator
// drops the defaults of init-only properties; lenient, because the API means "zero" where it says nothing, or null.

/// <summary>A field that is known and of no interest: it is not even read, where one that is not known would be kept.</summary>
[JsonConverter(typeof(IgnoredConverter))]
internal readonly struct Ignored;

internal sealed class IgnoredConverter : JsonConverter<Ignored>
{
    public override bool HandleNull => true;

    public override Ignored Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        reader.Skip();
        return default;
    }

    public override void Write(Utf8JsonWriter writer, Ignored value, JsonSerializerOptions options) => writer.WriteNullValue();
}

internal sealed class WireList<T>
{
    [AllowNull]
    public WireListMeta Metadata { get; set => field = value ?? new(); } = new();

    [AllowNull]
    public List<T> Items { get; set => field = value ?? []; } = [];
}

internal sealed class WireListMeta
{
    public string? ResourceVersion { get; set; }

    public string? Continue { get; set; }
}

/// <summary>One event of a watch. Its object is of the watched kind, or a <see cref="WireStatus"/> where the type is <c>ERROR</c>.</summary>
internal sealed class WireWatchEvent
{
    [AllowNull]
    public string Type { get; set => field = value ?? ""; } = "";

    public JsonElement Object { get; set; }
}

internal sealed class WireStatus
{
    public int Code { get; set; }

    public string? Message { get; set; }

    public string? Reason { get; set; }

    public WireStatusDetails? Details { get; set; }
}

internal sealed class WireStatusDetails
{
    public int? RetryAfterSeconds { get; set; }
}

internal class WireMeta
{
    [AllowNull]
    public string Name { get; set => field = value ?? ""; } = "";

    public string? Namespace { get; set; }

    public string? Uid { get; set; }

    public string? ResourceVersion { get; set; }

    public List<string>? Finalizers { get; set; }

    public DateTimeOffset? DeletionTimestamp { get; set; }

    public Dictionary<string, string>? Labels { get; set; }

    public Dictionary<string, string>? Annotations { get; set; }
}

internal sealed class WirePod
{
    [AllowNull]
    public WirePodMeta Metadata { get; set => field = value ?? new(); } = new();

    [AllowNull]
    public WirePodSpec Spec { get; set => field = value ?? new(); } = new();

    public WirePodStatus? Status { get; set; }
}

internal sealed class WirePodMeta : WireMeta
{
    public List<WireOwnerReference?>? OwnerReferences { get; set; }
}

internal sealed class WireOwnerReference
{
    [AllowNull]
    public string ApiVersion { get; set => field = value ?? ""; } = "";

    [AllowNull]
    public string Kind { get; set => field = value ?? ""; } = "";

    [AllowNull]
    public string Name { get; set => field = value ?? ""; } = "";

    [AllowNull]
    public string Uid { get; set => field = value ?? ""; } = "";

    public bool? Controller { get; set; }
}

internal sealed class WirePodSpec
{
    public string? NodeName { get; set; }

    public int Priority { get; set; }

    public List<WirePodVolume>? Volumes { get; set; }
}

internal sealed class WirePodStatus
{
    public string? Phase { get; set; }

    public List<WireCondition?>? Conditions { get; set; }

    public List<WireContainerStatus?>? InitContainerStatuses { get; set; }

    public List<WireContainerStatus?>? ContainerStatuses { get; set; }
}

internal sealed class WireCondition
{
    public string? Type { get; set; }

    public string? Status { get; set; }

    public string? Reason { get; set; }

    public string? Message { get; set; }
}

internal sealed class WireContainerStatus
{
    public string? Name { get; set; }

    public WireContainerState? State { get; set; }
}

internal sealed class WireContainerState
{
    public WireWaiting? Waiting { get; set; }
}

internal sealed class WireWaiting
{
    public string? Reason { get; set; }

    public string? Message { get; set; }
}

internal sealed class WirePodVolume
{
    [AllowNull]
    public string Name { get; set => field = value ?? ""; } = "";

    public WireClaimSource? PersistentVolumeClaim { get; set; }

    // What nearly every pod has, and lives and dies with its node.
    public Ignored ConfigMap { get; set; }

    public Ignored EmptyDir { get; set; }

    public Ignored HostPath { get; set; }

    public Ignored Projected { get; set; }

    public Ignored Secret { get; set; }

    /// <summary>Every other kind of volume, by the name of its field.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

internal sealed class WireClaimSource
{
    [AllowNull]
    public string ClaimName { get; set => field = value ?? ""; } = "";

    public bool ReadOnly { get; set; }
}

internal sealed class WireVolume
{
    [AllowNull]
    public WireMeta Metadata { get; set => field = value ?? new(); } = new();

    [AllowNull]
    public WireVolumeSpec Spec { get; set => field = value ?? new(); } = new();

    public WireVolumeStatus? Status { get; set; }
}

internal sealed class WireVolumeStatus
{
    public string? Phase { get; set; }
}

internal sealed class WireVolumeSpec
{
    public List<string>? AccessModes { get; set; }

    public WireObjectReference? ClaimRef { get; set; }

    public WireCsiVolume? Csi { get; set; }

    public Ignored Capacity { get; set; }

    public Ignored MountOptions { get; set; }

    public Ignored NodeAffinity { get; set; }

    public Ignored PersistentVolumeReclaimPolicy { get; set; }

    public Ignored StorageClassName { get; set; }

    public Ignored VolumeMode { get; set; }

    /// <summary>Every other field, the source of a volume of another kind among them.</summary>
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

internal sealed class WireAttachment
{
    [AllowNull]
    public WireMeta Metadata { get; set => field = value ?? new(); } = new();

    [AllowNull]
    public WireAttachmentSpec Spec { get; set => field = value ?? new(); } = new();

    public WireAttachmentStatus? Status { get; set; }
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

/// <summary>An object of which only the metadata was asked for (<c>PartialObjectMetadata</c>).</summary>
internal sealed class WireMetadataOnly
{
    [AllowNull]
    public WireMeta Metadata { get; set => field = value ?? new(); } = new();
}

internal sealed class WireCsiNode
{
    [AllowNull]
    public WireMeta Metadata { get; set => field = value ?? new(); } = new();

    public WireCsiNodeSpec? Spec { get; set; }
}

internal sealed class WireCsiNodeSpec
{
    public List<WireCsiNodeDriver>? Drivers { get; set; }
}

internal sealed class WireCsiNodeDriver
{
    [AllowNull]
    public string Name { get; set => field = value ?? ""; } = "";

    [JsonPropertyName("nodeID")]
    public string? NodeId { get; set; }
}

internal sealed class WireObjectReference
{
    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public string? Namespace { get; set; }

    public string? Name { get; set; }

    public string? Uid { get; set; }
}

internal sealed class WireDeleteOptions
{
    public string ApiVersion { get; set; } = "v1";

    public string Kind { get; set; } = "DeleteOptions";

    public long? GracePeriodSeconds { get; set; }

    public WirePreconditions? Preconditions { get; set; }
}

internal sealed class WirePreconditions
{
    public string? Uid { get; set; }
}

/// <summary>A core/v1 Event, as client-go's recorder writes it.</summary>
internal sealed class WireEvent
{
    public string ApiVersion { get; set; } = "v1";

    public string Kind { get; set; } = "Event";

    public WireMeta Metadata { get; set; } = new();

    public WireObjectReference InvolvedObject { get; set; } = new();

    public string Type { get; set; } = "";

    public string Reason { get; set; } = "";

    public string Message { get; set; } = "";

    public WireEventSource Source { get; set; } = new();

    public DateTimeOffset FirstTimestamp { get; set; }

    public DateTimeOffset LastTimestamp { get; set; }

    public int Count { get; set; } = 1;
}

internal sealed class WireEventSource
{
    public string? Component { get; set; }
}

/// <summary>An Event as others write it, through either of the two APIs that there are for it.</summary>
internal sealed class WireWarning
{
    public string? Message { get; set; }

    public WireEventSource? Source { get; set; }

    public DateTimeOffset? LastTimestamp { get; set; }

    public DateTimeOffset? EventTime { get; set; }
}

internal sealed class WireLease
{
    public string ApiVersion { get; set; } = "coordination.k8s.io/v1";

    public string Kind { get; set; } = "Lease";

    [AllowNull]
    public WireLeaseMeta Metadata { get; set => field = value ?? new(); } = new();

    [AllowNull]
    public WireLeaseSpec Spec { get; set => field = value ?? new(); } = new();
}

/// <summary>A Lease is written back whole: whoever labels it or owns it must not lose that by our renewal.</summary>
internal sealed class WireLeaseMeta : WireMeta
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

internal sealed class WireLeaseSpec
{
    public string? HolderIdentity { get; set; }

    public int? LeaseDurationSeconds { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; set; }

    public int? LeaseTransitions { get; set; }
}
