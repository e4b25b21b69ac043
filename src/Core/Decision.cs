using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>What the policy wants done, and why. Decisions are values: they can be logged, compared and replayed.</summary>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>Whether nothing is to be done: it is only said.</summary>
    public bool IsRemark => this is Hold or Stall;

    /// <summary>Whether something is only asked: anybody may, and nothing changes by it.</summary>
    public bool IsQuestion => this is Consult or ListSatellites or Survey or Inquire;

    /// <summary>Ask LINSTOR afresh what it knows of a resource definition.</summary>
    public sealed record Consult(ResourceName Resource) : Decision;

    /// <summary>Ask LINSTOR afresh which satellites it reaches.</summary>
    public sealed record ListSatellites : Decision;

    /// <summary>Ask Kubernetes what is on a node: every pod, so that no attachment is pulled from under one that the selector does not match, and the volumes in use.</summary>
    public sealed record Survey(NodeName Node) : Decision;

    /// <summary>Ask Kubernetes what it has warned of about an object that a failover waits for.</summary>
    public sealed record Inquire(string Namespace, Uid About) : Decision;

    /// <summary>Keep new pods away from a node that has lost storage.</summary>
    public sealed record Taint(ClusterNode Node, Evidence Evidence) : Decision;

    /// <summary>Let new pods come to a node again that has its storage back.</summary>
    public sealed record Untaint(ClusterNode Node) : Decision;

    /// <summary>Take volumes off the list of those that a lost node uses, so that the attach-detach controller need not wait for its kubelet.</summary>
    /// <param name="Node">The lost node.</param>
    /// <param name="Volumes">As the list names them; ordered.</param>
    public sealed record Release(ClusterNode Node, ImmutableArray<string> Volumes) : Decision;

    /// <summary>Delete a pod at once, without waiting for its node.</summary>
    public sealed record DeletePod(Pod Pod, Evidence Evidence) : Decision;

    /// <summary>Delete a VolumeAttachment, so that the volume can be attached elsewhere.</summary>
    /// <param name="Attachment">The attachment on the lost node.</param>
    /// <param name="Claim">The claim that it serves.</param>
    /// <param name="Evidence">Why.</param>
    public sealed record Detach(Attachment Attachment, ObjectKey Claim, Evidence Evidence) : Decision;

    /// <summary>Leave something alone, for a reason.</summary>
    /// <param name="Resource">The resource definition in question.</param>
    /// <param name="Node">The Kubernetes node of the user that seems to have lost it.</param>
    /// <param name="Reason">Why nothing is done.</param>
    /// <param name="Detail">What the reason is about: a node, a pod, a volume; null where the reason says it all.</param>
    /// <param name="Pods">The pods that are left where they are.</param>
    /// <param name="Since">From when the reason has stood.</param>
    /// <param name="Overdue">Whether it has stood for the grace period: without it, something would have been done by now.</param>
    public sealed record Hold(
        ResourceName Resource, NodeName Node, HoldReason Reason, string? Detail, ImmutableArray<Pod> Pods, Instant Since, bool Overdue) : Decision;

    /// <summary>Say that a failover which was begun gets no further, and why: there is nothing that we could do.</summary>
    /// <param name="Failover">The failover.</param>
    /// <param name="Phase">What it waits for.</param>
    /// <param name="Why">What stands in its way, as a clause.</param>
    public sealed record Stall(Failover Failover, Phase Phase, string Why) : Decision;
}

/// <summary>Why a user is believed to have lost its storage.</summary>
/// <param name="Resource">What it lost.</param>
/// <param name="Lost">The Kubernetes node it is on.</param>
/// <param name="Rival">The LINSTOR node whose replica may promote: the proof that the user's side has no quorum.</param>
/// <param name="Since">From when this has held without interruption, time in which LINSTOR could not be asked left out.</param>
/// <param name="Due">When the grace period was over.</param>
public sealed record Evidence(ResourceName Resource, NodeName Lost, NodeName Rival, Instant Since, Instant Due);

/// <summary>Every reason not to act. Each has its sentence in Sentences.</summary>
public enum HoldReason
{
    /// <summary>Nothing suggests a loss: no replica may promote, and the user's own is heard of. Never told to anybody.</summary>
    Healthy,

    /// <summary>LINSTOR has not yet answered a question about the resource.</summary>
    NotAskedYet,

    /// <summary>LINSTOR has no such resource definition.</summary>
    NoSuchResource,

    /// <summary>The user's node was never seen to have a replica: it has nothing to lose.</summary>
    NeverDeployed,

    /// <summary>The resource was removed from the user's node: it has nothing to lose.</summary>
    NoLongerDeployed,

