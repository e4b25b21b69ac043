namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>The result of an attempt to use a device.</summary>
public enum PromotionOutcome
{
    /// <summary>The replica is Primary.</summary>
    Promoted,

    /// <summary>No running replica is there.</summary>
    NotThere,

    /// <summary>No quorum, or failing I/O.</summary>
    NoQuorum,

    /// <summary>No current data is reachable.</summary>
    NoData,

    /// <summary>Another Primary is reachable, and two are not allowed.</summary>
    InUseElsewhere,

    /// <summary>A peer that DRBD believes to be connected does not answer.</summary>
    PeerSilent,
}

/// <remarks>Operations of a kubelet, an attacher or a writer: attach, open, write, close, detach.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>Opens the device on a node, which makes the replica Primary if DRBD allows it.</summary>
    public PromotionOutcome Promote(string resource, string node)
    {
        if (FindTruth(resource, node) is not { Runs: true } replica)
        {
            return PromotionOutcome.NotThere;
        }

        var outcome = Judge(replica);
        if (outcome == PromotionOutcome.Promoted)
        {
            replica.Role = DrbdRole.Primary;
            replica.Kind = replica.Kind == ReplicaKind.TieBreaker ? ReplicaKind.Diskless : replica.Kind;
            replica.Lineage = replica.Diskless && DataGenerations.DataOf(replica) is { } data ? data.Lineage : replica.Lineage;
            Settle(replica.Definition);
        }

        return outcome;
    }

    /// <summary>Closes the device on a node, or ends a consumer whose I/O fails.</summary>
    /// <returns>True if it is closed; false if it cannot be closed because its I/O is suspended.</returns>
    public bool Demote(string resource, string node)
    {
        if (FindTruth(resource, node) is not { Runs: true } replica)
        {
            return true;
        }

        if (IsSuspended(replica))
        {
            return false;
        }

        (replica.Role, replica.FailsIo) = (DrbdRole.Secondary, false);
        Settle(replica.Definition);
        return true;
    }

    /// <summary>Whether a write by the resource's consumer on that node would truly complete. Every safety check relies on this.</summary>
    public bool CanWrite(string resource, string node) => FindTruth(resource, node) is { } replica && _replication.CanWrite(replica);

    /// <summary>The replica is Primary, and its consumer's writes neither complete nor fail.</summary>
    public bool IsSuspended(string resource, string node) => FindTruth(resource, node) is { } replica && IsSuspended(replica);

    /// <summary>Makes a resource available on a node as linstor-csi does, with a diskless replica if there is none.</summary>
    /// <returns>False if LINSTOR is down, the node is not online, or a replica there is still being deleted.</returns>
    public bool Attach(string resource, string node)
    {
        if (!LinstorRuns || FindDefinition(resource) is null || FindNode(node) is not { Status: ConnectionStatus.Online })
        {
            return false;
        }

        var isBlocked = FindReplica(resource, node) is null && FindTruth(resource, node) is { Role: DrbdRole.Primary }; // a replica that LINSTOR has forgotten is in use there
        return !isBlocked && (FindReplica(resource, node) ?? AddReplica(resource, node, ReplicaKind.Diskless)) is { DrbdDeleting: false, Deleting: false };
    }

    /// <summary>Ends <see cref="Attach"/>: deletes a diskless replica, unless it is in use or needed as a tie-breaker.</summary>
    /// <returns>False if LINSTOR is down.</returns>
    public bool Detach(string resource, string node)
    {
        if (!LinstorRuns || FindReplica(resource, node) is not { Kind: ReplicaKind.Diskless, DrbdDeleting: false } replica)
        {
            return LinstorRuns;
        }

        if (IsNeededAsTieBreaker(replica))
        {
            replica.Kind = ReplicaKind.TieBreaker;
        }
        else
        {
            DeleteReplica(resource, node);
        }

        return true;
    }

    // LINSTOR adds a tie-breaker by itself, and keeps an existing diskless replica as one instead of deleting it.
    private bool IsNeededAsTieBreaker(DrbdReplica replica)
    {
        var others = replica.Definition.Members.FindAll(other => other is { Estranged: false, DrbdDeleting: false } && other != replica);
        return Option(replica.Definition, TieBreakerKey) == "True" && others.TrueForAll(other => !other.Diskless) && others.Count == 2;
    }

    /// <summary>DRBD's answer if the device were opened on a node now; null if there is no replica. A Primary reachable only through others refuses too, which no replica reports.</summary>
    public PromotionOutcome? JudgePromotion(string resource, string node) => FindTruth(resource, node) is { } replica ? Judge(replica) : null;

    private PromotionOutcome Judge(DrbdReplica replica)
    {
        if (!replica.Definition.IsDrbd || replica.Role == DrbdRole.Primary)
        {
            return PromotionOutcome.Promoted;
        }

        if (!replica.Quorate || replica.FailsIo)
        {
            return PromotionOutcome.NoQuorum;
        }

        var partition = DataGenerations.Partition(replica);
        if (partition.Any(peer => peer != replica && !_replication.AllowsTwoPrimaries(replica.Definition) && peer.Role == DrbdRole.Primary))
        {
            return PromotionOutcome.InUseElsewhere;
        }

        if (!Drbd.HasStableData(Replication.View(replica)))
        {
            return PromotionOutcome.NoData;
        }

        // Promotion is a transaction among all connected replicas: one that does not answer blocks it.
        return partition.Any(peer => replica.Definition.ConnectedPeers(peer).Any(next => _network.Severed(peer.Node, next.Node)))
            ? PromotionOutcome.PeerSilent
            : PromotionOutcome.Promoted;
    }

    private bool IsSuspended(DrbdReplica replica) =>
        replica is { Role: DrbdRole.Primary, Runs: true }
        && !_replication.CanWrite(replica)
        && Option(replica.Definition, QuorumSetting.OnNoQuorumKey) != "io-error";

    private DrbdReplica? FindTruth(string resource, string node) => FindDefinition(resource)?.Members.Find(replica => IsNamed(replica.Node, node));
}
