using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>Which members and which policy the speaker may use.</content>
public sealed partial record Speaker
{
    // For a while, LINSTOR's report about a node may be older than the members that it lists now, and a satellite reports its DRBD to LINSTOR before it has updated it. Until then, the node may
    // use these members, those that it knew, or a state in between. A connection shows that it knows a member. Only time shows that it knows a policy, or a member's new disk.
    private ImmutableArray<Membership> MembershipsAfter(in ResourceAnswer answer, Instant backSince, ImmutableArray<Connection> reported)
    {
        if (Memberships is [var only] && only == answer.Members)
        {
            return ReportedAt is null && NamedAtFirst(only, reported, answer.Linstor) is { } named ? [named, answer.Members] : Memberships;
        }

        return MembershipsAfterChange(answer, backSince, reported);
    }

    private ImmutableArray<Membership> MembershipsAfterChange(in ResourceAnswer answer, Instant backSince, ImmutableArray<Connection> reported)
    {
        var now = answer.Members;
        var isSamePolicy = Memberships.All(known => (known.Policy, known.IsPolicyKnown) == (now.Policy, now.IsPolicyKnown));
        var areSameVotes = Memberships.All(known => known.Members.All(member => now.Members.All(one => one.Node != member.Node || one.Votes == member.Votes)));
        var since = isSamePolicy && areSameVotes ? answer.MembersSince : Instant.Later(answer.MembersSince, backSince);
        return answer.AskedAt - since >= Timings.LongestDetection && KnowsOf(now, reported, answer.Linstor) && !StillKnows(now, reported, answer.Linstor) ? [now]
            : Memberships.Contains(now) ? Memberships : [.. Memberships.Concat(Memberships[^1].Until(now)).Distinct()];
    }

    // A node's first report shows which members it knows: if it reports fewer connections than it has peers, it may count only those that it names; if more, also those that LINSTOR has forgotten. Null
    // if it may know exactly the listed ones.
    private Membership? NamedAtFirst(Membership now, ImmutableArray<Connection> reported, LinstorView linstor)
    {
        var peers = now.Members.Count(HasConnectionTo);
        return reported.IsEmpty || reported.Length == peers ? null
            : reported.Length < peers ? now with { Members = [.. now.Members.Where(member => !HasConnectionTo(member) || IsNamedIn(reported, member.Node, linstor))] }
            : now with { Members = [.. now.Members.Concat(reported.Where(named => !now.Members.Any(member => IsNameOf(named.Peer, member.Node, linstor))).Select(named => new Member(new(named.Peer), Votes: true))).OrderBy(member => member.Node)] };
    }

    // The node no longer counts members whose connections it has dropped.
    private ImmutableArray<Membership> WithoutDropped(ImmutableArray<Membership> memberships, ImmutableArray<Connection> reported, LinstorView linstor)
    {
        var left = memberships.RemoveAll(known => known.Members.Any(member => HasConnectionTo(member) && Links.Any(link => link.Up.Current && IsNameOf(link.Peer, member.Node, linstor)) && !IsNamedIn(reported, member.Node, linstor)));
        return left.IsEmpty ? memberships : left;
    }

    private bool KnowsOf(Membership members, ImmutableArray<Connection> reported, LinstorView linstor)
    {
        foreach (var member in members.Members)
        {
            if (HasConnectionTo(member) && !Memberships.All(known => known.Members.Any(one => one.Node == member.Node)) && !IsNamedIn(reported, member.Node, linstor))
            {
                return false;
            }
        }

        return true;
    }

    // A node that still reports a connection to a member that LINSTOR has removed or lost still counts it.
    private bool StillKnows(Membership now, ImmutableArray<Connection> reported, LinstorView linstor) =>
        Memberships.SelectMany(known => known.Members).Any(member => member.Node != Node && !now.Members.Any(one => one.Node == member.Node) && IsNamedIn(reported, member.Node, linstor));

    // Two replicas without a disk have no connection.
    private bool HasConnectionTo(Member member) => member.Node != Node && (member.Votes || !Diskless);

    private static bool IsNamedIn(ImmutableArray<Connection> reported, NodeName node, LinstorView linstor) => reported.Any(connection => IsNameOf(connection.Peer, node, linstor));

    private static bool IsNameOf(string peer, NodeName node, LinstorView linstor) =>
        ResourceView.IsSameHost(peer, node.Value) || (linstor.Find(node)?.HostName is { } host && ResourceView.IsSameHost(peer, host));
}
