using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Kubernetes.Wire;

// The shapes of Kubernetes' JSON, only the fields that are read or written. Settable, because the source generator
// drops the defaults of init-only properties; lenient, because the API means "zero" where it says nothing, or null.

/// <summary>A known field that is not needed. It is not even read, whereas an unknown field would be kept.</summary>
[JsonConverter(typeof(IgnoredConverter))]
internal readonly struct IgnoredField;

internal sealed class IgnoredConverter : JsonConverter<IgnoredField>
{
    public override bool HandleNull => true;

    public override IgnoredField Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        reader.Skip();
        return default;
    }

    public override void Write(Utf8JsonWriter writer, IgnoredField value, JsonSerializerOptions options) => writer.WriteNullValue();
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

/// <summary>Any object, of which only the version is read.</summary>
internal sealed class WireVersioned
{
    public WireListMeta? Metadata { get; set; }
}

internal sealed class WireStatus
{
    public string? Kind { get; set; }

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
