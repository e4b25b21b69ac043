using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>What DRBD says of promoting one replica, as LINSTOR passes it on.</summary>
public enum Promotability
{
    /// <summary>LINSTOR's absent value: no satellite has said. Evidence of nothing.</summary>
    Unknown,

    /// <summary>Somebody is Primary, or this replica's partition has no quorum, or it has no usable data.</summary>
    MayNotPromote,

    /// <summary>This replica's partition has quorum and usable data, and sees no Primary.</summary>
    MayPromote,
}

/// <summary>Whether a replica is DRBD Primary, as its satellite last said.</summary>
public enum Usage
{
    /// <summary>No satellite has said.</summary>
    Unknown,

    /// <summary>The replica is Secondary.</summary>
    Unused,

    /// <summary>The replica is Primary. Says nothing of its health, or of a process being there.</summary>
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

    /// <summary>DRBD's promotion score; null if not known. Above zero, the replica's partition has quorum and usable data; at zero it has not.</summary>
    public int? Score { get; init; }

    /// <summary>The connections this replica reports; empty when its satellite said nothing of them. Never default.</summary>
    public ImmutableArray<Connection> Connections { get; init; } = [];

    /// <summary>Whether the replica has no disk (a client or a tie-breaker). Diskless replicas have no vote of their own.</summary>
    public bool Diskless { get; init; }

    /// <summary>Whether the replica is being deleted, deactivated or evicted: what it says of itself counts for nothing.</summary>
    public bool Leaving { get; init; }

    /// <summary>Whether the replica is being deleted: LINSTOR has taken it out of the configuration of every peer that it reaches.</summary>
    public bool Deleting { get; init; }

    /// <summary>The uuid of this incarnation (<c>uuid</c> of the resource); null if LINSTOR did not state it.</summary>
    public string? Uuid { get; init; }

    /// <summary>How many DRBD volumes the replica has; null if LINSTOR did not state them.</summary>
    public int? VolumeCount { get; init; }

    /// <summary>The replica's own value of <c>DrbdOptions/Resource/quorum</c>, lower case; null if it is not set there.</summary>
    public string? QuorumPolicy { get; init; }
}

/// <summary>The state of a node's LINSTOR satellite: a process, not DRBD and not Kubernetes.</summary>
public enum SatelliteState
{
    /// <summary>Connecting, refused, or not said: neither proof of life nor of death.</summary>
    Unknown,

    /// <summary>Connected and in sync with the LINSTOR controller.</summary>
    Online,

    /// <summary>Not connected.</summary>
    Offline,
}

/// <summary>A LINSTOR node that runs a satellite.</summary>
/// <param name="Name">The node's LINSTOR name.</param>
/// <param name="State">Whether the LINSTOR controller reaches its satellite.</param>
/// <param name="HostName">The host name its satellite reported (LINSTOR's property <c>NodeUname</c>), which names its DRBD connections; null if unknown.</param>
/// <param name="Evicted">Whether LINSTOR has given the node up.</param>
public sealed record Satellite(NodeName Name, SatelliteState State, string? HostName = null, bool Evicted = false)
{
    /// <summary>The uuid of this incarnation of the LINSTOR node; null if LINSTOR did not state it.</summary>
    public string? Uuid { get; init; }

    /// <summary>The node's own value of <c>DrbdOptions/Resource/quorum</c>, lower case; null if it is not set there.</summary>
    public string? QuorumPolicy { get; init; }
}

/// <summary>The values of <c>DrbdOptions/Resource/quorum</c> that are set above a definition's replicas and nodes, as one reading found them.</summary>
/// <param name="Definition">The resource definition's own value, else its resource group's, lower case; null if neither sets one.</param>
/// <param name="Controller">The LINSTOR controller's value, lower case; null if it sets none, or was not read because it cannot count (the definition or group sets one).</param>
/// <remarks>LINSTOR's precedence: replica, definition, group, node, controller; DRBD's own default is <c>off</c>.</remarks>
public sealed record QuorumProperties(string? Definition, string? Controller);

/// <summary>What LINSTOR answered when asked for one resource definition.</summary>
/// <param name="Resource">The definition.</param>
/// <param name="Exists">False if LINSTOR has no such definition (404).</param>
/// <param name="Replicas">All its replicas; what is not named is not deployed.</param>
/// <param name="AskedAt">When the question was sent: the answer is at least this fresh, however long it took.</param>
public sealed record ResourceReport(ResourceName Resource, bool Exists, ImmutableArray<Replica> Replicas, Instant AskedAt)
{
    /// <summary>The uuid of this incarnation of the definition; null if LINSTOR did not state it.</summary>
    public string? Uuid { get; init; }

    /// <summary>The quorum policy above the replicas and nodes; null if it could not be read (a time-out, a 404 of the definition or its group): unknown, not "off".</summary>
    public QuorumProperties? QuorumProperties { get; init; }

    /// <summary>Whether two nodes may be Primary at once (<c>DrbdOptions/Net/allow-two-primaries</c> by definition, else group, else controller); null if not known.</summary>
    public bool? AllowsTwoPrimaries { get; init; }
}
