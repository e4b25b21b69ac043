using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>What an administrator, or LINSTOR by itself, does to definitions, replicas and nodes.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>Creates a resource the way it happens: DRBD comes up step by step, and the new data is current at the end.</summary>
    /// <inheritdoc cref="AddResource"/>
    public ResourceDefinition CreateResource(string name, IReadOnlyList<string> diskful, string? tieBreaker = null, string? group = null)
    {
        var definition = AddDefinition(name, group);
        Place(definition, diskful, ReplicaKind.Diskful);
        Place(definition, tieBreaker is null ? [] : [tieBreaker], ReplicaKind.TieBreaker);
        ChooseQuorum(definition);
        definition.Members.ForEach(Appear);
        Agenda.After(2 * Timings.Deploy, () => BringUp(definition));
        return definition;
    }

    /// <summary>Adds a replica to an existing resource; a diskful one is then synchronised from its peers.</summary>
    public Replica AddReplica(string resource, string node, ReplicaKind kind = ReplicaKind.Diskful)
    {
        var definition = Definition(resource);
        Place(definition, [node], kind);
        var replica = definition.Members[^1];
        ChooseQuorum(definition);
        Appear(replica);
        Agenda.After(2 * Timings.Deploy, () =>
        {
            replica.Up = definition.Members.Contains(replica);
            Settle(definition);
        });
        return replica;
    }

    /// <summary>Deletes a replica: first DRBD goes down, then the storage, then LINSTOR forgets it. On an offline node it stays listed until the node returns.</summary>
    /// <returns>False, and nothing happens, if the replica is in use as far as LINSTOR knows.</returns>
    public bool DeleteReplica(string resource, string node)
    {
        var replica = FindReplica(resource, node) ?? throw new ArgumentException($"There is no replica of {resource} on {node}.");
        if (Knowledge.About(replica)?.InUse == true)
        {
            return false;
        }

        replica.DrbdDeleting = true;
        ChooseQuorum(replica.Definition);
        if (replica.Node.Status == ConnectionStatus.Online)
        {
            TakeDown(replica);
        }
        else
        {
            (replica.Deleting, replica.Estranged) = (true, true);
        }

        Settle(replica.Definition);
        return true;
    }

    /// <summary>Deletes a definition with all its replicas; it is gone once the last of them is.</summary>
    /// <returns>False, and nothing happens, if a replica is in use as far as LINSTOR knows.</returns>
    public bool DeleteDefinition(string resource)
    {
        var definition = Definition(resource);
        if (definition.Listed.Any(replica => Knowledge.About(replica)?.InUse == true))
        {
            return false;
        }

        definition.Deleting = true;
        foreach (var replica in definition.Listed.ToList())
        {
            DeleteReplica(resource, replica.Node.Name);
        }

        DropIfEmpty(definition);
        return true;
    }

    /// <summary>Sets (or, with null, removes) a property of a definition. Setting quorum makes it the user's.</summary>
    public void SetDefinitionProperty(string resource, string key, string? value)
    {
        Write(Definition(resource).Properties, key, value);
        SettleAll();
    }

    /// <summary>Sets (or, with null, removes) a property of a group. Setting quorum makes LINSTOR withdraw its own choice from the group's definitions.</summary>
    public void SetGroupProperty(string group, string key, string? value)
    {
        Write((FindGroup(group) ?? throw new ArgumentException($"There is no resource group {group}.")).Properties, key, value);
        WithdrawAutomaticQuorum(key, _definitions.Values.Where(definition => string.Equals(definition.Group.Name, group, StringComparison.OrdinalIgnoreCase)));
        SettleAll();
    }

    /// <summary>Sets (or, with null, removes) a property of the controller. Setting quorum makes LINSTOR withdraw its own choice from all definitions.</summary>
    public void SetControllerProperty(string key, string? value)
    {
        Write(ControllerProperties, key, value);
        WithdrawAutomaticQuorum(key, _definitions.Values);
        SettleAll();
    }

    /// <summary>Sets a property of a node.</summary>
    public void SetNodeProperty(string node, string key, string value)
    {
        var before = Node(node).Describe();
        Node(node).SetProperty(key, value);
        NodeChanged?.Invoke(new("node-modified", Node(node).Describe(), before));
    }

    /// <summary>LINSTOR gives up a node: its resources vanish, and nobody is told.</summary>
    /// <returns>False, and nothing happens, while its satellite is connected.</returns>
    public bool LoseNode(string node)
    {
        var lost = Node(node);
        if (lost.Status != ConnectionStatus.Offline)
        {
            return false;
        }

        foreach (var replica in ReplicasOn(lost))
        {
            (replica.Estranged, replica.Forgotten) = (true, true);
            Knowledge.Drop(replica);
            ChooseQuorum(replica.Definition);
        }

        Remove(lost);
        return true;
    }

    /// <summary>Deletes a node that has no replicas.</summary>
    /// <returns>False, and nothing happens, if it has some.</returns>
    public bool DeleteNode(string node)
    {
        var deleted = Node(node);
        if (ReplicasOn(deleted).Exists(replica => !replica.Forgotten))
        {
            return false;
        }

        Remove(deleted);
        NodeChanged?.Invoke(new("node-delete", deleted.Describe()));
        return true;
    }

    /// <summary>LINSTOR evicts a node that has been offline for long; here nothing replaces its replicas.</summary>
    /// <returns>False, and nothing happens, while its satellite is connected.</returns>
    public bool Evict(string node)
    {
        var evicted = Node(node);
        if (evicted.Status != ConnectionStatus.Offline || evicted.Evicted)
        {
            return false;
        }

        evicted.Flag("DELETE", "EVICTED");
        foreach (var replica in ReplicasOn(evicted))
        {
            replica.Estranged = true;
            ChooseQuorum(replica.Definition);
        }

        NodeChanged?.Invoke(new("node-evicted", evicted.Describe()));
        SettleAll();
        return true;
    }

    private static void Write(SortedDictionary<string, string> properties, string key, string? value)
    {
        if (value is null)
        {
            properties.Remove(key);
        }
        else
        {
            properties[key] = value;
        }

        if (key == QuorumPolicy.Key)
        {
            Write(properties, QuorumPolicy.SetByKey, value is null ? null : "user");
        }
    }

    private static void WithdrawAutomaticQuorum(string key, IEnumerable<ResourceDefinition> definitions)
    {
        foreach (var definition in definitions.Where(definition => key == QuorumPolicy.Key && !definition.Properties.ContainsKey(QuorumPolicy.SetByKey)))
        {
            definition.Properties.Remove(QuorumPolicy.Key);
        }
    }

    private string? Option(ResourceDefinition definition, string key) =>
        definition.Properties.GetValueOrDefault(key) ?? definition.Group.Properties.GetValueOrDefault(key) ?? ControllerProperties.GetValueOrDefault(key);

    /// <summary>LINSTOR's automatic pass over a definition whose replicas have changed.</summary>
    private void ChooseQuorum(ResourceDefinition definition)
    {
        if (!definition.IsDrbd || definition.Properties.ContainsKey(QuorumPolicy.SetByKey))
        {
            return;
        }

        ImmutableArray<SortedDictionary<string, string>> above = [definition.Group.Properties, ControllerProperties];
        var chosenByUser = above.FirstOrDefault(properties => properties.ContainsKey(QuorumPolicy.SetByKey));
        var counted = definition.Members.FindAll(replica => replica is { Estranged: false, DrbdDeleting: false });
        definition.Properties[QuorumPolicy.Key] = chosenByUser?[QuorumPolicy.Key]
            ?? QuorumPolicy.Automatic(counted.Count(replica => !replica.Diskless), counted.Count(replica => replica.Diskless));
    }

    /// <summary>DRBD's first line about a new object says no, whatever comes later.</summary>
    private void Appear(Replica replica) => Agenda.After(Timings.Deploy, () =>
    {
        if (replica.Definition.IsDrbd && Reports(replica))
        {
            Knowledge.Learn(replica, ReplicaReport.Fresh with { MayPromote = false, PromotionScore = 0 });
        }
    });

    private void TakeDown(Replica replica)
    {
        Agenda.After(Timings.Deploy, () =>
        {
            (replica.Up, replica.Role) = (false, DrbdRole.Secondary);
            (replica.Deleting, replica.Estranged) = (true, true);
            if (Reports(replica))
            {
                Knowledge.Forget(replica);
            }

            Settle(replica.Definition);
        });
        Agenda.After(2 * Timings.Deploy, () => Erase(replica));
    }

    private void FinishDeletions(StorageNode node)
    {
        foreach (var replica in ReplicasOn(node).FindAll(replica => replica is { DrbdDeleting: true, Forgotten: false }))
        {
            TakeDown(replica);
        }
    }

    private void Erase(Replica replica)
    {
        if (replica.Node.SatelliteReachable)
        {
            replica.Definition.Members.Remove(replica);
            Knowledge.Drop(replica);
            DropIfEmpty(replica.Definition);
        }
    }

    private void DropIfEmpty(ResourceDefinition definition)
    {
        if (definition.Deleting && !definition.Listed.Any())
        {
            _definitions.Remove(definition.Name);
        }
    }

    private void Remove(StorageNode node)
    {
        _nodes.Remove(node.Name);
        node.Session++;
        _network.Leave(node);
        SettleAll();
    }
}
