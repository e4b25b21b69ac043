using System.Globalization;

namespace Piraeus.HighAvailability.Core;

/// <summary>Decisions in plain English. The log, the Kubernetes Events and the simulator use the same text.</summary>
public static class DecisionText
{
    /// <summary>What the decision does or leaves alone, and why.</summary>
    public static string Of(Decision decision) => decision switch
    {
        Decision.QueryResource o => $"Asking LINSTOR about resource {o.Resource}.",
        Decision.QuerySatellites => "Asking LINSTOR which satellites it reaches.",
        Decision.ListPodsOnNode o => $"Asking Kubernetes what is on node {o.Node}.",
        Decision.QueryWarnings o => $"Asking Kubernetes what it has warned of about object {o.About} in namespace {o.Namespace}.",
        Decision.TaintNode o => $"Tainting node {o.Node.Name}: {Of(o.Evidence)}",
        Decision.UntaintNode o => $"Taking the taint from node {o.Node.Name}: every resource that was lost there or is in use there has quorum again.",
        Decision.ClearVolumesInUse o => $"Releasing {o.Volumes.Length} lost volume{(o.Volumes.Length == 1 ? "" : "s")} from node {o.Node.Name}.",
        Decision.DeletePod o => $"Deleting pod {o.Pod.Key} on node {o.Evidence.Lost}: {Of(o.Evidence)}",
        Decision.DeleteAttachment o => $"Deleting attachment {o.Attachment.Name} of claim {o.Claim} on node {o.Evidence.Lost}: {Of(o.Evidence)}",
        Decision.Hold o => $"Leaving {Subject(o)} alone: {Because(o)}",
        Decision.ReportStuck o => $"Pod {o.Failover.Pod.Key}, moved away from node {o.Failover.Evidence.Lost}, waits {Awaiting(o.Phase)}: {o.Why}.",
        _ => throw new ArgumentOutOfRangeException(nameof(decision)),
    };

    /// <summary>How a failover ended, and how long each phase took.</summary>
    public static string Of(Failover failover)
    {
        var phases = string.Join(", ", failover.Phases.Select(phase => string.Create(CultureInfo.InvariantCulture, $"{Name(phase.Phase)} +{phase.Took.TotalSeconds:0.00} s")));
        return failover.Ending switch
        {
            FailoverResult.Runs => string.Create(CultureInfo.InvariantCulture, $"Pod {failover.Pod.Key} of node {failover.Evidence.Lost} runs on node {failover.Replacement?.Node}{(failover.Replacement?.Key == failover.Pod.Key ? "" : $" as {failover.Replacement?.Key.Name}")}, {failover.Took.TotalSeconds:0.00} s after its storage was lost ({phases})."),
            FailoverResult.NobodyBringsItBack => $"Pod {failover.Pod.Key} of node {failover.Evidence.Lost} was deleted and its volumes detached, but no controller brings it back ({phases}).",
            FailoverResult.GivenUp => $"Pod {failover.Pod.Key} of node {failover.Evidence.Lost} is no longer followed: it got no further for half an hour ({phases}).",
            FailoverResult.NoLongerLost => $"Pod {failover.Pod.Key} stays on node {failover.Evidence.Lost}: it could not be deleted while resource {failover.Evidence.Resource} was lost there, which it no longer is ({phases}).",
            _ => $"Pod {failover.Pod.Key} of node {failover.Evidence.Lost} is being moved ({phases}).",
        };
    }

