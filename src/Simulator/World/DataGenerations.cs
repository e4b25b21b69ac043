namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>Who holds which generation of the data, and who falls behind when a Primary writes on.</summary>
internal static class DataGenerations
{
    /// <summary>All that can be reached over connections, itself included.</summary>
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

    /// <summary>A Primary that goes on without a replica of its data, or of newer data, begins a new generation with those that remain.</summary>
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

    /// <summary>What a writing Primary reaches only through others falls behind, and is told so, if the word passes.</summary>
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
