using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>The phases of a failover after the storage was lost, in order. Each is reached once.</summary>
public enum Phase
{
    /// <summary>The pod's node was found to have lost the storage for good: the first request was sent.</summary>
    Decided,

    /// <summary>The pod is gone from the API.</summary>
    PodGone,

    /// <summary>Every attachment that the pod left behind on the lost node is gone, too.</summary>
    Detached,

    /// <summary>A replacement was created and bound to a node.</summary>
    Scheduled,

    /// <summary>The replacement's LINSTOR volumes are attached to its node.</summary>
    Attached,

    /// <summary>The replacement's phase is Running.</summary>
    Running,
}

/// <summary>How a failover ends.</summary>
public enum FailoverResult
{
    /// <summary>The replacement runs.</summary>
    Runs,

    /// <summary>Everything was done, but no controller brings the pod back.</summary>
    NobodyBringsItBack,

    /// <summary>No replacement ran within half an hour.</summary>
    GivenUp,

    /// <summary>The pod could not be deleted before its storage recovered, so it stays where it is.</summary>
    NoLongerLost,
}

/// <summary>The move of one pod from a node that has lost its storage to one that has it.</summary>
/// <param name="Pod">The pod that was deleted.</param>
/// <param name="Evidence">Why it was deleted.</param>
/// <param name="Incident">When the first request was sent for the lost node; shared by all pods that are moved away from it together.</param>
public sealed record Failover(Pod Pod, LossEvidence Evidence, Instant Incident)
{
    /// <summary>When each phase was reached; phases that were not reached are absent.</summary>
    public ImmutableSortedDictionary<Phase, Instant> Reached { get; private init; } = ImmutableSortedDictionary<Phase, Instant>.Empty;

    /// <summary>The attachments that the pod had on the lost node, whether they may be deleted or not. Never default.</summary>
    public ImmutableArray<Attachment> Attachments { get; private init; } = [];

    /// <summary>Whether the API server accepted a request to delete the pod. It then goes even if its storage recovers.</summary>
    public bool IsAccepted { get; private init; }

    /// <summary>How many replacements came to the lost node again and were moved on.</summary>
    public int Returns { get; private init; }

    /// <summary>The replacement, as last seen; null if none was created yet.</summary>
    public Pod? Replacement { get; private init; }

    /// <summary>How it ended; null while it is followed.</summary>
    public FailoverResult? Ending { get; private init; }

    /// <summary>When it ended; null while it is followed.</summary>
    public Instant? EndedAt { get; private init; }

    /// <summary>When it last made progress.</summary>
    public Instant Since { get; private init; }

    /// <summary>The phase that it waits for; null once it has ended.</summary>
    public Phase? Awaited => Ending is null ? Enum.GetValues<Phase>().First(phase => !Reached.ContainsKey(phase)) : null;

    /// <summary>The time from the loss of the storage to the phase that was reached last.</summary>
    public TimeSpan Took => Since - Evidence.Since;

    /// <summary>How long each phase delayed the failover; the sum is <see cref="Took"/>.</summary>
    public IEnumerable<(Phase Phase, TimeSpan Took)> Phases
    {
        get
        {
            var last = Evidence.Since;
            foreach (var (phase, at) in Reached)
            {
                // A replacement may be scheduled before its predecessor is detached. Then that phase caused no delay.
                yield return (phase, at > last ? at - last : TimeSpan.Zero);
                last = Instant.Later(last, at);
            }
        }
    }

    // A replacement that only gets as far as its predecessor makes no progress.
    private ImmutableHashSet<Phase> EverReached { get; init; } = [];

    // Pods that already used the claims when the pod was deleted are not its replacement.
    private ImmutableHashSet<Uid> Bystanders { get; init; } = [];

    internal static Failover Begin(ClusterSnapshot cluster, Pod pod, LossEvidence evidence, Instant incident, Instant decided, Instant takenAt) => new(pod, evidence, incident)
    {
        Reached = ImmutableSortedDictionary<Phase, Instant>.Empty.Add(Phase.Decided, decided),
        Since = decided,
        Attachments = [.. pod.ClaimKeys.Distinct().SelectMany(cluster.AttachmentsOf).Where(attachment => attachment.Node == evidence.Lost)],
        // A replacement may appear before the deletion is answered, so it must not count as a bystander.
        Bystanders = [.. pod.ClaimKeys.SelectMany(claim => cluster.Pods.ReferringTo(claim)).Where(held => held.Since < takenAt).Select(held => held.Item.Uid)],
    };

    /// <summary>The API server answered a request to delete the pod.</summary>
    /// <remarks>A request without an answer may have been accepted, but then a pod without finalizers would be gone. Such a pod that is still there shows that it was not.</remarks>
    internal Failover Answered(MutationOutcome answer) =>
        answer is MutationOutcome.Accepted or MutationOutcome.AlreadyGone || (answer is MutationOutcome.TimedOut && !Pod.Finalizers.IsEmpty) ? this with { IsAccepted = true } : this;

