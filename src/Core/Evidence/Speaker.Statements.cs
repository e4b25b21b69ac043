using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>How its words are taken in, and dated.</content>
public sealed partial record Speaker
{
    /// <summary>The stream said whether it may promote; null if nothing is known any more, because its satellite was lost or DRBD is down there.</summary>
    internal Speaker Hear(bool? mayPromote, Instant at, LinstorView linstor)
    {
        if (mayPromote is not { } may)
        {
            return FallSilent(at) with { StreamedAt = at };
        }

        if (!IsSilent && linstor.IsSinceReturn(HeardAt) && MayPromote is { Current: true } known && known.Value == may)
        {
            return this; // LINSTOR repeats everything to everybody whenever anybody connects
        }

        var date = linstor.DateOf(isFirst: !linstor.IsSinceReturn(HeardAt), at);
        var isRepeat = !IsSilent && linstor.IsSinceReturn(HeardAt) && Promotability == (may ? Promotability.MayPromote : Promotability.MayNotPromote);
        return this with
        {
            Presence = Presence.Listed,
            MayPromote = Statement<bool>.After(MayPromote, may, date, Newest, may && IsOwnReturn(date, linstor) ? Accusing(date, linstor) : null),
            IsSilent = false,
            BackSince = IsSilent || !linstor.IsSinceReturn(HeardAt) ? date : BackSince,
            HeardAt = at,
            HeardUntil = at,
            ReturnedFrom = SilentFrom(date, linstor),
            NewSince = isRepeat ? NewSince : date,
            NewsSince = IsOwnReturn(date, linstor) || MayPromote?.Value != may ? date : NewsSince,
            StreamedAt = isRepeat ? StreamedAt : at,
        };
    }

    /// <summary>LINSTOR has answered what it knows of the replica.</summary>
    /// <param name="said">What it knows.</param>
    /// <param name="answer">The answer that contains it.</param>
    internal Speaker Hear(Replica said, in ResourceAnswer answer)
    {
        if (Uuid is not null && said.Uuid is not null ? Uuid != said.Uuid : Presence is Presence.Lost or Presence.Removed)
        {
            return new Speaker(Node) { RecreatedAt = answer.AskedAt }.Hear(said, answer); // a new replica of the same name
        }

        var listed = ListedAs(said, answer);

        // What the stream said after the question was sent is newer than the answer may be.
        var streamIsNewer = StreamedAt >= answer.AskedAt;
        var saysNothing = said is { Promotability: Promotability.Unknown, Usage: Usage.Unknown, Score: null, Connections.IsEmpty: true };
        if (!IsSilent && (SilentSince > answer.AskedAt || AwayAt > answer.AskedAt))
        {
            return listed; // it has fallen silent and is back since the question was sent: the answer may be older than the silence
        }

        var silenceIsNewer = IsSilent && (streamIsNewer || AwayAt > answer.AskedAt);
        return silenceIsNewer || (saysNothing && !streamIsNewer) ? listed.FallSilent() : listed.Hear(said, answer, streamIsNewer);
    }

    // Nearly always as before: that costs nothing.
    private Speaker ListedAs(Replica said, in ResourceAnswer answer)
    {
        var (uuid, nodeUuid, volumes) = (said.Uuid ?? Uuid, answer.Linstor.Find(Node)?.Uuid ?? NodeUuid, said.VolumeCount ?? VolumeCount);
        return (Presence, Diskless, Leaving, QuorumPolicy) == (Presence.Listed, said.Diskless, said.Leaving, said.QuorumPolicy) && (Uuid, NodeUuid, VolumeCount) == (uuid, nodeUuid, volumes) && !Memberships.IsEmpty ? this : this with
        {
            Presence = Presence.Listed,
            Uuid = uuid,
            NodeUuid = nodeUuid,
            Diskless = said.Diskless,
            Leaving = said.Leaving,
            QuorumPolicy = said.QuorumPolicy,
            VolumeCount = volumes,
            Memberships = Memberships.IsEmpty ? [answer.AtMost] : Memberships,
        };
    }

