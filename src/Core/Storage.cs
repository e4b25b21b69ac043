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

    /// <summary>Whether LINSTOR no longer lists the replica, although this process has seen it.</summary>
    public bool Gone { get; init; }

    /// <summary>Whether a user could move here now: it may promote, and stays.</summary>
    public bool MayTakeOver => this is { Promotability: Promotability.MayPromote, Leaving: false, Gone: false };
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
public sealed record Satellite(NodeName Name, SatelliteState State, string? HostName = null, bool Evicted = false);

/// <summary>A resource definition's effective quorum policy: its own, else its group's, else the LINSTOR controller's.</summary>
/// <param name="Policy">
/// The value of <c>DrbdOptions/Resource/quorum</c> (<c>off</c>, <c>majority</c>, <c>all</c> or a number); null if none of the three sets it,
/// which DRBD reads as <c>off</c>.
/// </param>
public sealed record Quorum(string? Policy)
{
    /// <summary>Whether the policy proves that a partition without it cannot write.</summary>
    /// <param name="voters">How many replicas with a disk the resource has.</param>
    /// <remarks>A number fences only if two disjoint partitions cannot both reach it.</remarks>
    public bool Fences(int voters) => Policy?.ToLowerInvariant() switch
    {
        "majority" or "all" => true,
        { } text when int.TryParse(text, out var votes) => 2 * votes > voters,
        _ => false,
    };
}

/// <summary>What LINSTOR answered when asked for one resource definition.</summary>
/// <param name="Resource">The definition.</param>
/// <param name="Exists">False if LINSTOR has no such definition (404).</param>
/// <param name="Quorum">The effective quorum policy, read together with the replicas.</param>
/// <param name="Replicas">All its replicas; what is not named is not deployed.</param>
/// <param name="AskedAt">When the question was sent: the answer is at least this fresh, however long it took.</param>
public sealed record ResourceReport(ResourceName Resource, bool Exists, Quorum Quorum, ImmutableArray<Replica> Replicas, Instant AskedAt);
