using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Kubernetes.Wire;

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

internal sealed class WirePodVolume
{
    [AllowNull]
    public string Name { get; set => field = value ?? ""; } = "";

    public WireClaimSource? PersistentVolumeClaim { get; set; }

    // Kinds that nearly every pod has, and that live and die with the node.
    public IgnoredField ConfigMap { get; set; }

    public IgnoredField EmptyDir { get; set; }

    public IgnoredField HostPath { get; set; }

    public IgnoredField Projected { get; set; }

    public IgnoredField Secret { get; set; }

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
