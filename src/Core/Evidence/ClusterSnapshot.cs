using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Everything that this process has observed, and nothing else.</summary>
/// <remarks>Immutable: any thread may read it, and a recorded list of observations rebuilds it exactly.</remarks>
public sealed partial record ClusterSnapshot
{
    private ClusterSnapshot()
    {
    }

    /// <summary>The snapshot before the first observation.</summary>
    public static ClusterSnapshot Empty { get; } = new();

    /// <summary>The snapshot before the first observation, for a process with these settings.</summary>
    public static ClusterSnapshot For(FailoverSettings settings) => new() { StormThreshold = settings.StormThreshold };

    /// <summary>The resource definitions that were heard of.</summary>
    public ImmutableDictionary<ResourceName, Resource> Resources { get; private init; } = ImmutableDictionary<ResourceName, Resource>.Empty;

    /// <summary>Whether LINSTOR answers, and which satellites it reaches.</summary>
    public LinstorView Linstor { get; private init; } = LinstorView.Unknown;

    /// <summary>LINSTOR's satellites; null before the first list.</summary>
    public ImmutableDictionary<NodeName, Satellite>? Satellites => Linstor.Satellites;

    /// <summary>The pods that match the selector, by the claims they mount.</summary>
    public ObjectIndex<ObjectKey, Pod, ObjectKey> Pods { get; private init; } = new(
        pod => pod.Key,
        pod => pod.ClaimKeys.Distinct(),
        (before, after) => before.Uid == after.Uid && before.Node == after.Node);

    /// <summary>The PersistentVolumes, by the LINSTOR resource behind them.</summary>
    public ObjectIndex<string, Volume, ResourceName> Volumes { get; private init; } = new(
        volume => volume.Name,
        volume => volume.Resource is { } resource ? [resource] : [],
        (before, after) => before.Resource == after.Resource);

    /// <summary>The PersistentVolumes once more, by claim.</summary>
    public ObjectIndex<string, Volume, ObjectKey> Claims { get; private init; } = new(
        volume => volume.Name,
        volume => volume.Claim is { } claim ? [claim] : [],
        (_, _) => true);

    /// <summary>Our attacher's attachments, by PersistentVolume.</summary>
    public ObjectIndex<string, Attachment, string> Attachments { get; private init; } = new(
        attachment => attachment.Name,
        attachment => [attachment.Volume],
        (before, after) => before.Uid == after.Uid);

    /// <summary>Kubernetes' nodes.</summary>
    public ImmutableDictionary<NodeName, ClusterNode> Nodes { get; private init; } = ImmutableDictionary<NodeName, ClusterNode>.Empty;

    /// <summary>The nodes that have our taint, ordered by name.</summary>
    internal ImmutableSortedDictionary<NodeName, ClusterNode> TaintedByUs { get; private init; } = ImmutableSortedDictionary<NodeName, ClusterNode>.Empty;

    /// <summary>The nodes whose loss an administrator has confirmed.</summary>
    private ImmutableHashSet<NodeName> LossConfirmed { get; init; } = [];

    /// <summary>The LINSTOR names of nodes, as last reported.</summary>
    public ImmutableDictionary<NodeName, CsiNode> CsiNodes { get; private init; } = ImmutableDictionary<NodeName, CsiNode>.Empty;

    /// <summary>The sources that have delivered everything and are still open. Nodes and CSINodes stay synced once delivered, because names hardly change.</summary>
    public ImmutableHashSet<Source> SyncedSources { get; private init; } = [];

    /// <summary>The last list of pods on each queried node.</summary>
    public ImmutableDictionary<NodeName, PodsOnNode> PodsOnNodes { get; private init; } = ImmutableDictionary<NodeName, PodsOnNode>.Empty;

    /// <summary>The actions that were tried and whose effect is not seen yet.</summary>
    public ImmutableDictionary<DecisionKey, RetryState> RetryStates { get; private init; } = ImmutableDictionary<DecisionKey, RetryState>.Empty;

    /// <summary>The attachments that a deleted pod has left behind, until they are gone.</summary>
    public ImmutableHashSet<Uid> Orphaned { get; private init; } = [];

    /// <summary>The snapshot after one more observation.</summary>
    public ClusterSnapshot Apply(Observation seen, Instant at)
    {
        var next = (Errors.IsEmpty ? this : this with { Errors = [] }).ReassessDue(at).TakeIn(seen, at);
        next = next.IsSameAs(this) ? next : next.Review(next.Touched(seen, before: this));
        next = next.Watch(this, at);
        try
        {
            return next.Follow(seen, at);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return next with { Errors = next.Errors.Add(error) }; // an error in following must not stop a decision
        }
    }

