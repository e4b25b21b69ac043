using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Linstor.Wire;

// LINSTOR omits null and empty values, so every field may be absent, and the translation decides what that means. Enums stay strings, because a newer LINSTOR may have new values.

internal sealed class WireResource
{
    public string? Uuid { get; set; }

    public string? NodeName { get; set; }

    public List<string>? Flags { get; set; }

    public Dictionary<string, string?>? Props { get; set; }

    public WireLayer? LayerObject { get; set; }

    public WireState? State { get; set; }
}

internal sealed class WireState
{
    public bool? InUse { get; set; }
}

internal sealed class WireLayer
{
    public string? Type { get; set; }

    public List<WireLayer?>? Children { get; set; }

    public WireDrbd? Drbd { get; set; }
}

internal sealed class WireDrbd
{
    public bool? MayPromote { get; set; }

    public int? PromotionScore { get; set; }

    public Dictionary<string, WireConnection?>? Connections { get; set; }

    public List<WireDrbdVolume?>? DrbdVolumes { get; set; }
}

/// <summary>One DRBD volume of a replica. Only their number is read.</summary>
internal sealed class WireDrbdVolume;

internal sealed class WireConnection
{
    public bool? Connected { get; set; }

    public string? Message { get; set; }
}

internal sealed class WireDefinition
{
    public string? Uuid { get; set; }

    public string? Name { get; set; }

    public string? ResourceGroupName { get; set; }

    public Dictionary<string, string?>? Props { get; set; }
}

internal sealed class WireGroup
{
    public Dictionary<string, string?>? Props { get; set; }
}

internal sealed class WireNode
{
    public string? Uuid { get; set; }

    public string? Name { get; set; }

    public string? Type { get; set; }

    public List<string>? Flags { get; set; }

    public Dictionary<string, string?>? Props { get; set; }

    public string? ConnectionStatus { get; set; }
}

internal sealed class WireVersion
{
    public string? Version { get; set; }
}

/// <summary>LINSTOR's result of a call. Errors have a negative code.</summary>
internal sealed class WireApiCallRc
{
    public long RetCode { get; set; }

    public string? Message { get; set; }
}

internal sealed class WirePromotion
{
    public string? ResourceName { get; set; }

    public string? NodeName { get; set; }

    public bool? MayPromote { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(List<WireResource?>))]
[JsonSerializable(typeof(List<WireNode?>))]
[JsonSerializable(typeof(WireDefinition))]
[JsonSerializable(typeof(List<WireDefinition?>))]
[JsonSerializable(typeof(WireGroup))]
[JsonSerializable(typeof(Dictionary<string, string?>))]
[JsonSerializable(typeof(WireVersion))]
[JsonSerializable(typeof(List<WireApiCallRc?>))]
[JsonSerializable(typeof(WirePromotion))]
internal sealed partial class LinstorJson : JsonSerializerContext;
