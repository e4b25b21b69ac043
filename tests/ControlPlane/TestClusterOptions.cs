namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>Settings in which a cluster may differ from the default.</summary>
public sealed record TestClusterOptions
{
    /// <summary>The short names of the nodes.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = ["a", "b", "c", "d", "e"];

    /// <summary>Returns the LINSTOR name of a Kubernetes node.</summary>
    public Func<string, string> LinstorName { get; init; } = node => node;
}
