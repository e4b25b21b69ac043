using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Everything this process was told, and nothing else.</summary>
/// <remarks>Immutable: any thread may read one at leisure, and a recorded list of observations rebuilds it exactly.</remarks>
public sealed partial record ClusterSnapshot
{
    private ClusterSnapshot()
    {
    }

    /// <summary>Nothing was told yet.</summary>
    public static ClusterSnapshot Empty { get; } = new();

    /// <summary>The resource definitions that were heard of.</summary>
    public ImmutableDictionary<ResourceName, Resource> Resources { get; private init; } = ImmutableDictionary<ResourceName, Resource>.Empty;

    /// <summary>LINSTOR's satellites; null until it was asked.</summary>
    public ImmutableDictionary<NodeName, Satellite>? Satellites { get; private init; }

    /// <summary>When they were asked for; null until they were.</summary>
    public Instant? SatellitesAskedAt { get; private init; }

    /// <summary>The pods that match the selector, by the claims they mount.</summary>
    public Catalog<ObjectKey, Pod, ObjectKey> Pods { get; private init; } = new(
        pod => pod.Key,
        pod => pod.ClaimKeys.Distinct(),
        (before, after) => before.Uid == after.Uid && before.Node == after.Node);

    /// <summary>The PersistentVolumes, by the LINSTOR resource behind them.</summary>
    public Catalog<string, Volume, ResourceName> Volumes { get; private init; } = new(
        volume => volume.Name,
        volume => volume.Resource is { } resource ? [resource] : [],
        (before, after) => before.Resource == after.Resource);

    /// <summary>The PersistentVolumes once more, by claim.</summary>
    public Catalog<string, Volume, ObjectKey> Claims { get; private init; } = new(
        volume => volume.Name,
        volume => volume.Claim is { } claim ? [claim] : [],
        (_, _) => true);

    /// <summary>Our attacher's attachments, by PersistentVolume.</summary>
    public Catalog<string, Attachment, string> Attachments { get; private init; } = new(
        attachment => attachment.Name,
        attachment => [attachment.Volume],
        (before, after) => before.Uid == after.Uid);

    /// <summary>Kubernetes' nodes.</summary>
    public ImmutableDictionary<NodeName, ClusterNode> Nodes { get; private init; } = ImmutableDictionary<NodeName, ClusterNode>.Empty;

    /// <summary>The LINSTOR names of nodes, as last told.</summary>
    public ImmutableDictionary<NodeName, CsiNode> CsiNodes { get; private init; } = ImmutableDictionary<NodeName, CsiNode>.Empty;

    /// <summary>The sources that have told everything and go on telling. What nodes are called hardly changes: once told is enough.</summary>
    public ImmutableHashSet<Source> Listening { get; private init; } = [];

    /// <summary>When LINSTOR last answered; null if it never did.</summary>
    public Instant? LinstorAnsweredAt { get; private init; }

    /// <summary>What was last seen on each node that was asked about.</summary>
    public ImmutableDictionary<NodeName, NodeSurvey> Surveys { get; private init; } = ImmutableDictionary<NodeName, NodeSurvey>.Empty;

    /// <summary>What was tried and is not yet seen to be done.</summary>
    public ImmutableDictionary<ActionKey, Attempt> Attempts { get; private init; } = ImmutableDictionary<ActionKey, Attempt>.Empty;

    /// <summary>The attachments that a deleted pod has left behind, until they are gone.</summary>
    public ImmutableHashSet<Uid> Vacated { get; private init; } = [];

    /// <summary>The snapshot after one more observation.</summary>
    public ClusterSnapshot Apply(Observation seen, Instant at)
    {
        var next = Take(seen, at);
        next = next.SaysTheSameAs(this) ? next : next.Review(Touched(seen).Concat(next.Touched(seen)));
        return next.Follow(seen, at);
    }

    /// <summary>What LINSTOR calls a Kubernetes node.</summary>
    public NodeName LinstorNameOf(NodeName node) => CsiNodes.GetValueOrDefault(node)?.LinstorName ?? node;

