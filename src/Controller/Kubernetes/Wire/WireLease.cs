using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Kubernetes.Wire;

internal sealed class WireLease
{
    public string ApiVersion { get; set; } = "coordination.k8s.io/v1";

    public string Kind { get; set; } = "Lease";

    [AllowNull]
    public WireWholeMeta Metadata { get; set => field = value ?? new(); } = new();

    [AllowNull]
    public WireLeaseSpec Spec { get; set => field = value ?? new(); } = new();
}

/// <summary>What is written back whole, so that our write keeps its labels and owners.</summary>
internal sealed class WireWholeMeta : WireMeta
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
