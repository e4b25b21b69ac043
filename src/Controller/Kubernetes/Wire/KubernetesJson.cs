using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Kubernetes.Wire;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(TimeConverter)])]
[JsonSerializable(typeof(WireVersioned))]
[JsonSerializable(typeof(WireStatus))]
[JsonSerializable(typeof(WireList<WirePod>))]
[JsonSerializable(typeof(WireVolume))]
[JsonSerializable(typeof(WireAttachment))]
[JsonSerializable(typeof(WireMetadataOnly))]
[JsonSerializable(typeof(WireList<WireMetadataOnly>))]
[JsonSerializable(typeof(WireNode))]
[JsonSerializable(typeof(WireCsiNode))]
[JsonSerializable(typeof(WireList<WireWarning>))]
[JsonSerializable(typeof(WireDeleteOptions))]
[JsonSerializable(typeof(WireEvent))]
[JsonSerializable(typeof(WireLease))]
[JsonSerializable(typeof(WireConfigMap))]
[JsonSerializable(typeof(WireAccessReview))]
[JsonSerializable(typeof(WireServerVersion))]
internal sealed partial class KubernetesJson : JsonSerializerContext;

/// <summary>Kubernetes' <c>Time</c>: whole seconds, UTC.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
}

/// <summary>Kubernetes' <c>MicroTime</c>: Go parses it with exactly six digits after the point, where .NET would write seven or none.</summary>
internal sealed class MicroTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
}
