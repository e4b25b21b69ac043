using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>The pods and volumes on a node at the time of the request, without what we have removed since.</summary>
/// <param name="AskedAt">When the request was sent.</param>
/// <param name="Pods">Every pod, including those that the selector does not match, by the claims they mount.</param>
/// <param name="VolumesInUse">The volumes that its kubelet last reported in use; the attach-detach controller waits for them.</param>
public sealed record PodsOnNode(Instant AskedAt, ObjectIndex<Uid, Pod, ObjectKey> Pods, ImmutableHashSet<string> VolumesInUse)
{
    /// <summary>Whether Kubernetes calls the node Ready; false if it has no such node, null if not known.</summary>
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
