using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>A pod's phase, spelled as Kubernetes does.</summary>
public enum PodPhase
{
    /// <summary>Not yet started: unscheduled, waiting for volumes or images.</summary>
    Pending,

    /// <summary>Its containers were started. The API keeps this phase when its node dies.</summary>
    Running,

    /// <summary>It has ended and does not start again.</summary>
    Succeeded,

    /// <summary>It has failed and does not start again.</summary>
    Failed,
}

/// <summary>A pod's specification.</summary>
public sealed record PodSpec
{
    /// <summary>The node it is bound to; null until the scheduler has chosen one.</summary>
    public string? NodeName { get; init; }

    /// <summary>The PersistentVolumeClaims that it mounts, in its namespace.</summary>
    public ImmutableArray<ClaimMount> Claims { get; init; } = [];

    /// <summary>The image of its only container; the model only stores it and runs nothing.</summary>
    public string Image { get; init; } = "registry.example/app:1";

    /// <summary>The PriorityClass' value: a higher value is more important.</summary>
    public int Priority { get; init; }

    /// <summary>The keys of the taints that it tolerates: they neither prevent its scheduling nor evict it.</summary>
    public ImmutableArray<string> Tolerations { get; init; } = [];

    /// <summary>Fields that a client has written through the API and the model does not use, as JSON; null if there are none.</summary>
    public string? UnsimulatedFields { get; init; }

    /// <summary>How long it may take to end when it is deleted gracefully.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>A claim that a pod mounts.</summary>
/// <param name="Claim">The claim's name.</param>
/// <param name="ReadOnly">Whether the pod only reads.</param>
/// <param name="Volume">The name of the volume in the pod's specification, if not the claim's.</param>
public readonly record struct ClaimMount(string Claim, bool ReadOnly = false, string? Volume = null);

/// <summary>A pod.</summary>
public sealed record Pod(Metadata Metadata, PodSpec Spec) : KubernetesObject(Metadata)
{
    /// <summary>Its phase.</summary>
    public PodPhase Phase { get; init; }

    /// <summary>Whether its condition Ready is true; the node lifecycle controller makes it false when the node falls silent.</summary>
    public bool Ready { get; init; }

    /// <summary>Since when <see cref="Phase"/> is Running; null if it never was.</summary>
    public TimeSpan? Started { get; init; }

    /// <summary>Why it makes no progress, as Kubernetes names it (<c>Unschedulable</c>, <c>ContainerCreating</c>, <c>NodeLost</c>); null if there is no reason.</summary>
    public string? Reason { get; init; }

    /// <summary>The message that explains <see cref="Reason"/>.</summary>
    public string? Message { get; init; }

    /// <summary>Whether it no longer uses its volumes, as the API knows.</summary>
    public bool IsOver => Phase is PodPhase.Succeeded or PodPhase.Failed;
}
