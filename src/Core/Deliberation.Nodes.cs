namespace Piraeus.HighAvailability.Core;

/// <content>What is done to nodes: it makes a failover fast, and never stops one.</content>
internal sealed partial class Deliberation
{
    private readonly SortedDictionary<NodeName, (ClusterNode Node, SortedSet<string> Volumes)> _releases = [];

    /// <summary>Prepares a lost node, once: no new pod comes to it, and its lost volumes are not waited for.</summary>
    /// <returns>Whether its pods and attachments may go now. A step that failed is tried again, but nobody waits for it.</returns>
    private bool IsCleared(User user, Evidence evidence, NodeSurvey? survey)
    {
        if (!cluster.Nodes.TryGetValue(user.Node, out var node))
        {
            return true;
        }

        if (settings.TaintNodes && !node.TaintedByUs && !WasTried(new Decision.Taint(node, evidence)))
        {
            return false;
        }

        var releasable = survey is null ? [] : Releasable(user, survey).Where(survey.VolumesInUse.Contains).ToList();
        if (releasable.Count > 0)
        {
            var release = _releases.TryGetValue(node.Name, out var others) ? others : _releases[node.Name] = (node, new(StringComparer.Ordinal));
            release.Volumes.UnionWith(releasable);
            return cluster.Attempts.ContainsKey(ActionKey.For(new Decision.Release(node, [])));
        }

        // Without a survey nobody knows what may be released; but one that cannot be had is not waited for.
        return survey is not null || user.Attachments.IsEmpty || cluster.Attempts.ContainsKey(ActionKey.For(new Decision.Survey(user.Node)));
    }

    /// <summary>Releases the volumes of all users of a node together: each release rewrites one list.</summary>
    private void Release()
    {
        foreach (var (node, volumes) in _releases.Values)
        {
            Do(new Decision.Release(node, [.. volumes]));
        }
    }

    /// <summary>Takes our taint back from nodes that have all their storage again.</summary>
    private void Recover()
    {
        foreach (var node in cluster.Nodes.Values.Where(node => node.TaintedByUs).OrderBy(node => node.Name))
        {
            if (cluster.Listening.Contains(Source.Linstor) && HasRecovered(cluster.LinstorNameOf(node.Name), isNameKnown: cluster.CsiNodes.ContainsKey(node.Name)))
            {
                Do(new Decision.Untaint(node));
            }
        }
    }

    /// <summary>Whether LINSTOR reaches the node, and every resource there has quorum and usable data; asks about those that it has not told of lately.</summary>
    private bool HasRecovered(NodeName node, bool isNameKnown)
    {
        if (isNameKnown && cluster.Satellites is { } satellites && !satellites.ContainsKey(node))
        {
            // LINSTOR has given it up: there is nothing left on it to be lost, once those who lost it have moved.
            return !cluster.InDoubt.Values.Any(users => users.Any(user => user.LinstorName == node && user.Assessment is { IsLoss: true }));
        }

        if (cluster.Satellites?.GetValueOrDefault(node)?.State != SatelliteState.Online)
        {
            return false; // its return is told by the list of satellites
        }

        var recovered = true;
        foreach (var (name, resource) in cluster.Resources.Where(entry => entry.Value.IsHeardOf && cluster.Volumes.RefersTo(entry.Key)).OrderBy(entry => entry.Key))
        {
            if (resource.Find(node) is { Presence: Presence.Listed, Leaving: false } speaker)
            {
                var asked = resource.ReportedAt ?? Instant.Start;
                recovered &= speaker.Score is { Current: true, Value: > 0 } && resource.IsReportCurrent && asked >= now - settings.ReconcileInterval - Timings.AnswerLasts;
                Ask(new Decision.Consult(name), resource.IsReportCurrent ? asked + settings.ReconcileInterval : now);
            }
        }

        return recovered;
    }

    /// <summary>The user's volumes that nobody who stays uses there, and those that its pods lose with it, as its node names them. </summary>
    private IEnumerable<string> Releasable(User user, NodeSurvey survey)
    {
        foreach (var attachment in user.Attachments.Concat(LostAlongWith(user)))
        {
            if (cluster.Volumes.Find(attachment.Volume)?.Item is { InUseName: { } name, Claim: { } claim } && !survey.Pods.ReferringTo(claim).Any(held => Stays(held.Item)))
            {
                yield return name;
            }
        }
    }

    /// <summary>The attachments of the other volumes that the user's pods have on the node, where those are as lost as the user's own.</summary>
    /// <remarks>Whether their grace period is over does not matter: their pods are moved in any case.</remarks>
    private IEnumerable<Attachment> LostAlongWith(User user) =>
        from pod in user.Pods
        where pod.Claims.Length > 1 && ObjectionTo(pod) is null
        from claim in pod.ClaimKeys
        from attachment in cluster.AttachmentsOf(claim)
        where attachment.Node == user.Node
        let name = cluster.Volumes.Find(attachment.Volume)?.Item.Resource
        where name is not null && name != user.Resource.Name && IsConfirmed(name.Value)
        where cluster.Resources[name.Value].AssessmentOf(user.LinstorName) is { IsLoss: true }
        select attachment;

    private bool Stays(Pod pod) => !pod.Finished && (!pod.OptedIn || ObjectionTo(pod) is not null);

    private bool WasTried(Decision action)
    {
        var tried = cluster.Attempts.ContainsKey(ActionKey.For(action));
        Do(action);
        return tried;
    }
}
