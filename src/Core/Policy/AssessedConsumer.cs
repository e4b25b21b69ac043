namespace Piraeus.HighAvailability.Core;

/// <summary>A consumer in doubt and the result of one verdict for it. The policy, the status page and the metrics all use this value.</summary>
/// <param name="Consumer">The consumer.</param>
/// <param name="Since">When its assessment began to hold.</param>
/// <param name="Due">When the grace period that began then ends. The policy acts only on a loss.</param>
/// <param name="Holds">Why the policy leaves it, or some of its pods, alone.</param>
/// <param name="IsMoved">Whether the verdict contains a mutation for it.</param>
public sealed record AssessedConsumer(VolumeConsumer Consumer, Instant Since, Instant Due, IReadOnlyList<Decision.Hold> Holds, bool IsMoved)
{
    /// <summary>Whether it has lost its storage, by LINSTOR's reports.</summary>
    public bool IsLoss => Consumer.Assessment is { IsLoss: true };

    internal static Instant SinceOf(VolumeConsumer consumer) => Instant.Later(consumer.Assessment?.Since ?? Instant.Start, consumer.Since);

    // The pods of a consumer whose attachments are orphaned have moved already because of another volume, so no grace period applies.
    internal static Instant DueOf(VolumeConsumer consumer, FailoverSettings settings, ClusterSnapshot cluster) =>
        consumer.IsOrphaned(cluster) ? SinceOf(consumer) : SinceOf(consumer) + settings.GraceOf(consumer);

    internal static IReadOnlyList<AssessedConsumer> All(FailoverSettings settings, ClusterSnapshot cluster, IReadOnlyList<Decision> decisions)
    {
        var holds = decisions.OfType<Decision.Hold>().Where(hold => hold.Reason != HoldReason.TaintStays).ToLookup(hold => (hold.Resource, hold.Node));
        var moved = decisions.SelectMany(decision => LossEvidence.Of(decision)).Select(evidence => (evidence.Resource, evidence.Lost)).ToHashSet();
        return
        [
            .. cluster.InDoubt.Values.SelectMany(consumers => consumers).Select(consumer =>
            {
                var key = (consumer.Resource.Name, consumer.Node);
                return new AssessedConsumer(consumer, SinceOf(consumer), DueOf(consumer, settings, cluster), [.. holds[key]], moved.Contains(key));
            }),
        ];
    }
}
