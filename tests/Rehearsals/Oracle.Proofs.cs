using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Of which losses nobody who listens to LINSTOR can be certain: that such a pod is not moved is no fault.</content>
internal sealed partial class Oracle
{
    /// <summary>Whether what LINSTOR knows now is a proof to a cautious reader: a peer with all data itself, nobody who is heard contradicts it, and it is not the only voice while Kubernetes calls the node ready.</summary>
    private bool IsProved(string resource, string node)
    {
        var (number, _) = _cluster.Nodes.First(one => one.Name == node);
        var volume = Enumerable.Range(0, _cluster.Plan.Setup.Volumes.Length).First(one => ScenarioSetup.Handle(one) == resource);
        if (_cluster.Storage.FindDefinition(_cluster.Plan.Setup.Definition(volume)) is not { } definition || IsContested(volume, number) || _cluster.IsTorn(definition)) // members that were given up may live on with the node
        {
            return false;
        }

        // The last words of nodes that have fallen silent stand, too: of a use that no newer one has ended, and of a satellite that repeated the past.
        var name = _cluster.Plan.Setup.LinstorName(number);
        var others = definition.Listed.Where(replica => replica.Node.Name != name).ToList();
        if (_inUseSince.Keys.Any(use => use.Definition == definition.Name && use.Node != name && !HasEnded(definition, use.Node))
            || WasAdmitted((definition.Name, name)) || IsTied(definition, number) || IsRememberedAsConnected(definition, number) || IsNewerThanItsPeers(definition, number) || IsPolicyNew(definition, name)
            || definition.Listed.Any(replica => replica.Node.Name == name && replica.DrbdDeleting) // its peers have taken the link down, as LINSTOR told them
            || IsSeenByOneThatHangs(others)
            || others.Exists(other => _hung.Contains(other.Node.Name) && other.Node.Status != ConnectionStatus.Online) || _hung.Contains(name))
        {
            return false;
        }

        var speakers = definition.Listed.Where(replica => replica.Node.Status == ConnectionStatus.Online && Known(replica)?.MayPromote is not null).ToList();
        return HasRival(definition, name) && (speakers.Count(speaker => Agrees(speaker, name, number)) > 1 || !_cluster.IsReady(node));
    }

    // One without a disk that has quorum and may not promote sees a Primary; that it repeats the past shows only where two replicas with all data say otherwise.
    private bool IsSeenByOneThatHangs(List<Simulator.World.DrbdReplica> others) =>
        others.Exists(other => other is { Kind: not ReplicaKind.Diskful, Node.SatelliteHangs: true } && Known(other) is { MayPromote: false, PromotionScore: > 0 })
        && others.Count(other => Known(other) is { MayPromote: true, PromotionScore: >= 10_100 }) < 2;

    // A use is over where it was lost, its node does not say otherwise, and a peer that could take over says that its link there is down: one that is no longer reported may have been taken
    // down in order. What a satellite repeats that hangs is dated anew whenever it comes back.
    private bool HasEnded(ResourceDefinition definition, string machine)
    {
        if (_hung.Contains(machine))
        {
            return false;
        }

        var number = _cluster.Nodes.First(other => _cluster.Plan.Setup.LinstorName(other.Number) == machine).Number;
        return IsLostThere(definition, machine) && HasRival(definition, machine) && !IsContested(_cluster.VolumeOf(definition), number) && !IsRememberedAsConnected(definition, number)
            && definition.Listed.Any(peer => Known(peer) is { MayPromote: true } known && LinksOf(known, number) is { Count: > 0 });
    }

    // A replica with old data may have been left behind by the node itself.
    private bool Agrees(Simulator.World.DrbdReplica replica, string machine, int number) => Known(replica) is { } known && (replica.Node.Name == machine
        ? known.PromotionScore == 0
        : known.MayPromote == true || (LinksOf(known, number) is { Count: > 0 } links && !links.Contains("Connected") && (replica.Kind != ReplicaKind.Diskful || known.PromotionScore >= 10_100)));

    // A peer that could take over, and whose words prove that the node could not write.
    private bool HasRival(ResourceDefinition definition, string machine) => definition.Listed.Any(peer =>
        peer is { Kind: ReplicaKind.Diskful, Node: { Status: ConnectionStatus.Online, SatelliteHangs: false } } && peer.Node.Name != machine
        && Known(peer) is { MayPromote: true, PromotionScore: >= 10_100 } && !MayHaveQuorumAgainst(peer, definition, machine));

    // A peer that keeps quorum only because it remembers that others have lost theirs: LINSTOR does not report that. A process that no answer has told of the node does not know who was added since.
    private bool MayHaveQuorumAgainst(Simulator.World.DrbdReplica peer, ResourceDefinition definition, string node)
    {
        if (definition.Replicas.FirstOrDefault(replica => replica.Node.Name == node) is not { } own)
        {
            return false;
        }

        var isHeardOf = HistoryOf((definition.Name, node), _spoke).IsSo || _cluster.Controllers.All(controller => _cluster.HasRead(controller, ScenarioSetup.Handle(_cluster.VolumeOf(definition)), node));
        var known = isHeardOf ? own.Members.Select(member => definition.Replicas.FirstOrDefault(replica => replica.Node == member)).OfType<Simulator.World.DrbdReplica>() : definition.Listed;
        var members = known.ToLookup(member => member.Kind == ReplicaKind.Diskful);
        int Apart(bool diskful) => members[diskful].Count(member => member != peer && (!peer.Peers.Contains(member.Node) || RepeatsThatItIsApart(member, peer)));
        var (voters, diskless) = isHeardOf ? (members[true].Count(), members[false].Count()) : (Apart(diskful: true) + 1, Apart(diskful: false));
        return Drbd.HasQuorum(own.QuorumPolicy, new QuorumCount(voters, Apart(diskful: true), Quorumless: 0, diskless, Apart(diskful: false)), had: true);
    }

