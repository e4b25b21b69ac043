using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Kubernetes.Wire;

/// <summary>An object whose metadata alone was requested (<c>PartialObjectMetadata</c>).</summary>
internal sealed class WireMetadataOnly
{
    [AllowNull]
    public WireMeta Metadata { get; set => field = value ?? new(); } = new();
}

/// <summary>A node, as far as a failover needs to know it.</summary>
internal sealed class WireNode
{
    public WireNodeSpec? Spec { get; set; }

    public WireNodeStatus? Status { get; set; }
}

internal sealed class WireNodeSpec
{
    public List<WireTaint?>? Taints { get; set; }
}

internal sealed class WireTaint
{
    public string? Key { get; set; }
}

internal sealed class WireNodeStatus
{
    public List<WireCondition?>? Conditions { get; set; }

    public List<string?>? VolumesInUse { get; set; }
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
