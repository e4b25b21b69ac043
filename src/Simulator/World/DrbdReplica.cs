using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>A replica's contribution: data and a vote, nothing, or a tie-breaking vote.</summary>
public enum ReplicaKind
{
    /// <summary>Holds data, votes.</summary>
    Diskful,

    /// <summary>Uses the data of its peers.</summary>
    Diskless,

    /// <summary>A diskless replica that LINSTOR added for quorum.</summary>
    TieBreaker,
}

/// <summary>DRBD's role: only a Primary can be written to.</summary>
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

    /// <summary>Between two versions: a resynchronisation is running or was interrupted.</summary>
    Inconsistent,

    /// <summary>Consistent, and known to be old.</summary>
    Outdated,

    /// <summary>The newest data, as far as this replica knows.</summary>
    UpToDate,
}

/// <summary>The true state of a resource on one node. Change it through <see cref="StorageWorld"/>.</summary>
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

    /// <summary>Diskful, diskless or tie-breaker; a tie-breaker becomes diskless when it is used.</summary>
    public ReplicaKind Kind { get; internal set; }

    /// <summary>DRBD's role.</summary>
    public DrbdRole Role { get; internal set; }

    /// <summary>The state of the local data.</summary>
    public DiskState Disk { get; internal set; }

    /// <summary>DRBD is configured for this replica.</summary>
    public bool Up { get; internal set; }

    /// <summary>DRBD truly runs. If it does not because its machine is off, every other property keeps its last value, as its peers still believe.</summary>
    public bool Runs => Up && Node.Powered;

    /// <summary>The quorum policy that DRBD was last configured with; LINSTOR cannot change it on a node that it cannot reach.</summary>
    public string QuorumPolicy { get; internal set; } = "off";

    /// <summary>DRBD believes that its partition has quorum.</summary>
    public bool Quorate { get; internal set; }

    /// <summary>DRBD demoted a consumer by force and fails all of its I/O until the consumer has closed the device.</summary>
    public bool FailsIo { get; internal set; }

    /// <summary>LINSTOR no longer configures this replica as a member: it is being deleted, or was lost or evicted. On nodes that have not received this, it still is a member.</summary>
    public bool Estranged { get; internal set; }

    /// <summary>LINSTOR has forgotten the replica, although its node may still run it.</summary>
    public bool Forgotten { get; internal set; }

    /// <summary>The uuid of this incarnation.</summary>
    public string Uuid { get; }

    /// <summary>The nodes of the members in DRBD's last configuration here, including its own.</summary>
    public IEnumerable<StorageNode> Members => Configured.Select(member => member.Node);

    /// <summary>The nodes to which DRBD believes it is connected.</summary>
    public IEnumerable<StorageNode> Peers => Definition.ConnectedPeers(this).Select(peer => peer.Node);

    internal int NodeId { get; }

    /// <summary>Distinguishes the replicas of a definition; unlike a node id, it is never reused.</summary>
    internal int Ordinal { get; }

    /// <summary>The members in DRBD's last configuration here, including itself: it connects to these, and counts their votes.</summary>
    internal DrbdReplica[] Configured { get; set; } = [];

    /// <summary>The diskful members that it knows to be without quorum, because it had quorum while no member of its partition reached them.</summary>
    internal HashSet<DrbdReplica> Quorumless { get; } = [];

    /// <summary>The diskful members to which it has been connected since DRBD came up.</summary>
    internal HashSet<DrbdReplica> Met { get; } = [];

    /// <summary>Whether DRBD here believes that it is connected to the other replica.</summary>
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

    /// <summary>Forgets what DRBD knew of its peers, because it has restarted.</summary>
    internal void Forget()
    {
        Met.Clear();
        Quorumless.Clear();
    }

    /// <summary>The last report of a hung satellite, which it repeats; null if it has read nothing.</summary>
    internal ReplicaReport? LastRead { get; set; }

    internal TimeSpan Created { get; }

    /// <summary>The generations of data this replica has seen. If one replica is older, its generations are a prefix of the other's; otherwise the data has diverged.</summary>
    internal ImmutableArray<int> Lineage { get; set; } = [];

    /// <summary>The source of a running resynchronisation.</summary>
    internal DrbdReplica? SyncSource { get; set; }

    /// <summary>LINSTOR is deleting the replica.</summary>
    public bool DrbdDeleting { get; internal set; }

    internal bool Deleting { get; set; }

    internal bool Diskless => Kind != ReplicaKind.Diskful;

    /// <summary>The flags that LINSTOR lists; a composite flag comes with its parts.</summary>
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