    /// <summary>Bugs caught while applying the last observation. Each one holds the consumers of one resource, or leaves something unexplained.</summary>
    public ImmutableArray<Exception> Errors { get; private init; } = [];

    /// <summary>LINSTOR's name for a Kubernetes node.</summary>
    public NodeName LinstorNameOf(NodeName node) => CsiNodes.GetValueOrDefault(node)?.LinstorName ?? node;

    // An answer that cannot be processed is no answer: it confirms nothing, and the query is repeated.
    private ClusterSnapshot TakeIn(Observation seen, Instant at)
    {
        try
        {
            return Take(seen, at);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return this with
            {
                Errors = Errors.Add(error),
                RetryStates = DecisionKey.AnsweredBy(seen) is { } key
                    ? RetryStates.SetItem(key, RetryState.After(new(MutationOutcome.Refused, error.Message), RetryStates.GetValueOrDefault(key), at))
                    : RetryStates,
            };
        }
    }

    private ClusterSnapshot Take(Observation seen, Instant at) => seen switch
    {
        Observation.PromotionChanged o => With(ResourceOf(o.Resource).Observe(o.Node, o.Promotability, at, Linstor), at),
        Observation.ResourceReported o => Report(o.Report, at),
        Observation.SatellitesListed o when o.AskedAt < Linstor.AskedAt => this, // a late answer to an older question
        Observation.SatellitesListed o => Relist(o, at),

        Observation.Listed<Pod> o => Relist(o.Items, at),
        Observation.Updated<Pod> o => Occupy(o.Item) with { Pods = Pods.Set(o.Item, at) },
        Observation.Deleted<Pod> o => Forget(o.Item) with { Pods = Pods.Remove(o.Item) },

        Observation.Listed<Volume> o => Synced(Source.Volumes) with { Volumes = Volumes.Replace(o.Items, at), Claims = Claims.Replace(o.Items, at) },
        Observation.Updated<Volume> o => this with { Volumes = Volumes.Set(o.Item, at), Claims = Claims.Set(o.Item, at) },
        Observation.Deleted<Volume> o => this with { Volumes = Volumes.Remove(o.Item), Claims = Claims.Remove(o.Item) },

        Observation.Listed<Attachment> o => Relist(o.Items, at),
        Observation.Updated<Attachment> o => this with { Attachments = Attachments.Set(o.Item, at) },
        Observation.Deleted<Attachment> o => Forget(o.Item) with { Attachments = Attachments.Remove(o.Item) },

        Observation.Listed<ClusterNode> o => o.Items.Aggregate(Nodes.Keys.Aggregate(Synced(Source.Nodes), (cluster, node) => cluster.Remove(node)), (cluster, node) => cluster.Set(node)),
        Observation.Updated<ClusterNode> o => Set(o.Item),
        Observation.Deleted<ClusterNode> o => Remove(o.Item.Name),

        Observation.Listed<CsiNode> o => Synced(Source.CsiNodes).Remember(o.Items),
        Observation.Updated<CsiNode> o => Remember([o.Item]),

        Observation.PodsOnNodeListed o => Take(o, at),
        Observation.SourceLost { Source: Source.Linstor, IsStreamIntact: var isIntact } => LinstorLost(isIntact, at),
        Observation.SourceLost o => o.Source is Source.Nodes or Source.CsiNodes ? this : this with { SyncedSources = SyncedSources.Remove(o.Source) },
        Observation.WarningsListed o => this with { Warnings = Warnings.SetItem(o.About, o), RetryStates = RetryStates.Remove(DecisionKey.QueryWarnings(o.About)) },
        Observation.MutationAnswered { Outcome.Answer: MutationOutcome.NotSent } => this,
        Observation.MutationAnswered o => Begin(o).Note(o.Decision, o.Outcome, at),
        Observation.Tick => ForgetAbandoned(at),
        _ => this,
    };

    /// <summary>Whether the consumer of a resource on a Kubernetes node has lost it, by LINSTOR's reports.</summary>
    internal bool IsLost(ResourceName name, NodeName node) =>
        Resources.GetValueOrDefault(name)?.AssessmentOf(LinstorNameOf(node)) is { IsLoss: true };

    /// <summary>Whether an attachment was left behind by a pod that this process deleted, on a node that has lost its volume.</summary>
    public bool IsOrphaned(Attachment attachment) =>
        Orphaned.Contains(attachment.Uid) && Volumes.Find(attachment.Volume)?.Item.Resource is { } name && IsLost(name, attachment.Node);
}
