using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>One thing that the policy decides, and why. Decisions are values: they can be logged, compared and replayed.</summary>
/// <remarks>There are four kinds: a query asks, a mutation changes the cluster, a hold leaves something alone, and a stuck notice says what a failover waits for.</remarks>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>The kind and target of the decision. No two decisions of one instant have the same key.</summary>
    public abstract DecisionKey Key { get; }

    /// <summary>A read-only question. Every replica may ask it.</summary>
    public abstract record Query : Decision;

    /// <summary>A change to the cluster. Only the leader makes one.</summary>
    public abstract record Mutation : Decision;

    /// <summary>Ask LINSTOR again about a resource definition.</summary>
    public sealed record QueryResource(ResourceName Resource) : Query
    {
        public override DecisionKey Key => DecisionKey.QueryResource(Resource);
    }

    /// <summary>Ask LINSTOR again which satellites it reaches.</summary>
    public sealed record QuerySatellites : Query
    {
        public override DecisionKey Key => DecisionKey.QuerySatellites;
    }

    /// <summary>Ask Kubernetes for the volumes in use on a node and for every pod there, so that no attachment is deleted while a pod that the selector does not match uses it.</summary>
    public sealed record ListPodsOnNode(NodeName Node) : Query
    {
        public override DecisionKey Key => DecisionKey.ListPodsOnNode(Node);
    }

    /// <summary>Ask Kubernetes for the warnings about an object that a failover waits for.</summary>
    public sealed record QueryWarnings(string Namespace, Uid About) : Query
    {
        public override DecisionKey Key => DecisionKey.QueryWarnings(About);
    }

    /// <summary>Keep new pods away from a node that has lost storage.</summary>
    public sealed record TaintNode(ClusterNode Node, LossEvidence Evidence) : Mutation
    {
        public override DecisionKey Key => DecisionKey.TaintNode(Node.Name);
    }

    /// <summary>Let new pods be scheduled again to a node that has its storage back.</summary>
    public sealed record UntaintNode(ClusterNode Node) : Mutation
    {
        public override DecisionKey Key => DecisionKey.UntaintNode(Node.Name);
    }

    /// <summary>Remove volumes from a lost node's list of volumes in use, so that the attach-detach controller need not wait for its kubelet.</summary>
    /// <param name="Node">The lost node.</param>
    /// <param name="Volumes">As the list names them; ordered.</param>
    public sealed record ClearVolumesInUse(ClusterNode Node, ImmutableArray<string> Volumes) : Mutation
    {
        /// <summary>Why: one loss for each resource that was lost there.</summary>
        public ImmutableArray<LossEvidence> Evidence { get; init; } = [];

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
    /// <param name="Reason">Why the policy does nothing.</param>
    /// <param name="Detail">The details of the reason.</param>
    /// <param name="Pods">The pods that stay where they are.</param>
    /// <param name="Since">When the reason began to apply.</param>
    /// <param name="Overdue">Whether it has applied for the grace period. Without it, the policy would have acted by now.</param>
    public sealed record Hold(
        ResourceName Resource, NodeName Node, HoldReason Reason, HoldDetail Detail, ImmutableArray<Pod> Pods, Instant Since, bool Overdue) : Decision
    {
        public override DecisionKey Key => new("hold", $"{Resource} {Node} {Reason} {string.Join(' ', Pods.Select(pod => pod.Uid))}");
    }

    /// <summary>Report that a failover makes no progress, and why. The controller itself can do nothing about it.</summary>
    /// <param name="Failover">The failover.</param>
    /// <param name="Phase">What it waits for.</param>
    /// <param name="Why">The obstacle, as a clause.</param>
    public sealed record ReportStuck(Failover Failover, Phase Phase, string Why) : Decision
    {
        public override DecisionKey Key => new("stuck", $"{Failover.Pod.Uid} {Phase}");
    }
}

/// <summary>The kind and target of a decision.</summary>
/// <param name="Verb">The kind of decision; of a mutation, the value of the metrics' label <c>action</c>.</param>
/// <param name="Target">The UID of an object, or the name of the queried object.</param>
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

    /// <summary>The query or mutation that an observation answers; null if it answers none.</summary>
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

/// <summary>The decisions for one instant, and when to evaluate again even without a new observation.</summary>
public sealed record Verdict(IReadOnlyList<Decision> Decisions, Instant? RequeueAt)
{
    /// <summary>Bugs caught while judging or explaining. Each one holds a single consumer, or leaves a single thing unexplained.</summary>
    public IReadOnlyList<Exception> Errors { get; init; } = [];

    /// <summary>The result for each consumer in doubt, by resource and node. Computed on first use, because deciding does not need it.</summary>
    public IReadOnlyList<AssessedConsumer> Consumers => field ??= Assess();

    internal Func<IReadOnlyList<AssessedConsumer>> Assess { private get; init; } = () => [];
}
