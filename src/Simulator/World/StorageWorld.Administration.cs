namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>What an administrator, or LINSTOR by itself, does to definitions and replicas.</remarks>
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
        EventQueue.After(2 * Timings.Deploy, () => BringUp(definition));
        return definition;
    }

    /// <summary>Adds a replica to an existing resource; a diskful one is then synchronised from its peers.</summary>
    public DrbdReplica AddReplica(string resource, string node, ReplicaKind kind = ReplicaKind.Diskful)
    {
        var definition = Definition(resource);
        Place(definition, [node], kind);
        var replica = definition.Members[^1];
        ChooseQuorum(definition);
        Appear(replica);
        Settle(definition); // its peers are told at once that they have one more
        EventQueue.After(2 * Timings.Deploy, () => ComeUp(replica));
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
        if (replica.Node is { Status: ConnectionStatus.Online, SatelliteHangs: true })
        {
            replica.Estranged = true; // LINSTOR waits for an answer that does not come
        }
        else if (replica.Node.Status == ConnectionStatus.Online)
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

    /// <summary>DRBD's first line about a new object says no, whatever comes later.</summary>
    private void Appear(DrbdReplica replica) => EventQueue.After(Timings.Deploy, () =>
    {
        if (replica.Definition.IsDrbd && Reports(replica))
        {
            Knowledge.Learn(replica, ReplicaReport.Fresh with { MayPromote = false, PromotionScore = 0 });
        }
    });

    // A node that does not take orders follows when it does again.
    private void ComeUp(DrbdReplica replica)
    {
        if (replica is { Up: false, DrbdDeleting: false, Forgotten: false, Node.TakesOrders: true } && replica.Definition.Members.Contains(replica))
        {
            replica.Up = true;
            Settle(replica.Definition);
        }
    }

    private void TakeDown(DrbdReplica replica) => EventQueue.After(Timings.Deploy, () =>
    {
        (replica.Deleting, replica.Estranged) = (true, true);
        if (!replica.Node.TakesOrders || replica.Forgotten)
        {
            return;
        }

        if (replica.Role == DrbdRole.Primary)
        {
            TakeDown(replica); // DRBD refuses while it is in use
            return;
        }

        replica.Up = false;
        Knowledge.Forget(replica);
        Settle(replica.Definition);
        EventQueue.After(Timings.Deploy, () => Erase(replica));
    });

    /// <summary>What LINSTOR could not have done on a node, because its satellite was away, is done now.</summary>
    private void FinishOrders(StorageNode node)
    {
        foreach (var replica in ReplicasOn(node).FindAll(replica => !replica.Forgotten))
        {
            if (replica.DrbdDeleting)
            {
                TakeDown(replica);
            }
            else if (!replica.Up)
            {
                EventQueue.After(Timings.Deploy, () => ComeUp(replica));
            }
        }
    }

    private void Erase(DrbdReplica replica)
    {
        if (replica.Node.SatelliteReachable)
        {
            replica.Definition.Members.Remove(replica);
            Knowledge.Drop(replica);
            DropIfEmpty(replica.Definition);
            Settled?.Invoke(replica.Definition);
        }
    }

    private void DropIfEmpty(ResourceDefinition definition)
    {
        if (definition.Deleting && !definition.Listed.Any())
        {
            _definitions.Remove(definition.Name);
        }
    }
}
