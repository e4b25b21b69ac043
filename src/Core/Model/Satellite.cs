namespace Piraeus.HighAvailability.Core;

/// <summary>The state of a node's LINSTOR satellite: a process, not DRBD and not Kubernetes.</summary>
public enum SatelliteState
{
    /// <summary>Connecting, refused, or not reported: proof neither of life nor of death.</summary>
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
