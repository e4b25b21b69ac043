namespace Piraeus.HighAvailability.Core;

/// <summary>Every reason not to act. Each has its sentence in DecisionText.</summary>
public enum HoldReason
{
    /// <summary>Nothing suggests a loss: no replica may promote, and the consumer's own is heard of. Never reported.</summary>
    Healthy,

    /// <summary>LINSTOR has not yet answered a question about the resource.</summary>
    NotAskedYet,

    /// <summary>LINSTOR has no such resource definition.</summary>
    NoSuchResource,

    /// <summary>The consumer's node was never seen to have a replica: it has nothing to lose.</summary>
    NeverDeployed,

    /// <summary>The resource was removed from the consumer's node: it has nothing to lose.</summary>
    NoLongerDeployed,

    /// <summary>The consumer's own replica may promote too, so the resource is unused, and the node is healthy.</summary>
    OwnReplicaMayPromote,

    /// <summary>The consumer's node is not heard of, but no other replica may promote: no side has quorum, or only a silent side has it.</summary>
    NothingMayPromote,

    /// <summary>LINSTOR reaches no other replica's satellite, so no other speaker speaks.</summary>
    NobodySpeaks,

    /// <summary>A replica that was promotable when it was last heard of is silent now.</summary>
    PeerSilent,

    /// <summary>A replica may promote, but only with another replica's data: its own disk is missing, not fully UpToDate, or not reported.</summary>
    NoUpToDatePeer,

    /// <summary>LINSTOR's quorum policy for the resource could not be read yet.</summary>
    QuorumPolicyUnknown,

    /// <summary>No quorum policy has reached the consumer's node, so a replica that may promote proves nothing about the other side.</summary>
    NoQuorumPolicy,

    /// <summary>The consumer's node reports that its links are down and that it still has quorum, so its policy does not fence it.</summary>
    KeepsQuorumAlone,

    /// <summary>By the members that it last knew of, the consumer's node may have quorum together with members that the other side does not reach.</summary>
    MayHaveQuorum,

    /// <summary>A replica reports that it is connected to the consumer's node.</summary>
    StillConnected,

    /// <summary>No replica that may promote reports on its connection to the consumer's node, and its satellite is not known to be offline.</summary>
    NotKnownOffline,

    /// <summary>Another node has the resource in use.</summary>
    InUseElsewhere,

    /// <summary>The consumer's own replica, or one that is connected to it, reports that its partition has quorum, so one of the reports is out of date.</summary>
    SideHasQuorum,

    /// <summary>No other replica confirms what the one that may promote reports, and Kubernetes does not say that the consumer's node is not ready.</summary>
    OnlyOneSpeaker,

    /// <summary>LINSTOR does not answer.</summary>
    LinstorSilent,

    /// <summary>A Kubernetes watch is not synced yet, or was lost.</summary>
    KubernetesSilent,

    /// <summary>The state has not lasted for the grace period.</summary>
    GraceNotOver,

    /// <summary>So many satellites look lost at once that LINSTOR's view is in doubt.</summary>
    Storm,

    /// <summary>The grace period is over; a fresh answer has not arrived yet.</summary>
    AwaitingConfirmation,

    /// <summary>The pod's predecessors were moved away from the node, but the scheduler keeps placing replacements there.</summary>
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

    /// <summary>A bug: this program failed to judge the consumer. Only this consumer is held.</summary>
    InternalError,

    /// <summary>A resource that was lost on the node, or is used, has no quorum there yet: the node's taint stays.</summary>
    TaintStays,
}

/// <summary>The details of a hold reason, as data. The log, Events and the status page put them into words.</summary>
public sealed record HoldDetail
{
    /// <summary>No details: the reason is enough.</summary>
    public static HoldDetail None { get; } = new();

    /// <summary>The LINSTOR node whose statement is the reason; while a confirmation is awaited, the Kubernetes node whose pods must be listed.</summary>
    public NodeName? Node { get; init; }

    /// <summary>The other resource that the reason is about; while a confirmation is awaited, the resource to query from LINSTOR.</summary>
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

    /// <summary>The storage as its specification names it: driver, kind.</summary>
    public string? Storage { get; init; }

    /// <summary>The type of the caught exception.</summary>
    public string? Error { get; init; }
}

/// <summary>Why storage that a pod writes to may have two writers once the pod runs elsewhere.</summary>
public enum Unprotected
{
    /// <summary>The volume behind the claim is not known.</summary>
    UnknownVolume,

    /// <summary>It is not a LINSTOR volume, so nothing fences it.</summary>
    OtherStorage,

    /// <summary>The LINSTOR resource has no quorum policy that fences the node.</summary>
    NoQuorumPolicy,

    /// <summary>The LINSTOR resource may have quorum on both sides: the node keeps quorum, or uses other members or another policy than the peer.</summary>
    QuorumOnBothSides,

    /// <summary>Several nodes may write to the LINSTOR resource at once, and it is not lost on the node.</summary>
    ManyWriters,
}
