namespace Piraeus.HighAvailability.Core;

/// <summary>A Kubernetes node.</summary>
public sealed record ClusterNode(NodeName Name, Uid Uid)
{
    /// <summary>Whether this controller has set the taint that keeps new pods away from a node without its storage. A taint of another owner stays.</summary>
    public bool TaintedByUs { get; init; }

    /// <summary>Whether an administrator has confirmed that the node is gone (annotation <c>drbd.linbit.com/loss-confirmed</c>): its loss is no reason to doubt LINSTOR.</summary>
    public bool LossConfirmed { get; init; }
}

/// <summary>The CSI driver's name for a node, which is its LINSTOR name.</summary>
/// <param name="Name">The Kubernetes node.</param>
/// <param name="LinstorName">The driver's <c>nodeID</c>; null if the driver does not run there.</param>
public sealed record CsiNode(NodeName Name, NodeName? LinstorName);