    private Speaker Hear(Replica said, in ResourceAnswer answer, bool streamIsNewer)
    {
        var (asked, linstor) = (answer.AskedAt, answer.Linstor);

        // The first answer about a speaker that the stream has told of is no newer than what the stream told.
        var (isFirst, isReturn) = (!linstor.IsSinceReturn(ReportedAt), IsSilent || !linstor.IsSinceReturn(HeardAt));
        var date = isFirst && !isReturn && NewSince is { } told ? told
            : WasThereBefore(said, answer) ? ((Instant?[])[NewSince, ReportedAt, linstor.ReturnedAt]).Max() ?? Instant.Start : linstor.DateOf(isFirst, answer.At);
        var isOwnReturn = IsOwnReturn(date, linstor);
        var accusing = Accusing(date, linstor);
        var mayPromote = streamIsNewer ? MayPromote
            : Statement<bool>.After(MayPromote, Known(said.Promotability, Promotability.MayPromote), date, Newest, said.Promotability == Promotability.MayPromote ? accusing : null);
        var inUse = Statement<bool>.After(InUse, Known(said.Usage, Usage.InUse), date, Newest);
        var score = Statement<int>.After(Score, said.Score, date, Newest);

        // A link that is found to be down may have gone at any time since it was last heard.
        var links = Hear(said.Connections, date, accusing ?? (isFirst || isReturn ? null : HeardUntil + TimeSpan.FromTicks(1)));
        var memberships = Leaving ? Memberships : HeardBy(answer, isReturn ? date : BackSince, said.Connections); // one that is leaving is told nothing any more

        // To leave something out, or to say it again, is no change; but only a satellite that lives drops one connection of several.
        var isSame = (mayPromote?.Value, inUse?.Value, score?.Value) == (MayPromote?.Value, InUse?.Value, Score?.Value) && SaysTheSame(links);
        if (isSame && !IsSilent && isReturn)
        {
            // Only LINSTOR was silent: since it has answered again, the words may be as old as that.
            date = Instant.Later(ChangedAt, linstor.ReturnedAt ?? date);
        }

        var dropsConnection = links != Links && Drops(said.Connections);
        var isNews = isOwnReturn || !isSame || dropsConnection;
        return this with
        {
            MayPromote = mayPromote,
            InUse = inUse,
            Score = score,
            Links = links,
            IsSilent = false,
            BackSince = isReturn ? date : BackSince,
            HeardAt = HeardAt > asked ? HeardAt : asked,
            HeardUntil = answer.At,
            ReportedAt = asked,
            ReturnedFrom = null,
            NewSince = null,
            NewsSince = null,
            Memberships = memberships,
            MembershipsAtNews = !isNews && NewsSince is null ? MembershipsAtNews
                : !Leaving && asked - answer.MembersSince >= Timings.ShortestAdmission ? [answer.Members]
                : dropsConnection ? WithoutDropped(memberships, said.Connections, linstor) : memberships,
            ChangedAt = isReturn || !isSame ? date : NewSince ?? ChangedAt,
            NewsAt = isNews ? date : NewsSince ?? NewsAt,
        };
    }

    // What it says against others when it is back from a silence of its own may be as old as that silence, and is newer than the answer before it.
    private Instant? Accusing(Instant date, LinstorView linstor) =>
        SilentFrom(date, linstor) is { } last ? Instant.Later(last + TimeSpan.FromTicks(1), linstor.ReturnedAt ?? last) : null;

    // When the silence began that it is back from, if no answer has come since. Of several silences the first counts, unless it said in between that it may not promote: what accuses is newer than that.
    private Instant? SilentFrom(Instant date, LinstorView linstor) =>
        !IsOwnReturn(date, linstor) ? ReturnedFrom : MayPromote is { Value: false } ? HeardUntil : ReturnedFrom ?? HeardUntil;

    // Nearly every answer is the one before: that costs nothing.
    private ImmutableArray<LinkStatement> Hear(ImmutableArray<Connection> said, Instant date, Instant? accusing) => Repeats(said) ? Links : HearNew(said, date, accusing);

    private ImmutableArray<LinkStatement> HearNew(ImmutableArray<Connection> said, Instant date, Instant? accusing)
    {
        var links = ImmutableArray.CreateBuilder<LinkStatement>(Links.Length);
        foreach (var connection in said)
        {
            links.Add(new(connection.Peer, Statement<bool>.After(Find(connection.Peer)?.Up, connection.Up, date, Newest, connection.Up ? null : accusing)!.Value));
        }

        links.AddRange(Links.Where(link => !said.Any(connection => connection.Peer == link.Peer)).Select(link => link with { Up = link.Up.Remembered(Newest) }));
        return links.SequenceEqual(Links) ? Links : links.ToImmutable();
    }

    // A Primary whose satellite was never away may have changed its score at any time since the last answer, when all was well. If another replica was told to be promotable a moment ago,
    // and this is the first answer since, the score is taken to be the older one: else the node would have been lost and found again in that moment.
    private bool WasThereBefore(Replica said, in ResourceAnswer answer) =>
        !IsSilent && said.Usage == Usage.InUse && !(NewSince >= answer.AccusedSince) && answer.AskedAt - answer.AccusedSince <= Timings.LongestDetection;

    // What LINSTOR repeats of a node for a while may be older than the members that it now lists, and a satellite tells LINSTOR of its DRBD before it has brought that up to date: until then
    // the node may go by these members, by those that it knew, or by what was between. It knows of a member once it has a connection to it, and of a policy, or of a member's new disk, by
    // nothing but time.
    private ImmutableArray<Membership> HeardBy(in ResourceAnswer answer, Instant backSince, ImmutableArray<Connection> said)
    {
        if (Memberships is [var only] && only == answer.Members)
        {
            return ReportedAt is null && NamedAtFirst(only, said, answer.Linstor) is { } named ? [named, answer.Members] : Memberships;
        }

        return HeardByChanged(answer, backSince, said);
    }

