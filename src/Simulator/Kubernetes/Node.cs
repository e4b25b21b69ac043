using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>A taint, which keeps pods away from a node or evicts them.</summary>
/// <param name="Key">For instance <c>node.kubernetes.io/unreachable</c>.</param>
/// <param name="Value">May be empty.</param>
/// <param name="Effect"><c>NoSchedule</c>, <c>PreferNoSchedule</c> or <c>NoExecute</c>.</param>
/// <param name="Added">When it was added, where Kubernetes records that.</param>
public sealed record Taint(string Key, string Value, string Effect, TimeSpan? Added = null);

/// <summary>The condition Ready of a node.</summary>
public enum NodeReadiness
{
    /// <summary>The kubelet reports that it is ready.</summary>
    True,

    /// <summary>The kubelet reports that it is not ready.</summary>
    False,

    /// <summary>The kubelet has been silent for the node monitor's grace period.</summary>
    Unknown,
}

/// <summary>A node.</summary>
public sealed record Node(Metadata Metadata) : KubernetesObject(Metadata)
{
    /// <summary>Cordoned: no new pod is scheduled there.</summary>
    public bool Unschedulable { get; init; }

    /// <summary>The taints.</summary>
    public ImmutableArray<Taint> Taints { get; init; } = [];

    /// <summary>The condition Ready.</summary>
    public NodeReadiness Ready { get; init; }

    /// <summary>Since when <see cref="Ready"/> has had its value.</summary>
    public TimeSpan ReadySince { get; init; }

    /// <summary>The volumes that its kubelet last reported as in use: <c>kubernetes.io/csi/DRIVER^HANDLE</c>. Never default.</summary>
    public ImmutableArray<string> VolumesInUse { get; init; } = [];

    /// <summary>The volumes that the attach-detach controller believes to be attached, named as in <see cref="VolumesInUse"/>.</summary>
    public ImmutableArray<string> VolumesAttached { get; init; } = [];
}

/// <summary>The CSI drivers' data about a node.</summary>
/// <param name="Metadata">Has the node's name.</param>
/// <param name="NodeIds">The node's name for each driver.</param>
public sealed record CsiNode(Metadata Metadata, ImmutableSortedDictionary<string, string> NodeIds) : KubernetesObject(Metadata);
