using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>Processes and dates the speaker's statements.</content>
public sealed partial record Speaker
{
    /// <summary>The stream reported whether it may promote; null if nothing is known any more, because its satellite was lost or DRBD is down there.</summary>
    internal Speaker Observe(bool? mayPromote, Instant at, LinstorView linstor)
    {
        if (mayPromote is not { } may)
        {
            return FallSilent(at) with { StreamedAt = at };
        }

        if (!IsSilent && linstor.IsSinceReturn(HeardAt) && MayPromote is { Current: true } known && known.Value == may)
        {
            return this; // LINSTOR repeats everything to all subscribers whenever one connects
        }

        var date = linstor.DateOf(isFirst: !linstor.IsSinceReturn(HeardAt), at);
        return this with
        {
            Presence = Presence.Listed,
            NodeUuid = NodeUuid ?? linstor.Find(Node)?.Uuid, // if another machine has its name since, only an answer shows that the replica is a new one, too
            MayPromote = Statement<bool>.After(MayPromote, may, date, Newest, may && IsBack(date, linstor) ? LossEvidenceAt(date, linstor) : null),
            IsSilent = false,
            BackSince = IsSilent || !linstor.IsSinceReturn(HeardAt) ? date : BackSince,
            HeardAt = at,
            HeardUntil = at,
            ReturnedFrom = SilentFrom(date, linstor),
            NewSince = date,
            ChangedAt = ReportedAt is null ? date : ChangedAt, // no answer has dated its statements yet
            LivedAt = IsOwnReturn(date, linstor) || (!IsSilent && linstor.IsSinceReturn(HeardAt)) ? date : LivedAt,
            NewsSince = IsOwnReturn(date, linstor) || MayPromote?.Value != may ? date : NewsSince,
            StreamedAt = at,
        };
    }

    /// <summary>LINSTOR has answered with the state of the replica.</summary>
    /// <param name="reported">The state of the replica.</param>
    /// <param name="answer">The answer that contains it.</param>
    internal Speaker Observe(Replica reported, in ResourceAnswer answer)
    {
        if (Uuid is not null && reported.Uuid is not null ? Uuid != reported.Uuid : Presence is Presence.Lost or Presence.Removed)
        {
            return new Speaker(Node) { RecreatedAt = answer.AskedAt }.Observe(reported, answer); // a new replica of the same name
        }

        var listed = ListedAs(reported, answer);

        // A stream event after the request was sent may be newer than the answer.
        var streamIsNewer = StreamedAt >= answer.AskedAt;
        var saysNothing = reported is { Promotability: Promotability.Unknown, Usage: Usage.Unknown, Score: null, Connections.IsEmpty: true };
        if (!IsSilent && (SilentSince > answer.AskedAt || AwayAt > answer.AskedAt))
        {
            return listed; // it has fallen silent and is back since the question was sent: the answer may be older than the silence
        }

        var silenceIsNewer = IsSilent && (streamIsNewer || AwayAt > answer.AskedAt);
        return silenceIsNewer || (saysNothing && !streamIsNewer) ? listed.FallSilent() : listed.Observe(reported, answer, streamIsNewer);
    }

