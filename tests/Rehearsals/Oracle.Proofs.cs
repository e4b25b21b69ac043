using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Finds the losses of which no observer of LINSTOR can be certain. Not moving such a pod is correct.</content>
internal sealed partial class Oracle
{
    /// <summary>Whether LINSTOR's knowledge proves the loss: a peer itself has all data, no live speaker contradicts it, and it is not the only speaker while Kubernetes reports Ready.</summary>
    private bool IsProved(string resource, string node)
    {
        var (number, _) = _cluster.Nodes.First(one => one.Name == node);
        var volume = Enumerable.Range(0, _cluster.Plan.Setup.Volumes.Length).First(one => ScenarioSetup.Handle(one) == resource);
        if (_cluster.Storage.FindDefinition(_cluster.Plan.Setup.Definition(volume)) is not { } definition || IsContested(volume, number) || _cluster.IsTorn(definition)) // members that were given up may live on with the node
        {
            return false;
        }

        // The last statements of silent nodes stand too: of a use that no newer one has ended, and of a satellite that repeated stale state.
        var name = _cluster.Plan.Setup.LinstorName(number);
        var others = definition.Listed.Where(replica => replica.Node.Name != name).ToList();
        if (_inUseSince.Keys.Any(use => use.Definition == definition.Name && use.Node != name && !HasEnded(definition, use.Node)) || HasEndedUnread(definition, name)
            || WasAdmitted((definition.Name, name)) || IsTied(definition, number) || IsRememberedAsConnected(definition, number) || IsNewerThanItsPeers(definition, number) || IsPolicyNew(definition, name)
            || definition.Listed.Any(replica => replica.Node.Name == name && replica.DrbdDeleting) // its peers have taken the link down, on LINSTOR's order
            || IsSeenByOneThatHangs(others)
            || others.Exists(other => _hung.Contains(other.Node.Name) && other.Node.Status != ConnectionStatus.Online) || _hung.Contains(name))
        {
            return false;
        }

        var speakers = definition.Listed.Where(replica => replica.Node.Status == ConnectionStatus.Online && Known(replica)?.MayPromote is not null).ToList();
        return HasRival(definition, name) && (speakers.Count(speaker => Agrees(speaker, name, number)) > 1 || !(_cluster.IsReady(node) || FellSilentUnheard(definition, name)));
    }

    // What one speaker states after a silence of LINSTOR may be older than what the node stated just before it.
    private bool FellSilentUnheard(ResourceDefinition definition, string machine)
    {
        var spokeUntil = HistoryOf((definition.Name, machine), _spoke).EndedAt;
        return _silence.EndedAt >= spokeUntil || _cluster.Controllers.Any(controller => controller.LinstorReturnedAt >= spokeUntil);
    }

    // A replica with quorum that may not promote, and is not Primary itself, sees a Primary. Only two replicas with all data that report otherwise reveal that it repeats stale state.
    private bool IsSeenByOneThatHangs(List<Simulator.World.DrbdReplica> others) =>
        others.Exists(other => other.Node.SatelliteHangs && Known(other) is { MayPromote: false, PromotionScore: > 0 } known && (known.PromotionScore < 10_100 || known.InUse != true))
        && others.Count(other => Known(other) is { MayPromote: true, PromotionScore: >= 10_100 }) < 2;

    // A use is over if it was lost, its node does not report otherwise, and a promotable peer reports its link there as down. A link that is no longer reported may have been
    // removed deliberately. A hung satellite's repeated state gets a new date whenever the satellite comes back.
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

    // A use elsewhere that has ended, but whose node fell silent before a process was told by an answer.
    private bool HasEndedUnread(ResourceDefinition definition, string machine) => _useEndedAt.Any(use => use.Key.Definition == definition.Name && use.Key.Node != machine
        && HistoryOf(use.Key, _spoke).EndedAt is { } silent && silent >= use.Value
        && _cluster.Controllers.Any(controller => !(_cluster.FirstAnswer(controller, ScenarioSetup.Handle(_cluster.VolumeOf(definition)), use.Value) <= silent)));

    // The node itself may have left a replica with old data behind.
    private bool Agrees(Simulator.World.DrbdReplica replica, string machine, int number) => Known(replica) is { } known && (replica.Node.Name == machine
        ? known.PromotionScore == 0
        : known.MayPromote == true || (LinksOf(known, number) is { Count: > 0 } links && !links.Contains("Connected") && (replica.Kind != ReplicaKind.Diskful || known.PromotionScore >= 10_100)));

