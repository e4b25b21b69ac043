namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>What a measurement may want to vary about the control plane; the defaults suit every test.</summary>
public sealed record ControlPlaneOptions
{
    /// <summary>Requests per second that controller manager and scheduler allow themselves; their own 20 and 50 would dominate every measurement.</summary>
    public int ComponentQps { get; init; } = 500;

    /// <summary>No controller manager and no scheduler, so that nothing happens but what is asked for, and no audit log.</summary>
    public bool OnlyApiServer { get; init; }

    public IReadOnlyList<string> ControllerManagerFlags { get; init; } = [];
}
