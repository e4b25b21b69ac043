using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>How the core's values are written. A null value is omitted; every other value is required.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    Converters =
    [
        typeof(ObservationConverter), typeof(DecisionConverter), typeof(InstantConverter),
        typeof(NodeNameConverter), typeof(ResourceNameConverter), typeof(UidConverter), typeof(ObjectKeyConverter),
    ])]
[JsonSerializable(typeof(RecordingLine))]
[JsonSerializable(typeof(Observation.PromotionChanged))]
[JsonSerializable(typeof(Observation.ResourceReported))]
[JsonSerializable(typeof(Observation.SatellitesListed))]
[JsonSerializable(typeof(Observation.Listed<Pod>), TypeInfoPropertyName = "ListedPods")]
[JsonSerializable(typeof(Observation.Updated<Pod>), TypeInfoPropertyName = "SeenPod")]
[JsonSerializable(typeof(Observation.Deleted<Pod>), TypeInfoPropertyName = "GonePod")]
[JsonSerializable(typeof(Observation.Listed<Volume>), TypeInfoPropertyName = "ListedVolumes")]
[JsonSerializable(typeof(Observation.Updated<Volume>), TypeInfoPropertyName = "SeenVolume")]
[JsonSerializable(typeof(Observation.Deleted<Volume>), TypeInfoPropertyName = "GoneVolume")]
[JsonSerializable(typeof(Observation.Listed<Attachment>), TypeInfoPropertyName = "ListedAttachments")]
[JsonSerializable(typeof(Observation.Updated<Attachment>), TypeInfoPropertyName = "SeenAttachment")]
[JsonSerializable(typeof(Observation.Deleted<Attachment>), TypeInfoPropertyName = "GoneAttachment")]
[JsonSerializable(typeof(Observation.Listed<ClusterNode>), TypeInfoPropertyName = "ListedNodes")]
[JsonSerializable(typeof(Observation.Updated<ClusterNode>), TypeInfoPropertyName = "SeenNode")]
[JsonSerializable(typeof(Observation.Deleted<ClusterNode>), TypeInfoPropertyName = "GoneNode")]
[JsonSerializable(typeof(Observation.Listed<CsiNode>), TypeInfoPropertyName = "ListedCsiNodes")]
[JsonSerializable(typeof(Observation.Updated<CsiNode>), TypeInfoPropertyName = "SeenCsiNode")]
[JsonSerializable(typeof(Observation.Deleted<CsiNode>), TypeInfoPropertyName = "GoneCsiNode")]
[JsonSerializable(typeof(Observation.SourceLost))]
[JsonSerializable(typeof(Observation.PodsOnNodeListed))]
[JsonSerializable(typeof(Observation.WarningsListed))]
[JsonSerializable(typeof(Observation.MutationAnswered))]
[JsonSerializable(typeof(Observation.Tick))]
[JsonSerializable(typeof(Decision.QueryResource))]
[JsonSerializable(typeof(Decision.QuerySatellites))]
[JsonSerializable(typeof(Decision.ListPodsOnNode))]
[JsonSerializable(typeof(Decision.QueryWarnings))]
[JsonSerializable(typeof(Decision.TaintNode))]
[JsonSerializable(typeof(Decision.UntaintNode))]
[JsonSerializable(typeof(Decision.ClearVolumesInUse))]
[JsonSerializable(typeof(Decision.DeletePod))]
[JsonSerializable(typeof(Decision.DeleteAttachment))]
internal sealed partial class RecordingJson : JsonSerializerContext
{
    private static JsonTypeInfo<RecordingLine>? _ofLine;

    /// <summary>The type information of a line, for writing and reading.</summary>
    public static JsonTypeInfo<RecordingLine> OfLine => _ofLine ??= (JsonTypeInfo<RecordingLine>)CreateOptions().GetTypeInfo(typeof(RecordingLine)); // generated code is initialised later

    private static JsonSerializerOptions CreateOptions() => new(Default.Options)
    {
        TypeInfoResolver = Default.WithAddedModifier(Restrict),
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // for people and jq, not for a web page
    };

    // Computed properties are not written. A property that the core initialises to an empty list is required, because it would be no list at all if it were absent.
    private static void Restrict(JsonTypeInfo type)
    {
        foreach (var property in type.Properties.ToList())
        {
            if (property.Set is null)
            {
                type.Properties.Remove(property);
            }
            else
            {
                property.IsRequired = property.PropertyType.IsValueType ? Nullable.GetUnderlyingType(property.PropertyType) is null : !property.IsGetNullable;
            }
        }
    }
}