    // A promotable peer whose report proves that the node could not write.
    private bool HasRival(ResourceDefinition definition, string machine) => definition.Listed.Any(peer =>
        peer is { Kind: ReplicaKind.Diskful, Node: { Status: ConnectionStatus.Online, SatelliteHangs: false } } && peer.Node.Name != machine
        && Known(peer) is { MayPromote: true, PromotionScore: >= 10_100 } && !MayHaveQuorumAgainst(peer, definition, machine));

    // The peer may keep quorum only because it remembers that others lost theirs; LINSTOR does not report that. Without an answer about the node, a process does not know later members.
    private bool MayHaveQuorumAgainst(Simulator.World.DrbdReplica peer, ResourceDefinition definition, string node)
    {
        if (definition.Replicas.FirstOrDefault(replica => replica.Node.Name == node) is not { } own)
        {
            return false;
        }

        var isHeardOf = HistoryOf((definition.Name, node), _spoke).IsSo || _cluster.Controllers.All(controller => _cluster.HasRead(controller, ScenarioSetup.Handle(_cluster.VolumeOf(definition)), node));
        if (!isHeardOf && _cluster.Controllers.Any(controller => _cluster.MayHaveLostMembersUnread(controller, 2 * Unseen)))
        {
            return true; // the node may count a member of which no answer has told
        }

        var known = isHeardOf ? own.Members.Select(member => definition.Replicas.FirstOrDefault(replica => replica.Node == member)).OfType<Simulator.World.DrbdReplica>() : definition.Listed;
        var members = known.ToLookup(member => member.Kind == ReplicaKind.Diskful);
        int Apart(bool diskful) => members[diskful].Count(member => member != peer && (!peer.Peers.Contains(member.Node) || RepeatsThatItIsApart(member, peer)));
        var (voters, diskless) = isHeardOf ? (members[true].Count(), members[false].Count()) : (Apart(diskful: true) + 1, Apart(diskful: false));
        return Drbd.HasQuorum(own.QuorumPolicy, new QuorumCount(voters, Apart(diskful: true), Quorumless: 0, diskless, Apart(diskful: false)), had: true);
    }

    // A member that repeats the state from before the peer found it again could be on either side.
    private bool RepeatsThatItIsApart(Simulator.World.DrbdReplica member, Simulator.World.DrbdReplica peer) => _hung.Contains(member.Node.Name) && Known(member) is { } known
        && !LinksOf(known, _cluster.Nodes.First(node => _cluster.Plan.Setup.LinstorName(node.Number) == peer.Node.Name).Number).Contains("Connected");

    // A node that is cut off from all others keeps quorum only because DRBD remembers that they had none. No report shows that, and an administrator has given the others new members.
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

    // A process may not have read a contrary report that the node made just before it fell silent.
    private bool WasAdmitted((string, string) key) => HistoryOf(key, _admitted).Overlaps((HistoryOf(key, _spoke).EndedAt ?? Now) - Unseen, Now);

    // If a node is lost just when a process connects or LINSTOR returns, its statement and those against it have the same date. It is outvoted only if every other voter denies it from the start and goes on speaking.
    private bool IsTied(ResourceDefinition definition, int number)
    {
        var name = _cluster.Plan.Setup.LinstorName(number);
        var (_, others) = ReplicasFor(definition, number);
        bool Denies(Simulator.World.DrbdReplica other, TimeSpan until) => _deniesSince.TryGetValue((definition.Name, number, other.Node.Name), out var denied) && denied <= until;
        bool IsTiedAt(TimeSpan? from, TimeSpan? until) => until is { } start && !(HistoryOf((definition.Name, name), _spoke).EndedAt < from)
            && others.Exists(other => Denies(other, start + LongestDetection)) && !others.TrueForAll(other => Known(other) is not null && Denies(other, start + LongestDetection));

        // What only the stream has reported, until the first list of satellites arrives, has the date of that list.
        return IsTiedAt(_silence.EndedAt, _silence.EndedAt) || _cluster.Controllers.Any(controller =>
            IsTiedAt(_cluster.HearsSince(controller), _cluster.ListensSince(controller)) || IsTiedAt(controller.LinstorReturnedAt, controller.LinstorReturnedAt));
    }

