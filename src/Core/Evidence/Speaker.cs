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
public sealed partial record Speaker(NodeName Node)
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

    /// <summary>From when it may have been silent: the stream tells of a silence at once, an answer or a list of satellites only of one since it was last heard. Null if it never spoke.</summary>
    internal Instant? SilentSince { get; private init; }

    /// <summary>When it last said anything; for an answer, when that was asked for. Null if it never did.</summary>
    public Instant? HeardAt { get; init; }

    /// <summary>When the newest answer that contains its words was asked for; null if there was none.</summary>
    public Instant? ReportedAt { get; init; }

    /// <summary>When it last changed anything that it says of the resource, or returned from silence, as of the newest answer that contains its words.</summary>
    /// <remarks>What the stream says is no new word of the links; but it dates the next answer that says the same of them.</remarks>
    public Instant ChangedAt { get; init; }

    /// <summary>The members and the policy that it may go by: those when it was last heard of, or when it was first listed if it never was. None until LINSTOR was asked.</summary>
    /// <remarks>Several only for a while after the members have changed: the change may not have reached it.</remarks>
    public ImmutableArray<Membership> Memberships { get; init; } = [];

    /// <summary>When its replica was first seen to be another one than before, of the same name; null if it never was.</summary>
    public Instant? RecreatedAt { get; init; }

    /// <summary>Those that it might go by when it last said something new. One that repeats the past may never have heard of others.</summary>
    internal ImmutableArray<Membership> MembershipsAtNews { get; private init; } = [];

    /// <summary>Since when it has spoken without a silence, of its own or of LINSTOR's.</summary>
    internal Instant BackSince { get; private init; }

    private string? Uuid { get; init; }

    private string? NodeUuid { get; init; }

    private Instant MissingSince { get; init; }

    private Instant? StreamedAt { get; init; }

    private Instant? AwayAt { get; init; }

    /// <summary>When it last changed anything that it says of the resource, or returned from a silence of its own.</summary>
    /// <remarks>Unlike for <see cref="ChangedAt"/>, a silence of LINSTOR, in which all satellites are away, is nothing: who repeats after it what it said before has said nothing new.</remarks>
    public Instant NewsAt { get; init; }

    // When its last words arrived; null if there were none.
    private Instant? HeardUntil { get; init; }

    // When it was heard before the silence from which the stream says that it is back, and no answer yet.
    private Instant? ReturnedFrom { get; init; }

    private Instant? NewSince { get; init; }

    private Instant? NewsSince { get; init; }

    private LastHeard Newest => new(ReportedAt ?? Instant.Start, ChangedAt);

    /// <summary>What it says now of promoting it.</summary>
    public Promotability Promotability => MayPromote is { Current: true, Value: var may } ? may ? Promotability.MayPromote : Promotability.MayNotPromote : Promotability.Unknown;

    /// <summary>What it says now of its role.</summary>
    public Usage Usage => InUse is { Current: true, Value: var inUse } ? inUse ? Usage.InUse : Usage.Unused : Usage.Unknown;

    /// <summary>Whether it reports, or last reported, a connection that is down.</summary>
    internal bool MissesPeer
    {
        get
        {
            foreach (var link in Links)
            {
                if (!link.Up.Value)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether its words are news: its satellite is reached, and has spoken since LINSTOR has answered without a pause.</summary>
    public bool Speaks(LinstorView linstor) => Speaks(linstor, linstor.StateOf(Node));

    internal bool Speaks(LinstorView linstor, SatelliteState? state) =>
        Presence == Presence.Listed && !IsSilent && linstor.IsSynced && state == SatelliteState.Online && linstor.IsSinceReturn(HeardAt);

    /// <summary>Whether the replica was removed so long ago that nobody waits for an explanation of it.</summary>
    internal bool WasRemovedLongAgo(Instant at) => Presence == Presence.Removed && at - MissingSince > Timings.RemovalLasts;

    /// <summary>Forgets what it once reported of its connections to replicas that are forgotten, unless one that stays has such a name, too.</summary>
    internal Speaker WithoutLinksTo(HashSet<NodeName> forgotten, ImmutableArray<Speaker> all) => this with
    {
        Links = Links.RemoveAll(link => !link.Up.Current && forgotten.Any(node => ResourceView.IsSameHost(node.Value, link.Peer))
            && !all.Any(speaker => !forgotten.Contains(speaker.Node) && ResourceView.IsSameHost(speaker.Node.Value, link.Peer))),
    };

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

    private Speaker FallSilent(Instant? since = null) => IsSilent ? this : this with
    {
        IsSilent = true,
        SilentSince = since ?? HeardAt,
        MayPromote = MayPromote?.Remembered(Newest),
        InUse = InUse?.Remembered(Newest),
        Score = Score?.Remembered(Newest),
        Links = [.. Links.Select(link => link with { Up = link.Up.Remembered(Newest) })],
    };
}
