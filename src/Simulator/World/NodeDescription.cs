using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>A node as LINSTOR described it at some moment.</summary>
/// <param name="Address">The address of the satellite's network interface.</param>
/// <param name="Flags">As LINSTOR lists them: an evicted node has <c>DELETE</c> and <c>EVICTED</c>.</param>
public sealed record NodeDescription(
    string Name,
    string Address,
    ConnectionStatus Status,
    ImmutableArray<string> Flags,
    ImmutableArray<KeyValuePair<string, string>> Properties,
    string Uuid);

/// <summary>Something that LINSTOR tells on its stream of node events.</summary>
/// <param name="Name"><c>node-create</c>, <c>node-delete</c>, <c>node-modified</c>, <c>node-evicted</c>.</param>
/// <param name="Node">The node afterwards.</param>
/// <param name="Before">The node before it was modified; null for every other event.</param>
public sealed record NodeEvent(string Name, NodeDescription Node, NodeDescription? Before = null);

/// <summary>LINSTOR saw that a replica may, may not, or is no longer known to be able to be promoted.</summary>
/// <param name="MayPromote">Null: unknown.</param>
public sealed record PromotionEvent(string Resource, string Node, bool? MayPromote);
