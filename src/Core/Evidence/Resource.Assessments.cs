using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>Assesses the consumers on each node from the evidence.</content>
public sealed partial record Resource
{
    /// <summary>Recomputes which speakers speak, whether the policy fences, and every assessment. An unchanged assessment keeps its start time.</summary>
    internal Resource Reassess(LinstorView linstor, Instant at)
    {
        var next = AfterSatellites(linstor).KeepFences(linstor, at);
        ResourceView? view = null; // rarely needed
        var assessments = ImmutableArray.CreateBuilder<LossAssessment>(next.Speakers.Length);
        foreach (var speaker in next.Speakers)
        {
            assessments.Add(next.Assess(speaker, ref view, linstor, at, []));
        }

        if (assessments.Any(assessment => assessment.Reason == HoldReason.InUseElsewhere))
        {
            next.WeighUses(assessments, ref view, linstor, at);
        }

        return assessments.SequenceEqual(Assessments) ? next : next with { Assessments = assessments.ToImmutable() };
    }

    // A use elsewhere does not count if all other evidence shows that it is lost there, too: the proof that a side has no quorum does not rest on uses.
    private void WeighUses(ImmutableArray<LossAssessment>.Builder assessments, ref ResourceView? view, LinstorView linstor, Instant at)
    {
        ImmutableArray<NodeName> everybody = [.. Speakers.Select(speaker => speaker.Node)];
        var asides = new List<LossAssessment>(Speakers.Length);
        foreach (var speaker in Speakers)
        {
            asides.Add(Assess(speaker, ref view, linstor, at, everybody));
        }

        ImmutableArray<NodeName> lost = [.. asides.Where(aside => aside.IsLoss).Select(aside => aside.Node)];
        var reviewAt = asides.Min(aside => aside.ReviewAt);
        for (var i = 0; i < assessments.Count; i++)
        {
            if (assessments[i].Reason == HoldReason.InUseElsewhere)
            {
                var weighed = Assess(Speakers[i], ref view, linstor, at, lost);
                assessments[i] = weighed with { ReviewAt = Instant.Earlier(weighed.ReviewAt, reviewAt) };
            }
        }
    }

    /// <summary>Holds every consumer, because assessing them has failed.</summary>
    internal Resource Hold(Instant at) => this with
    {
        Assessments = [.. Speakers.Select(speaker => new LossAssessment(speaker.Node, HoldReason.InternalError, null, at, AtFirstSight: false))],
    };

    private Resource AfterSatellites(LinstorView linstor)
    {
        foreach (var speaker in Speakers)
        {
            if (!ReferenceEquals(speaker.After(linstor), speaker))
            {
                return this with { Speakers = [.. Speakers.Select(one => one.After(linstor))] };
            }
        }

        return this;
    }

    /// <summary>Tracks when a policy that fences appeared, if this process saw the resource without one.</summary>
    private Resource KeepFences(LinstorView linstor, Instant at)
    {
        if (QuorumProperties is null)
        {
            return this;
        }

        var policy = PolicyOf(Speakers.Where(speaker => speaker.Presence == Presence.Listed).Select(speaker => (speaker.Node, speaker.QuorumPolicy)), QuorumProperties, linstor, Voters);
        var next = policy == Policy ? this : this with { Policy = policy };
        return next.Fences
            ? next.FencedSince is null ? next with { FencedSince = at, SeenUnfenced = next.SeenUnfenced || linstor.SeenPolicies.Any(seen => !QuorumPolicy.Fences(seen.Policy, Voters) && HasPolicyOf(seen.Node)) } : next
            : next is { SeenUnfenced: true, FencedSince: null } ? next : next with { SeenUnfenced = true, FencedSince = null };
    }

    // Whether the node's own policy is in force there, or was: neither the replica nor the definition has one.
    private bool HasPolicyOf(NodeName node) => QuorumProperties is { Definition: null } && Find(node) is { Presence: Presence.Listed, QuorumPolicy: null };

    private LossAssessment Assess(Speaker speaker, ref ResourceView? view, LinstorView linstor, Instant at, ImmutableArray<NodeName> lost)
    {
        var before = AssessmentOf(speaker.Node);

        // The stream alone can show that the resource is in use and well. But if the node reports a missing peer, the silence of that peer may only interrupt a loss, or the node may keep its
        // quorum alone.
        var isWell = speaker.Promotability == Promotability.MayNotPromote && !HasPromotablePeer(speaker.Node);
        var mayBeMore = before is { MayBothHaveQuorum: true } || speaker.MissesPeer;
        var assessed = isWell && !mayBeMore ? null : LossRule.Assess(this, speaker, view ??= new(Speakers, linstor), at, before, lost);
        if (assessed is not null && (!isWell || assessed is { IsLoss: true } or { PausedAt: not null }))
        {
            return assessed;
        }

        var (mayBoth, isChanging) = (assessed is { MayBothHaveQuorum: true } ? true : (bool?)null, assessed is { IsChanging: true });
        return before is { Reason: HoldReason.Healthy } && (before.MayBothHaveQuorum, before.IsChanging) == (mayBoth, isChanging) ? before
            : new(speaker.Node, HoldReason.Healthy, null, before is { Reason: HoldReason.Healthy } ? before.Since : at, AtFirstSight: false) { MayBothHaveQuorum = mayBoth, IsChanging = isChanging };
    }
}
