using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>The statements about one LINSTOR resource definition, by speaker, and the assessments of the consumers on each node that follow from them.</summary>
public sealed partial record Resource(ResourceName Name)
{
    /// <summary>False while LINSTOR answers that it has no such definition. Earlier knowledge is kept: the 404 may be transient, or the definition may be recreated.</summary>
    public bool Exists { get; private init; } = true;

    /// <summary>The quorum properties that LINSTOR has set above the replicas and nodes, as last known; null until they could be read.</summary>
    public QuorumProperties? QuorumProperties { get; private init; }

    /// <summary>Whether two nodes may be Primary at once, as last known; null until it could be read.</summary>
    public bool? AllowsTwoPrimaries { get; private init; }

    /// <summary>Whether the newest answer says whether two nodes may be Primary.</summary>
    public bool AreWritersCurrent { get; private init; }

    /// <summary>Every node that has, or had, a replica.</summary>
    public ImmutableArray<Speaker> Speakers { get; private init; } = [];

    /// <summary>One assessment per speaker, in the same order.</summary>
    public ImmutableArray<LossAssessment> Assessments { get; private init; } = [];

    /// <summary>When the request for the newest answer was sent; null if there was none.</summary>
    public Instant? ReportedAt { get; private init; }

    /// <summary>When LINSTOR was first asked about it and answered: which members were gone by then is unknown. Null if it never answered.</summary>
    internal Instant? FirstReportedAt { get; private init; }

    /// <summary>When that answer arrived; null if there was none.</summary>
    public Instant? AnsweredAt { get; private init; }

    /// <summary>When the stream last reported something new; a repetition is not new.</summary>
    public Instant? ChangedAt { get; private init; }

    /// <summary>Whether the resource was seen to change from one known state to another.</summary>
    public bool SeenOtherwise { get; private init; }

    /// <summary>The effective quorum policy that fences least among the replicas'; null if none is set, which DRBD reads as <c>off</c>, or if it is not known.</summary>
    public string? Policy { get; private init; }

    /// <summary>Whether the newest answer contains the quorum policy. A policy that cannot be read gives no permission to act.</summary>
    public bool IsPolicyCurrent { get; private init; }

    /// <summary>When a consumer must be assessed again even without a new observation; null if never.</summary>
    public Instant? ReviewAt => Assessments.Min(assessment => assessment.ReviewAt is { } at ? at : (Instant?)null);

    /// <summary>When the oldest request behind the newest answer's properties was sent; null if there was no answer.</summary>
    public Instant? PolicyAskedAt { get; private init; }

    /// <summary>When to query LINSTOR about the resource although no consumer is in doubt; null if there is no need.</summary>
    /// <remarks>
    /// The newest answer does not contain a later stream event, or was that there is no such definition although the stream still reports replicas, or a replica is being removed, or a node has not been heard of since a policy
    /// or members appeared, or the others have not been heard of since the user changed.
    /// </remarks>
    internal Instant? QueryAt
    {
        get
        {
            if (ReportedAt is not { } reported || !IsReportCurrent)
            {
                return ReportedAt is null ? null : ChangedAt;
            }

            if (!Exists)
            {
                return IsHeardOf ? AnsweredAt + Timings.LongestDetection : null;
            }

            Instant? next = null;
            foreach (var leaving in Speakers.Where(speaker => speaker is { Leaving: true, Presence: Presence.Listed }))
            {
                // Nothing tells when LINSTOR has removed it. A removal that has taken long will take longer.
                var age = (reported - leaving.ChangedAt) / 20;
                next = Earlier(next, reported + (age > Timings.LongestDetection ? age : Timings.LongestDetection));
            }

            foreach (var speaker in Speakers.Where(speaker => !speaker.IsSilent))
            {
                next = SeenUnfenced && Fences && !HasHeardOfPolicy(speaker.HeardAt) ? Earlier(next, FencedSince + Timings.LongestDetection) : next;
                next = speaker.Usage == Usage.InUse ? Earlier(next, speaker.ChangedAt + Timings.LongestDetection) : next; // what the others say by then is newer
                next = speaker.Memberships.Length > 1 ? Earlier(next, Instant.Later(MembersSince, speaker.BackSince) + Timings.LongestDetection) : next;
            }

            return next;

            // If the newest answer has not shown it by then, do not wait for it.
            Instant? Earlier(Instant? one, Instant? other) => reported < other ? Instant.Earlier(one, other.Value) : one;
        }
    }

    // The uuid of the definition: a recreated definition starts from scratch.
    private string? Uuid { get; init; }

    private Membership? Members { get; init; }

    private Instant MembersSince { get; init; }

    // When the stream reported that a replica may promote, although none could before, and nothing better since; null once an answer contains that.
    private Instant? LossEvidenceSince { get; init; }

    private bool SeenUnfenced { get; init; }

    private Instant? FencedSince { get; init; }

    /// <summary>How many replicas have a vote.</summary>
    public int Voters => Members?.Voters ?? 0;

    /// <summary>
    /// How many volumes the definition has, by the replicas that speak; one if none states it. Replicas that are away do not count, because LINSTOR still lists volumes of theirs that were
    /// deleted since.
    /// </summary>
    public int VolumeCount => Speakers.Where(speaker => speaker.Presence == Presence.Listed && !speaker.IsSilent).Select(speaker => speaker.VolumeCount ?? 1).Append(1).Max();

