using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>What was on a node when Kubernetes was asked, less what we took away since.</summary>
/// <param name="AskedAt">When Kubernetes was asked.</param>
/// <param name="Pods">Every pod, those that the selector does not match included, by the claims they mount.</param>
/// <param name="VolumesInUse">The volumes that its kubelet last said to use; the attach-detach controller waits for them.</param>
public sealed record PodsOnNode(Instant AskedAt, ObjectIndex<Uid, Pod, ObjectKey> Pods, ImmutableHashSet<string> VolumesInUse)
{
    /// <summary>Whether Kubernetes calls the node Ready; false if it has no such node, null if it did not say.</summary>
    public bool? Ready { get; init; }

    /// <summary>Whether the node carries the taint that keeps new pods away from it; null if not known.</summary>
    public bool? Tainted { get; init; }

    /// <summary>When Kubernetes answered.</summary>
    public Instant AnsweredAt { get; init; }

    internal static PodsOnNode Of(Observation.PodsOnNodeListed surveyed, Instant at) => new(
        surveyed.AskedAt,
        new ObjectIndex<Uid, Pod, ObjectKey>(pod => pod.Uid, pod => pod.ClaimKeys.Distinct(), (_, _) => true).Replace(surveyed.Pods, surveyed.AskedAt),
        [.. surveyed.VolumesInUse])
    {
        AnsweredAt = at,
        Ready = surveyed.Ready,
        Tainted = surveyed.Tainted,
    };
}
