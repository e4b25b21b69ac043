using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>DRBD's statement about promoting one replica, as LINSTOR passes it on.</summary>
public enum Promotability
{
    /// <summary>LINSTOR's absent value: no satellite has reported one. It is evidence of nothing.</summary>
    Unknown,

    /// <summary>A replica in reach is Primary, or this replica's partition has no quorum, or it has no usable data.</summary>
    MayNotPromote,

    /// <summary>This replica's partition has quorum and usable data, and sees no Primary.</summary>
    MayPromote,
}

/// <summary>Whether a replica is DRBD Primary, as its satellite last reported.</summary>
public enum Usage
{
    /// <summary>No satellite has reported a role.</summary>
    Unknown,

    /// <summary>The replica is Secondary.</summary>
    Unused,

    /// <summary>The replica is Primary. This says nothing about its health, or about a process that uses it.</summary>
    InUse,
}

/// <summary>One DRBD connection as its local end reports it.</summary>
/// <param name="Peer">DRBD's name of the connection: the peer's host name, which may differ from its LINSTOR name.</param>
/// <param name="Up">Whether the connection state is exactly <c>Connected</c>.</param>
public readonly record struct Connection(string Peer, bool Up);

/// <summary>One LINSTOR resource: a resource definition's replica on one node.</summary>
public sealed record Replica(NodeName Node)
{
    public Promotability Promotability { get; init; }

    public Usage Usage { get; init; }

    /// <summary>DRBD's promotion score; null if not known. Above zero, the replica's partition has quorum and usable data; at zero it does not.</summary>
    public int? Score { get; init; }

    /// <summary>The connections that this replica reports; empty if its satellite reported none. Never default.</summary>
    public ImmutableArray<Connection> Connections { get; init; } = [];

    /// <summary>Whether the replica has no disk (a client or a tie-breaker). Diskless replicas have no vote of their own.</summary>
    public bool Diskless { get; init; }

    /// <summary>
    /// Whether the replica is being deleted, deactivated or evicted. Its own statements then count for nothing, and LINSTOR has removed it from the configuration of every peer that it reaches.
    /// </summary>
    public bool Leaving { get; init; }

    /// <summary>The uuid of this incarnation (<c>uuid</c> of the resource); null if LINSTOR did not state it.</summary>
    public string? Uuid { get; init; }

    /// <summary>How many DRBD volumes the replica has; null if LINSTOR did not state them.</summary>
    public int? VolumeCount { get; init; }

    /// <summary>The replica's own value of <c>DrbdOptions/Resource/quorum</c>, lower case; null if it is not set there.</summary>
    public string? QuorumPolicy { get; init; }
}
