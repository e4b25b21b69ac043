using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>The values of <c>DrbdOptions/Resource/quorum</c> that are set above a definition's replicas and nodes, as one request found them.</summary>
/// <param name="Definition">The resource definition's own value, else its resource group's, lower case; null if neither sets one.</param>
/// <param name="Controller">The LINSTOR controller's value, lower case; null if it sets none, or was not read because it cannot count (the definition or group sets one).</param>
/// <remarks>LINSTOR's precedence: replica, definition, group, node, controller; DRBD's own default is <c>off</c>.</remarks>
public sealed record QuorumProperties(string? Definition, string? Controller);

/// <summary>LINSTOR's answer about one resource definition.</summary>
/// <param name="Resource">The definition.</param>
/// <param name="Exists">False if LINSTOR has no such definition (404).</param>
/// <param name="Replicas">All its replicas; nodes that are not named have none.</param>
/// <param name="AskedAt">When the request was sent: the answer is at least this fresh, however long it took.</param>
public sealed record ResourceReport(ResourceName Resource, bool Exists, ImmutableArray<Replica> Replicas, Instant AskedAt)
{
    /// <summary>When the oldest request for its properties was sent, if that is not <see cref="AskedAt"/>: many reports may share them.</summary>
    public Instant? PropertiesAskedAt { get; init; }

    /// <summary>The uuid of this incarnation of the definition; null if LINSTOR did not state it.</summary>
    public string? Uuid { get; init; }

    /// <summary>The quorum policy above the replicas and nodes; null if it could not be read (a time-out, a 404 of the definition or its group): unknown, not "off".</summary>
    public QuorumProperties? QuorumProperties { get; init; }

    /// <summary>Whether two nodes may be Primary at once (<c>DrbdOptions/Net/allow-two-primaries</c> by definition, else group, else controller); null if not known.</summary>
    public bool? AllowsTwoPrimaries { get; init; }
}