/// <summary>One of several types, as an object with one property that is named after the type.</summary>
/// <param name="what">The name of the base type, for the error message about an unknown type.</param>
/// <param name="types">The types, by name.</param>
internal abstract class CaseConverter<T>(string what, IReadOnlyDictionary<string, Type> types) : JsonConverter<T>
    where T : class
{
    private readonly Dictionary<Type, string> _names = types.ToDictionary(named => named.Value, named => named.Key);

    /// <summary>All types that can be written.</summary>
    public IEnumerable<Type> Types => _names.Keys;

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName)
        {
            throw new JsonException($"an {what} must be an object that is named");
        }

        var name = reader.GetString()!;
        reader.Read();
        var value = types.TryGetValue(name, out var type)
            ? JsonSerializer.Deserialize(ref reader, options.GetTypeInfo(type))
            : throw new JsonException($"\"{name}\" is an unknown {what}");
        return reader.Read() && reader.TokenType == JsonTokenType.EndObject && value is T read
            ? read
            : throw new JsonException($"an {what} must be an object with one name");
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WritePropertyName(_names[value.GetType()]);
        JsonSerializer.Serialize(writer, value, options.GetTypeInfo(value.GetType()));
        writer.WriteEndObject();
    }
}

internal sealed class ObservationConverter() : CaseConverter<Observation>("observation", new Dictionary<string, Type>
{
    ["PromotionChanged"] = typeof(Observation.PromotionChanged),
    ["ResourceReported"] = typeof(Observation.ResourceReported),
    ["SatellitesListed"] = typeof(Observation.SatellitesListed),
    ["ListedPods"] = typeof(Observation.Listed<Pod>),
    ["SeenPod"] = typeof(Observation.Updated<Pod>),
    ["GonePod"] = typeof(Observation.Deleted<Pod>),
    ["ListedVolumes"] = typeof(Observation.Listed<Volume>),
    ["SeenVolume"] = typeof(Observation.Updated<Volume>),
    ["GoneVolume"] = typeof(Observation.Deleted<Volume>),
    ["ListedAttachments"] = typeof(Observation.Listed<Attachment>),
    ["SeenAttachment"] = typeof(Observation.Updated<Attachment>),
    ["GoneAttachment"] = typeof(Observation.Deleted<Attachment>),
    ["ListedNodes"] = typeof(Observation.Listed<ClusterNode>),
    ["SeenNode"] = typeof(Observation.Updated<ClusterNode>),
    ["GoneNode"] = typeof(Observation.Deleted<ClusterNode>),
    ["ListedCsiNodes"] = typeof(Observation.Listed<CsiNode>),
    ["SeenCsiNode"] = typeof(Observation.Updated<CsiNode>),
    ["GoneCsiNode"] = typeof(Observation.Deleted<CsiNode>),
    ["SourceLost"] = typeof(Observation.SourceLost),
    ["PodsOnNodeListed"] = typeof(Observation.PodsOnNodeListed),
    ["WarningsListed"] = typeof(Observation.WarningsListed),
    ["Answered"] = typeof(Observation.MutationAnswered),
    ["Tick"] = typeof(Observation.Tick),
});

/// <summary>Decisions that may have been carried out; holds and stuck notices are only reported.</summary>
internal sealed class DecisionConverter() : CaseConverter<Decision>("action", new Dictionary<string, Type>
{
    ["QueryResource"] = typeof(Decision.QueryResource),
    ["QuerySatellites"] = typeof(Decision.QuerySatellites),
    ["ListPodsOnNode"] = typeof(Decision.ListPodsOnNode),
    ["QueryWarnings"] = typeof(Decision.QueryWarnings),
    ["TaintNode"] = typeof(Decision.TaintNode),
    ["UntaintNode"] = typeof(Decision.UntaintNode),
    ["ClearVolumesInUse"] = typeof(Decision.ClearVolumesInUse),
    ["DeletePod"] = typeof(Decision.DeletePod),
    ["DeleteAttachment"] = typeof(Decision.DeleteAttachment),
});

/// <summary>Seconds, exact to the tick.</summary>
internal sealed class InstantConverter : JsonConverter<Instant>
{
    public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(new TimeSpan(decimal.ToInt64(reader.GetDecimal() * TimeSpan.TicksPerSecond)));

    public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) =>
        writer.WriteNumberValue((decimal)value.SinceStart.Ticks / TimeSpan.TicksPerSecond);
}

internal abstract class NameConverter<T>(Func<string, T> read, Func<T, string> write) : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => read(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(write(value));
}

internal sealed class NodeNameConverter() : NameConverter<NodeName>(text => new(text), name => name.Value);

internal sealed class ResourceNameConverter() : NameConverter<ResourceName>(text => new(text), name => name.Value);

internal sealed class UidConverter() : NameConverter<Uid>(text => new(text), uid => uid.Value);

internal sealed class ObjectKeyConverter() : NameConverter<ObjectKey>(
    text => text.Split('/', 2) is [var space, var name] ? new(space, name) : throw new JsonException($"\"{text}\" is no namespace and name"),
    key => key.ToString());