    private ImmutableArray<Membership> HeardByChanged(in ResourceAnswer answer, Instant backSince, ImmutableArray<Connection> said)
    {
        var now = answer.Members;
        var isSamePolicy = Memberships.All(known => (known.Policy, known.IsPolicyKnown) == (now.Policy, now.IsPolicyKnown));
        var areSameVotes = Memberships.All(known => known.Members.All(member => now.Members.All(one => one.Node != member.Node || one.Votes == member.Votes)));
        var since = isSamePolicy && areSameVotes ? answer.MembersSince : Instant.Later(answer.MembersSince, backSince);
        return answer.AskedAt - since >= Timings.LongestDetection && KnowsOf(now, said, answer.Linstor) ? [now]
            : Memberships.Contains(now) ? Memberships : [.. Memberships.Concat(Memberships[^1].Until(now)).Distinct()];
    }

    // A node's first words show whom it knows: if it reports fewer connections than it has peers, it may go by those alone that it names. Null if it may know all.
    private Membership? NamedAtFirst(Membership now, ImmutableArray<Connection> said, LinstorView linstor)
    {
        var peers = now.Members.Count(HasConnectionTo);
        return said.IsEmpty || said.Length >= peers ? null : now with { Members = [.. now.Members.Where(member => !HasConnectionTo(member) || IsNamedIn(said, member.Node, linstor))] };
    }

    // It has dropped the connections to members that it goes by no longer.
    private ImmutableArray<Membership> WithoutDropped(ImmutableArray<Membership> memberships, ImmutableArray<Connection> said, LinstorView linstor)
    {
        var left = memberships.RemoveAll(known => known.Members.Any(member => HasConnectionTo(member) && Links.Any(link => link.Up.Current && IsNameOf(link.Peer, member.Node, linstor)) && !IsNamedIn(said, member.Node, linstor)));
        return left.IsEmpty ? memberships : left;
    }

    private bool KnowsOf(Membership members, ImmutableArray<Connection> said, LinstorView linstor)
    {
        foreach (var member in members.Members)
        {
            if (HasConnectionTo(member) && !Memberships.All(known => known.Members.Any(one => one.Node == member.Node)) && !IsNamedIn(said, member.Node, linstor))
            {
                return false;
            }
        }

        return true;
    }

    // Two replicas without a disk have no connection.
    private bool HasConnectionTo(Member member) => member.Node != Node && (member.Votes || !Diskless);

    private static bool IsNamedIn(ImmutableArray<Connection> said, NodeName node, LinstorView linstor) => said.Any(connection => IsNameOf(connection.Peer, node, linstor));

    private static bool IsNameOf(string peer, NodeName node, LinstorView linstor) =>
        ResourceView.IsSameHost(peer, node.Value) || (linstor.Find(node)?.HostName is { } host && ResourceView.IsSameHost(peer, host));

    private bool IsOwnReturn(Instant date, LinstorView linstor) => IsSilent && (linstor.IsSynced || linstor.IsStreamIntact) && date != linstor.ReturnedAt;

    private bool Drops(ImmutableArray<Connection> said) => !said.IsEmpty && Links.Any(link => link.Up.Current && !said.Any(connection => connection.Peer == link.Peer));

    private bool Repeats(ImmutableArray<Connection> said)
    {
        var isSame = said.Length == Links.Length;
        for (var i = 0; isSame && i < said.Length; i++)
        {
            isSame = Links[i].Up.Current && Links[i].Up.Value == said[i].Up && Links[i].Peer == said[i].Peer;
        }

        return isSame;
    }

    // Both enumerations have their unknown at zero.
    private static bool? Known<T>(T said, T yes)
        where T : struct, Enum => said.Equals(default(T)) ? null : said.Equals(yes);

    private LinkStatement? Find(string peer)
    {
        foreach (var link in Links)
        {
            if (link.Peer == peer)
            {
                return link;
            }
        }

        return null;
    }

    private bool SaysTheSame(ImmutableArray<LinkStatement> links) =>
        links == Links || (links.Length == Links.Length && links.All(link => Find(link.Peer)?.Up.Value == link.Up.Value));
}

/// <summary>An answer of LINSTOR about a resource, for those whom it tells of.</summary>
/// <param name="AskedAt">When the question was sent.</param>
/// <param name="At">Now.</param>
/// <param name="Linstor">LINSTOR.</param>
/// <param name="AccusedSince">When the stream told that a replica may promote, if no answer contains that yet, and nothing better was told since; else null.</param>
/// <param name="Members">Those whom a node goes by that LINSTOR has told of them.</param>
/// <param name="MembersSince">When LINSTOR first listed these.</param>
/// <param name="AtMost">Those whom a node may go by that was never heard of: members are deleted where nobody tells it.</param>
internal readonly record struct ResourceAnswer(Instant AskedAt, Instant At, LinstorView Linstor, Instant? AccusedSince, Membership Members, Instant MembersSince, Membership AtMost);
