using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>Keeps pods away from a node, or drives them off.</summary>
/// <param name="Key">For instance <c>node.kubernetes.io/unreachable</c>.</param>
/// <param name="Value">May be empty.</param>
/// <param name="Effect"><c>NoSchedule</c>, <c>PreferNoSchedule</c> or <c>NoExecute</c>.</param>
/// <param name="Added">When it was put there, where Kubernetes records that.</param>
public sealed record Taint(string Key, string Value, string Effect, TimeSpan? Added = null);

/// <summary>The condition Ready of a node.</summary>
public enum NodeReadiness
{
    /// <summary>The kubelet says so.</summary>
    True,

    /// <summary>The kubelet says that it is not.</summary>
    False,

    /// <summary>The kubelet has not been heard of for the node monitor's grace period.</summary>
    Unknown,
}

/// <summary>A node.</summary>
public sealed record Node(Metadata Metadata) : KubernetesObject(Metadata)
{
    /// <summary>Cordoned: nothing new is scheduled there.</summary>
    public bool Unschedulable { get; init; }

    /// <summary>Who is kept away.</summary>
    public ImmutableArray<Taint> Taints { get; init; } = [];

    /// <summary>The condition Ready.</summary>
    public NodeReadiness Ready { get; init; }

    /// <summary>Since when <see cref="Ready"/> is what it is.</summary>
    public TimeSpan ReadySince { get; init; }

    /// <summary>What its kubelet last said to use: <c>kubernetes.io/csi/DRIVER^HANDLE</c>. Never default.</summary>
    public ImmutableArray<string> VolumesInUse { get; init; } = [];

    /// <summary>What the attach-detach controller believes to be attached, named as in <see cref="VolumesInUse"/>.</summary>
    public ImmutableArray<string> VolumesAttached { get; init; } = [];
}

/// <summary>What CSI drivers know of a node.</summary>
/// <param name="Metadata">Named as the node.</param>
/// <param name="NodeIds">The node's name for each driver.</param>
public sealed record CsiNode(Metadata Metadata, ImmutableSortedDictionary<string, string> NodeIds) : KubernetesObject(Metadata);