    // A peer may have found the node again, or kept reporting it as connected, before the peer fell silent. Its last statement may stand against all older ones.
    private bool IsRememberedAsConnected(ResourceDefinition definition, int number)
    {
        var (_, others) = ReplicasFor(definition, number);
        return others.Exists(other => Known(other) is null && (_connectsSince.ContainsKey((definition.Name, number, other.Node.Name)) || HasLostItUnheard(other))
            && others.TrueForAll(peer => !(_deniesSince.TryGetValue((definition.Name, number, peer.Node.Name), out var denied) && denied > HistoryOf((definition.Name, other.Node.Name), _spoke).EndedAt)));

        // It reported the loss of the node while one of our processes could not reach LINSTOR, and fell silent before that process was back.
        bool HasLostItUnheard(Simulator.World.DrbdReplica other) => _disconnectedAt.TryGetValue((definition.Name, number, other.Node.Name), out var lost)
            && _cluster.Controllers.Any(controller => controller.LinstorReturnedAt is { } back && back > lost && back >= HistoryOf((definition.Name, other.Node.Name), _spoke).EndedAt);
    }

    // The node's last statement may be newer than any statement of a peer that was silent at that time: the peer may have come back with old state. A process that has read both in the same answer
    // cannot tell either.
    private bool IsNewerThanItsPeers(ResourceDefinition definition, int number)
    {
        var name = _cluster.Plan.Setup.LinstorName(number);
        var (_, others) = ReplicasFor(definition, number);
        return _statements.TryGetValue((definition.Name, name), out var last)
            && others.TrueForAll(peer => Known(peer) is null || HistoryOf((definition.Name, peer.Node.Name), _spoke).Since > last.At || !LinksOf(Known(peer)!, number).Exists(link => link != "Connected") || WasReadWith(peer));

        bool WasReadWith(Simulator.World.DrbdReplica peer) => _deniesSince.TryGetValue((definition.Name, number, peer.Node.Name), out var denied)
            && _cluster.Controllers.Any(controller => _cluster.FirstAnswer(controller, ScenarioSetup.Handle(_cluster.VolumeOf(definition)), last.At) is { } first
                && first >= denied && !(HistoryOf((definition.Name, name), _spoke).EndedAt < first));
    }

    // A policy that was set just before a node fell silent may not have reached it. A process without LINSTOR's stream learns of the policy with a later round.
    private bool IsPolicyNew(ResourceDefinition definition, string name) =>
        _fenced.TryGetValue(definition, out var fenced) && HistoryOf((definition.Name, name), _spoke) is var spoke && fenced.Since > TimeSpan.FromSeconds(20)
            && (spoke is { IsSo: false, EndedAt: null } || fenced.Since > (spoke.EndedAt ?? Now) - (_cluster.Plan.Faults.Any(fault => fault.Kind == FaultKind.StreamDeaf) ? 2 * Unseen : Unseen));

    // If a replica is removed, and its node is declared lost soon after, a process may learn of both at once, as if the replica had vanished with the node.
    private bool WasRemovedJustBeforeItsNode(ResourceDefinition definition, int number) =>
        _removed.TryGetValue((definition.Name, number), out var removed) && _cluster.DeclaredLostAt(_cluster.Plan.Setup.NodeName(number)) is { } lost && lost >= removed && lost - removed <= Unseen;

    /// <summary>Notes whether LINSTOR's knowledge proves the loss, and whether it would but for an older use elsewhere that can write no more. A process may remember which of two uses is the older one.</summary>
    /// <returns>Whether the proof began or ended.</returns>
    private bool NoteLoss(ResourceDefinition definition, int number, string resource, string node)
    {
        var isLost = IsLost(definition, number);
        Of(resource, node).Apparent.Note(Now, isLost || (WasRemovedJustBeforeItsNode(definition, number) && IsLost(definition, number, mayBeDeployed: true))
            || (_unanswered.GetValueOrDefault(resource) is { IsSo: true } && IsLost(definition, number, mayBeFenced: true)) // by the policy that was read last
            || (_primarySince.TryGetValue((definition.Name, _cluster.Plan.Setup.LinstorName(number)), out var own) && definition.Listed.Any(IsOlderAndOver) && IsLost(definition, number, IsOlderAndOver)));
        return LossOf(resource, node).Note(Now, isLost);

        bool IsOlderAndOver(Simulator.World.DrbdReplica replica) => Known(replica)?.InUse == true && _primarySince.TryGetValue((definition.Name, replica.Node.Name), out var since) && since < own
            && !_cluster.Storage.CanWrite(definition.Name, replica.Node.Name);
    }
}
