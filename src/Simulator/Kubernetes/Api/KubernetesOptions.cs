namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>How a Kubernetes API server is set up; fixed while it lives.</summary>
public sealed record KubernetesOptions
{
    /// <summary>The port on loopback; 0 lets the system choose.</summary>
    public int Port { get; init; }

    /// <summary>What drives the world already, if another server of the same world does; null if this one is to.</summary>
    public WorldClock? Clock { get; init; }

    /// <summary>The date at which the world began; null if its present is now.</summary>
    public DateTimeOffset? Began { get; init; }

    /// <summary>The bearer token that everyone has to show; null if nobody has to. With one the API is HTTPS, because kubectl shows no token elsewhere.</summary>
    public string? Token { get; init; }

    /// <summary>How often a watch is told the present version, if it allows that.</summary>
    public TimeSpan BookmarkPeriod { get; init; } = TimeSpan.FromMinutes(1);
}
