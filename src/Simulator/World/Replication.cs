namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>DRBD's own reactions when links, roles or members change: connect, refuse, count votes, outdate, resynchronise.</summary>
internal sealed class Replication(EventQueue eventQueue, Network network, Func<StorageTimings> timings, Func<ResourceDefinition, string, string?> option, Func<ResourceDefinition, StorageNode, string> policy, Action<ResourceDefinition> changed)
{
    /// <summary>Applies DRBD's reactions until a resource settles. They are instantaneous, except for resynchronisations.</summary>
    public void Settle(ResourceDefinition definition)
    {
        if (!definition.IsDrbd)
        {
            return;
        }

        Configure(definition);
        Connect(definition);
        CountVotes(definition);
        Resynchronise(definition);
        foreach (var primary in definition.Members.Where(CanWrite).ToList())
        {
            DataGenerations.Begin(primary);
            DataGenerations.OutdateOutOfReachOf(primary, (one, other) => !network.Severed(one, other));
        }
    }

    /// <summary>Whether a write on this replica would truly complete: it blocks if a peer does not answer but DRBD still believes it connected.</summary>
    public bool CanWrite(DrbdReplica replica) =>
        replica is { Role: DrbdRole.Primary, Runs: true }
        && Drbd.PromotionScore(View(replica)) > 0
        && replica.Definition.ConnectedPeers(replica).All(peer => peer.Diskless || !network.Severed(replica.Node, peer.Node));

    public static DrbdView View(DrbdReplica replica)
    {
        // Runs all the time, so it uses a loop instead of LINQ.
        var peers = new List<DrbdPeer>(replica.Definition.Members.Count);
        foreach (var peer in replica.Definition.Members)
        {
            if (replica.IsConnectedTo(peer))
            {
                peers.Add(new(peer.Role, peer.Disk, SeesNoMorePrimariesThan(replica, peer)));
            }
        }

        return new(replica.Definition.Volumes, replica.FailsIo, replica.Quorate, replica.Role, replica.Disk, peers);
    }

    public bool AllowsTwoPrimaries(ResourceDefinition definition) => option(definition, QuorumSetting.AllowTwoPrimariesKey) == "yes";

    private static bool SeesNoMorePrimariesThan(DrbdReplica observer, DrbdReplica peer) =>
        peer.Definition.Members.TrueForAll(third => third.Role == DrbdRole.Secondary || third == observer || !peer.IsConnectedTo(third) || observer.IsConnectedTo(third));

    /// <summary>Applies LINSTOR's configuration on a node, after LINSTOR has connected to its satellite.</summary>
    public void Configure(StorageNode node, IEnumerable<ResourceDefinition> definitions)
    {
        foreach (var replica in definitions.SelectMany(definition => definition.Members).Where(replica => replica is { Forgotten: false } && replica.Node == node))
        {
            Configure(replica);
        }
    }

    private void Configure(DrbdReplica replica)
    {
        replica.QuorumPolicy = policy(replica.Definition, replica.Node);
        replica.Configured = replica.Estranged ? replica.Configured : replica.Definition.Configuration();
    }

    /// <summary>Applies LINSTOR's configuration on the nodes that take orders; on every other node, DRBD keeps its last members and policy.</summary>
    private void Configure(ResourceDefinition definition)
    {
        foreach (var replica in definition.Members)
        {
            if (replica is { Forgotten: false, Node.TakesOrders: true })
            {
                Configure(replica);
            }
        }
    }

    private void Connect(ResourceDefinition definition)
    {
        for (var i = 0; i < definition.Members.Count; i++)
        {
            for (var j = i + 1; j < definition.Members.Count; j++)
            {
                var (one, other) = (definition.Members[i], definition.Members[j]);
                if (!Possible(one, other))
                {
                    one.Disconnect(other);
                }
                else if (!one.IsConnectedTo(other) && ShakeHands(one, other))
                {
                    one.Connect(other);
                }
            }
        }
    }

    private bool Possible(DrbdReplica one, DrbdReplica other) =>
        one.Up && other.Up && !(one.Diskless && other.Diskless) && Counts(one, other) && Counts(other, one) && network.Believed(one.Node, other.Node);

    private static bool Counts(DrbdReplica one, DrbdReplica other) => Array.IndexOf(one.Configured, other) >= 0;

