using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Whether a user on one node has lost a resource: the conditions of the safety argument, in LINSTOR's terms alone.</summary>
internal static class StorageLoss
{
    /// <summary>What speaks against a loss of <paramref name="user"/>'s storage, and which node says so; no objection is a loss, and its witness the rival.</summary>
    public static (HoldReason? Objection, NodeName? Witness) ObjectionTo(
        Resource resource, Replica user, ImmutableDictionary<NodeName, Satellite>? satellites)
    {
        // What the stream alone can tell: the resource is in use and well, or not in use at all.
        if (user.Promotability == Promotability.MayPromote)
        {
            return (HoldReason.OwnReplicaMayPromote, user.Node);
        }

        if (user.Promotability == Promotability.MayNotPromote && !resource.HasRivalOf(user.Node))
        {
            return (HoldReason.Healthy, null);
        }

        if (resource.ReportedAt is null || satellites is null)
        {
            return (HoldReason.NotAskedYet, null);
        }

        if (!resource.Exists)
        {
            return (HoldReason.NoSuchResource, null);
        }

        // From here on the user's node is silent, or another partition has quorum and sees no Primary.
        var others = resource.Replicas.Where(replica => replica.Node != user.Node && !replica.Gone).ToList();
        var rivals = others.Where(replica => replica.MayTakeOver).OrderBy(replica => replica.Diskless).ThenBy(replica => replica.Node).ToList();
        var peers = new PeerNames(resource, satellites);
        if (others.Find(replica => peers.LinkFrom(replica, user) == Link.Up && (rivals.Count == 0 || replica.Promotability == Promotability.MayPromote)) is { } connected)
        {
            return (HoldReason.StillConnected, connected.Node);
        }

        if (rivals.Count == 0)
        {
            return (HoldReason.NothingMayPromote, null);
        }

        if (!resource.Fences(user.Node))
        {
            return (HoldReason.NoQuorumPolicy, rivals[0].Node);
        }

        if (rivals.TrueForAll(rival => peers.LinkFrom(rival, user) == Link.Unreported) && !IsOffline(user, satellites))
        {
            return (HoldReason.NotKnownOffline, rivals[0].Node);
        }

        if (others.Find(replica => replica.Usage == Usage.InUse) is { } inUse)
        {
            return (HoldReason.InUseElsewhere, inUse.Node);
        }

        // A satellite that answers may still tell of the past: DRBD's events come to it another way. So whoever says that the user's side has quorum is believed.
        if (user is { Gone: false, Score: > 0 } && !IsOffline(user, satellites))
        {
            return (HoldReason.SideHasQuorum, user.Node);
        }

        return others.Find(replica => replica.Score > 0 && peers.LinkFrom(replica, user) == Link.Up) is { } companion
            ? (HoldReason.SideHasQuorum, companion.Node)
            : (null, rivals[0].Node);
    }

    // A node that is gone together with its replicas was declared lost by an administrator; one that is merely not listed was not.
    private static bool IsOffline(Replica user, ImmutableDictionary<NodeName, Satellite> satellites) =>
        satellites.TryGetValue(user.Node, out var satellite) ? satellite.State == SatelliteState.Offline : user.Gone;
}

/// <summary>What a replica reports of its connection to another.</summary>
internal enum Link
{
    Unreported,
    Down,
    Up,
}

/// <summary>Tells which node a DRBD connection leads to: connections are named by host, which may differ from the LINSTOR name.</summary>
internal sealed class PeerNames(Resource resource, ImmutableDictionary<NodeName, Satellite> satellites)
{
    /// <summary>The connection from one replica to another, as the first reports it. In doubt it is up: doubt must not move anybody.</summary>
    public Link LinkFrom(Replica reporter, Replica user)
    {
        var link = Link.Unreported;
        foreach (var connection in reporter.Connections)
        {
            var owner = OwnerOf(connection.Peer, reporter);
            if (owner == user.Node)
            {
                return connection.Up ? Link.Up : Link.Down;
            }

            if (owner is null && connection.Up)
            {
                link = Link.Up;
            }
        }

        return link;
    }

    /// <summary>The node behind a connection's name: by full name, else by short name if only one has it, else by elimination; null if that leaves a doubt.</summary>
    private NodeName? OwnerOf(string peer, Replica reporter)
    {
        var candidates = resource.Replicas.Where(replica => replica.Node != reporter.Node).ToList();
        return Only(candidates, replica => NamesOf(replica).Any(name => Same(name, peer)))
            ?? Only(candidates, replica => NamesOf(replica).Any(name => Same(Short(name), Short(peer))))
            ?? Only(candidates, replica => !MayNotBe(replica, peer));
    }

    // Nobody is connected to himself: who reports a connection of that name is not the one it leads to.
    private static bool MayNotBe(Replica replica, string peer) => replica.Connections.Any(connection => Same(connection.Peer, peer));

    private IEnumerable<string> NamesOf(Replica replica) =>
        satellites.GetValueOrDefault(replica.Node)?.HostName is { Length: > 0 } host ? [replica.Node.Value, host] : [replica.Node.Value];

    private static NodeName? Only(List<Replica> candidates, Func<Replica, bool> fits)
    {
        var fitting = candidates.FindAll(replica => fits(replica));
        return fitting.Count == 1 ? fitting[0].Node : null;
    }

    private static string Short(string name) => name.Split('.', 2)[0];

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
