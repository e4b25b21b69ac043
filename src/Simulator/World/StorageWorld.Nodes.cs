namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>What becomes of nodes in LINSTOR.</remarks>
public sealed partial class StorageWorld
{
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

    private void Remove(StorageNode node)
    {
        _nodes.Remove(node.Name);
        node.Session++;
        _network.Leave(node);
        SettleAll();
    }
}
