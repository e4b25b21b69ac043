namespace Piraeus.HighAvailability.Core;

/// <content>Actions on nodes. They make a failover faster, and never block one.</content>
internal sealed partial class PolicyEvaluation
{
    private ILookup<NodeName, Resource>? _byNode;
    private SortedDictionary<NodeName, (ClusterNode Node, SortedSet<string> Volumes, List<LossEvidence> Losses)>? _releases;

    /// <summary>Prepares a lost node once: keeps new pods away, and lets the attach-detach controller stop waiting for its lost volumes.</summary>
    /// <returns>Whether its pods and attachments may be deleted now. A failed step is retried, but does not delay the deletion.</returns>
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
            var release = _releases.TryGetValue(node.Name, out var others) ? others : _releases[node.Name] = (node, new(StringComparer.Ordinal), []);
            release.Volumes.UnionWith(releasable);
            release.Losses.Add(evidence);
            return cluster.RetryStates.ContainsKey(DecisionKey.ClearVolumesInUse(node.Name));
        }

        // Without the list of the node's pods, it is not known which volumes may be released. If the list fails, do not wait for it.
        return onNode is not null || consumer.Attachments.IsEmpty || cluster.RetryStates.ContainsKey(DecisionKey.ListPodsOnNode(consumer.Node));
    }

    /// <summary>Releases the volumes of all consumers of a node together: each release rewrites one list.</summary>
    private void Release()
    {
        foreach (var (node, volumes, losses) in _releases?.Values.AsEnumerable() ?? [])
        {
            Do(new Decision.ClearVolumesInUse(node, [.. volumes]) { Evidence = [.. losses] });
        }
    }

    /// <summary>Removes our taint from nodes that have all their storage again, or reports what they still miss.</summary>
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

    /// <summary>Whether LINSTOR reaches the node, and every resource that was lost there, or is used, has quorum and usable data. Queries those without a recent report.</summary>
    private bool HasRecovered(NodeName node, NodeName name, bool isNameKnown)
    {
        // A node that was declared lost and is back without its replicas misses no resource, although its pods still wait to be moved.
        if (cluster.InDoubt.Values.Any(consumers => consumers.Any(consumer => consumer.LinstorName == name && consumer.Assessment is { IsLoss: true })))
        {
            return false;
        }

        if (isNameKnown && cluster.Satellites is { } satellites && !satellites.ContainsKey(name))
        {
            return true; // LINSTOR no longer has this node, so no storage is left there to be lost
        }

        if (cluster.Linstor.StateOf(name) != SatelliteState.Online)
        {
            return false; // the list of satellites will show its return
        }

        var there = ResourcesOn(name)
            .Where(resource => resource.Find(name) is { Presence: Presence.Listed, Leaving: false } && (cluster.WasLostOn(resource.Name, name) || cluster.IsUsed(resource.Name)))
            .OrderBy(resource => resource.Name).ToList();
        // A lost resource stays lost until a speaker gives new counter-evidence. A node that repeats an old statement has not recovered.
        var amiss = there.FindAll(resource => !resource.IsReportCurrent || resource.Find(name)!.Score is not { Current: true, Value: > 0 } || cluster.WasLostOn(resource.Name, name));
        foreach (var resource in amiss)
        {
            // A state that has lasted for long will not change soon, and the stream reports most changes.
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

    /// <summary>The consumer's volumes that no remaining pod uses there, and those that its pods lose with it, as its node names them.</summary>
    private IEnumerable<string> Releasable(VolumeConsumer consumer, PodsOnNode onNode)
    {
        foreach (var attachment in consumer.Attachments.Concat(LostAlongWith(consumer, onNode)))
        {
            var claims = cluster.ClaimsServedBy(attachment).ToList();
            if (cluster.Volumes.Find(attachment.Volume)?.Item is { InUseName: { } name } && claims.Count > 0 && !claims.SelectMany(onNode.Pods.ReferringTo).Any(held => Stays(held.Item)))
            {
                yield return name;
            }
        }
    }

    /// <summary>The attachments of the other volumes that the consumer's pods have on the node, if those volumes are lost, too.</summary>
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
        var tried = cluster.RetryStates.ContainsKey(action.Key);
        Do(action);
        return tried;
    }
}