    /// <summary>Whether the quorum policy proves that a partition without quorum cannot write.</summary>
    public bool Fences => QuorumProperties is not null && QuorumPolicy.Fences(Policy, Voters);

    /// <summary>Whether the newest answer includes every stream event.</summary>
    public bool IsReportCurrent => ReportedAt is { } reported && !(ChangedAt >= reported);

    /// <summary>Whether any speaker's consumer would not be plainly well.</summary>
    public bool IsInDoubt => !Exists || Assessments.Any(assessment => assessment.Reason is not HoldReason.Healthy);

    /// <summary>Whether any speaker says anything about it. A deleted definition leaves only silence behind.</summary>
    public bool IsHeardOf => Speakers.Any(speaker => speaker.Promotability != Promotability.Unknown);

    /// <summary>Whether a replica has vanished for a reason that is not known yet.</summary>
    internal bool HasMissing => Speakers.Any(speaker => speaker.Presence == Presence.Missing);

    /// <summary>The node's speaker; null if it was never seen to have a replica.</summary>
    public Speaker? Find(NodeName node)
    {
        foreach (var speaker in Speakers)
        {
            if (speaker.Node == node)
            {
                return speaker;
            }
        }

        return null;
    }

    /// <summary>The connections that a speaker now reports, by the LINSTOR nodes that they lead to. Its reports name them by host.</summary>
    public IEnumerable<(NodeName Peer, bool Up)> ConnectionsOf(Speaker speaker, LinstorView linstor)
    {
        var view = new ResourceView(Speakers, linstor);
        foreach (var peer in Speakers)
        {
            if (peer.Node != speaker.Node && view.LinkFrom(speaker, peer.Node) is { Current: true, Value: var up })
            {
                yield return (peer.Node, up);
            }
        }
    }

    /// <summary>The assessment of a consumer on a node; null if the resource was never seen there.</summary>
    public LossAssessment? AssessmentOf(NodeName node)
    {
        foreach (var assessment in Assessments)
        {
            if (assessment.Node == node)
            {
                return assessment;
            }
        }

        return null;
    }

    /// <summary>Whether another node says that it may promote, diskless or not: a reason to look closer.</summary>
    public bool HasPromotablePeer(NodeName node)
    {
        // Runs for every stream event, and after a start LINSTOR sends one for each replica.
        foreach (var speaker in Speakers)
        {
            if (speaker is { Promotability: Promotability.MayPromote, Leaving: false } && speaker.Node != node)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a node that may have had no policy was heard of after the policy appeared, long enough for it to have reached the node.</summary>
    /// <remarks>For a while, LINSTOR's reports about a node may date from before it turned the policy on.</remarks>
    internal bool HasHeardOfPolicy(Instant? observed) => !SeenUnfenced || observed - FencedSince >= Timings.LongestDetection;

    /// <summary>Whether a node that may have had no policy has reported something new after the policy appeared, by more than LINSTOR needs to show one change.</summary>
    internal bool HasChangedUnderPolicy(Speaker speaker) => !SeenUnfenced || speaker.NewsAt - FencedSince >= Timings.ShortestAdmission;

    /// <summary>Whether the policy is known, fences, and has reached the node: by time, and with all members that the node may count.</summary>
    public bool IsFenced(NodeName node) => Fences && (!SeenUnfenced || (Find(node) is { } speaker && HasHeardOfPolicy(speaker.HeardAt)
        && speaker.Memberships.All(known => !known.IsPolicyKnown || QuorumPolicy.Fences(known.Policy, known.Voters))));

    /// <summary>Whether a lost node has quorum again: it says so in a new statement, or another speaker has found its link to the node up since, or the replica there was removed.</summary>
    /// <remarks>It is no recovery if the speakers that proved the loss fall silent, or if the node repeats an old statement.</remarks>
    internal bool HasRecovered(NodeName node, Instant lostSince, LinstorView linstor)
    {
        if (Find(node) is not { Presence: not Presence.Removed } own || (own.Presence == Presence.Lost && linstor.IsOnline(node)))
        {
            return true; // the replica was removed, or the node is back without it
        }

        var view = new ResourceView(Speakers, linstor);
        return (view.Speaks(own) && own.ChangedAt > lostSince && own.Score is { Current: true, Value: > 0 })
            || Speakers.Any(other => other.Node != node && view.Speaks(other) && view.LinkFrom(other, node) is { Current: true, Value: true } link && link.Since > lostSince);
    }

    /// <summary>The stream reported whether one replica may promote.</summary>
    internal Resource Observe(NodeName node, Promotability reported, Instant at, LinstorView linstor)
    {
        var known = Find(node);
        var observed = (known ?? Speaker.NeverHeard(node, linstor)).Observe(reported switch { Promotability.Unknown => null, var promotability => promotability == Promotability.MayPromote }, at, linstor);
        if (ReferenceEquals(observed, known))
        {
            return this;
        }

        return this with
        {
            Speakers = known is null ? Speakers.Add(observed) : Speakers.Replace(known, observed),
            Exists = true,
            ChangedAt = known is not null && known.Promotability == reported ? ChangedAt : at,
            LossEvidenceSince = reported == Promotability.MayNotPromote ? null : reported == Promotability.Unknown ? LossEvidenceSince : known is { Promotability: Promotability.MayNotPromote } && !HasPromotablePeer(node) ? at : LossEvidenceSince,
            SeenOtherwise = SeenOtherwise || (reported != Promotability.Unknown && known?.MayPromote is { } before && before.Value != observed.MayPromote?.Value),
        };
    }
}
