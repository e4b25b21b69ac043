namespace Piraeus.HighAvailability.Controller.Kubernetes.Wire;

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

/// <summary>An Event of another writer, through either of the two Event APIs.</summary>
internal sealed class WireWarning
{
    public string? Message { get; set; }

    public WireEventSource? Source { get; set; }

    public DateTimeOffset? LastTimestamp { get; set; }

    public DateTimeOffset? EventTime { get; set; }
}
