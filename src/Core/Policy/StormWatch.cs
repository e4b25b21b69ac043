using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A loss of so many nodes at once that LINSTOR's view is doubted.</summary>
/// <param name="Nodes">The LINSTOR nodes that were lost, including those lost since.</param>
/// <param name="Of">How many nodes were well before, or are lost with consumers.</param>
public sealed record Storm(ImmutableSortedSet<NodeName> Nodes, int Of);

/// <summary>Remembers when each node was lost, and detects a storm: too many losses at once are a reason to doubt LINSTOR's view, not to move every pod.</summary>
/// <remarks>
/// A node is lost if its satellite is offline, or if a consumer there has lost a resource. Only news counts: the node was well within the last five minutes, or it is lost with consumers since
/// this process began. A node that has been off for long, or was never used, is not news. A storm does not expire: it lasts until its nodes return, or until an administrator says that they are
/// gone (declared lost or evicted in LINSTOR, or confirmed on the Kubernetes node).
/// </remarks>
public sealed record StormWatch
{
    private ImmutableDictionary<NodeName, Loss> Losses { get; init; } = ImmutableDictionary<NodeName, Loss>.Empty;

    // For how long LINSTOR had answered when this process first knew what is on the nodes; null until it does.
    private TimeSpan? InformedAt { get; init; }

    /// <summary>The storm; null if there is none.</summary>
    public Storm? Storm { get; private init; }

    /// <summary>The watch after a check of the nodes.</summary>
    /// <param name="nodes">Every node that LINSTOR lists and has not given up, and its health.</param>
    /// <param name="spoken">For how long LINSTOR has answered since this process began.</param>
    /// <param name="isInformed">Whether the Kubernetes sources that show what is on the nodes are synced.</param>
    /// <param name="threshold">The share of nodes, from 0 to 1, above which a loss is a storm; at 1, no loss is.</param>
    internal StormWatch After(IReadOnlyCollection<NodeHealth> nodes, TimeSpan spoken, bool isInformed, double threshold)
    {
        var informedAt = InformedAt ?? (isInformed ? spoken : null);
        var losses = ImmutableDictionary.CreateBuilder<NodeName, Loss>();
        foreach (var node in nodes.Where(node => node.IsLost))
        {
            losses[node.Name] = (Losses.GetValueOrDefault(node.Name) ?? new Loss(null, null, IsNews: !node.IsFirstSeen)).After(node, spoken, informedAt);
        }

        var news = nodes.Where(node => node.IsLost && IsNews(node.Name, losses[node.Name], spoken)).Select(node => node.Name).ToImmutableSortedSet();
        var of = nodes.Count(node => !node.IsOffline && !news.Contains(node.Name)) + news.Count;
        var isStorm = threshold < 1 && news.Count >= 2 && news.Count > of * threshold;
        return this with { InformedAt = informedAt, Losses = losses.ToImmutable(), Storm = !isStorm ? null : Storm is { } before && before.Nodes.SetEquals(news) && before.Of == of ? before : new(news, of) };
    }

    private bool IsNews(NodeName node, Loss loss, TimeSpan spoken) => Storm?.Nodes.Contains(node) == true || (loss.IsNews && spoken - loss.At <= Timings.NewsLasts);

    /// <summary>
    /// When a node was lost, or first seen as lost. A satellite that goes away is a new loss even if storage was lost there long ago, and so is storage that is lost where the satellite was
    /// already away.
    /// </summary>
    /// <param name="Offline">When its satellite went away; null if it has not.</param>
    /// <param name="Storage">When a consumer there lost a resource; null if none has.</param>
    /// <param name="IsNews">Whether it was well before, or had consumers when it was first seen. Consumers that come to a node that is already off do not make it a loss.</param>
    private sealed record Loss(TimeSpan? Offline, TimeSpan? Storage, bool IsNews)
    {
        public TimeSpan At => Offline > Storage ? Offline.Value : Storage ?? Offline ?? TimeSpan.Zero;

        public Loss After(NodeHealth node, TimeSpan spoken, TimeSpan? informedAt)
        {
            var wentAway = node.IsOffline && Offline is null && Storage is not null;
            var next = new Loss(node.IsOffline ? Offline ?? spoken : null, node.HasLostStorage ? Storage ?? spoken : null, IsNews || wentAway);
            var isLate = spoken - next.At > Timings.FirstLook && spoken - informedAt > Timings.FirstLook;
            return next.IsNews || !node.HasConsumers || isLate ? next : next with { IsNews = true };
        }
    }
}

/// <summary>A node as the storm watch sees it.</summary>
/// <param name="Name">The LINSTOR node.</param>
/// <param name="IsOffline">Whether its satellite is offline.</param>
/// <param name="HasLostStorage">Whether a consumer there has lost a resource, and the node has not recovered since.</param>
/// <param name="HasConsumers">Whether it has consumers that no speaker reports as healthy.</param>
/// <param name="IsFirstSeen">Whether LINSTOR lists it for the first time.</param>
internal readonly record struct NodeHealth(NodeName Name, bool IsOffline, bool HasLostStorage, bool HasConsumers, bool IsFirstSeen)
{
    public bool IsLost => IsOffline || HasLostStorage;
}