    /// <summary>The user's own replica may promote too: nobody uses the resource, and the node is healthy.</summary>
    OwnReplicaMayPromote,

    /// <summary>The user's node is not heard of, but no other replica may promote: no side has quorum, or one without a voice has it.</summary>
    NothingMayPromote,

    /// <summary>No other replica's satellite is reached: nobody has said anything.</summary>
    NobodySpeaks,

    /// <summary>A replica that was promotable when it was last heard of is silent now.</summary>
    PeerSilent,

    /// <summary>A replica may promote, but only on the strength of another one's disk: it has none, or not all of it is UpToDate, or it does not say.</summary>
    NoUpToDatePeer,

    /// <summary>LINSTOR's quorum policy for the resource could not be read yet.</summary>
    QuorumPolicyUnknown,

    /// <summary>Without a quorum policy, or with one that has not reached the user's node, a replica that may promote proves nothing of the other side.</summary>
    NoQuorumPolicy,

    /// <summary>The user's node has said that its links are down and that it keeps quorum all the same: its policy does not fence.</summary>
    KeepsQuorumAlone,

    /// <summary>By the members that the user's node last knew of, it may have quorum together with some that nobody is connected to.</summary>
    MayHaveQuorum,

    /// <summary>A replica reports that it is connected to the user's node.</summary>
    StillConnected,

    /// <summary>No replica that may promote reports on its connection to the user's node, and its satellite is not known to be offline.</summary>
    NotKnownOffline,

    /// <summary>Another node has the resource in use.</summary>
    InUseElsewhere,

    /// <summary>The user's own replica, or one that is connected to it, reports that its partition has quorum: one of those who report is out of date.</summary>
    SideHasQuorum,

    /// <summary>The replica that may promote is the only one whose satellite is reached, and Kubernetes does not say that the user's node is not ready.</summary>
    OnlyOneSpeaker,

    /// <summary>LINSTOR does not answer.</summary>
    LinstorSilent,

    /// <summary>The Kubernetes API has not told everything yet, or no longer does.</summary>
    KubernetesSilent,

    /// <summary>The state has not lasted for the grace period.</summary>
    GraceNotOver,

    /// <summary>So many satellites look lost that the witness is doubted.</summary>
    Storm,

    /// <summary>The grace period is over; whoever knows is asked once more.</summary>
    AwaitingConfirmation,

    /// <summary>The pod's predecessors were moved away from the node, and the scheduler puts one after the other there.</summary>
    ComesBack,

    /// <summary>The pod has succeeded or failed, and was not deleted: it uses nothing any more.</summary>
    Finished,

    /// <summary>The pod carries the annotation that exempts it.</summary>
    OptedOut,

    /// <summary>The pod also writes to storage that is not fenced together with the resource.</summary>
    WritesToSharedStorage,

    /// <summary>The attachment serves a pod that stays.</summary>
    AttachmentInUse,

    /// <summary>The attachment's claim belongs to no pod that opted in, or the pod has opted in no longer.</summary>
    NotOptedIn,

    /// <summary>This program has failed to judge the user: a bug, which holds this one and nobody else.</summary>
    InternalError,

    /// <summary>A resource that was lost on the node, or is used, has no quorum there yet: the node's taint stays.</summary>
    TaintStays,
}

/// <summary>The decisions for one instant, and when to ask again even if nothing is observed until then.</summary>
public sealed record Verdict(IReadOnlyList<Decision> Decisions, Instant? AskAgainAt)
{
    /// <summary>Errors of this program in judging or explaining: each has held one user, or left one thing unexplained.</summary>
    public IReadOnlyList<Exception> Errors { get; init; } = [];
}

/// <summary>The numbers that the policy goes by.</summary>
public sealed record FailoverSettings
{
    /// <summary>How long a loss must last if the resource was seen in another state before.</summary>
    public TimeSpan KnownResourceGrace { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How long a loss must last if the resource was in that state when first seen.</summary>
    public TimeSpan NewResourceGrace { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>The grace period of a loss.</summary>
    public TimeSpan GraceOf(LossAssessment assessment) => assessment.AtFirstSight ? NewResourceGrace : KnownResourceGrace;

    /// <summary>How often LINSTOR is asked about a resource that looks lost.</summary>
    public TimeSpan ReconcileInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether nodes that have lost storage are tainted.</summary>
    public bool TaintNodes { get; init; } = true;

    /// <summary>The share of satellites, from 0 to 1, above which a loss is taken for a storm and everything is held.</summary>
    public double StormThreshold { get; init; } = 0.5;
}
