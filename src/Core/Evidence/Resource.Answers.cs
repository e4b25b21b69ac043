using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>Processes LINSTOR's answers, and reads members and policy from them.</content>
public sealed partial record Resource
{
    /// <summary>LINSTOR answered a question about the resource.</summary>
    internal Resource Observe(ResourceReport report, Instant at, LinstorView linstor)
    {
        if (report.AskedAt < ReportedAt)
        {
            return Recall(report, at, linstor); // a late answer to an older question
        }

        if (Uuid is not null && report.Uuid is not null && Uuid != report.Uuid)
        {
            return new Resource(Name).Observe(report, at, linstor);
        }

        var answered = this with { Exists = report.Exists, ReportedAt = report.AskedAt, FirstReportedAt = FirstReportedAt ?? report.AskedAt, PolicyAskedAt = report.PropertiesAskedAt ?? report.AskedAt, AnsweredAt = at, IsPolicyCurrent = false, AreWritersCurrent = false };
        return report.Exists ? answered.Take(report, at, linstor) : answered;
    }

    // A late answer still shows that the resource had no policy that fences: a node that has not been heard of since may still run without one.
    private Resource Recall(ResourceReport late, Instant at, LinstorView linstor)
    {
        if (!late.Exists || late.QuorumProperties is null || late.Uuid != Uuid
            || QuorumPolicy.Fences(PolicyOf(late, late.QuorumProperties, linstor), VotersOf(late)))
        {
            return this;
        }

        return this with { SeenUnfenced = true, FencedSince = FencedSince is { } since && !(late.AskedAt < since) ? at : FencedSince };
    }

    private Resource Take(ResourceReport report, Instant at, LinstorView linstor)
    {
        var properties = report.QuorumProperties ?? QuorumProperties;
        var policy = PolicyOf(report, properties, linstor);
        var anyLeaves = report.Replicas.Any(replica => replica.Leaving);
        var members = MembersOf(anyLeaves ? report.Replicas.Where(replica => !replica.Leaving) : report.Replicas, policy, properties);
        var membersSince = members == Members ? MembersSince : at;
        members = members == Members ? Members! : members;
        var atMost = anyLeaves ? MembersOf(report.Replicas, policy, properties) : members;
        var answer = new ResourceAnswer(report.AskedAt, at, linstor, LossEvidenceSince, members, membersSince, atMost);
        var (speakers, seenOtherwise) = (ImmutableArray.CreateBuilder<Speaker>(report.Replicas.Length), SeenOtherwise);
        foreach (var replica in report.Replicas)
        {
            var known = Find(replica.Node) ?? Speaker.NeverHeard(replica.Node, linstor);
            if (Members is null && known.Memberships.IsEmpty)
            {
                known = known with { Memberships = MembersOnceStreamed(report, atMost) };
            }

            var speaker = known.Observe(replica, answer);
            seenOtherwise |= known.MayPromote is { } before && before.Value != speaker.MayPromote?.Value;
            speakers.Add(speaker);
        }

        foreach (var known in Speakers)
        {
            if (!Lists(report, known.Node))
            {
                speakers.Add(known.Miss(at));
            }
        }

        return this with
        {
            Uuid = report.Uuid ?? Uuid,
            LossEvidenceSince = LossEvidenceSince >= report.AskedAt ? LossEvidenceSince : null,
            QuorumProperties = properties,
            IsPolicyCurrent = report.QuorumProperties is not null,
            AreWritersCurrent = report.AllowsTwoPrimaries is not null,
            AllowsTwoPrimaries = report.AllowsTwoPrimaries ?? AllowsTwoPrimaries,
            Members = members,
            MembersSince = membersSince,
            Speakers = WithoutThoseThatLeft(speakers.DrainToImmutable(), at),
            SeenOtherwise = seenOtherwise,
        };
    }

    // Replicas come and go with their consumers, and nodes with an autoscaler. A replica that was removed long ago, and that no remaining speaker may count as a member, is forgotten.
    private static ImmutableArray<Speaker> WithoutThoseThatLeft(ImmutableArray<Speaker> speakers, Instant at)
    {
        if (!speakers.Any(speaker => speaker.WasRemovedLongAgo(at)))
        {
            return speakers;
        }

        var members = speakers.Where(speaker => speaker.Presence != Presence.Removed).SelectMany(speaker => speaker.Memberships.Concat(speaker.MembershipsAtNews)).SelectMany(known => known.Members).Select(member => member.Node).ToHashSet();
        var left = speakers.Where(speaker => speaker.WasRemovedLongAgo(at) && !members.Contains(speaker.Node)).Select(speaker => speaker.Node).ToHashSet();
        return left.Count == 0 ? speakers : [.. speakers.Where(speaker => !left.Contains(speaker.Node)).Select(speaker => speaker.WithoutLinksTo(left, speakers))];
    }

    // The memberships of a node that no answer has included yet: the members listed now, and with them each one that the stream reported and that is gone since, which may have had a vote.
    private ImmutableArray<Membership> MembersOnceStreamed(ResourceReport first, Membership now)
    {
        Member[] gone = [.. Speakers.Where(speaker => !Lists(first, speaker.Node)).Select(speaker => new Member(speaker.Node, Votes: true))];
        return gone.Length == 0 ? [now] : [now with { Members = [.. now.Members.Concat(gone).OrderBy(member => member.Node)] }, now];
    }

    private static Membership MembersOf(IEnumerable<Replica> replicas, string? policy, QuorumProperties? properties)
    {
        Member[] members = [.. replicas.Select(replica => new Member(replica.Node, !replica.Diskless))];
        Array.Sort(members, static (one, other) => one.Node.CompareTo(other.Node));
        return new(members, policy, properties is not null);
    }

    private static bool Lists(ResourceReport report, NodeName node)
    {
        foreach (var replica in report.Replicas)
        {
            if (replica.Node == node)
            {
                return true;
            }
        }

        return false;
    }

    private static int VotersOf(ResourceReport report) => report.Replicas.Count(replica => !replica.Diskless && !replica.Leaving);

    private static string? PolicyOf(ResourceReport report, QuorumProperties? above, LinstorView linstor) =>
        PolicyOf(report.Replicas.Select(replica => (replica.Node, replica.QuorumPolicy)), above, linstor, VotersOf(report));

    // LINSTOR's precedence: replica, definition, group, node, controller.
    private static string? PolicyOf(IEnumerable<(NodeName Node, string? Own)> replicas, QuorumProperties? above, LinstorView linstor, int voters) =>
        QuorumPolicy.Weakest(replicas.Select(replica => replica.Own ?? above?.Definition ?? linstor.Find(replica.Node)?.QuorumPolicy ?? above?.Controller), voters);
}

/// <summary>LINSTOR's answer about a resource, as its speakers need it.</summary>
/// <param name="AskedAt">When the request was sent.</param>
/// <param name="At">The current instant.</param>
/// <param name="Linstor">LINSTOR.</param>
/// <param name="LossEvidenceSince">When the stream reported that a replica may promote, if no answer contains that yet, and it has reported nothing better since; else null.</param>
/// <param name="Members">The members that a node uses once LINSTOR has sent it the change.</param>
/// <param name="MembersSince">When LINSTOR first listed these.</param>
/// <param name="AtMost">The members that a node may use that was never heard of: LINSTOR may delete members without reaching the node.</param>
internal readonly record struct ResourceAnswer(Instant AskedAt, Instant At, LinstorView Linstor, Instant? LossEvidenceSince, Membership Members, Instant MembersSince, Membership AtMost);
