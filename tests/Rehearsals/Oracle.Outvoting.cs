using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Reports that contradict each other: which of them a controller may disregard, and since when.</content>
internal sealed partial class Oracle
{
    /// <summary>Whether LINSTOR's reports contradict a real loss, so that no observer of LINSTOR can count it.</summary>
    private bool IsContested(int volume, int number)
    {
        if (_cluster.Storage.FindDefinition(_cluster.Plan.Setup.Definition(volume)) is not { } definition)
        {
            return false;
        }

        var (own, others) = ReplicasFor(definition, number);
        return others.Exists(other => Known(other) is { PromotionScore: not 0 } known && IsConnectedTo(known, number))
            || (own is not null && Known(own) is { PromotionScore: not 0 } && !IsOutvoted((definition.Name, number)));
    }

    /// <summary>Tracks nodes whose own report claims health but must be stale, because every peer has contradicted it for long enough.</summary>
    private void NoteDenial(ResourceDefinition definition, int number)
    {
        var key = (definition.Name, number);
        var (own, others) = ReplicasFor(definition, number);
        NoteStatements(definition, number, own, others);
        if (!LossOf(ScenarioSetup.Handle(_cluster.VolumeOf(definition)), _cluster.Plan.Setup.NodeName(number)).IsSo && !_deniedSince.ContainsKey(key) && !_outvoted.Contains(key))
        {
            return;
        }

        if (IsOutvoted(key))
        {
            _outvoted.Add(key);
        }

        var statements = others.ConvertAll(other => Known(other) is { } known ? LinksOf(known, number) : null);
        if (statements.Exists(statement => statement?.Contains("Connected") == true))
        {
            _outvoted.Remove(key);
        }

        var admitsNothing = own is not null && Known(own) is { } said && AreAllConnected(said);
        // A denial from before the node's return may have been true then, and the node's own statement is newer.
        var isNews = _speaksSince.TryGetValue(key, out var spoke) && others.TrueForAll(other => _deniesSince.TryGetValue((definition.Name, number, other.Node.Name), out var denied) && denied >= spoke);
        if (!admitsNothing || !isNews || statements.Count == 0 || statements.Contains(null) || statements.Exists(statement => statement!.Contains("Connected")))
        {
            _deniedSince.Remove(key);
        }
        else
        {
            _deniedSince.TryAdd(key, Now);
        }
    }

    // Works like a process with a memory: silence changes no value, and a node that returns from silence makes a new statement.
    private void NoteStatements(ResourceDefinition definition, int number, Simulator.World.DrbdReplica? own, List<Simulator.World.DrbdReplica> others)
    {
        if (own is null || Known(own) is null)
        {
            _speaksSince.Remove((definition.Name, number));
        }
        else
        {
            _speaksSince.TryAdd((definition.Name, number), Now);
        }

        foreach (var other in others)
        {
            var key = (definition.Name, number, other.Node.Name);
            switch (Known(other) is { } known ? IsConnectedTo(known, number) : (bool?)null)
            {
                case true:
                    _deniesSince.Remove(key);
                    _connectsSince.TryAdd(key, Now);
                    break;
                case false:
                    _deniesSince.TryAdd(key, Now);
                    if (_connectsSince.Remove(key))
                    {
                        _disconnectedAt[key] = Now;
                    }

                    break;
            }
        }
    }

    private bool IsOutvoted((string, int) key) =>
        _outvoted.Contains(key) || (_deniedSince.TryGetValue(key, out var since) && Now - since > LongestDetection + Confirmed);

    /// <summary>The node's own replica, and the replicas of others that have a link to it.</summary>
    private (Simulator.World.DrbdReplica? Own, List<Simulator.World.DrbdReplica> Others) ReplicasFor(ResourceDefinition definition, int number)
    {
        var name = _cluster.Plan.Setup.LinstorName(number);
        var own = ReplicaOn(definition, name);
        var others = new List<Simulator.World.DrbdReplica>(definition.Listed.Count);
        foreach (var replica in definition.Listed)
        {
            if (replica != own && (replica.Kind == ReplicaKind.Diskful || own is null or { Kind: ReplicaKind.Diskful }))
            {
                others.Add(replica);
            }
        }

        return (own, others);
    }
}
