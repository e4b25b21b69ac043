using System.Globalization;

namespace Piraeus.HighAvailability.Core;

/// <summary>DRBD's arithmetic of <c>DrbdOptions/Resource/quorum</c>: <c>off</c>, <c>majority</c>, <c>all</c>, or a number of votes. Null and unknown values count as <c>off</c>.</summary>
public static class QuorumPolicy
{
    /// <summary>Whether the policy proves that a partition without quorum cannot write: two disjoint partitions cannot both have it.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="voters">How many replicas with a disk there are.</param>
    public static bool Fences(string? policy, int voters) => VotesNeeded(policy, voters) is { } needed && 2 * needed > voters;

    /// <summary>The policy that needs the fewest votes, among those of the replicas of one resource.</summary>
    internal static string? Weakest(IEnumerable<string?> policies, int voters) => policies.MinBy(policy => VotesNeeded(policy, voters) ?? 0);

    /// <summary>Whether some of a resource's members, if they are connected to one another and to no other member, may have quorum.</summary>
    /// <param name="policy">The policy that they use.</param>
    /// <param name="members">All members.</param>
    /// <param name="side">Those that are connected.</param>
    /// <remarks>
    /// As <c>calc_quorum</c> in DRBD 9 has it: enough votes or, if the number of voters is even and one vote is missing, most of the diskless members. Outdated peers, which DRBD does not wait
    /// for, are left out here: they never prove that a side lacks quorum.
    /// </remarks>
    public static bool MayHaveQuorum(string? policy, IReadOnlyCollection<Member> members, Func<Member, bool> side)
    {
        var (voters, votes, diskless, tieBreakers) = (0, 0, 0, 0);
        foreach (var member in members)
        {
            var isOnSide = side(member) ? 1 : 0;
            _ = member.Votes ? (voters++, votes += isOnSide) : (diskless++, tieBreakers += isOnSide);
        }

        return VotesNeeded(policy, voters) is not { } needed || voters == 0 || votes >= needed
            || (voters % 2 == 0 && votes == needed - 1 && 2 * tieBreakers > diskless);
    }

    private static int? VotesNeeded(string? policy, int voters)
    {
        var text = policy.AsSpan().Trim();
        return text.Equals("majority", StringComparison.OrdinalIgnoreCase) ? (voters / 2) + 1
            : text.Equals("all", StringComparison.OrdinalIgnoreCase) ? voters
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var votes) ? votes
            : null;
    }
}

/// <summary>A replica as another replica counts it for quorum.</summary>
/// <param name="Node">The LINSTOR node.</param>
/// <param name="Votes">Whether it has a disk.</param>
public readonly record struct Member(NodeName Node, bool Votes);

/// <summary>The members of a resource and its quorum policy at one time.</summary>
/// <param name="Members">The members, by node.</param>
/// <param name="Policy">The policy among theirs that fences least; null if none was known to be set.</param>
/// <param name="IsPolicyKnown">Whether the policy was known at that time.</param>
public sealed record Membership(IReadOnlyList<Member> Members, string? Policy, bool IsPolicyKnown)
{
    /// <summary>How many of them have a vote.</summary>
    public int Voters => Members.Count(member => member.Votes);

    /// <summary>The memberships that a node may use until it knows the current members. LINSTOR places and removes replicas one by one, in an order that is not visible.</summary>
    /// <param name="now">The current members, which come last.</param>
    internal IEnumerable<Membership> Until(Membership now)
    {
        var voting = Members.Concat(now.Members).ToLookup(member => member.Node, member => member.Votes);
        return [
            Between(voting.Select(of => new Member(of.Key, of.Any(votes => votes)))),
            Between(voting.Where(of => of.Count() == 2).Select(of => new Member(of.Key, of.All(votes => votes)))),
            now];

        Membership Between(IEnumerable<Member> members)
        {
            Member[] sorted = [.. members.OrderBy(member => member.Node)];
            return new(sorted, QuorumPolicy.Weakest([Policy, now.Policy], sorted.Count(member => member.Votes)), IsPolicyKnown && now.IsPolicyKnown);
        }
    }

    public bool Equals(Membership? other) => other is not null && Policy == other.Policy && IsPolicyKnown == other.IsPolicyKnown && Members.SequenceEqual(other.Members);

    public override int GetHashCode() => HashCode.Combine(Policy, Members.Count);
}
