using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Why a consumer is believed to have lost its storage.</summary>
/// <param name="Resource">The lost resource.</param>
/// <param name="Lost">The Kubernetes node of the consumer.</param>
/// <param name="Peer">The LINSTOR node whose replica may promote: the proof that the consumer's side has no quorum.</param>
/// <param name="Since">When this began to hold without interruption, excluding time in which LINSTOR did not answer.</param>
/// <param name="Due">When the grace period was over.</param>
public sealed record LossEvidence(ResourceName Resource, NodeName Lost, NodeName Peer, Instant Since, Instant Due)
{
    /// <summary>The losses that an action rests on; none if it needs no loss. Never default.</summary>
    internal static ImmutableArray<LossEvidence> Of(Decision action) => action switch
    {
        Decision.DeletePod o => [o.Evidence],
        Decision.DeleteAttachment o => [o.Evidence],
        Decision.TaintNode o => [o.Evidence],
        Decision.ClearVolumesInUse { Evidence.IsDefault: false } o => o.Evidence,
        _ => [],
    };
}
