using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A node's use of a resource: the attachments and pods through which it holds it.</summary>
/// <param name="Resource">What is used.</param>
/// <param name="Node">The Kubernetes node.</param>
/// <param name="LinstorName">What LINSTOR calls it.</param>
/// <param name="Attachments">The resource's attachments to the node.</param>
/// <param name="Pods">The opted-in, unfinished pods on the node that mount a claim of the resource.</param>
/// <param name="Since">From when the node has used the resource.</param>
internal sealed record User(
    Resource Resource, NodeName Node, NodeName LinstorName, ImmutableArray<Attachment> Attachments, ImmutableArray<Pod> Pods, Instant Since)
{
    /// <summary>What LINSTOR's facts say of it; null if the resource was never seen on the node.</summary>
    public Finding? Finding => Resource.FindingFor(LinstorName);

    /// <summary>Every user of a resource who is not plainly well, ordered by node.</summary>
    public static IEnumerable<User> InDoubtOf(ClusterSnapshot cluster, Resource resource)
    {
        var volumes = cluster.Volumes.ReferringTo(resource.Name).Select(held => held.Item).ToList();
        var attachments = volumes.SelectMany(volume => cluster.Attachments.ReferringTo(volume.Name)).ToList();
        var pods = volumes.SelectMany(volume => volume.Claim is { } claim ? cluster.Pods.ReferringTo(claim) : [])
            .Where(held => held.Item is { Node: not null, OptedIn: true, Finished: false })
            .DistinctBy(held => held.Item.Uid)
            .ToList();

        return from node in attachments.Select(held => held.Item.Node).Union(pods.Select(held => held.Item.Node!.Value)).Order()
               let linstorName = cluster.LinstorNameOf(node)
               where resource.FindingFor(linstorName)?.Objection is not HoldReason.Healthy
               let attached = attachments.FindAll(held => held.Item.Node == node)
               let mounting = pods.FindAll(held => held.Item.Node == node)
               select new User(
                   resource,
                   node,
                   linstorName,
                   [.. attached.Select(held => held.Item).OrderBy(attachment => attachment.Name, StringComparer.Ordinal)],
                   [.. mounting.Select(held => held.Item).OrderBy(pod => pod.Key)],
                   attached.Select(held => held.Since).Concat(mounting.Select(held => held.Since)).Min());
    }
}
