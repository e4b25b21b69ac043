using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Forecasting;

/// <summary>What would happen if a node died now.</summary>
/// <param name="Node">The Kubernetes node.</param>
/// <param name="Pods">Its pods that use a LINSTOR volume, by namespace and name.</param>
internal sealed record NodeForecast(NodeName Node, IReadOnlyList<PodForecast> Pods);

/// <summary>What would become of a pod if its node died now.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="MovedAfter">How long after LINSTOR has noticed the loss the pod would be deleted; null if it would stay.</param>
/// <param name="Reason">The reason why it would stay; null if it would move, or if its labels do not match.</param>
/// <param name="Sentence">The same for people.</param>
internal sealed record PodForecast(Pod Pod, TimeSpan? MovedAfter, HoldReason? Reason, string Sentence);