    private ClusterSnapshot Take(Observation seen, Instant at) => seen switch
    {
        Observation.Promotion o => With(ResourceOf(o.Resource).Hear(o.Node, o.Promotability, at), at),
        Observation.Reported o => (Listening.Contains(Source.Linstor) ? LinstorAnswered(at) : this).Report(o.Report, at),
        Observation.SatellitesListed o when o.AskedAt < SatellitesAskedAt => this, // a late answer to an older question
        Observation.SatellitesListed o => LinstorAnswered(at).Relist(o, at),

        Observation.Listed<Pod> o => Relist(o.Items, at),
        Observation.Seen<Pod> o => Occupy(o.Item) with { Pods = Pods.Set(o.Item, at) },
        Observation.Gone<Pod> o => Forget(o.Item) with { Pods = Pods.Remove(o.Item) },

        Observation.Listed<Volume> o => Hear(Source.Volumes) with { Volumes = Volumes.Replace(o.Items, at), Claims = Claims.Replace(o.Items, at) },
        Observation.Seen<Volume> o => this with { Volumes = Volumes.Set(o.Item, at), Claims = Claims.Set(o.Item, at) },
        Observation.Gone<Volume> o => this with { Volumes = Volumes.Remove(o.Item), Claims = Claims.Remove(o.Item) },

        Observation.Listed<Attachment> o => Relist(o.Items, at),
        Observation.Seen<Attachment> o => this with { Attachments = Attachments.Set(o.Item, at) },
        Observation.Gone<Attachment> o => Forget(o.Item) with { Attachments = Attachments.Remove(o.Item) },

        Observation.Listed<ClusterNode> o => Hear(Source.Nodes) with { Nodes = o.Items.ToImmutableDictionary(node => node.Name) },
        Observation.Seen<ClusterNode> o => this with { Nodes = Nodes.SetItem(o.Item.Name, o.Item) },
        Observation.Gone<ClusterNode> o => this with { Nodes = Nodes.Remove(o.Item.Name) },

        Observation.Listed<CsiNode> o => Hear(Source.CsiNodes).Remember(o.Items),
        Observation.Seen<CsiNode> o => Remember([o.Item]),

        Observation.Surveyed o => this with { Surveys = Surveys.SetItem(o.Node, NodeSurvey.Of(o)), Attempts = Attempts.Remove(ActionKey.For(new Decision.Survey(o.Node))) },
        Observation.Silenced o => o.Source is Source.Nodes or Source.CsiNodes ? this : this with { Listening = Listening.Remove(o.Source) },
        Observation.Warned o => this with { Warnings = Warnings.SetItem(o.About, o), Attempts = Attempts.Remove(new ActionKey("inquire", o.About.Value)) },
        Observation.Acted { Outcome.Answer: Answer.NotSent } => this,
        Observation.Acted o => Begin(o).Note(o.Decision, o.Outcome, at),
        _ => this,
    };

    /// <summary>Whether whoever uses a resource on a Kubernetes node has lost it, as far as LINSTOR told.</summary>
    internal bool IsLost(ResourceName name, NodeName node) =>
        Resources.GetValueOrDefault(name)?.FindingFor(LinstorNameOf(node)) is { Objection: null };

    /// <summary>Whether an attachment was left behind by a pod that this process deleted, on a node that has lost its volume.</summary>
    public bool IsForsaken(Attachment attachment) =>
        Vacated.Contains(attachment.Uid) && Volumes.Find(attachment.Volume)?.Item.Resource is { } name && IsLost(name, attachment.Node);

    private Resource ResourceOf(ResourceName name) => Resources.GetValueOrDefault(name) ?? new Resource(name);

    private ClusterSnapshot With(Resource resource, Instant at)
    {
        var assessed = resource.Reassess(Satellites, at);
        return Resources.TryGetValue(resource.Name, out var before) && ReferenceEquals(before, assessed)
            ? this
            : this with { Resources = Resources.SetItem(resource.Name, assessed) };
    }

