using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>What Kubernetes reports.</content>
public sealed partial record ClusterSnapshot
{
    private ClusterSnapshot Relist(ImmutableArray<Pod> pods, Instant at)
    {
        var listed = Pods.Replace(pods, at);
        var gone = Pods.All.Where(held => listed.Find(held.Item.Key)?.Item.Uid != held.Item.Uid);
        return gone.Aggregate(Synced(Source.Pods), (cluster, held) => cluster.Forget(held.Item)) with { Pods = listed };
    }

    private ClusterSnapshot Relist(ImmutableArray<Attachment> attachments, Instant at)
    {
        var listed = Attachments.Replace(attachments, at);
        var gone = Attachments.All.Where(held => listed.Find(held.Item.Name)?.Item.Uid != held.Item.Uid);
        return gone.Aggregate(Synced(Source.Attachments), (cluster, held) => cluster.Forget(held.Item)) with { Attachments = listed };
    }

    /// <summary>A pod left the watch because it is gone, or because its labels no longer match. The reason is known only if we deleted it.</summary>
    private ClusterSnapshot Forget(Pod pod)
    {
        var key = DecisionKey.DeletePod(pod.Uid);
        return this with
        {
            PodsOnNodes = RetryStates.GetValueOrDefault(key) is { Failures: 0 } ? Uncount(pod) : PodsOnNodes,
            RetryStates = RetryStates.Remove(key),
        };
    }

    private ClusterSnapshot Forget(Attachment attachment) => this with
    {
        RetryStates = RetryStates.Remove(DecisionKey.DeleteAttachment(attachment.Uid)),
        Orphaned = Orphaned.Remove(attachment.Uid),
    };

    private ImmutableDictionary<NodeName, PodsOnNode> Uncount(Pod pod) =>
        pod.Node is { } node && PodsOnNodes.TryGetValue(node, out var onNode)
            ? PodsOnNodes.SetItem(node, onNode with { Pods = onNode.Pods.Remove(pod) })
            : PodsOnNodes;

    // A LINSTOR name outlives the driver's registration and the Node object: neither says anything about DRBD, and a lost node may lose both.
    private ClusterSnapshot Remember(ImmutableArray<CsiNode> nodes) => this with
    {
        CsiNodes = CsiNodes.SetItems(nodes.Where(node => node.LinstorName is not null).Select(node => KeyValuePair.Create(node.Name, node))),
    };

    private ClusterSnapshot Synced(Source source) => SyncedSources.Contains(source) ? this : this with { SyncedSources = SyncedSources.Add(source) };

    private ClusterSnapshot Set(ClusterNode node) => this with
    {
        Nodes = Nodes.SetItem(node.Name, node),
        TaintedByUs = node.TaintedByUs ? TaintedByUs.SetItem(node.Name, node) : TaintedByUs.Remove(node.Name),
        LossConfirmed = node.LossConfirmed ? LossConfirmed.Add(node.Name) : LossConfirmed.Remove(node.Name),
    };

    private ClusterSnapshot Remove(NodeName node) => this with { Nodes = Nodes.Remove(node), TaintedByUs = TaintedByUs.Remove(node), LossConfirmed = LossConfirmed.Remove(node) };
}
