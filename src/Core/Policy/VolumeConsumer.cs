using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A node's use of a resource: the attachments and pods through which it holds it.</summary>
/// <param name="Resource">What is used.</param>
/// <param name="Node">The Kubernetes node.</param>
/// <param name="LinstorName">What LINSTOR calls it.</param>
/// <param name="Attachments">The resource's attachments to the node.</param>
/// <param name="Pods">The opted-in pods on the node that mount a claim of the resource, those included that have finished.</param>
/// <param name="Since">From when the node has used the resource.</param>
/// <param name="Priority">The highest priority of the opted-in pods that mount a claim of the resource, those that wait elsewhere included.</param>
public sealed record VolumeConsumer(
    Resource Resource, NodeName Node, NodeName LinstorName, ImmutableArray<Attachment> Attachments, ImmutableArray<Pod> Pods, Instant Since, int Priority)
{
    /// <summary>What is to be said of it by LINSTOR's words; null if the resource was never seen on the node.</summary>
    public LossAssessment? Assessment { get; } = Resource.AssessmentOf(LinstorName);

    /// <summary>Whether a replica of another node may promote.</summary>
    public bool HasPromotablePeer => Resource.HasPromotablePeer(LinstorName);

    /// <summary>Whether nobody is left there whose attachments these are, because its pods were moved away.</summary>
    internal bool IsOrphaned(ClusterSnapshot cluster) =>
        Pods.IsEmpty && !Attachments.IsEmpty && Attachments.All(attachment => cluster.Orphaned.Contains(attachment.Uid));

    /// <summary>Every consumer of a resource who is not plainly well, ordered by node.</summary>
    public static ImmutableArray<VolumeConsumer> InDoubtOf(ClusterSnapshot cluster, Resource resource)
    {
        var volumes = cluster.Volumes.ReferringTo(resource.Name).Select(held => held.Item).ToList();
        var attachments = volumes.SelectMany(volume => cluster.Attachments.ReferringTo(volume.Name)).ToList();
        var pods = volumes.Select(volume => volume.Claim).OfType<ObjectKey>().SelectMany(cluster.Pods.ReferringTo)
            .Where(held => held.Item.OptedIn).DistinctBy(held => held.Item.Uid).ToList();
        var priority = pods.Where(held => !held.Item.Finished).Select(held => held.Item.Priority).DefaultIfEmpty().Max();
        var nodes = attachments.Select(held => held.Item.Node).Concat(pods.Select(held => held.Item.Node).OfType<NodeName>()).Distinct().Order();
        return [.. nodes.Select(On).OfType<VolumeConsumer>()];

        VolumeConsumer? On(NodeName node)
        {
            var linstorName = cluster.LinstorNameOf(node);
            if (resource.AssessmentOf(linstorName)?.Reason is HoldReason.Healthy)
            {
                return null;
            }

            var attached = attachments.FindAll(held => held.Item.Node == node);
            var mounting = pods.FindAll(held => held.Item.Node == node);
            return new VolumeConsumer(
                resource,
                node,
                linstorName,
                [.. attached.Select(held => held.Item).OrderBy(attachment => attachment.Name, StringComparer.Ordinal)],
                [.. mounting.Select(held => held.Item).OrderBy(pod => pod.Key)],
                attached.Select(held => held.Since).Concat(mounting.Select(held => held.Since)).Min(),
                priority);
        }
    }
}
