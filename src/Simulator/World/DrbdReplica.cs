using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>What a replica contributes: data and a vote, nothing, or a voice when the votes are even.</summary>
public enum ReplicaKind
{
    /// <summary>Holds data, votes.</summary>
    Diskful,

    /// <summary>Uses the data of its peers.</summary>
    Diskless,

    /// <summary>A diskless replica that LINSTOR added for the sake of quorum.</summary>
    TieBreaker,
}

/// <summary>DRBD's role: Primary may be written to.</summary>
public enum DrbdRole
{
    /// <summary>Follows.</summary>
    Secondary,

    /// <summary>In use.</summary>
    Primary,
}

/// <summary>The state of a replica's data, spelled as DRBD does.</summary>
public enum DiskState
{
    /// <summary>No disk.</summary>
    Diskless,

    /// <summary>Between two versions: a resynchronisation is going on, or was interrupted.</summary>
    Inconsistent,

    /// <summary>Consistent, and known to be old.</summary>
    Outdated,

    /// <summary>The newest data, as far as this replica knows.</summary>
    UpToDate,
}

/// <summary>A resource on one node, as it truly is. Change it through <see cref="StorageWorld"/>.</summary>
public sealed class DrbdReplica
{
    private readonly List<DrbdReplica> _connected = [];

    internal DrbdReplica(ResourceDefinition definition, StorageNode node, ReplicaKind kind, string uuid, TimeSpan created)
    {
        Definition = definition;
        Node = node;
        Kind = kind;
        Disk = kind == ReplicaKind.Diskful ? DiskState.Inconsistent : DiskState.Diskless;
        NodeId = definition.FreeNodeId();
        Ordinal = definition.NextOrdinal();
        Uuid = uuid;
        Created = created;
    }

    /// <summary>The resource.</summary>
    public ResourceDefinition Definition { get; }

    /// <summary>The node.</summary>
    public StorageNode Node { get; }

    /// <summary>Diskful, diskless or tie-breaker; a tie-breaker that is used becomes diskless.</summary>
    public ReplicaKind Kind { get; internal set; }

    /// <summary>DRBD's role.</summary>
    public DrbdRole Role { get; internal set; }

    /// <summary>The state of the local data.</summary>
    public DiskState Disk { get; internal set; }

    /// <summary>DRBD is configured for this replica.</summary>
    public bool Up { get; internal set; }

    /// <summary>DRBD runs in truth. While it does not because its machine is off, everything else is as it was last: so its peers still believe it to be.</summary>
    public bool Runs => Up && Node.Powered;

    /// <summary>The quorum policy that DRBD was last configured with; LINSTOR cannot change it on a node that it cannot reach.</summary>
    public string QuorumPolicy { get; internal set; } = "off";

    /// <summary>DRBD believes that its partition has quorum.</summary>
    public bool Quorate { get; internal set; }

    /// <summary>DRBD demoted a user by force and fails all of its I/O until the user has gone.</summary>
    public bool FailsIo { get; internal set; }

    /// <summary>LINSTOR no longer configures this replica as a member: it is being deleted, or was lost or evicted. Where that was not heard, it still is one.</summary>
    public bool Estranged { get; internal set; }

    /// <summary>LINSTOR has forgotten the replica, although its node may still run it.</summary>
    public bool Forgotten { get; internal set; }

    /// <summary>The uuid of this incarnation.</summary>
    public string Uuid { get; }

    /// <summary>The nodes of the members that DRBD here was last configured with, its own included.</summary>
    public IEnumerable<StorageNode> Members => Configured.Select(member => member.Node);

    /// <summary>The nodes that DRBD believes to be connected to.</summary>
    public IEnumerable<StorageNode> Peers => Definition.ConnectedPeers(this).Select(peer => peer.Node);

    internal int NodeId { get; }

    /// <summary>Tells replicas of a definition apart; unlike a node id it is never given again.</summary>
    internal int Ordinal { get; }

    /// <summary>The members that DRBD here was last configured with, itself included: it connects to these, and counts their votes.</summary>
    internal DrbdReplica[] Configured { get; set; } = [];

    /// <summary>The diskful members that it knows to be without quorum, because it had quorum while nobody in its partition reached them.</summary>
    internal HashSet<DrbdReplica> Quorumless { get; } = [];

    /// <summary>The diskful members that it has been connected to since it is up.</summary>
    internal HashSet<DrbdReplica> Met { get; } = [];

    /// <summary>Whether DRBD here believes to be connected to the other one.</summary>
    internal bool IsConnectedTo(DrbdReplica other) => _connected.Contains(other);

    internal void Connect(DrbdReplica other)
    {
        _connected.Add(other);
        other._connected.Add(this);
    }

    internal void Disconnect(DrbdReplica other)
    {
        _connected.Remove(other);
        other._connected.Remove(this);
    }

    /// <summary>DRBD has started anew: what it knew of its peers is gone.</summary>
    internal void Forget()
    {
        Met.Clear();
        Quorumless.Clear();
    }

    /// <summary>What a satellite that hangs read last, and repeats; null if it had read nothing.</summary>
    internal ReplicaReport? LastRead { get; set; }

    internal TimeSpan Created { get; }

    /// <summary>The generations of data this replica has seen. An older replica's is the beginning of a newer one's; otherwise the data have diverged.</summary>
    internal ImmutableArray<int> Lineage { get; set; } = [];

    /// <summary>The replica that a running resynchronisation copies from.</summary>
    internal DrbdReplica? SyncSource { get; set; }

    /// <summary>LINSTOR is deleting the replica.</summary>
    public bool DrbdDeleting { get; internal set; }

    internal bool Deleting { get; set; }

    internal bool Diskless => Kind != ReplicaKind.Diskful;

    /// <summary>The flags that LINSTOR lists, composite ones with their parts.</summary>
    public IEnumerable<string> Flags()
    {
        if (Deleting)
        {
            yield return "DELETE";
        }

        if (Diskless)
        {
            yield return "DISKLESS";
            yield return "DRBD_DISKLESS";
        }

        if (Kind == ReplicaKind.TieBreaker)
        {
            yield return "TIE_BREAKER";
        }

        if (Node.Evicted)
        {
            yield return "INACTIVE";
            yield return "EVICTED";
        }

        if (DrbdDeleting)
        {
            yield return "DRBD_DELETE";
        }
    }
}
