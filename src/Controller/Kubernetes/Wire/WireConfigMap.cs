using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Kubernetes.Wire;

internal sealed class WireConfigMap
{
    public string ApiVersion { get; set; } = "v1";

    public string Kind { get; set; } = "ConfigMap";

    [AllowNull]
    public WireWholeMeta Metadata { get; set => field = value ?? new(); } = new();

    [AllowNull]
    public Dictionary<string, string> Data { get; set => field = value ?? []; } = [];

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}
