namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>What is true, for whoever watches the world from outside.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>Both machines run and packets pass between them, whatever DRBD believes.</summary>
    public bool Reaches(string one, string other) => Node(one).Powered && Node(other).Powered && !_network.Severed(Node(one), Node(other));
}
