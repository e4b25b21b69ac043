namespace Piraeus.HighAvailability.Core;

/// <summary>Why a consumer is believed to have lost its storage.</summary>
/// <param name="Resource">What it lost.</param>
/// <param name="Lost">The Kubernetes node it is on.</param>
/// <param name="Peer">The LINSTOR node whose replica may promote: the proof that the consumer's side has no quorum.</param>
/// <param name="Since">From when this has held without interruption, time in which LINSTOR could not be asked left out.</param>
/// <param name="Due">When the grace period was over.</param>
public sealed record LossEvidence(ResourceName Resource, NodeName Lost, NodeName Peer, Instant Since, Instant Due);
