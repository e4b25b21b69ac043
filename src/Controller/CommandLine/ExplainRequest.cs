using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>What the command <c>explain</c> asks, and whom.</summary>
/// <param name="Path">The path below <c>/explain</c>, such as <c>pods/shop/db-0</c>.</param>
/// <param name="KubeConfig">The kubeconfig file; empty leaves the choice to <c>KUBECONFIG</c> and the pod.</param>
/// <param name="Lease">The Lease that the replicas compete for: its holder is asked.</param>
/// <param name="Port">The port of that replica's probes.</param>
/// <param name="Replica">The address of one replica's probes, which is asked directly; null to ask the leader through the Kubernetes API.</param>
/// <param name="AsJson">Whether to print the answer as it is.</param>
internal sealed record ExplainRequest(string Path, string KubeConfig, ObjectKey Lease, int Port, Uri? Replica, bool AsJson)
{
    /// <summary>The namespace of the Lease, unless another one is given.</summary>
    public const string DefaultNamespace = "ha-controller";
}
