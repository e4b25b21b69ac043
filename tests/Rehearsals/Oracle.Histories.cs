using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Records which conditions have held since when, at every change of the storage world.</content>
internal sealed partial class Oracle
{
    private string Describe(string resource, string node) => $"{resource} on {node} {LossOf(resource, node)}";

    /// <summary>When LINSTOR knew that a consumer there had lost the resource.</summary>
    private ConditionHistory LossOf(string resource, string node) => Of(resource, node).Lost;

    /// <summary>When, in truth, no write could have completed there.</summary>
    private ConditionHistory MuteOf(string resource, string node) => Of(resource, node).Mute;

    private (ConditionHistory Lost, ConditionHistory Mute, ConditionHistory Apparent) Of(string resource, string node)
    {
        if (!_histories.TryGetValue((resource, node), out var histories))
        {
            _histories[(resource, node)] = histories = (new(), new(), new());
        }

        return histories;
    }

    /// <summary>Whether LINSTOR knows that a consumer there has lost the volume, nothing that it knows speaks against it, and it is true.</summary>
    public bool IsProvedLost(string resource, string node) => LossOf(resource, node).IsSo && MuteOf(resource, node).IsSo && IsProved(resource, node);

    /// <summary>Records the conditions after a change of the storage world.</summary>
    private void RecordConditions(ResourceDefinition definition)
    {
        if (_silence.IsSo && _cluster.Storage.LinstorRuns && _cluster.Storage.Nodes.Any(node => node.Status == ConnectionStatus.Online))
        {
            _silence.Note(Now, isSo: false);
        }

        (_fenced.TryGetValue(definition, out var fenced) ? fenced : _fenced[definition] = new()).Note(Now, _cluster.IsFenced(definition));
        NoteUse(definition);
        NoteAdmissions(definition);
        NoteHung(definition);
        var resource = ScenarioSetup.Handle(_cluster.VolumeOf(definition));
        var (writers, isNews) = (0, false);
        foreach (var (number, node) in _cluster.Nodes)
        {
            var canWrite = _cluster.Storage.CanWrite(definition.Name, _cluster.Plan.Setup.LinstorName(number));
            writers += canWrite ? 1 : 0;
            isNews |= NoteLoss(definition, number, resource, node);
            NoteDenial(definition, number);
            isNews |= MuteOf(resource, node).Note(Now, !canWrite);
        }

        // A loss on one node may end the use that kept another from counting as lost.
        foreach (var (number, node) in isNews ? _cluster.Nodes : [])
        {
            NoteLoss(definition, number, resource, node);
        }

        foreach (var (number, node) in _cluster.Nodes)
        {
            HistoryOf((definition.Name, node), _rivalled).Note(Now, LossOf(resource, node).IsSo && HasRival(definition, _cluster.Plan.Setup.LinstorName(number)));
        }

        // A node that comes back from eviction was not healthy meanwhile.
        foreach (var node in _cluster.Nodes.Where(node => _cluster.Storage.FindNode(_cluster.Plan.Setup.LinstorName(node.Number)) is not { Evicted: true }))
        {
            LossOf(node).Note(Now, IsLost(node));
        }

        _storm.Note(Now, IsStorm());
        if (writers > 1)
        {
            Check(Apart, _cluster.MayDiverge(definition) || _cluster.Nodes.Any(node => !MuteOf(resource, node.Name).IsSo && KeepsQuorumByMemory(resource, node.Name)), definition.Name, $"{writers} nodes write to it");
        }
    }

