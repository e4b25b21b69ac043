namespace Piraeus.HighAvailability.Core;

/// <summary>Why a failover makes no progress, as far as the objects themselves show it.</summary>
internal static class StuckReason
{
    /// <summary>The object whose warnings explain why a phase takes so long; null if the status of the object is enough.</summary>
    public static Uid? Subject(Failover failover, Phase phase) => phase switch
    {
        Phase.Scheduled when failover.Replacement is null => failover.Pod.Owner?.Uid,
        Phase.Scheduled or Phase.Attached or Phase.Running => failover.Replacement?.Uid,
        _ => null,
    };

    /// <summary>Why a phase has not been reached, as a clause.</summary>
    public static string Of(ClusterSnapshot cluster, Failover failover, Phase phase) => phase switch
    {
        Phase.PodGone => PodStays(cluster, failover.Pod),
        Phase.Detached => VolumeStays(cluster, failover),
        Phase.Scheduled when failover.Replacement is not null => $"pod {failover.Replacement.Key} has no node: {Trouble(cluster, failover.Replacement)}",
        _ when failover.Replacement is null => NobodyCreatesOne(cluster, failover.Pod),
        Phase.Attached => VolumeDoesNotCome(cluster, failover.Replacement),
        _ => $"pod {failover.Replacement.Key} on node {failover.Replacement.Node} does not run: {Trouble(cluster, failover.Replacement)}",
    };

    private static string PodStays(ClusterSnapshot cluster, Pod deleted) =>
        cluster.Pods.Find(deleted.Key)?.Item.Finalizers is { IsEmpty: false } finalizers
            ? $"the old pod is deleted, but held back by {(finalizers.Length == 1 ? "finalizer" : "finalizers")} {string.Join(", ", finalizers)}"
            : cluster.RetryStates.GetValueOrDefault(DecisionKey.DeletePod(deleted.Uid))?.Message is { } refusal
                ? $"the old pod could not be deleted: {refusal}"
                : "the old pod is still there";

    private static string VolumeStays(ClusterSnapshot cluster, Failover failover)
    {
        if (failover.StillAttached(cluster).FirstOrDefault() is not { } attachment)
        {
            return "its volumes are being detached";
        }

        var what = $"volume {attachment.Volume} is still attached to node {attachment.Node}";
        if (attachment.Deleting)
        {
            return $"{what}: {attachment.Trouble ?? "its attachment is deleted, but the external attacher has not let go of it"}";
        }

        var name = cluster.Volumes.Find(attachment.Volume)?.Item.Resource;
        return name is { } resource && cluster.IsLost(resource, attachment.Node)
            ? $"{what}: {cluster.RetryStates.GetValueOrDefault(DecisionKey.DeleteAttachment(attachment.Uid))?.Message ?? "another pod uses it there"}"
            : $"{what}, where resource {name} is not lost: only the node itself can let go of it";
    }

    private static string NobodyCreatesOne(ClusterSnapshot cluster, Pod pod) => pod.Owner is { } owner
        ? $"{owner.Kind} {owner.Name} has not created a replacement: {cluster.Warnings.GetValueOrDefault(owner.Uid)?.Warning ?? "it does not say why"}"
        : "no controller brings the pod back";

    private static string VolumeDoesNotCome(ClusterSnapshot cluster, Pod replacement)
    {
        if (Failover.AttachmentsMissing(cluster, replacement) is not [var (volume, attachment), ..])
        {
            return $"the volumes of pod {replacement.Key} are being attached";
        }

        return $"volume {volume.Name} is not attached to node {replacement.Node}: {attachment?.Trouble ?? cluster.Warnings.GetValueOrDefault(replacement.Uid)?.Warning ?? "no reason is reported"}";
    }

    private static string Trouble(ClusterSnapshot cluster, Pod pod) =>
        pod.Trouble ?? cluster.Warnings.GetValueOrDefault(pod.Uid)?.Warning ?? "no reason is reported";
}