    private ClusterSnapshot Report(ResourceReport report, Instant at)
    {
        var answered = this with { Attempts = Attempts.Remove(ActionKey.For(new Decision.Consult(report.Resource))) };
        return answered.With(ResourceOf(report.Resource).Hear(report, Satellites), at);
    }

    private ClusterSnapshot Relist(Observation.SatellitesListed told, Instant at)
    {
        var answered = this with { SatellitesAskedAt = told.AskedAt, Attempts = Attempts.Remove(ActionKey.For(new Decision.ListSatellites())) };
        var listed = told.Satellites.DistinctBy(satellite => satellite.Name).ToImmutableDictionary(satellite => satellite.Name);
        if (Satellites is { } before && before.Count == listed.Count && listed.All(entry => before.GetValueOrDefault(entry.Key) == entry.Value))
        {
            return answered;
        }

        var next = answered with { Satellites = listed };
        return Resources.Values.Aggregate(next, (cluster, resource) => cluster.With(resource, at));
    }

    /// <summary>LINSTOR can be asked again. The time in which it could not counts neither towards a loss nor for its user.</summary>
    /// <remarks>The list of satellites ends a silence, and nothing else does: without it, which of them are offline is stale belief.</remarks>
    private ClusterSnapshot LinstorAnswered(Instant at)
    {
        var heard = Hear(Source.Linstor) with { LinstorAnsweredAt = at };
        return Listening.Contains(Source.Linstor) || LinstorAnsweredAt is not { } last
            ? heard
            : heard with
            {
                Resources = Resources.SetItems(Suspicious.Select(name => KeyValuePair.Create(name, Resources[name].Pause(last, at)))),
                Pods = Pods.Pause(last, at),
                Attachments = Attachments.Pause(last, at),
            };
    }

    private ClusterSnapshot Relist(ImmutableArray<Pod> pods, Instant at)
    {
        var listed = Pods.Replace(pods, at);
        var gone = Pods.All.Where(held => listed.Find(held.Item.Key)?.Item.Uid != held.Item.Uid);
        return gone.Aggregate(Hear(Source.Pods), (cluster, held) => cluster.Forget(held.Item)) with { Pods = listed };
    }

    private ClusterSnapshot Relist(ImmutableArray<Attachment> attachments, Instant at)
    {
        var listed = Attachments.Replace(attachments, at);
        var gone = Attachments.All.Where(held => listed.Find(held.Item.Name)?.Item.Uid != held.Item.Uid);
        return gone.Aggregate(Hear(Source.Attachments), (cluster, held) => cluster.Forget(held.Item)) with { Attachments = listed };
    }

    /// <summary>A pod left the watch: because it is gone, or because its labels no longer match. Only if we deleted it do we know which.</summary>
    private ClusterSnapshot Forget(Pod pod)
    {
        var key = ActionKey.For(pod);
        return this with
        {
            Surveys = Attempts.GetValueOrDefault(key) is { Failures: 0 } ? Uncount(pod) : Surveys,
            Attempts = Attempts.Remove(key),
        };
    }

    private ClusterSnapshot Forget(Attachment attachment) => this with
    {
        Attempts = Attempts.Remove(ActionKey.For(attachment)),
        Vacated = Vacated.Remove(attachment.Uid),
    };

    private ImmutableDictionary<NodeName, NodeSurvey> Uncount(Pod pod) =>
        pod.Node is { } node && Surveys.TryGetValue(node, out var survey)
            ? Surveys.SetItem(node, survey with { Pods = survey.Pods.Remove(pod) })
            : Surveys;

    // A name outlives the driver's registration and the node's object: neither has anything to say of DRBD, and a lost node may lose both.
    private ClusterSnapshot Remember(ImmutableArray<CsiNode> nodes) => this with
    {
        CsiNodes = CsiNodes.SetItems(nodes.Where(node => node.LinstorName is not null).Select(node => KeyValuePair.Create(node.Name, node))),
    };

    private ClusterSnapshot Hear(Source source) => Listening.Contains(source) ? this : this with { Listening = Listening.Add(source) };
}