    /// <summary>A replacement that came to the lost node was deleted there.</summary>
    internal Failover Return() => this with { Returns = Returns + 1 };

    /// <summary>The failover as the cluster shows it now.</summary>
    internal Failover Advance(ClusterSnapshot cluster, Instant now)
    {
        if (Ending is not null)
        {
            return this;
        }

        var replacement = CurrentReplacement(cluster);
        var next = replacement?.Uid == Replacement?.Uid || Replacement is null
            ? this with { Replacement = replacement }
            : this with { Replacement = replacement, Reached = Reached.Remove(Phase.Scheduled).Remove(Phase.Attached) }; // it was itself replaced
        next = next
            .Reach(Phase.PodGone, cluster.Pods.Find(Pod.Key)?.Item.Uid != Pod.Uid, now)
            .Reach(Phase.Detached, !StillAttached(cluster).Any(), now)
            .Reach(Phase.Scheduled, replacement?.Node is not null, now)
            .Reach(Phase.Attached, replacement is not null && (replacement.Running || AttachmentsMissing(cluster, replacement).Length == 0), now)
            .Reach(Phase.Running, replacement is { Running: true }, now);
        return next.Finish(cluster, now) is var finished && finished == this ? this : finished;
    }

    /// <summary>The attachments that the pod left behind and that still exist.</summary>
    internal IEnumerable<Attachment> StillAttached(ClusterSnapshot cluster) => Attachments
        .Where(left => cluster.Attachments.Find(left.Name)?.Item.Uid == left.Uid)
        .Select(left => cluster.Attachments.Find(left.Name)!.Value.Item);

    /// <summary>The LINSTOR volumes of a pod that are not attached to its node, each with its attachment there, if there is one.</summary>
    internal static ImmutableArray<(Volume Volume, Attachment? Attachment)> AttachmentsMissing(ClusterSnapshot cluster, Pod pod) =>
    [
        .. from claim in pod.ClaimKeys.Distinct()
           from volume in cluster.Claims.ReferringTo(claim)
           where volume.Item.Resource is not null
           let attachment = cluster.Attachments.ReferringTo(volume.Item.Name).Select(held => held.Item).FirstOrDefault(attachment => attachment.Node == pod.Node)
           where attachment is not { Attached: true }
           select (volume.Item, attachment),
    ];

    /// <summary>Whether it is no longer worth following.</summary>
    internal bool IsOverdue(Instant now) => Ending is null && now - Since > Timings.LongestFailover;

    private Failover Reach(Phase phase, bool isSo, Instant now) =>
        !isSo || Reached.ContainsKey(phase) ? this
        : this with { Reached = Reached.Add(phase, now), EverReached = EverReached.Add(phase), Since = EverReached.Contains(phase) && phase != Phase.Running ? Since : now };

    private Failover Finish(ClusterSnapshot cluster, Instant now)
    {
        FailoverResult? ending = Reached.ContainsKey(Phase.Running) ? FailoverResult.Runs
            : Pod.Owner is null && Replacement is null && Reached.ContainsKey(Phase.PodGone) && Reached.ContainsKey(Phase.Detached) ? FailoverResult.NobodyBringsItBack
            : !IsAccepted && !Reached.ContainsKey(Phase.PodGone) && !cluster.IsLost(Evidence.Resource, Evidence.Lost) ? FailoverResult.NoLongerLost
            : IsOverdue(now) ? FailoverResult.GivenUp
            : null;
        return ending is null ? this : this with { Ending = ending, EndedAt = now };
    }

    private Pod? CurrentReplacement(ClusterSnapshot cluster)
    {
        var candidates = Pod.ClaimKeys.Distinct()
            .SelectMany(claim => cluster.Pods.ReferringTo(claim))
            .Where(held => held.Item is { Finished: false } && !Bystanders.Contains(held.Item.Uid))
            .OrderBy(held => held.Since).ThenBy(held => held.Item.Key)
            .Select(held => held.Item)
            .ToList();
        return candidates.Find(candidate => candidate.Uid == Replacement?.Uid)
            ?? candidates.Find(candidate => candidate.Key == Pod.Key)
            ?? candidates.Find(candidate => !IsTaken(cluster, candidate));
    }

    private bool IsTaken(ClusterSnapshot cluster, Pod candidate) => Pod.ClaimKeys.SelectMany(claim => cluster.Failovers.ReferringTo(claim))
        .Any(held => held.Item.Pod.Uid != Pod.Uid && held.Item.Replacement?.Uid == candidate.Uid);
}
