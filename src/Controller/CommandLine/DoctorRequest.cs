using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>What the command <c>doctor</c> checks.</summary>
/// <param name="Settings">The settings of the controller that matter for the checks and the forecast.</param>
/// <param name="Lease">The Lease that the replicas compete for.</param>
/// <param name="Node">The only node whose death is forecast; null for all nodes.</param>
/// <param name="AsJson">Whether to print JSON.</param>
internal sealed record DoctorRequest(Settings Settings, ObjectKey Lease, NodeName? Node, bool AsJson);
