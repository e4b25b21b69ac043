namespace Piraeus.HighAvailability.Core;

/// <summary>Every reason not to act. Each has its sentence in DecisionText.</summary>
public enum HoldReason
{
    /// <summary>Nothing suggests a loss: no replica may promote, and the consumer's own is heard of. Never told to anybody.</summary>
    Healthy,

    /// <summary>LINSTOR has not yet answered a question about the resource.</summary>
    NotAskedYet,

    /// <summary>LINSTOR has no such resource definition.</summary>
    NoSuchResource,

    /// <summary>The consumer's node was never seen to have a replica: it has nothing to lose.</summary>
    NeverDeployed,

    /// <summary>The resource was removed from the consumer's node: it has nothing to lose.</summary>
    NoLongerDeployed,

    /// <summary>The consumer's own replica may promote too: nobody uses the resource, and the node is healthy.</summary>
    OwnReplicaMayPromote,

    /// <summary>The consumer's node is not heard of, but no other replica may promote: no side has quorum, or one without a voice has it.</summary>
    NothingMayPromote,

    /// <summary>No other replica's satellite is reached: nobody has said anything.</summary>
    NobodySpeaks,

    /// <summary>A replica that was promotable when it was last heard of is silent now.</summary>
    PeerSilent,

    /// <summary>A replica may promote, but only on the strength of another one's disk: it has none, or not all of it is UpToDate, or it does not say.</summary>
    NoUpToDatePeer,

    /// <summary>LINSTOR's quorum policy for the resource could not be read yet.</summary>
    QuorumPolicyUnknown,

    /// <summary>Without a quorum policy, or with one that has not reached the consumer's node, a replica that may promote proves nothing of the other side.</summary>
    NoQuorumPolicy,

    /// <summary>The consumer's node has said that its links are down and that it keeps quorum all the same: its policy does not fence.</summary>
    KeepsQuorumAlone,

    /// <summary>By the members that the consumer's node last knew of, it may have quorum together with some that nobody is connected to.</summary>
    MayHaveQuorum,

    /// <summary>A replica reports that it is connected to the consumer's node.</summary>
    StillConnected,

    /// <summary>No replica that may promote reports on its connection to the consumer's node, and its satellite is not known to be offline.</summary>
    NotKnownOffline,

    /// <summary>Another node has the resource in use.</summary>
    InUseElsewhere,

    /// <summary>The consumer's own replica, or one that is connected to it, reports that its partition has quorum: one of those who report is out of date.</summary>
    SideHasQuorum,

    /// <summary>No other replica confirms what the one that may promote reports, and Kubernetes does not say that the consumer's node is not ready.</summary>
    OnlyOneSpeaker,

    /// <summary>LINSTOR does not answer.</summary>
    LinstorSilent,

    /// <summary>The Kubernetes API has not told everything yet, or no longer does.</summary>
    KubernetesSilent,

    /// <summary>The state has not lasted for the grace period.</summary>
    GraceNotOver,

    /// <summary>So many satellites look lost that the witness is doubted.</summary>
    Storm,

    /// <summary>The grace period is over; a fresh answer has not arrived yet.</summary>
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

    /// <summary>This program has failed to judge the consumer: a bug, which holds this one and nobody else.</summary>
    InternalError,

    /// <summary>A resource that was lost on the node, or is used, has no quorum there yet: the node's taint stays.</summary>
    TaintStays,
}

/// <summary>What a hold reason is about, as data. The log, Events and the status page put it into words.</summary>
public sealed record HoldDetail
{
    /// <summary>Nothing: the reason says it all.</summary>
    public static HoldDetail None { get; } = new();

    /// <summary>The LINSTOR node whose words are the reason; of what is not confirmed, the Kubernetes node whose pods are to be listed.</summary>
    public NodeName? Node { get; init; }

    /// <summary>The other resource that the reason is about; of what is not confirmed, the resource that LINSTOR is asked about.</summary>
    public ResourceName? Resource { get; init; }

    /// <summary>The pod that the reason is about.</summary>
    public ObjectKey? Pod { get; init; }

    /// <summary>The claim that the reason is about.</summary>
    public ObjectKey? Claim { get; init; }

    /// <summary>The PersistentVolume that the reason is about.</summary>
    public string? Volume { get; init; }

    /// <summary>The VolumeAttachment that the reason is about.</summary>
    public string? Attachment { get; init; }

    /// <summary>The source that is not synced.</summary>
    public Source? Source { get; init; }

    /// <summary>Why storage that a pod writes to may have two writers.</summary>
    public Unprotected? Unprotected { get; init; }

    /// <summary>The storage in the words of its specification: driver, kind.</summary>
    public string? Storage { get; init; }

    /// <summary>The type of the error that this program has made.</summary>
    public string? Error { get; init; }
}

/// <summary>Why storage that a pod writes to may have two writers once the pod runs elsewhere.</summary>
public enum Unprotected
{
    /// <summary>The volume behind the claim is not known.</summary>
    UnknownVolume,

    /// <summary>It is no LINSTOR volume: nothing fences it.</summary>
    OtherStorage,

    /// <summary>The LINSTOR resource has no quorum policy that fences the node.</summary>
    NoQuorumPolicy,

    /// <summary>The LINSTOR resource may have quorum on both sides: the node keeps it, or goes by other members or another policy than the peer.</summary>
    QuorumOnBothSides,

    /// <summary>Several nodes may write to the LINSTOR resource at once, and it is not lost on the node.</summary>
    ManyWriters,
}
