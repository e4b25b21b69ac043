using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Whether a resource has a replica on a node.</summary>
public enum Presence
{
    /// <summary>LINSTOR lists it.</summary>
    Listed,

    /// <summary>LINSTOR lists it no longer; a list of satellites has yet to say why.</summary>
    Missing,

    /// <summary>It was removed while its node was in LINSTOR: DRBD was taken down there, and the others know.</summary>
    Removed,

    /// <summary>It vanished together with its node, which was declared lost: it may live on where LINSTOR does not see it.</summary>
    Lost,
}

/// <summary>A node's DRBD as to one resource, heard through its LINSTOR satellite: what it says, or last said, and when that was new.</summary>
/// <remarks>What is unknown never wipes out what was known: a field that is left out, or a satellite that is away, makes a statement old, not false.</remarks>
/// <param name="Node">The LINSTOR node.</param>
public sealed record Speaker(NodeName Node)
{
    /// <summary>Whether LINSTOR lists the replica.</summary>
    public Presence Presence { get; init; }

    /// <summary>Whether the replica has no disk: no vote.</summary>
    public bool Diskless { get; init; }

    /// <summary>Whether LINSTOR is deleting, deactivating or evicting the replica.</summary>
    public bool Leaving { get; init; }

    /// <summary>The replica's own quorum policy; null if it has none.</summary>
    public string? QuorumPolicy { get; init; }

    /// <summary>How many volumes it has; null if not known.</summary>
    public int? VolumeCount { get; init; }

    /// <summary>Whether it may promote; null if it never said.</summary>
    public Statement<bool>? MayPromote { get; init; }

    /// <summary>Whether it is DRBD Primary; null if it never said.</summary>
    public Statement<bool>? InUse { get; init; }

    /// <summary>DRBD's promotion score: zero without quorum or usable data; null if it never said.</summary>
    public Statement<int>? Score { get; init; }

    /// <summary>Its connections, those that it no longer reports included. Never default.</summary>
    public ImmutableArray<LinkStatement> Links { get; init; } = [];

    /// <summary>Whether it has said nothing since its satellite was last away, or at all.</summary>
    public bool IsSilent { get; init; } = true;

    /// <summary>When it last said anything; for an answer, when that was asked for. Null if it never did.</summary>
    public Instant? HeardAt { get; init; }

    /// <summary>When the newest answer that contains its words was asked for; null if there was none.</summary>
    public Instant? ReportedAt { get; init; }

    /// <summary>When it last changed anything that it says of the resource, or returned from silence, as of the newest answer that contains its words.</summary>
    /// <remarks>What the stream says is no new word of the links; but it dates the next answer that says the same of them.</remarks>
    public Instant ChangedAt { get; init; }

    /// <summary>The members and the policy when it was last heard of, or when it was first listed if it never was; null until LINSTOR was asked.</summary>
    public Membership? Membership { get; init; }

    /// <summary>When its replica was first seen to be another one than before, of the same name; null if it never was.</summary>
    public Instant? RecreatedAt { get; init; }

    private string? Uuid { get; init; }

    private string? NodeUuid { get; init; }

    private Instant MissingSince { get; init; }

    private Instant? StreamedAt { get; init; }

    private Instant? AwayAt { get; init; }

    /// <summary>When it last changed anything that it says of the resource, or returned from a silence of its own.</summary>
    /// <remarks>Unlike for <see cref="ChangedAt"/>, a silence of LINSTOR, in which all satellites are away, is nothing: who repeats after it what it said before has said nothing new.</remarks>
    public Instant NewsAt { get; init; }

    // When it was heard before the silence from which the stream says that it is back, and no answer yet.
    private Instant? ReturnedFrom { get; init; }

    private Instant? NewSince { get; init; }

    private Instant? NewsSince { get; init; }

    private LastWords Newest => new(ReportedAt ?? Instant.Start, ChangedAt);

    /// <summary>What it says now of promoting it.</summary>
    public Promotability Promotability => MayPromote is { Current: true, Value: var may } ? may ? Promotability.MayPromote : Promotability.MayNotPromote : Promotability.Unknown;

    /// <summary>What it says now of its role.</summary>
    public Usage Usage => InUse is { Current: true, Value: var inUse } ? inUse ? Usage.InUse : Usage.Unused : Usage.Unknown;

    /// <summary>Whether its words are news: its satellite is reached, and has spoken since LINSTOR has answered without a pause.</summary>
    public bool Speaks(LinstorView linstor) => Speaks(linstor, linstor.StateOf(Node));

