namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>What is true, for whoever watches the world from outside.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>Both machines run and packets pass between them, whatever DRBD believes.</summary>
    public bool Reaches(string one, string other) => Node(one).Powered && Node(other).Powered && !_network.Severed(Node(one), Node(other));

    /// <summary>The nodes that DRBD on a node believes to be connected to.</summary>
    public IEnumerable<StorageNode> PeersOf(Replica replica) => replica.Definition.ConnectedPeers(replica).Select(peer => peer.Node);
}