    /// <summary>How all failovers of one incident on a node ended.</summary>
    public static string Of(IReadOnlyCollection<Failover> incident)
    {
        var first = incident.First();
        var running = incident.Where(failover => failover.Ending == FailoverResult.Runs).ToList();
        var stay = incident.Count(failover => failover.Ending == FailoverResult.NoLongerLost);
        var (others, took) = (incident.Count - running.Count - stay, running.Count == 0 ? TimeSpan.Zero : running.Max(failover => failover.Since) - first.Incident);
        var slowest = running.SelectMany(failover => failover.Phases).Where(phase => phase.Phase > Phase.Decided).GroupBy(phase => phase.Phase, phase => phase.Took)
            .Select(phase => (Phase: phase.Key, Median: phase.Order().ElementAt(phase.Count() / 2))).OrderByDescending(phase => phase.Median).FirstOrDefault();
        return string.Create(CultureInfo.InvariantCulture, $"Node {first.Evidence.Lost}: {running.Count} of {incident.Count} pods run elsewhere, the last one {took.TotalSeconds:0.00} s after the first request")
            + (running.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; the longest phase was \"{Name(slowest.Phase)}\", {slowest.Median.TotalSeconds:0.00} s for half of them"))
            + (stay == 0 ? "" : $"; {stay} {(stay == 1 ? "stays" : "stay")}, because the storage is no longer lost")
            + (others == 0 ? "." : $"; {others} {(others == 1 ? "does" : "do")} not run.");
    }

    /// <summary>A phase in a few words, as a milestone that was reached.</summary>
    public static string Name(Phase phase) => phase switch
    {
        Phase.Decided => "decided",
        Phase.PodGone => "pod gone",
        Phase.Detached => "detached",
        Phase.Scheduled => "replacement scheduled",
        Phase.Attached => "attached",
        Phase.Running => "running",
        _ => throw new ArgumentOutOfRangeException(nameof(phase)),
    };

    /// <summary>Why a consumer is believed to have lost its storage.</summary>
    public static string Of(LossEvidence evidence) =>
        $"it has lost resource {evidence.Resource}, because the replica on {evidence.Peer} may promote, which proves that the other side has quorum and {evidence.Lost} has not.";

    /// <summary>Why the policy does nothing, without the subject.</summary>
    public static string Because(Decision.Hold hold) => hold.Reason switch
    {
        HoldReason.Healthy => "nothing suggests a loss.",
        HoldReason.NotAskedYet => $"LINSTOR has not yet answered what it knows of resource {hold.Resource}.",
        HoldReason.NoSuchResource => $"LINSTOR has no resource definition {hold.Resource}, which the volume's handle names.",
        HoldReason.NeverDeployed => $"resource {hold.Resource} was never seen on LINSTOR node {hold.Detail.Node}, so there is nothing to lose there (a slow attach, or a node that LINSTOR knows by another name).",
        HoldReason.NoLongerDeployed => $"resource {hold.Resource} was removed from LINSTOR node {hold.Detail.Node}, so there is nothing to lose there.",
        HoldReason.OwnReplicaMayPromote => $"its own replica may promote too, so resource {hold.Resource} is unused and the node is well (a pod that is starting, stopping or crash-looping).",
        HoldReason.NothingMayPromote => $"no replica of resource {hold.Resource} may promote, so no other node could take over.",
        HoldReason.NobodySpeaks => $"LINSTOR reaches no other satellite of resource {hold.Resource}, so no replica has said whether another node could take over.",
        HoldReason.PeerSilent => $"node {hold.Detail.Node}, which could take over when it was last heard of, is silent now.",
        HoldReason.NoUpToDatePeer => $"node {hold.Detail.Node} may promote resource {hold.Resource}, but does not say that its own disk is UpToDate, so its word proves nothing of node {hold.Node}.",
        HoldReason.QuorumPolicyUnknown => $"LINSTOR has not yet answered which quorum policy resource {hold.Resource} has.",
        HoldReason.NoQuorumPolicy => $"resource {hold.Resource} has no quorum policy that fences node {hold.Node}, or the node has not reported since it was set: it may still be writing.",
        HoldReason.KeepsQuorumAlone => $"node {hold.Detail.Node} has said that its links are down and that it keeps quorum all the same, so its quorum policy does not fence it.",
        HoldReason.MayHaveQuorum => $"node {hold.Detail.Node} may have quorum together with members of resource {hold.Resource} that node {hold.Node} last knew of and that the other side does not reach.",
        HoldReason.OnlyOneSpeaker => $"node {hold.Detail.Node} is the only one of resource {hold.Resource} that reports it as lost, and Kubernetes does not say that node {hold.Node} is not ready.",
        HoldReason.StillConnected => $"node {hold.Detail.Node} is connected to it, so it is alive and only its LINSTOR satellite went away.",
        HoldReason.NotKnownOffline => $"no replica that may promote reports on its connection to node {hold.Node}, and its satellite is not known to be offline.",
        HoldReason.InUseElsewhere => $"node {hold.Detail.Node} has resource {hold.Resource} in use.",
        HoldReason.SideHasQuorum => $"node {hold.Detail.Node} reports that the side of node {hold.Node} has quorum, so what says that another node may take over is out of date, or the loss is only being noticed.",
        HoldReason.LinstorSilent => "LINSTOR does not answer.",
        HoldReason.KubernetesSilent => $"the Kubernetes API does not tell its {Words(hold.Detail.Source)}.",
        HoldReason.GraceNotOver => "it seems to have lost its storage, but the grace period is not over.",
        HoldReason.Storm => "so many nodes were lost at once that LINSTOR's own view is in doubt (see --storm-threshold).",
        HoldReason.AwaitingConfirmation => $"the state of {Unconfirmed(hold.Detail)} has not yet been confirmed.",
        HoldReason.ComesBack => $"node {hold.Node} was lost already when the scheduler put it there in place of another; it is moved on a little later, so that there are not ever more of them.",
        HoldReason.Finished => "it has finished, and was not deleted: it uses nothing any more. If a successor waits for its name, delete it.",
        HoldReason.OptedOut => "it carries the annotation drbd.linbit.com/ignore-fail-over.",
        HoldReason.WritesToSharedStorage => $"it also writes to storage that is not fenced with resource {hold.Resource}: {Storage(hold.Detail)}.",
        HoldReason.AttachmentInUse => $"pod {hold.Detail.Pod} stays on node {hold.Node} and uses the attachment; it has not opted in.",
        HoldReason.NotOptedIn when !hold.Pods.IsEmpty => $"pod {hold.Detail.Pod} has not opted in, as the API server has just said.",
        HoldReason.NotOptedIn => $"attachment {hold.Detail.Attachment}{(hold.Detail.Claim is { } claim ? $" for claim {claim}" : $", whose volume {hold.Detail.Volume} has no claim,")} belongs to no pod that opted in.",
        HoldReason.InternalError => $"this program has failed to judge it ({hold.Detail.Error}): please report the stack trace in the log.",
        HoldReason.TaintStays => $"resource {hold.Resource} has not recovered there: it has no quorum, no usable data, or its node has said nothing new since the loss.",
        _ => throw new ArgumentOutOfRangeException(nameof(hold)),
    };

    private static string Awaiting(Phase phase) => phase switch
    {
        Phase.PodGone => "to be gone",
        Phase.Detached => "for its volumes to be detached",
        Phase.Scheduled => "for its replacement to be scheduled",
        Phase.Attached => "for the volumes of its replacement to be attached",
        _ => "for its replacement to run",
    };

    private static string Subject(Decision.Hold hold) => hold.Pods switch
    {
        [] when hold.Reason == HoldReason.TaintStays => $"the taint of node {hold.Node}",
        [] => $"the attachment of resource {hold.Resource} on node {hold.Node}",
        [var pod] => $"pod {pod.Key} on node {hold.Node}",
        _ => $"pods {string.Join(", ", hold.Pods.Select(pod => pod.Key))} on node {hold.Node}",
    };

    private static string Unconfirmed(HoldDetail detail) => detail switch
    {
        { Resource: { } resource } => $"resource {resource}",
        { Pod: { } pod } => $"pod {pod}",
        { Node: { } node } => $"the pods on node {node}",
        _ => "the satellites",
    };

    private static string Storage(HoldDetail detail) => detail.Unprotected switch
    {
        Unprotected.UnknownVolume => $"claim {detail.Claim?.Name}, whose volume is not known",
        Unprotected.NoQuorumPolicy => $"claim {detail.Claim?.Name} (resource {detail.Resource} has no quorum policy that fences the node)",
        Unprotected.QuorumOnBothSides => $"claim {detail.Claim?.Name} (resource {detail.Resource} may have quorum on both sides)",
        Unprotected.ManyWriters => $"claim {detail.Claim?.Name} (several nodes may write to resource {detail.Resource} at once, and it is not lost on the node)",
        _ => detail.Claim is { } claim ? $"claim {claim.Name} ({detail.Storage})" : $"{detail.Storage}",
    };

    private static string Words(Source? source) => source switch
    {
        Source.Volumes => "PersistentVolumes",
        Source.Attachments => "VolumeAttachments",
        Source.CsiNodes => "CSINodes",
        _ => "Pods",
    };
}
