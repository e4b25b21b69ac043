namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>Changes to definitions and replicas by an administrator, or by LINSTOR itself.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>Creates a resource step by step, as LINSTOR does: DRBD comes up, and the new data is current at the end.</summary>
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

    /// <summary>Adds a replica to an existing resource; a diskful one then synchronises from its peers.</summary>
    public DrbdReplica AddReplica(string resource, string node, ReplicaKind kind = ReplicaKind.Diskful)
    {
        var definition = Definition(resource);
        Place(definition, [node], kind);
        var replica = definition.Members[^1];
        ChooseQuorum(definition);
        Appear(replica);
        Settle(definition); // its peers learn of the new member at once
        EventQueue.After(2 * Timings.Deploy, () => ComeUp(replica));
        return replica;
    }

    /// <summary>Deletes a replica: DRBD goes down, the storage is removed, and LINSTOR forgets it. On an offline node it stays listed until the node returns.</summary>
    /// <returns>False, without any change, if the replica is in use as far as LINSTOR knows.</returns>
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
    /// <returns>False, without any change, if a replica is in use as far as LINSTOR knows.</returns>
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

    /// <summary>Reports a new DRBD object: its first line says that it may not be promoted, whatever follows.</summary>
    private void Appear(DrbdReplica replica) => EventQueue.After(Timings.Deploy, () =>
    {
        if (replica.Definition.IsDrbd && Reports(replica))
        {
            Knowledge.Learn(replica, ReplicaReport.Fresh with { MayPromote = false, PromotionScore = 0 });
        }
    });

    // A node that does not take orders applies the change when it does again.
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

    /// <summary>Carries out the operations that LINSTOR could not run on a node while its satellite was away.</summary>
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
