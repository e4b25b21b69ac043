global using static Piraeus.HighAvailability.Core.Tests.Reported;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What LINSTOR reports, for stories that say it node by node.</summary>
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
}
