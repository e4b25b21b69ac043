using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>What the policy wants done, and why. Decisions are values: they can be logged, compared and replayed.</summary>
/// <remarks>There are four kinds: a query asks, a mutation changes the cluster, a hold leaves something alone, and a stuck notice says what a failover waits for.</remarks>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>What it is done to, or said of: never two at once with the same key.</summary>
    public abstract DecisionKey Key { get; }

    /// <summary>Something that is only asked: every replica may, and nothing changes by it.</summary>
    public abstract record Query : Decision;

    /// <summary>A change of the cluster: only the leader makes one.</summary>
    public abstract record Mutation : Decision;

    /// <summary>Ask LINSTOR afresh what it knows of a resource definition.</summary>
    public sealed record QueryResource(ResourceName Resource) : Query
    {
        public override DecisionKey Key => DecisionKey.QueryResource(Resource);
    }

    /// <summary>Ask LINSTOR afresh which satellites it reaches.</summary>
    public sealed record QuerySatellites : Query
    {
        public override DecisionKey Key => DecisionKey.QuerySatellites;
    }

    /// <summary>Ask Kubernetes what is on a node: every pod, so that no attachment is pulled from under one that the selector does not match, and the volumes in use.</summary>
    public sealed record ListPodsOnNode(NodeName Node) : Query
    {
        public override DecisionKey Key => DecisionKey.ListPodsOnNode(Node);
    }

    /// <summary>Ask Kubernetes what it has warned of about an object that a failover waits for.</summary>
    public sealed record QueryWarnings(string Namespace, Uid About) : Query
    {
        public override DecisionKey Key => DecisionKey.QueryWarnings(About);
    }

    /// <summary>Keep new pods away from a node that has lost storage.</summary>
    public sealed record TaintNode(ClusterNode Node, LossEvidence Evidence) : Mutation
    {
        public override DecisionKey Key => DecisionKey.TaintNode(Node.Name);
    }

    /// <summary>Let new pods come to a node again that has its storage back.</summary>
    public sealed record UntaintNode(ClusterNode Node) : Mutation
    {
        public override DecisionKey Key => DecisionKey.UntaintNode(Node.Name);
    }

    /// <summary>Take volumes off the list of those that a lost node uses, so that the attach-detach controller need not wait for its kubelet.</summary>
    /// <param name="Node">The lost node.</param>
    /// <param name="Volumes">As the list names them; ordered.</param>
    public sealed record ClearVolumesInUse(ClusterNode Node, ImmutableArray<string> Volumes) : Mutation
    {
        public override DecisionKey Key => DecisionKey.ClearVolumesInUse(Node.Name);
    }

    /// <summary>Delete a pod at once, without waiting for its node.</summary>
    public sealed record DeletePod(Pod Pod, LossEvidence Evidence) : Mutation
    {
        public override DecisionKey Key => DecisionKey.DeletePod(Pod.Uid);
    }

    /// <summary>Delete a VolumeAttachment, so that the volume can be attached elsewhere.</summary>
    /// <param name="Attachment">The attachment on the lost node.</param>
    /// <param name="Claim">The claim that it serves.</param>
    /// <param name="Evidence">Why.</param>
    public sealed record DeleteAttachment(Attachment Attachment, ObjectKey Claim, LossEvidence Evidence) : Mutation
    {
        public override DecisionKey Key => DecisionKey.DeleteAttachment(Attachment.Uid);
    }

    /// <summary>Leave something alone, for a reason.</summary>
    /// <param name="Resource">The resource definition in question.</param>
    /// <param name="Node">The Kubernetes node of the consumer that seems to have lost it.</param>
    /// <param name="Reason">Why nothing is done.</param>
    /// <param name="Detail">What the reason is about.</param>
    /// <param name="Pods">The pods that are left where they are.</param>
    /// <param name="Since">From when the reason has stood.</param>
    /// <param name="Overdue">Whether it has stood for the grace period: without it, something would have been done by now.</param>
    public sealed record Hold(
        ResourceName Resource, NodeName Node, HoldReason Reason, HoldDetail Detail, ImmutableArray<Pod> Pods, Instant Since, bool Overdue) : Decision
    {
        public override DecisionKey Key => new("hold", $"{Resource} {Node} {Reason} {string.Join(' ', Pods.Select(pod => pod.Uid))}");
    }

    /// <summary>Say that a failover which was begun gets no further, and why: there is nothing that we could do.</summary>
    /// <param name="Failover">The failover.</param>
    /// <param name="Phase">What it waits for.</param>
    /// <param name="Why">What stands in its way, as a clause.</param>
    public sealed record ReportStuck(Failover Failover, Phase Phase, string Why) : Decision
    {
        public override DecisionKey Key => new("stuck", $"{Failover.Pod.Uid} {Phase}");
    }
}

/// <summary>What a decision is done to, or said of.</summary>
/// <param name="Verb">The kind of decision; of a mutation, the value of the metrics' label <c>action</c>.</param>
/// <param name="Target">The UID of an object, or the name of what is asked about.</param>
public readonly record struct DecisionKey(string Verb, string Target)
{
    public static DecisionKey QuerySatellites { get; } = new("query satellites", "");

    public static DecisionKey QueryResource(ResourceName resource) => new("query resource", resource.Value.ToUpperInvariant());

    public static DecisionKey ListPodsOnNode(NodeName node) => new("list pods on node", node.Value);

    public static DecisionKey QueryWarnings(Uid about) => new("query warnings", about.Value);

    public static DecisionKey TaintNode(NodeName node) => new("taint", node.Value);

    public static DecisionKey UntaintNode(NodeName node) => new("untaint", node.Value);

    public static DecisionKey ClearVolumesInUse(NodeName node) => new("release", node.Value);

    public static DecisionKey DeletePod(Uid pod) => new("delete pod", pod.Value);

    public static DecisionKey DeleteAttachment(Uid attachment) => new("detach", attachment.Value);

    /// <summary>The query or mutation that an observation is the answer to; null if it is none.</summary>
    public static DecisionKey? AnsweredBy(Observation seen) => seen switch
    {
        Observation.MutationAnswered o => o.Decision.Key,
        Observation.ResourceReported o => QueryResource(o.Report.Resource),
        Observation.SatellitesListed => QuerySatellites,
        Observation.PodsOnNodeListed o => ListPodsOnNode(o.Node),
        Observation.WarningsListed o => QueryWarnings(o.About),
        _ => null,
    };
}

/// <summary>The decisions for one instant, and when to ask again even if nothing is observed until then.</summary>
public sealed record Verdict(IReadOnlyList<Decision> Decisions, Instant? RequeueAt)
{
    /// <summary>Errors of this program in judging or explaining: each has held one consumer, or left one thing unexplained.</summary>
    public IReadOnlyList<Exception> Errors { get; init; } = [];

    /// <summary>What is made of each consumer in doubt, by resource and node. Worked out when it is first asked for: deciding does not need it.</summary>
    public IReadOnlyList<AssessedConsumer> Consumers => field ??= Assess();

    internal Func<IReadOnlyList<AssessedConsumer>> Assess { private get; init; } = () => [];
}
