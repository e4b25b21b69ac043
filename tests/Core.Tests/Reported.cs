global using static Piraeus.HighAvailability.Core.Tests.Reported;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What LINSTOR reports, for scenarios that set it node by node.</summary>
internal static class Reported
{
    public static Satellite On(string node) => new(new(node), SatelliteState.Online);

    public static Satellite Off(string node) => new(new(node), SatelliteState.Offline);

    /// <summary>A replica that is connected to its peers, of which one may be Primary.</summary>
    public static Replica Connected(string node, params string[] peers) => new(new(node))
    {
        Promotability = Promotability.MayNotPromote,
        Usage = Usage.Unused,
        Score = 10103,
        Connections = [.. peers.Select(peer => new Connection(peer, Up: true))],
    };

    /// <summary>Replicas of which each is connected to all others.</summary>
    public static Replica[] AllConnected(string nodes) => [.. nodes.Select(node => Connected($"{node}", [.. nodes.Where(peer => peer != node).Select(peer => $"{peer}")]))];

    /// <summary>A replica that may promote, and is connected to some of its peers and cut off from others.</summary>
    public static Replica Apart(string node, string up, string down) => new(new(node))
    {
        Promotability = Promotability.MayPromote,
        Usage = Usage.Unused,
        Score = 10102,
        Connections = [.. up.Select(peer => new Connection($"{peer}", Up: true)), .. down.Select(peer => new Connection($"{peer}", Up: false))],
    };

    /// <summary>A replica that may promote, is cut off from a, and is connected to c.</summary>
    public static Replica Promotable(string node) => new(new(node))
    {
        Promotability = Promotability.MayPromote,
        Usage = Usage.Unused,
        Score = 10102,
        Connections = [new("a", Up: false), new("c", Up: true)],
    };

    /// <summary>The replica of a, in use, and connected to b and c.</summary>
    public static Replica Well(Replica replica) => replica with
    {
        Promotability = Promotability.MayNotPromote,
        Usage = Usage.InUse,
        Score = 10103,
        Connections = [new("b", Up: true), new("c", Up: true)],
    };

    /// <summary>Replicas that are all connected, the first one in use.</summary>
    public static List<Replica> Healthy(params string[] nodes) => [.. nodes.Select(node => new Replica(new(node))
    {
        Promotability = Promotability.MayNotPromote,
        Usage = node == nodes[0] ? Usage.InUse : Usage.Unused,
        Score = 10103,
        Connections = [.. nodes.Where(peer => peer != node).Select(peer => new Connection(peer, Up: true))],
    })];
}