    private Speaker Observe(Replica reported, in ResourceAnswer answer, bool streamIsNewer)
    {
        var (asked, linstor) = (answer.AskedAt, answer.Linstor);

        // The first answer about a speaker that the stream has already reported is no newer than the stream's report.
        var (isFirst, isReturn) = (!linstor.IsSinceReturn(ReportedAt), IsSilent || !linstor.IsSinceReturn(HeardAt));
        var date = isFirst && !isReturn && NewSince is { } streamed ? streamed
            : WasThereBefore(reported, answer) ? ((Instant?[])[NewSince, ReportedAt, linstor.ReturnedAt]).Max() ?? Instant.Start : linstor.DateOf(isFirst, answer.At);
        var isOwnReturn = IsOwnReturn(date, linstor);
        var evidenceAt = LossEvidenceAt(date, linstor);
        var mayPromote = streamIsNewer ? MayPromote
            : Statement<bool>.After(MayPromote, Known(reported.Promotability, Promotability.MayPromote), date, Newest, reported.Promotability == Promotability.MayPromote ? evidenceAt : null);
        var inUse = Statement<bool>.After(InUse, Known(reported.Usage, Usage.InUse), date, Newest);
        var score = Statement<int>.After(Score, reported.Score, date, Newest);

        // A link that is found to be down may have gone down at any time since it was last reported.
        var links = LinksAfter(reported.Connections, date, evidenceAt ?? (isFirst || isReturn ? null : HeardUntil + TimeSpan.FromTicks(1)));
        var memberships = Leaving ? Memberships : MembershipsAfter(answer, isReturn ? date : BackSince, reported.Connections); // a leaving replica gets no more updates

        // Omitting or repeating a value is no change. But only a live satellite drops one connection of several.
        var isSame = (mayPromote?.Value, inUse?.Value, score?.Value) == (MayPromote?.Value, InUse?.Value, Score?.Value) && AreSame(links);
        if (isSame && !IsSilent && isReturn)
        {
            // Only LINSTOR was silent, so the statements may be as old as its return.
            date = Instant.Later(ChangedAt, linstor.ReturnedAt ?? date);
        }

        var dropsConnection = links != Links && Drops(reported.Connections);
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
            LivedAt = isOwnReturn || ((!isSame || dropsConnection) && !isFirst && !isReturn) ? date : LivedAt,
            NewsSince = null,
            Memberships = memberships,
            MembershipsAtNews = !isNews && NewsSince is null ? MembershipsAtNews
                : !Leaving && asked - answer.MembersSince >= Timings.ShortestAdmission ? [answer.Members]
                : dropsConnection ? WithoutDropped(memberships, reported.Connections, linstor) : memberships,
            ChangedAt = isReturn || !isSame ? date : NewSince ?? ChangedAt,
            NewsAt = isNews ? date : NewsSince ?? NewsAt,
        };
    }

    // Loss evidence from a speaker that is back from a silence of its own may be as old as that silence, and is newer than the answer before it. What the stream stated before LINSTOR's first list has
    // the date of that list, as all first statements have.
    private Instant? LossEvidenceAt(Instant date, LinstorView linstor) =>
        SilentFrom(date, linstor) is { } last ? Instant.Later(last + TimeSpan.FromTicks(1), linstor.FirstReturnedAt ?? last) : null;

    // When the silence of its own began from which it is back, if no answer has come since. The first of several counts, unless the speaker reported in between that it may not promote: the loss
    // evidence is newer than that.
    private Instant? SilentFrom(Instant date, LinstorView linstor) =>
        !IsBack(date, linstor) ? ReturnedFrom : MayPromote is { Value: false } ? AliveUntil : ReturnedFrom ?? AliveUntil;

    // Its first statement since LINSTOR's return, or before the list that ends LINSTOR's silence, may end a silence of its own that LINSTOR had not noticed before.
    private bool IsBack(Instant date, LinstorView linstor) => IsOwnReturn(date, linstor) || !(linstor.IsSynced || linstor.IsStreamIntact)
        || ((IsSilent || date == linstor.ReturnedAt) && !linstor.IsSinceReturn(HeardAt));

    // LINSTOR repeats a satellite for a while after it has lost it, also to a process that has just connected. Only a change shows that the satellite was alive then.
    private Instant? AliveUntil => HeardAt is null || HeardUntil is not { } until ? HeardUntil : Instant.Later(LivedAt ?? Instant.Start, until - Timings.LongestDetection);

    // Nearly every answer repeats the previous one, which costs nothing.
    private ImmutableArray<LinkStatement> LinksAfter(ImmutableArray<Connection> reported, Instant date, Instant? evidenceAt) => Repeats(reported) ? Links : NewLinks(reported, date, evidenceAt);

    private ImmutableArray<LinkStatement> NewLinks(ImmutableArray<Connection> reported, Instant date, Instant? evidenceAt)
    {
        var links = ImmutableArray.CreateBuilder<LinkStatement>(Links.Length);
        foreach (var connection in reported)
        {
            links.Add(new(connection.Peer, Statement<bool>.After(Find(connection.Peer)?.Up, connection.Up, date, Newest, connection.Up ? null : evidenceAt)!.Value));
        }

        links.AddRange(Links.Where(link => !reported.Any(connection => connection.Peer == link.Peer)).Select(link => link with { Up = link.Up.Remembered(Newest) }));
        return links.SequenceEqual(Links) ? Links : links.ToImmutable();
    }

    // A Primary whose satellite was never away may have changed its score at any time since the last answer, when all was well. If the stream reported another replica as promotable a moment
    // ago, and this is the first answer since, the score counts as the older one: otherwise, the node would have been lost and found again in that moment.
    private bool WasThereBefore(Replica reported, in ResourceAnswer answer) =>
        !IsSilent && reported.Usage == Usage.InUse && !(NewSince >= answer.LossEvidenceSince) && answer.AskedAt - answer.LossEvidenceSince <= Timings.LongestDetection;

    private bool IsOwnReturn(Instant date, LinstorView linstor) => IsSilent && (linstor.IsSynced || linstor.IsStreamIntact) && date != linstor.ReturnedAt;

    private bool Drops(ImmutableArray<Connection> reported) => !reported.IsEmpty && Links.Any(link => link.Up.Current && !reported.Any(connection => connection.Peer == link.Peer));

    private bool Repeats(ImmutableArray<Connection> reported)
    {
        var isSame = reported.Length == Links.Length;
        for (var i = 0; isSame && i < reported.Length; i++)
        {
            isSame = Links[i].Up.Current && Links[i].Up.Value == reported[i].Up && Links[i].Peer == reported[i].Peer;
        }

        return isSame;
    }

    // Both enums have Unknown at zero.
    private static bool? Known<T>(T reported, T yes)
        where T : struct, Enum => EqualityComparer<T>.Default.Equals(reported, default) ? null : EqualityComparer<T>.Default.Equals(reported, yes);

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

    private bool AreSame(ImmutableArray<LinkStatement> links) =>
        links == Links || (links.Length == Links.Length && links.All(link => Find(link.Peer)?.Up.Value == link.Up.Value));
}
