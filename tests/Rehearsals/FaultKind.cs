namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>What can go wrong. Each lasts for a while, and then is undone, unless it says otherwise.</summary>
internal enum FaultKind
{
    /// <summary>A machine loses power.</summary>
    Crash,

    /// <summary>A machine's network is cut: replication, satellite and kubelet.</summary>
    Isolation,

    /// <summary>A machine's replication links are cut; its satellite and its kubelet are reached.</summary>
    ReplicationCut,

    /// <summary>One replication link is cut.</summary>
    LinkCut,

    /// <summary>A satellite process has ended.</summary>
    SatelliteStopped,

    /// <summary>A satellite answers pings and nothing else.</summary>
    SatelliteHangs,

    /// <summary>A kubelet does not reach the API server.</summary>
    KubeletCut,

    /// <summary>The LINSTOR controller process ends, and starts again knowing nothing.</summary>
    LinstorRestart,

    /// <summary>One of our processes does not reach LINSTOR.</summary>
    LinstorUnreachable,

    /// <summary>The event stream of one of our processes is dead, and nobody has noticed.</summary>
    StreamDeaf,

    /// <summary>LINSTOR repeats everything it knows, some of it late; at once.</summary>
    Replay,

    /// <summary>One of our processes does not reach the API server.</summary>
    ApiUnreachable,

    /// <summary>Requests of one of our processes are carried out, but no answer comes back.</summary>
    AnswersLost,

    /// <summary>The API server refuses every second request with 429 or 500.</summary>
    ApiRefuses,

    /// <summary>The watches of one of our processes break; at once.</summary>
    WatchesBreak,

    /// <summary>One of our processes is killed, and another takes its place.</summary>
    Killed,

    /// <summary>One of our processes is frozen while time goes on.</summary>
    Frozen,

    /// <summary>The wall clock of one of our processes is set, by an hour at most; its monotonic clock is not.</summary>
    ClockSet,

    /// <summary>One of our processes is asked to stop, and gives its Lease up.</summary>
    Stopped,

    /// <summary>A user deletes a pod, politely or by force; at once.</summary>
    PodDeleted,

    /// <summary>A workload's owner exempts it, by annotation, from now on.</summary>
    Exempted,

    /// <summary>An administrator turns a volume's quorum off, and on again.</summary>
    QuorumOff,

    /// <summary>An administrator moves a replica to another node; at once.</summary>
    ReplicaMoved,

    /// <summary>Kubernetes' scheduler is told to leave a node alone.</summary>
    Cordon,

    /// <summary>A pod that nobody opted in comes to the node of a workload's pod, and uses its volumes too; at once.</summary>
    Companion,

    /// <summary>A second pod uses the volumes of a workload on another node, as in a live migration.</summary>
    Migration,

    /// <summary>A satellite's event pipeline hangs, to the end of the scenario: LINSTOR keeps it ONLINE, and it repeats its last words.</summary>
    SatelliteRepeats,

    /// <summary>A satellite stops, starts again after a while, and hangs right then: it repeats what it read at its start, to the end of the scenario.</summary>
    SatelliteReturnsStale,

    /// <summary>A satellite stops, and never comes back. It is drawn from before our processes begin, too: then nobody has ever heard it.</summary>
    SatelliteDead,

    /// <summary>A node is declared lost in LINSTOR, dead or alive; if that ends, it is created anew on the same machine, with another uuid.</summary>
    NodeLost,

    /// <summary>LINSTOR evicts a node; if that ends, it is restored.</summary>
    NodeEvicted,

    /// <summary>A replica is removed, regularly if its satellite is online; if that ends, one is made there anew.</summary>
    ReplicaRemoved,

    /// <summary>A volume gets two more replicas, on nodes that LINSTOR reaches; at once.</summary>
    ReplicasAdded,

    /// <summary>A node is cut off together with one or two others that have the same volume: they stay connected to one another.</summary>
    Partition,

    /// <summary>A node is cut off from the other replicas of one volume, and from no other node.</summary>
    ReplicaCut,

    /// <summary>An administrator turns quorum off on a LINSTOR node, where definitions have no value of their own.</summary>
    NodeQuorumOff,

    /// <summary>LINSTOR's requests about one resource are not answered in time.</summary>
    DefinitionHangs,

    /// <summary>LINSTOR says once, to each of our processes, that it has no such definition.</summary>
    DefinitionMissing,

    /// <summary>LINSTOR does not tell the properties of a definition.</summary>
    PolicyUnreadable,

    /// <summary>LINSTOR takes one to four seconds for every answer.</summary>
    LinstorSlow,

    /// <summary>One of our processes listens to a second LINSTOR, which reaches no satellite.</summary>
    LinstorReachesNobody,

    /// <summary>A node that is short of memory ends a pod; at once. Its object stays, and says Failed.</summary>
    PodEvicted,

    /// <summary>The process that leads does not reach LINSTOR, to the end of the scenario, unless no other would be left that does.</summary>
    LeaderBlind,
}