    // Of a member that repeats what was so before the peer found it again, it is not known whose side it is on.
    private bool RepeatsThatItIsApart(Simulator.World.DrbdReplica member, Simulator.World.DrbdReplica peer) => _hung.Contains(member.Node.Name) && Known(member) is { } known
        && !LinksOf(known, _cluster.Nodes.First(node => _cluster.Plan.Setup.LinstorName(node.Number) == peer.Node.Name).Number).Contains("Connected");

    // A node that is cut off from everybody, and has quorum only because DRBD remembers that the others had none: nobody was told of it, and an administrator has given the others new members.
    private bool KeepsQuorumByMemory(string resource, string node)
    {
        var volume = Enumerable.Range(0, _cluster.Plan.Setup.Volumes.Length).First(one => ScenarioSetup.Handle(one) == resource);
        if (!_cluster.WasTamperedWith(resource) || _cluster.Storage.FindDefinition(_cluster.Plan.Setup.Definition(volume))?.Replicas.FirstOrDefault(replica => replica.Node.Name == _cluster.Kubernetes.LinstorNameOf(node)) is not { } own)
        {
            return false;
        }

        var members = own.Members.Select(member => own.Definition.Replicas.FirstOrDefault(replica => replica.Node == member)).OfType<Simulator.World.DrbdReplica>().ToLookup(member => member.Kind == ReplicaKind.Diskful);
        int Reached(bool diskful) => members[diskful].Count(member => member == own || own.Peers.Contains(member.Node));
        return !Drbd.HasQuorum(own.QuorumPolicy, new QuorumCount(members[true].Count(), Reached(diskful: true), Quorumless: 0, members[false].Count(), Reached(diskful: false)), had: true);
    }

    // What a node says otherwise just before it falls silent may not have been read any more.
    private bool WasAdmitted((string, string) key) => HistoryOf(key, _admitted).Overlaps((HistoryOf(key, _spoke).EndedAt ?? Now) - Unseen, Now);

    // Where a node is lost just when a process begins to listen, or LINSTOR is back, its words and those against it have one date. Unless every other voter denies them from the start, nobody can outvote it.
    private bool IsTied(ResourceDefinition definition, int number)
    {
        var name = _cluster.Plan.Setup.LinstorName(number);
        var (_, others) = ReplicasFor(definition, number);
        bool Denies(Simulator.World.DrbdReplica other, TimeSpan until) => _deniesSince.TryGetValue((definition.Name, number, other.Node.Name), out var denied) && denied <= until;
        var starts = _cluster.Controllers.SelectMany(controller => (TimeSpan?[])[_cluster.ListensSince(controller), controller.LinstorReturnedAt]).Append(_silence.EndedAt).OfType<TimeSpan>();
        return starts.Any(start => !(HistoryOf((definition.Name, name), _spoke).EndedAt < start)
            && others.Exists(other => Denies(other, start + LongestDetection)) && !others.TrueForAll(other => Denies(other, start + LongestDetection)));
    }

    // The last words of one that fell silent after it had found the node again, or had gone on saying that it is connected to it, may stand against all that is older.
    private bool IsRememberedAsConnected(ResourceDefinition definition, int number)
    {
        var (_, others) = ReplicasFor(definition, number);
        return others.Exists(other => Known(other) is null && (_connectsSince.ContainsKey((definition.Name, number, other.Node.Name)) || HasLostItUnheard(other))
            && others.TrueForAll(rival => !(_deniesSince.TryGetValue((definition.Name, number, rival.Node.Name), out var denied) && denied > HistoryOf((definition.Name, other.Node.Name), _spoke).EndedAt)));

        // It said that it has lost the node while one of ours could not hear it, and has fallen silent before that one listened again.
        bool HasLostItUnheard(Simulator.World.DrbdReplica other) => _disconnectedAt.TryGetValue((definition.Name, number, other.Node.Name), out var lost)
            && _cluster.Controllers.Any(controller => controller.LinstorReturnedAt is { } back && back > lost && back >= HistoryOf((definition.Name, other.Node.Name), _spoke).EndedAt);
    }

    // What a node said last may be newer than anything that a peer says which was silent at that time: the peer may have come back with old state.
    private bool IsNewerThanItsPeers(ResourceDefinition definition, int number)
    {
        var name = _cluster.Plan.Setup.LinstorName(number);
        var (_, others) = ReplicasFor(definition, number);
        return _said.TryGetValue((definition.Name, name), out var last)
            && others.TrueForAll(peer => Known(peer) is null || HistoryOf((definition.Name, peer.Node.Name), _spoke).Since > last.At || !LinksOf(Known(peer)!, number).Exists(link => link != "Connected"));
    }

    // A policy that came just before a node fell silent may not have reached it.
    private bool IsPolicyNew(ResourceDefinition definition, string name) =>
        _fenced.TryGetValue(definition, out var fenced) && HistoryOf((definition.Name, name), _spoke) is var spoke && fenced.Since > TimeSpan.FromSeconds(20)
            && (spoke is { IsSo: false, EndedAt: null } || fenced.Since > (spoke.EndedAt ?? Now) - Unseen);
}