    // A lost node counts until it is healthy again, even if no consumer remains there.
    private bool IsStorm()
    {
        foreach (var node in _cluster.Nodes)
        {
            if (LooksLost(node) || LookedFenced(node))
            {
                _unwell.Add(node.Name);
            }
            else if (_cluster.IsWell(node.Name) && _cluster.Controllers.All(controller => controller.FollowsLinstor) && !IsUnanswered(node.Number)) // who sees nothing does not see that it is well
            {
                _unwell.Remove(node.Name);
            }
        }

        // A node that has been off for long does not count, and the oracle does not know what observers remember of it.
        bool IsOff(string node) => _cluster.Storage.FindNode(_cluster.Kubernetes.LinstorNameOf(node)!) is { Status: ConnectionStatus.Offline };
        var (lost, of) = (_unwell.Count, _cluster.Storage.Nodes.Count(node => !node.Evicted));
        var (on, ofThose) = (_unwell.Count(node => !IsOff(node)), _cluster.Storage.Nodes.Count(node => node is { Evicted: false, Status: ConnectionStatus.Online }));
        return (lost >= 2 && lost > of * Settings.StormThreshold) || (on >= 2 && on > ofThose * Settings.StormThreshold);
    }

    // Whether LINSTOR has left requests about a resource there without an answer, or may not have been asked again since.
    private bool IsUnanswered(int number) => _unanswered.Any(one => one.Value.IsSo && _cluster.DefinitionOf(one.Key) is { } definition && ReplicaOn(definition, _cluster.Plan.Setup.LinstorName(number)) is not null);

    /// <summary>Whether the node counts as lost for every observer.</summary>
    private bool IsLost((int Number, string Name) node) => IsLost(node, volume => IsProved(ScenarioSetup.Handle(volume), node.Name));

    /// <summary>Whether the node may count as lost.</summary>
    private bool LooksLost((int Number, string Name) node) =>
        IsLost(node, volume => !IsContested(volume, node.Number) || _hung.Contains(_cluster.Plan.Setup.LinstorName(node.Number))); // peers may have outvoted its repeated state by now

    // A peer that may promote because its quorum policy was turned off looks like any other, until a process has read the policies afresh.
    private bool LookedFenced((int Number, string Name) node) => _fenced.Any(one => one.Value is { IsSo: false, EndedAt: { } ended } && Now - ended < Unseen
        && _cluster.VolumeOf(one.Key) is var volume && MuteOf(ScenarioSetup.Handle(volume), node.Name).IsSo && _cluster.HasUserOn(volume, node.Name)
        && one.Key.Listed.Any(replica => replica.Node.Name != _cluster.Plan.Setup.LinstorName(node.Number) && Known(replica)?.MayPromote == true));

    private bool IsLost((int Number, string Name) node, Func<int, bool> isBelieved)
    {
        // A node that an administrator or LINSTOR has given up is not a new loss.
        if (_cluster.Storage.FindNode(_cluster.Plan.Setup.LinstorName(node.Number)) is not { Evicted: false } listed)
        {
            return false;
        }

        var isLost = listed.Status == ConnectionStatus.Offline;
        for (var volume = 0; volume < _cluster.Plan.Setup.Volumes.Length && !isLost; volume++)
        {
            isLost = LossOf(ScenarioSetup.Handle(volume), node.Name).IsSo && MuteOf(ScenarioSetup.Handle(volume), node.Name).IsSo && _cluster.HasUserOn(volume, node.Name) && isBelieved(volume);
        }

        return isLost;
    }

