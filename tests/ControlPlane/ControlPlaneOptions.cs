namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>Settings of the control plane that a measurement may vary; the defaults suit every test.</summary>
public sealed record ControlPlaneOptions
{
    /// <summary>Requests per second that controller manager and scheduler allow themselves; their own limits of 20 and 50 would dominate every measurement.</summary>
    public int ComponentQps { get; init; } = 500;

    /// <summary>Runs no controller manager and no scheduler, so that only explicit requests have effects, and writes no audit log.</summary>
    public bool OnlyApiServer { get; init; }

    public IReadOnlyList<string> ControllerManagerFlags { get; init; } = [];
}
