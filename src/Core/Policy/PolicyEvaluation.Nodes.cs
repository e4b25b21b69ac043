namespace Piraeus.HighAvailability.Core;

/// <content>What is done to nodes: it makes a failover fast, and never stops one.</content>
internal sealed partial class PolicyEvaluation
{
    private ILookup<NodeName, Resource>? _byNode;
    private SortedDictionary<NodeName, (ClusterNode Node, SortedSet<string> Volumes)>? _releases;

    /// <summary>Prepares a lost node, once: no new pod comes to it, and its lost volumes are not waited for.</summary>
    /// <returns>Whether its pods and attachments may go now. A step that failed is tried again, but nobody waits for it.</returns>
    private bool IsCleared(VolumeConsumer consumer, LossEvidence evidence, PodsOnNode? onNode)
    {
        if (!cluster.Nodes.TryGetValue(consumer.Node, out var node))
        {
            return true;
        }

        if (settings.TaintNodes && (!node.TaintedByUs || onNode is { Tainted: false }) && !WasTried(new Decision.TaintNode(node, evidence)))
        {
            return false;
        }

        var releasable = onNode is null ? [] : Releasable(consumer, onNode).Where(onNode.VolumesInUse.Contains).ToList();
        if (releasable.Count > 0)
        {
            _releases ??= [];
            var release = _releases.TryGetValue(node.Name, out var others) ? others : _releases[node.Name] = (node, new(StringComparer.Ordinal));
            release.Volumes.UnionWith(releasable);
            return cluster.Attempts.ContainsKey(DecisionKey.ClearVolumesInUse(node.Name));
        }

        // Without a onNode nobody knows what may be released; but one that cannot be had is not waited for.
        return onNode is not null || consumer.Attachments.IsEmpty || cluster.Attempts.ContainsKey(DecisionKey.ListPodsOnNode(consumer.Node));
    }

    /// <summary>Releases the volumes of all consumers of a node together: each release rewrites one list.</summary>
    private void Release()
    {
        foreach (var (node, volumes) in _releases?.Values.AsEnumerable() ?? [])
        {
            Do(new Decision.ClearVolumesInUse(node, [.. volumes]));
        }
    }

    /// <summary>Takes our taint back from nodes that have all their storage again, or says what they still miss.</summary>
    private void Recover()
    {
        foreach (var node in cluster.TaintedByUs.Values)
        {
            if (cluster.Linstor.IsSynced && HasRecovered(node.Name, cluster.LinstorNameOf(node.Name), isNameKnown: cluster.CsiNodes.ContainsKey(node.Name)))
            {
                Do(new Decision.UntaintNode(node));
            }
        }
    }

    /// <summary>Whether LINSTOR reaches the node, and every resource that was lost there, or is used, has quorum and usable data; asks about those that it has not told of lately.</summary>
    private bool HasRecovered(NodeName node, NodeName name, bool isNameKnown)
    {
        // A node that was declared lost and is back without its replicas has nothing to miss, while its pods still wait to be moved.
        if (cluster.InDoubt.Values.Any(consumers => consumers.Any(consumer => consumer.LinstorName == name && consumer.Assessment is { IsLoss: true })))
        {
            return false;
        }

        if (isNameKnown && cluster.Satellites is { } satellites && !satellites.ContainsKey(name))
        {
            return true; // LINSTOR has given it up: there is nothing left on it to be lost
        }

        if (cluster.Linstor.StateOf(name) != SatelliteState.Online)
        {
            return false; // its return is told by the list of satellites
        }

        var there = ResourcesOn(name)
            .Where(resource => resource.Find(name) is { Presence: Presence.Listed, Leaving: false } && (cluster.WasLostOn(resource.Name, name) || cluster.IsUsed(resource.Name)))
            .OrderBy(resource => resource.Name).ToList();
        // What was lost there is lost until somebody has said something new that speaks against it: that the node repeats what it said before is no recovery.
        var amiss = there.FindAll(resource => !resource.IsReportCurrent || resource.Find(name)!.Score is not { Current: true, Value: > 0 } || cluster.WasLostOn(resource.Name, name));
        foreach (var resource in amiss)
        {
            // What has been so for long will not change soon, and the stream tells most of what changes.
            var speaker = resource.Find(name)!;
            Ask(new Decision.QueryResource(resource.Name), resource is { IsReportCurrent: true, ReportedAt: { } reported }
                ? reported + Between(settings.ReconcileInterval, (reported - speaker.ChangedAt) / 20, Timings.LongestInterval) : now);
            HoldTaint(resource, node, speaker);
        }

        if (amiss.Count > 0)
        {
            return false;
        }

        var stale = there.FindAll(resource => resource.ReportedAt < Instant.Later(resource.Find(name)!.ChangedAt, now - Timings.LongestInterval));
        foreach (var resource in stale)
        {
            Ask(new Decision.QueryResource(resource.Name), now);
            HoldTaint(resource, node, resource.Find(name)!);
        }

        return stale.Count == 0;
    }

    private IEnumerable<Resource> ResourcesOn(NodeName node) => (_byNode ??= cluster.Resources.Values
        .SelectMany(resource => resource.Speakers, (resource, speaker) => (speaker.Node, Resource: resource)).ToLookup(pair => pair.Node, pair => pair.Resource))[node];

    private void HoldTaint(Resource resource, NodeName node, Speaker speaker)
    {
        if (resource.IsReportCurrent)
        {
            var since = Instant.Later(speaker.ChangedAt, speaker.BackSince);
            _decisions.Add(new Decision.Hold(resource.Name, node, HoldReason.TaintStays, HoldDetail.None, [], since, Overdue: now - since > Timings.LongestInterval));
        }
    }

    /// <summary>The consumer's volumes that nobody who stays uses there, and those that its pods lose with it, as its node names them. </summary>
    private IEnumerable<string> Releasable(VolumeConsumer consumer, PodsOnNode onNode)
    {
        foreach (var attachment in consumer.Attachments.Concat(LostAlongWith(consumer, onNode)))
        {
            if (cluster.Volumes.Find(attachment.Volume)?.Item is { InUseName: { } name } && cluster.ClaimsServedBy(attachment).Any() && !cluster.ClaimsServedBy(attachment).SelectMany(onNode.Pods.ReferringTo).Any(held => Stays(held.Item)))
            {
                yield return name;
            }
        }
    }

    /// <summary>The attachments of the other volumes that the consumer's pods have on the node, where those are as lost as the consumer's own.</summary>
    /// <remarks>Whether their grace period is over does not matter: their pods are moved in any case.</remarks>
    private IEnumerable<Attachment> LostAlongWith(VolumeConsumer consumer, PodsOnNode onNode) =>
        from pod in consumer.Pods
        where pod.Claims.Length > 1 && ObjectionTo(onNode.Pods.Find(pod.Uid)?.Item ?? pod) is null
        from claim in pod.ClaimKeys
        from attachment in cluster.AttachmentsOf(claim)
        where attachment.Node == consumer.Node
        let name = cluster.Volumes.Find(attachment.Volume)?.Item.Resource
        where name is not null && name != consumer.Resource.Name && IsConfirmed(name.Value)
        where cluster.Resources[name.Value].AssessmentOf(consumer.LinstorName) is { IsLoss: true } loss && IsCertain(loss, consumer.Node)
        select attachment;

    private bool Stays(Pod pod) => !pod.Finished && ObjectionTo(pod) is not null;

    private bool WasTried(Decision action)
    {
        var tried = cluster.Attempts.ContainsKey(action.Key);
        Do(action);
        return tried;
    }
}
