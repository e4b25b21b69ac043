namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>Tracks which replica holds which generation of the data, and outdates replicas that a writing Primary leaves behind.</summary>
internal static class DataGenerations
{
    /// <summary>All replicas that can be reached over connections, this one included.</summary>
    public static HashSet<DrbdReplica> Partition(DrbdReplica replica) => Partition(replica, static (_, _) => true);

    private static HashSet<DrbdReplica> Partition(DrbdReplica replica, Func<StorageNode, StorageNode, bool> passes)
    {
        HashSet<DrbdReplica> reached = [replica];
        Queue<DrbdReplica> next = new([replica]);
        while (next.TryDequeue(out var at))
        {
            foreach (var peer in replica.Definition.ConnectedPeers(at).Where(peer => passes(at.Node, peer.Node) && reached.Add(peer)))
            {
                next.Enqueue(peer);
            }
        }

        return reached;
    }

    /// <summary>The replica whose data a Primary reads: itself, or a peer with current data.</summary>
    public static DrbdReplica? DataOf(DrbdReplica replica) =>
        replica.Disk == DiskState.UpToDate ? replica : replica.Definition.ConnectedPeers(replica).FirstOrDefault(peer => peer.Disk == DiskState.UpToDate);

    /// <summary>Begins a new generation on a Primary and the remaining replicas, if it goes on without a replica that holds its data or newer data.</summary>
    public static void Begin(DrbdReplica primary)
    {
        if (DataOf(primary) is not { } data)
        {
            return;
        }

        var definition = primary.Definition;
        var holders = definition.ConnectedPeers(primary).Append(primary).Where(replica => replica.Disk == DiskState.UpToDate).ToList();
        if (definition.Members.Exists(other => !other.Diskless && !holders.Contains(other) && other.Lineage.AsSpan().StartsWith(data.Lineage.AsSpan())))
        {
            var lineage = data.Lineage.Add(definition.NextGeneration());
            holders.ForEach(holder => holder.Lineage = lineage);
        }

        if (primary.Diskless)
        {
            primary.Lineage = data.Lineage;
        }
    }

    /// <summary>Outdates the replicas that a writing Primary reaches only through others, if the message passes.</summary>
    public static void OutdateOutOfReachOf(DrbdReplica primary, Func<StorageNode, StorageNode, bool> passes)
    {
        var outOfReach = Partition(primary, passes).Where(other =>
            other.Disk == DiskState.UpToDate && other != primary && !primary.IsConnectedTo(other) && other.Lineage.Length < primary.Lineage.Length);
        foreach (var replica in outOfReach)
        {
            replica.Disk = DiskState.Outdated;
        }
    }
}
