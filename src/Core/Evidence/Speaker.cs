using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Whether a resource has a replica on a node.</summary>
public enum Presence
{
    /// <summary>LINSTOR lists it.</summary>
    Listed,

    /// <summary>LINSTOR lists it no longer; a list of satellites has yet to say why.</summary>
    Missing,

    /// <summary>It was removed while its node was in LINSTOR: DRBD was taken down there, and its peers know.</summary>
    Removed,

    /// <summary>It vanished together with its node, which was declared lost, so it may still run where LINSTOR does not see it.</summary>
    Lost,
}

/// <summary>A node's DRBD for one resource, as its LINSTOR satellite reports it: its current or last statements, and when they were new.</summary>
/// <remarks>Missing information never erases what was known: an omitted field, or a satellite that is away, makes a statement old, not false.</remarks>
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

    /// <summary>Whether it may promote; null if it never reported that.</summary>
    public Statement<bool>? MayPromote { get; init; }

    /// <summary>Whether it is DRBD Primary; null if it never reported that.</summary>
    public Statement<bool>? InUse { get; init; }

    /// <summary>DRBD's promotion score: zero without quorum or usable data; null if it never reported one.</summary>
    public Statement<int>? Score { get; init; }

    /// <summary>Its connections, including those that it no longer reports. Never default.</summary>
    public ImmutableArray<LinkStatement> Links { get; init; } = [];

    /// <summary>Whether it is silent: it has not spoken since its satellite was last away, or at all.</summary>
    public bool IsSilent { get; init; } = true;

    /// <summary>
    /// The earliest time at which it may have fallen silent. The stream reports a silence at once; an answer or a list of satellites only shows that one began since it was last heard. Null if it
    /// never spoke.
    /// </summary>
    internal Instant? SilentSince { get; private init; }

    /// <summary>When it last spoke; for an answer, when the request was sent. Null if it never did.</summary>
    public Instant? HeardAt { get; init; }

    /// <summary>When the request for the newest answer that contains its statements was sent; null if there was none.</summary>
    public Instant? ReportedAt { get; init; }

    /// <summary>When it last changed a statement about the resource, or returned from silence, as of the newest answer that contains its statements.</summary>
    /// <remarks>A stream event says nothing new about the links, but it dates the next answer that repeats them.</remarks>
    public Instant ChangedAt { get; init; }

    /// <summary>The members and the policy that it may use: those when it was last heard of, or when it was first listed if it never was. Empty before the first answer.</summary>
    /// <remarks>Several only for a while after the members have changed: the change may not have reached it.</remarks>
    public ImmutableArray<Membership> Memberships { get; init; } = [];

    /// <summary>When its replica was first seen to be a new one of the same name; null if it never was.</summary>
    public Instant? RecreatedAt { get; init; }

    /// <summary>The memberships that it might have used when it last reported something new. A speaker that repeats stale state may not know of any others.</summary>
    internal ImmutableArray<Membership> MembershipsAtNews { get; private init; } = [];

    /// <summary>When it began to speak without a silence, its own or LINSTOR's.</summary>
    internal Instant BackSince { get; private init; }

    private string? Uuid { get; init; }

    private string? NodeUuid { get; init; }

    private Instant MissingSince { get; init; }

    private Instant? StreamedAt { get; init; }

    private Instant? AwayAt { get; init; }

    /// <summary>When it last changed a statement about the resource, or returned from a silence of its own.</summary>
    /// <remarks>
    /// Unlike for <see cref="ChangedAt"/>, a silence of LINSTOR, in which all satellites are away, does not count: a speaker that repeats its old statements after it has reported nothing new.
    /// </remarks>
    public Instant NewsAt { get; init; }

    // When its last statements arrived. Until the first ones do: the time before LINSTOR answered.
    private Instant? HeardUntil { get; init; }

    // When it was last heard before a silence that is over according to the stream, but not yet according to an answer.
    private Instant? ReturnedFrom { get; init; }

    private Instant? NewSince { get; init; }

    // When its satellite was last certainly alive: it came back from a silence of its own, or changed what it had stated since LINSTOR's return.
    private Instant? LivedAt { get; init; }

    private Instant? NewsSince { get; init; }

    /// <summary>Whether the newest answer includes what the stream has reported.</summary>
    internal bool IsReportCurrent => !(StreamedAt >= ReportedAt);

    private LastHeard Newest => new(ReportedAt ?? Instant.Start, ChangedAt);

    /// <summary>Its current statement about promotion.</summary>
    public Promotability Promotability => MayPromote is { Current: true, Value: var may } ? may ? Promotability.MayPromote : Promotability.MayNotPromote : Promotability.Unknown;

    /// <summary>Its current statement about its role.</summary>
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

    /// <summary>A replica that LINSTOR lists, and that has stated nothing yet: it may have been silent since LINSTOR answered.</summary>
    internal static Speaker NeverHeard(NodeName node, LinstorView linstor) => new(node) { HeardUntil = linstor.ReturnedAt - TimeSpan.FromTicks(1) };

    /// <summary>Whether its statements are current: LINSTOR reaches its satellite, which has spoken since LINSTOR's return.</summary>
    public bool Speaks(LinstorView linstor) => Speaks(linstor, linstor.StateOf(Node));

    internal bool Speaks(LinstorView linstor, SatelliteState? state) =>
        Presence == Presence.Listed && !IsSilent && linstor.IsSynced && state == SatelliteState.Online && linstor.IsSinceReturn(HeardAt);

    /// <summary>Whether the replica was removed so long ago that no explanation needs it any more.</summary>
    internal bool WasRemovedLongAgo(Instant at) => Presence == Presence.Removed && at - MissingSince > Timings.RemovalLasts;

    /// <summary>Forgets its old statements about connections to forgotten replicas, unless a remaining replica has the same name.</summary>
    internal Speaker WithoutLinksTo(HashSet<NodeName> forgotten, ImmutableArray<Speaker> all) => this with
    {
        Links = Links.RemoveAll(link => !link.Up.Current && forgotten.Any(node => ResourceView.IsSameHost(node.Value, link.Peer))
            && !all.Any(speaker => !forgotten.Contains(speaker.Node) && ResourceView.IsSameHost(speaker.Node.Value, link.Peer))),
    };

    /// <summary>LINSTOR has answered, and no longer lists the replica. Only a later list of satellites shows why.</summary>
    internal Speaker Miss(Instant at) => Presence == Presence.Listed ? FallSilent() with { Presence = Presence.Missing, MissingSince = at } : this;

    // Nearly always unchanged, which costs nothing.
    private Speaker ListedAs(Replica reported, in ResourceAnswer answer)
    {
        var (uuid, nodeUuid, volumes) = (reported.Uuid ?? Uuid, answer.Linstor.Find(Node)?.Uuid ?? NodeUuid, reported.VolumeCount ?? VolumeCount);
        return (Presence, Diskless, Leaving, QuorumPolicy) == (Presence.Listed, reported.Diskless, reported.Leaving, reported.QuorumPolicy) && (Uuid, NodeUuid, VolumeCount) == (uuid, nodeUuid, volumes) && !Memberships.IsEmpty ? this : this with
        {
            Presence = Presence.Listed,
            Uuid = uuid,
            NodeUuid = nodeUuid,
            Diskless = reported.Diskless,
            Leaving = reported.Leaving,
            QuorumPolicy = reported.QuorumPolicy,
            VolumeCount = volumes,
            Memberships = Memberships.IsEmpty ? [answer.AtMost] : Memberships,
        };
    }

    /// <summary>The speaker after a list of satellites: if its satellite is away, it has fallen silent; if it is missing, it was removed or lost.</summary>
    internal Speaker After(LinstorView linstor)
    {
        if (linstor.Satellites is null)
        {
            return this;
        }

        if (HeardUntil is null && NeverHeard(Node, linstor).HeardUntil is { } silent)
        {
            return (this with { HeardUntil = silent }).After(linstor); // the stream, or an answer, was faster than the first list
        }

        if (Presence == Presence.Missing && linstor.AskedAt >= MissingSince)
        {
            // LINSTOR lists a deleted replica until the satellite has confirmed the deletion. Only declaring a node lost removes its replicas with it.
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
