using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>LINSTOR's description of a node at one moment.</summary>
/// <param name="Address">The address of the satellite's network interface.</param>
/// <param name="Flags">As LINSTOR lists them: an evicted node has <c>DELETE</c> and <c>EVICTED</c>.</param>
public sealed record NodeDescription(
    string Name,
    string Address,
    ConnectionStatus Status,
    ImmutableArray<string> Flags,
    ImmutableArray<KeyValuePair<string, string>> Properties,
    string Uuid);

/// <summary>An event on LINSTOR's stream of node events.</summary>
/// <param name="Name"><c>node-create</c>, <c>node-delete</c>, <c>node-modified</c>, <c>node-evicted</c>.</param>
/// <param name="Node">The node afterwards.</param>
/// <param name="Before">The node before the modification; null for every other event.</param>
public sealed record NodeEvent(string Name, NodeDescription Node, NodeDescription? Before = null);

/// <summary>LINSTOR's event that a replica may be promoted, may not be promoted, or is in an unknown state.</summary>
/// <param name="MayPromote">Null: unknown.</param>
public sealed record PromotionEvent(string Resource, string Node, bool? MayPromote);
