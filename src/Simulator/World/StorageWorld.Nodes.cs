namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>Operations on nodes in LINSTOR.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>Sets (or, with null, removes) a property of a node.</summary>
    public void SetNodeProperty(string node, string key, string? value)
    {
        var before = Node(node).Describe();
        Node(node).SetProperty(key, value);
        NodeChanged?.Invoke(new("node-modified", Node(node).Describe(), before));
        SettleAll();
    }

    /// <summary>Declares a node lost: its resources vanish without an event. Connected satellites remove its replicas from DRBD's configuration; a machine that lives goes on as before.</summary>
    /// <returns>False, without any change, while its satellite is connected.</returns>
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

        lost.DeclaredLost = true;
        _lost[lost.Name] = lost;
        Remove(lost);
        return true;
    }

    /// <summary>Deletes a node that has no replicas.</summary>
    /// <returns>False, without any change, if it has some.</returns>
    public bool DeleteNode(string node)
    {
        var deleted = Node(node);
        if (ReplicasOn(deleted).Exists(replica => !replica.Forgotten))
        {
            return false;
        }

        if (ReplicasOn(deleted).Count == 0)
        {
            _network.Leave(deleted);
        }
        else
        {
            deleted.DeclaredLost = true;
            _lost[deleted.Name] = deleted; // replicas that LINSTOR has forgotten may still run there
        }

        Remove(deleted);
        NodeChanged?.Invoke(new("node-delete", deleted.Describe()));
        return true;
    }

    /// <summary>LINSTOR evicts a node that has been offline for long; the simulation does not replace its replicas.</summary>
    /// <returns>False, without any change, while its satellite is connected.</returns>
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

    /// <summary>An administrator restores an evicted node: its replicas are members again.</summary>
    /// <returns>False, without any change, if it is not evicted.</returns>
    public bool RestoreNode(string node)
    {
        var restored = Node(node);
        if (!restored.Evicted)
        {
            return false;
        }

        var before = restored.Describe();
        restored.Unflag();
        foreach (var replica in ReplicasOn(restored).FindAll(replica => replica is { Forgotten: false, Deleting: false }))
        {
            replica.Estranged = false;
            ChooseQuorum(replica.Definition);
        }

        NodeChanged?.Invoke(new("node-modified", restored.Describe(), before));
        _satelliteSessions.Reconsider(restored);
        SettleAll();
        return true;
    }

    private void Remove(StorageNode node)
    {
        _nodes.Remove(node.Name);
        node.Session++;
        SettleAll();
    }
}