    private bool ShakeHands(DrbdReplica one, DrbdReplica other)
    {
        if (one.Definition.SplitBrain(one, other) || network.Severed(one.Node, other.Node))
        {
            return false;
        }

        // A diskless Secondary has seen no data that could be older or newer.
        if (IsBystander(one) || IsBystander(other))
        {
            return true;
        }

        var (older, newer) = one.Lineage.Length <= other.Lineage.Length ? (one, other) : (other, one);
        if (!newer.Lineage.AsSpan().StartsWith(older.Lineage.AsSpan()))
        {
            one.Definition.Diverge(one, other);
            return false;
        }

        if (older.Role == DrbdRole.Primary && older.Lineage.Length < newer.Lineage.Length)
        {
            return Demoted(older);
        }

        // All connected replicas must agree to a connection: two Primaries may not meet through a third replica either.
        return AllowsTwoPrimaries(one.Definition) || DataGenerations.Partition(one).Union(DataGenerations.Partition(other)).Count(member => member.Role == DrbdRole.Primary) < 2;
    }

    private static bool IsBystander(DrbdReplica replica) => replica is { Diskless: true, Role: DrbdRole.Secondary };

    /// <summary>Handles a suspended Primary that meets newer data. By policy, it is demoted and its I/O fails until its consumer has closed the device, or it stays alone.</summary>
    private bool Demoted(DrbdReplica stale)
    {
        if (option(stale.Definition, QuorumSetting.OnSuspendedPrimaryOutdatedKey) != "force-secondary")
        {
            return false;
        }

        (stale.Role, stale.FailsIo) = (DrbdRole.Secondary, true);
        return true;
    }

    private static void CountVotes(ResourceDefinition definition)
    {
        foreach (var replica in definition.Members.Where(replica => !replica.Diskless))
        {
            replica.Quorate = replica.Up && Drbd.HasQuorum(replica.QuorumPolicy, Count(replica), replica.Quorate);
            Remember(replica);
        }

        foreach (var replica in definition.Members.Where(replica => replica.Diskless))
        {
            replica.Quorate = replica.Up && (replica.QuorumPolicy == "off" || definition.ConnectedPeers(replica).Any(peer => peer is { Diskless: false, Quorate: true }));
        }
    }

    private static QuorumCount Count(DrbdReplica replica)
    {
        var (voters, votes, quorumless, diskless, voices) = (0, 0, 0, 0, 0);
        foreach (var member in replica.Configured)
        {
            var reached = member == replica || replica.IsConnectedTo(member) ? 1 : 0;
            _ = member.Diskless ? (diskless++, voices += reached) : (voters++, votes += reached);
            quorumless += reached == 0 && replica.Quorumless.Contains(member) ? 1 : 0;
        }

        return new(voters, votes, quorumless, diskless, voices);
    }

    // A partition with quorum knows that a member which none of it reaches has no quorum. A restart erases this.
    private static void Remember(DrbdReplica replica)
    {
        if (!replica.Up)
        {
            replica.Forget();
            return;
        }

        HashSet<DrbdReplica>? partition = null;
        foreach (var member in replica.Configured)
        {
            if (member.Diskless || member == replica)
            {
                continue;
            }

            if (replica.IsConnectedTo(member))
            {
                replica.Met.Add(member);
                replica.Quorumless.Remove(member);
            }
            else if (!replica.Met.Contains(member) || (partition ??= DataGenerations.Partition(replica)).Contains(member))
            {
                replica.Quorumless.Remove(member);
            }
            else if (replica.Quorate && replica.QuorumPolicy != "off")
            {
                replica.Quorumless.Add(member);
            }
        }
    }

    private void Resynchronise(ResourceDefinition definition)
    {
        foreach (var target in definition.Members.Where(replica => replica is { Diskless: false, Runs: true }))
        {
            if (target.SyncSource is { } gone && !target.IsConnectedTo(gone))
            {
                target.SyncSource = null;
            }

            if (target.SyncSource is null && definition.ConnectedPeers(target).FirstOrDefault(peer => IsSourceFor(target, peer)) is { } source)
            {
                target.SyncSource = source;
                target.Disk = DiskState.Inconsistent;
                eventQueue.After(timings().Resync, () => Finish(target, source));
            }
        }
    }

    private static bool IsSourceFor(DrbdReplica target, DrbdReplica peer) =>
        peer.Disk == DiskState.UpToDate
        && SeesNoMorePrimariesThan(target, peer)
        && (target.Disk != DiskState.UpToDate || target.Lineage.Length < peer.Lineage.Length);

    private void Finish(DrbdReplica target, DrbdReplica source)
    {
        if (target.SyncSource != source)
        {
            return;
        }

        target.SyncSource = null;
        if (source.Disk == DiskState.UpToDate && !network.Severed(target.Node, source.Node))
        {
            (target.Disk, target.Lineage) = (DiskState.UpToDate, source.Lineage);
        }

        changed(target.Definition);
    }
}