    internal bool Speaks(LinstorView linstor, SatelliteState? state) =>
        Presence == Presence.Listed && !IsSilent && linstor.IsSynced && state == SatelliteState.Online && linstor.IsSinceReturn(HeardAt);

    /// <summary>The stream said whether it may promote; null if nothing is known any more, because its satellite was lost or DRBD is down there.</summary>
    internal Speaker Hear(bool? mayPromote, Instant at, LinstorView linstor)
    {
        if (mayPromote is not { } may)
        {
            return FallSilent() with { StreamedAt = at };
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
            MayPromote = Statement<bool>.After(MayPromote, may, may ? Accusing(date, linstor) : date, Newest),
            IsSilent = false,
            HeardAt = at,
            ReturnedFrom = IsOwnReturn(date, linstor) ? HeardAt : ReturnedFrom,
            NewSince = isRepeat ? NewSince : date,
            NewsSince = IsOwnReturn(date, linstor) || MayPromote?.Value != may ? date : NewsSince,
            StreamedAt = isRepeat ? StreamedAt : at,
        };
    }

    /// <summary>LINSTOR has answered what it knows of the replica.</summary>
    /// <param name="said">What it knows.</param>
    /// <param name="asked">When it was asked.</param>
    /// <param name="at">Now.</param>
    /// <param name="linstor">LINSTOR.</param>
    /// <param name="accusedSince">When the stream told that another replica may promote, if no answer contains that yet, and nothing better was told since; else null.</param>
    /// <param name="members">Those whom a node that is heard of now goes by.</param>
    /// <param name="atMost">Those whom a node may go by that was never heard of: members are deleted where nobody tells it.</param>
    internal Speaker Hear(Replica said, Instant asked, Instant at, LinstorView linstor, Instant? accusedSince, Membership members, Membership atMost)
    {
        if (Uuid is not null && said.Uuid is not null ? Uuid != said.Uuid : Presence is Presence.Lost or Presence.Removed)
        {
            return new Speaker(Node) { RecreatedAt = asked }.Hear(said, asked, at, linstor, accusedSince, members, atMost); // a new replica of the same name
        }

        var listed = this with
        {
            Presence = Presence.Listed,
            Uuid = said.Uuid ?? Uuid,
            NodeUuid = linstor.Find(Node)?.Uuid ?? NodeUuid,
            Diskless = said.Diskless,
            Leaving = said.Leaving,
            QuorumPolicy = said.QuorumPolicy,
            VolumeCount = said.VolumeCount ?? VolumeCount,
            Membership = Membership ?? atMost,
        };

        // What the stream said after the question was sent is newer than the answer may be.
        var streamIsNewer = StreamedAt >= asked;
        var saysNothing = said is { Promotability: Promotability.Unknown, Usage: Usage.Unknown, Score: null, Connections.IsEmpty: true };
        var silenceIsNewer = IsSilent && (streamIsNewer || AwayAt > asked);
        return silenceIsNewer || (saysNothing && !streamIsNewer) ? listed.FallSilent() : listed.Hear(said, asked, at, linstor, accusedSince, members, streamIsNewer);
    }

    /// <summary>LINSTOR has answered, and does not list the replica any more. Only what it lists from now on says why.</summary>
    internal Speaker Miss(Instant at) => Presence == Presence.Listed ? FallSilent() with { Presence = Presence.Missing, MissingSince = at } : this;

    /// <summary>The speaker after a look at the satellites: one that is away has fallen silent, and one that is missing was removed or lost.</summary>
    internal Speaker After(LinstorView linstor)
    {
        if (linstor.Satellites is null)
        {
            return this;
        }

        if (Presence == Presence.Missing && linstor.AskedAt >= MissingSince)
        {
            // LINSTOR keeps a replica that is deleted on its list until the satellite has confirmed it. Only a node that is declared lost takes its replicas with it.
            var node = linstor.Find(Node);
            return this with { Presence = node is not null && (NodeUuid is null || node.Uuid is null || node.Uuid == NodeUuid) ? Presence.Removed : Presence.Lost };
        }

        return !IsSilent && linstor.StateOf(Node) != SatelliteState.Online && HeardAt <= linstor.AskedAt ? FallSilent() with { AwayAt = linstor.AskedAt } : this;
    }

