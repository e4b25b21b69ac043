namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>The true state, for observers outside the world.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>Both machines run and packets pass between them, whatever DRBD believes.</summary>
    public bool Reaches(string one, string other) => Node(one).Powered && Node(other).Powered && !_network.Severed(Node(one), Node(other));
}