    /// <summary>Whether LINSTOR's present knowledge makes it certain that a consumer on the node has lost the resource. Uses elsewhere that are over do not count.</summary>
    private bool IsLost(ResourceDefinition definition, int number, Func<Simulator.World.DrbdReplica, bool>? isOver = null, bool mayBeDeployed = false, bool mayBeFenced = false)
    {
        var name = _cluster.Plan.Setup.LinstorName(number);
        var own = ReplicaOn(definition, name);
        if (own is not null)
        {
            _deployed[(definition.Name, number)] = own.Node.Uuid;
        }
        else if (_cluster.Storage.FindNode(name) is { Status: ConnectionStatus.Online, Uuid: var uuid } && _deployed.GetValueOrDefault((definition.Name, number)) == uuid)
        {
            // LINSTOR removed it while the node was online, so a pod that is only starting there has nothing to lose.
            _deployed.Remove((definition.Name, number));
            _removed[(definition.Name, number)] = Now;
        }

        if (!(mayBeFenced || _cluster.IsFenced(definition)) || !(mayBeDeployed || _deployed.ContainsKey((definition.Name, number))) || (own is not null && Known(own)?.MayPromote == true && !_hung.Contains(name)))
        {
            return false;
        }

        // A use that a hung satellite repeats has ended, or is older than this one.
        var machine = _cluster.Storage.Machine(name);
        var isAnyPromotable = false;
        var links = new List<PeerConnection>();
        foreach (var replica in definition.Listed)
        {
            if (replica != own && Known(replica) is { MayPromote: true } promotable)
            {
                isAnyPromotable = true;
                foreach (var connection in promotable.Connections)
                {
                    if (connection.Peer == machine.Uname)
                    {
                        links.Add(connection);
                    }
                }
            }
        }

        return isAnyPromotable
            && !definition.Listed.Any(replica => replica != own && Known(replica)?.InUse == true && isOver?.Invoke(replica) is not true && !_hung.Contains(replica.Node.Name) && !IsOlderUse(definition, replica) && !IsLostThere(definition, replica.Node.Name))
            && ((own is null && _cluster.WasDeclaredLost(_cluster.Plan.Setup.NodeName(number))) // it counts as dead, whatever a satellite repeats about it
                || (!links.Exists(link => link.Message == "Connected") && (links.Count > 0 || machine.Status == ConnectionStatus.Offline)));
    }

    /// <summary>Whether LINSTOR has learned of a use elsewhere after it learned of this one: a volume with one writer was handed over meanwhile.</summary>
    private bool IsOlderUse(ResourceDefinition definition, Simulator.World.DrbdReplica replica) => _inUseSince.TryGetValue((definition.Name, replica.Node.Name), out var since)
        && _inUseSince.Any(use => use.Key.Definition == definition.Name && use.Key.Node != replica.Node.Name && use.Value > since);

    // If the other node has lost it too, its use is over.
    private bool IsLostThere(ResourceDefinition definition, string machine) =>
        _cluster.Nodes.FirstOrDefault(node => _cluster.Plan.Setup.LinstorName(node.Number) == machine) is { Name: { } name }
        && LossOf(ScenarioSetup.Handle(_cluster.VolumeOf(definition)), name).IsSo && MuteOf(ScenarioSetup.Handle(_cluster.VolumeOf(definition)), name).IsSo;

    private static ConditionHistory HistoryOf((string, string) key, Dictionary<(string, string), ConditionHistory> histories) => histories.TryGetValue(key, out var known) ? known : histories[key] = new();

    private List<string> LinksOf(ReplicaReport report, int number) =>
        [.. report.Connections.Where(connection => connection.Peer == _cluster.Plan.Setup.HostName(number)).Select(connection => connection.Message)];

    // Runs at every change of the storage world, like all that uses loops instead of LINQ here.
    private bool IsConnectedTo(ReplicaReport report, int number)
    {
        var host = _cluster.Plan.Setup.HostName(number);
        foreach (var connection in report.Connections)
        {
            if (connection.Message == "Connected" && connection.Peer == host)
            {
                return true;
            }
        }

        return false;
    }

    private static Simulator.World.DrbdReplica? ReplicaOn(ResourceDefinition definition, string name)
    {
        foreach (var replica in definition.Listed)
        {
            if (replica.Node.Name == name)
            {
                return replica;
            }
        }

        return null;
    }

    private static bool AreAllConnected(ReplicaReport report)
    {
        foreach (var connection in report.Connections)
        {
            if (connection.Message != "Connected")
            {
                return false;
            }
        }

        return true;
    }

    private ReplicaReport? Known(Simulator.World.DrbdReplica replica) => _cluster.Storage.Knowledge.About(replica);
}
