using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>A namespace; the model only lists it.</summary>
public sealed record Namespace(Metadata Metadata) : KubernetesObject(Metadata);

/// <summary>A ConfigMap; the model only stores it.</summary>
public sealed record ConfigMap(Metadata Metadata) : KubernetesObject(Metadata)
{
    /// <summary>Its texts by key.</summary>
    public ImmutableSortedDictionary<string, string> Data { get; init; } = Metadata.Nothing;
}

/// <summary>A leader's lease. Times are as the holder wrote them, and must not be compared with another node's clock.</summary>
public sealed record Lease(Metadata Metadata) : KubernetesObject(Metadata)
{
    /// <summary>The holder; empty if it was released.</summary>
    public string? Holder { get; init; }

    /// <summary>How long it is valid without renewal, in seconds.</summary>
    public int? DurationSeconds { get; init; }

    /// <summary>When the holder acquired it.</summary>
    public DateTimeOffset? Acquired { get; init; }

    /// <summary>When the holder last renewed it.</summary>
    public DateTimeOffset? Renewed { get; init; }

    /// <summary>How often its holder has changed.</summary>
    public int? Transitions { get; init; }
}

/// <summary>A Kubernetes Event about an object.</summary>
public sealed record Event(Metadata Metadata, EventTarget About, string Type, string Reason, string Message) : KubernetesObject(Metadata)
{
    /// <summary>The reporting component.</summary>
    public string Component { get; init; } = "";

    /// <summary>How often it happened.</summary>
    public int Count { get; init; } = 1;

    /// <summary>When it first happened, by the reporter's clock.</summary>
    public DateTimeOffset First { get; init; }

    /// <summary>When it last happened, by the reporter's clock.</summary>
    public DateTimeOffset Last { get; init; }
}

/// <summary>An event's reference to its object.</summary>
public sealed record EventTarget(string ApiVersion, string Kind, string Namespace, string Name, string Uid)
{
    /// <summary>Returns an event's reference to an object.</summary>
    public static EventTarget Of(KubernetesObject item) => new(ApiVersionOf(item), item.GetType().Name, item.Metadata.Namespace, item.Metadata.Name, item.Metadata.Uid);

    private static string ApiVersionOf(KubernetesObject item) => item switch
    {
        StatefulSet or Deployment or ReplicaSet => "apps/v1",
        VolumeAttachment or CsiNode or StorageClass or CsiDriver => "storage.k8s.io/v1",
        Lease => "coordination.k8s.io/v1",
        _ => "v1",
    };
}