    private Speaker Hear(Replica said, Instant asked, Instant at, LinstorView linstor, Instant? accusedSince, Membership members, bool streamIsNewer)
    {
        // The first answer about a speaker that the stream has told of is no newer than what the stream told.
        var (isFirst, isReturn) = (!linstor.IsSinceReturn(ReportedAt), IsSilent || !linstor.IsSinceReturn(HeardAt));
        var date = isFirst && !isReturn && NewSince is { } told ? told
            : WasThereBefore(said, asked, accusedSince) ? ((Instant?[])[NewSince, ReportedAt, linstor.ReturnedAt]).Max() ?? Instant.Start : linstor.DateOf(isFirst, at);
        var next = this with
        {
            MayPromote = streamIsNewer ? MayPromote : Statement<bool>.After(MayPromote, Known(said.Promotability, Promotability.MayPromote), said.Promotability == Promotability.MayPromote ? Accusing(date, linstor) : date, Newest),
            InUse = Statement<bool>.After(InUse, Known(said.Usage, Usage.InUse), date, Newest),
            Score = Statement<int>.After(Score, said.Score, date, Newest),
            Links = Hear(said.Connections, date, Accusing(date, linstor)),
            IsSilent = false,
            HeardAt = HeardAt > asked ? HeardAt : asked,
            ReportedAt = asked,
            ReturnedFrom = null,
            NewSince = null,
            NewsSince = null,
            Membership = Leaving ? Membership : members, // one that is leaving is told nothing any more
        };
        var isSame = next.SaysTheSameAs(this);
        if (isSame && !IsSilent && isReturn)
        {
            // Only LINSTOR was silent: since it has answered again, the words may be as old as that.
            date = Instant.Later(ChangedAt, linstor.ReturnedAt ?? date);
        }

        return isReturn || !isSame ? next with { ChangedAt = date, NewsAt = IsOwnReturn(date, linstor) || !isSame ? date : NewsSince ?? NewsAt }
            : NewSince is { } since ? next with { ChangedAt = since, NewsAt = NewsSince ?? NewsAt } : next;
    }

    // What it says against others when it is back from a silence of its own may be as old as that silence.
    private Instant Accusing(Instant date, LinstorView linstor) => (IsOwnReturn(date, linstor) ? HeardAt : ReturnedFrom) is { } last ? Instant.Later(last, linstor.ReturnedAt ?? last) : date;

    private ImmutableArray<LinkStatement> Hear(ImmutableArray<Connection> said, Instant date, Instant accusing)
    {
        if (Repeats(said))
        {
            return Links;
        }

        var links = ImmutableArray.CreateBuilder<LinkStatement>(Links.Length);
        foreach (var connection in said)
        {
            links.Add(new(connection.Peer, Statement<bool>.After(Find(connection.Peer)?.Up, connection.Up, connection.Up ? date : accusing, Newest)!.Value));
        }

        links.AddRange(Links.Where(link => !said.Any(connection => connection.Peer == link.Peer)).Select(link => link with { Up = link.Up.Remembered(Newest) }));
        return links.SequenceEqual(Links) ? Links : links.ToImmutable();
    }

    // A Primary whose satellite was never away may have changed its score at any time since the last answer, when all was well. If another replica was told to be promotable a moment ago,
    // and this is the first answer since, the score is taken to be the older one: else the node would have been lost and found again in that moment.
    private bool WasThereBefore(Replica said, Instant asked, Instant? accusedSince) =>
        !IsSilent && said.Usage == Usage.InUse && !(NewSince >= accusedSince) && asked - accusedSince <= Timings.LongestDetection;

    private bool IsOwnReturn(Instant date, LinstorView linstor) => IsSilent && linstor.IsSynced && date != linstor.ReturnedAt;

    // Nearly every answer is the one before: that costs nothing.
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

    // To leave something out, or to say it again, is no change.
    private bool SaysTheSameAs(Speaker before) =>
        (MayPromote?.Value, InUse?.Value, Score?.Value) == (before.MayPromote?.Value, before.InUse?.Value, before.Score?.Value)
        && (Links == before.Links || (Links.Length == before.Links.Length && Links.All(link => before.Find(link.Peer)?.Up.Value == link.Up.Value)));

    private Speaker FallSilent() => IsSilent ? this : this with
    {
        IsSilent = true,
        MayPromote = MayPromote?.Remembered(Newest),
        InUse = InUse?.Remembered(Newest),
        Score = Score?.Remembered(Newest),
        Links = [.. Links.Select(link => link with { Up = link.Up.Remembered(Newest) })],
    };
}
