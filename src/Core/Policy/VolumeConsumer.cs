using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A node's use of a resource: its attachments and pods that use it.</summary>
/// <param name="Resource">The used resource.</param>
/// <param name="Node">The Kubernetes node.</param>
/// <param name="LinstorName">LINSTOR's name for the node.</param>
/// <param name="Attachments">The resource's attachments to the node.</param>
/// <param name="Pods">The opted-in pods on the node that mount a claim of the resource, including finished ones.</param>
/// <param name="Since">When the node began to use the resource.</param>
/// <param name="Priority">The highest priority of the opted-in pods that mount a claim of the resource, including those that wait elsewhere.</param>
public sealed record VolumeConsumer(
    Resource Resource, NodeName Node, NodeName LinstorName, ImmutableArray<Attachment> Attachments, ImmutableArray<Pod> Pods, Instant Since, int Priority)
{
    /// <summary>Its assessment by LINSTOR's reports; null if the resource was never seen on the node.</summary>
    public LossAssessment? Assessment { get; } = Resource.AssessmentOf(LinstorName);

    /// <summary>Whether a replica of another node may promote.</summary>
    public bool HasPromotablePeer => Resource.HasPromotablePeer(LinstorName);

    /// <summary>Whether only attachments are left there, because the pods that used them were moved away.</summary>
    internal bool IsOrphaned(ClusterSnapshot cluster) =>
        Pods.IsEmpty && !Attachments.IsEmpty && Attachments.All(attachment => cluster.Orphaned.Contains(attachment.Uid));

    /// <summary>Every consumer of a resource that is not plainly well, ordered by node.</summary>
    public static ImmutableArray<VolumeConsumer> InDoubtOf(ClusterSnapshot cluster, Resource resource)
    {
        // Runs for nearly every observation, so it uses loops instead of LINQ.
        var attachments = new List<Tracked<Attachment>>();
        var pods = new List<Tracked<Pod>>();
        var nodes = new List<NodeName>();
        var priority = int.MinValue;
        foreach (var volume in cluster.Volumes.ReferringTo(resource.Name))
        {
            foreach (var attachment in cluster.Attachments.ReferringTo(volume.Item.Name))
            {
                attachments.Add(attachment);
                AddNode(attachment.Item.Node);
            }

            if (volume.Item.Claim is not { } claim)
            {
                continue;
            }

            foreach (var pod in cluster.Pods.ReferringTo(claim))
            {
                if (!pod.Item.OptedIn || pods.Exists(known => known.Item.Uid == pod.Item.Uid))
                {
                    continue;
                }

                pods.Add(pod);
                priority = pod.Item.Finished ? priority : Math.Max(priority, pod.Item.Priority);
                if (pod.Item.Node is { } node)
                {
                    AddNode(node);
                }
            }
        }

        nodes.Sort();
        var consumers = ImmutableArray.CreateBuilder<VolumeConsumer>(nodes.Count);
        foreach (var node in nodes)
        {
            var linstorName = cluster.LinstorNameOf(node);
            if (resource.AssessmentOf(linstorName)?.Reason is HoldReason.Healthy)
            {
                continue;
            }

            Instant? since = null;
            var attached = ImmutableArray.CreateBuilder<Attachment>();
            foreach (var held in attachments)
            {
                if (held.Item.Node == node)
                {
                    attached.Add(held.Item);
                    since = Instant.Earlier(since, held.Since);
                }
            }

            var mounting = ImmutableArray.CreateBuilder<Pod>();
            foreach (var held in pods)
            {
                if (held.Item.Node == node)
                {
                    mounting.Add(held.Item);
                    since = Instant.Earlier(since, held.Since);
                }
            }

            attached.Sort(static (one, other) => string.CompareOrdinal(one.Name, other.Name));
            mounting.Sort(static (one, other) => one.Key.CompareTo(other.Key));
            consumers.Add(new(resource, node, linstorName, attached.DrainToImmutable(), mounting.DrainToImmutable(), since!.Value, priority == int.MinValue ? 0 : priority));
        }

        return consumers.DrainToImmutable();

        void AddNode(NodeName node)
        {
            if (!nodes.Contains(node))
            {
                nodes.Add(node);
            }
        }
    }
}
