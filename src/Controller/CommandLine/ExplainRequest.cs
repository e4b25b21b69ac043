using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>What the command <c>explain</c> asks, and whom.</summary>
/// <param name="Path">The path below <c>/explain</c>, such as <c>pods/shop/db-0</c>.</param>
/// <param name="Settings">The settings of the controller that matter if this process judges by itself, and the kubeconfig file.</param>
/// <param name="Lease">The Lease that the replicas compete for: its holder is asked.</param>
/// <param name="Port">The port of that replica's probes.</param>
/// <param name="Replica">The address of one replica's probes, which is asked directly; null to ask the leader through the Kubernetes API.</param>
/// <param name="IsStandalone">Whether no replica is asked: this process reads the cluster and judges by itself.</param>
/// <param name="AsJson">Whether to print the answer as it is.</param>
internal sealed record ExplainRequest(string Path, Settings Settings, ObjectKey Lease, int Port, Uri? Replica, bool IsStandalone, bool AsJson)
{
    /// <summary>The namespace of the Lease, unless another one is given.</summary>
    public const string DefaultNamespace = "ha-controller";
}
