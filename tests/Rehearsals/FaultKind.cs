namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>The kinds of faults. Each lasts for a while and is then undone, unless its description says otherwise.</summary>
internal enum FaultKind
{
    /// <summary>A machine loses power.</summary>
    Crash,

    /// <summary>A machine's network is cut: replication, satellite and kubelet.</summary>
    Isolation,

    /// <summary>A machine's replication links are cut; its satellite and its kubelet remain reachable.</summary>
    ReplicationCut,

    /// <summary>One replication link is cut.</summary>
    LinkCut,

    /// <summary>A satellite process has ended.</summary>
    SatelliteStopped,

    /// <summary>A satellite answers pings and nothing else.</summary>
    SatelliteHangs,

    /// <summary>A kubelet cannot reach the API server.</summary>
    KubeletCut,

    /// <summary>The LINSTOR controller process ends, and starts again with empty memory.</summary>
    LinstorRestart,

    /// <summary>One of our processes cannot reach LINSTOR.</summary>
    LinstorUnreachable,

    /// <summary>The event stream of one of our processes is dead, and the process has not noticed.</summary>
    StreamDeaf,

    /// <summary>LINSTOR repeats everything it knows, some of it late; instantaneous.</summary>
    Replay,

    /// <summary>One of our processes cannot reach the API server.</summary>
    ApiUnreachable,

    /// <summary>The API server carries out the requests of one of our processes, but no answer comes back.</summary>
    AnswersLost,

    /// <summary>The API server refuses every second request with 429 or 500.</summary>
    ApiRefuses,

    /// <summary>The watches of one of our processes break; instantaneous.</summary>
    WatchesBreak,

    /// <summary>One of our processes is killed, and another takes its place.</summary>
    Killed,

    /// <summary>One of our processes is frozen while time goes on.</summary>
    Frozen,

    /// <summary>One of our processes is frozen right after it has asked what confirms a loss; the node's network comes back at that moment.</summary>
    FrozenAfterAsking,

    /// <summary>One of our processes is frozen between its next decision to delete a pod and the request; the node's network comes back at that moment.</summary>
    FrozenBeforeActing,

    /// <summary>The wall clock of one of our processes is set, by an hour at most; its monotonic clock is not.</summary>
    ClockSet,

    /// <summary>One of our processes receives a stop request and releases its Lease.</summary>
    Stopped,

    /// <summary>A user deletes a pod, gracefully or by force; instantaneous.</summary>
    PodDeleted,

    /// <summary>A workload's owner exempts it by annotation, to the end of the scenario.</summary>
    Exempted,

    /// <summary>An administrator turns a volume's quorum off, and on again.</summary>
    QuorumOff,

    /// <summary>An administrator moves a replica to another node; instantaneous.</summary>
    ReplicaMoved,

    /// <summary>A node is cordoned.</summary>
    Cordon,

    /// <summary>A pod without opt-in starts on the node of a workload's pod and uses its volumes too; instantaneous.</summary>
    Companion,

    /// <summary>A second pod uses the volumes of a workload on another node, as in a live migration.</summary>
    Migration,

    /// <summary>A satellite's event pipeline hangs to the end of the scenario: LINSTOR keeps the satellite ONLINE, and the satellite repeats its last reports.</summary>
    SatelliteRepeats,

    /// <summary>A satellite stops, starts again after a while, and hangs at once: it repeats the state it read at its start, to the end of the scenario.</summary>
    SatelliteReturnsStale,

    /// <summary>A satellite stops and never comes back. This may begin before our processes start, so that none of them has ever seen it.</summary>
    SatelliteDead,

    /// <summary>A node, dead or alive, is declared lost in LINSTOR. When the fault ends, the node is created anew on the same machine, with another uuid.</summary>
    NodeLost,

    /// <summary>LINSTOR evicts a node. When the fault ends, the node is restored.</summary>
    NodeEvicted,

    /// <summary>A replica is removed, regularly if its satellite is online. When the fault ends, a new one is created there.</summary>
    ReplicaRemoved,

    /// <summary>A volume gets two more replicas, on nodes that LINSTOR reaches; instantaneous.</summary>
    ReplicasAdded,

    /// <summary>A node is cut off together with one or two others that have the same volume; they stay connected to one another.</summary>
    Partition,

    /// <summary>A node is cut off from the other replicas of one volume, and from no other node.</summary>
    ReplicaCut,

    /// <summary>An administrator turns quorum off on a LINSTOR node, where definitions have no value of their own.</summary>
    NodeQuorumOff,

    /// <summary>LINSTOR does not answer requests about one resource in time.</summary>
    DefinitionHangs,

    /// <summary>LINSTOR reports once, to each of our processes, that a definition does not exist.</summary>
    DefinitionMissing,

    /// <summary>LINSTOR does not return the properties of a definition.</summary>
    PolicyUnreadable,

    /// <summary>LINSTOR takes one to four seconds for every answer.</summary>
    LinstorSlow,

    /// <summary>One of our processes is connected to a second LINSTOR, which reaches no satellite.</summary>
    LinstorReachesNoSatellite,

    /// <summary>A node that is short of memory ends a pod; instantaneous. The pod object remains, with phase Failed.</summary>
    PodEvicted,

    /// <summary>The leading process cannot reach LINSTOR, to the end of the scenario. Does not happen if no other process would be left that can.</summary>
    LeaderBlind,
}
