namespace Piraeus.HighAvailability.Core;

/// <summary>Why a consumer is believed to have lost its storage.</summary>
/// <param name="Resource">The lost resource.</param>
/// <param name="Lost">The Kubernetes node of the consumer.</param>
/// <param name="Peer">The LINSTOR node whose replica may promote: the proof that the consumer's side has no quorum.</param>
/// <param name="Since">When this began to hold without interruption, excluding time in which LINSTOR did not answer.</param>
/// <param name="Due">When the grace period was over.</param>
public sealed record LossEvidence(ResourceName Resource, NodeName Lost, NodeName Peer, Instant Since, Instant Due)
{
    /// <summary>The evidence that an action rests on; null if it rests on none of its own.</summary>
    internal static LossEvidence? Of(Decision action) => action switch
    {
        Decision.DeletePod o => o.Evidence,
        Decision.DeleteAttachment o => o.Evidence,
        Decision.TaintNode o => o.Evidence,
        _ => null,
    };
}
