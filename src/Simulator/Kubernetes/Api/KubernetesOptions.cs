namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The settings of a Kubernetes API server; fixed during its lifetime.</summary>
public sealed record KubernetesOptions
{
    /// <summary>The port on loopback; 0 lets the system choose.</summary>
    public int Port { get; init; }

    /// <summary>The clock that already drives the world, if another server shares it; null if this server drives it.</summary>
    public WorldClock? Clock { get; init; }

    /// <summary>The wall-clock time at which the world began; null if its present is now.</summary>
    public DateTimeOffset? Began { get; init; }

    /// <summary>The bearer token that every client must send; null for none. With a token the API is HTTPS, because kubectl sends tokens only there.</summary>
    public string? Token { get; init; }

    /// <summary>Whether a watch may begin with all objects (the feature gate WatchList): on in Kubernetes 1.32, off in 1.33, on since 1.34.</summary>
    public bool StreamsLists { get; init; } = true;

    /// <summary>The interval of bookmarks on watches that allow them.</summary>
    public TimeSpan BookmarkPeriod { get; init; } = TimeSpan.FromMinutes(1);
}
