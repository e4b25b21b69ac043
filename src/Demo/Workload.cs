namespace Piraeus.HighAvailability.Demo;

/// <summary>A pod of the demo, and the case it demonstrates.</summary>
/// <param name="Name">Its StatefulSet; the pod is <c>shop/NAME-0</c>.</param>
/// <param name="Home">Its first node.</param>
/// <param name="Diskful">The nodes that hold its data.</param>
/// <param name="TieBreaker">A diskless node that breaks ties; null if none is needed.</param>
/// <param name="OptedIn">Whether its pod has the label.</param>
/// <param name="Annotated">Whether its pod carries the annotation that exempts it.</param>
/// <param name="About">The page's description of it.</param>
internal sealed record Workload(string Name, string Home, IReadOnlyList<string> Diskful, string? TieBreaker, bool OptedIn, bool Annotated, string About)
{
    public const string Namespace = "shop";

    /// <summary>The label of pods that the controller may move.</summary>
    public const string OptInLabel = "linstor.csi.linbit.com/on-storage-lost";

    /// <summary>The workloads: two that can be moved, one that must not be moved, one that has opted out, and one on another node.</summary>
    public static IReadOnlyList<Workload> All { get; } =
    [
        new("db", "node-a", ["node-a", "node-b", "node-c"], null, true, false, "three replicas, quorum majority, opted in"),
        new("queue", "node-a", ["node-a", "node-b"], "node-d", true, false, "two replicas and a tie-breaker, quorum majority, opted in"),
        new("cache", "node-a", ["node-a", "node-b"], null, true, false, "two replicas and no quorum policy, opted in: nothing would fence its old node"),
        new("archive", "node-a", ["node-a", "node-b", "node-c"], null, true, true, "three replicas, opted in, but annotated to be left alone"),
        new("web", "node-b", ["node-a", "node-b", "node-c"], null, true, false, "three replicas, quorum majority, opted in"),
    ];

    /// <summary>The pod's name.</summary>
    public string Pod => $"{Name}-0";

    /// <summary>The pod's namespace and name.</summary>
    public string FullName => $"{Namespace}/{Pod}";

    /// <summary>The LINSTOR resource definition behind its volume.</summary>
    public string Resource => $"pvc-{Name}";

    /// <summary>Whether it is moved when its node is lost.</summary>
    public bool Moves => OptedIn && !Annotated && (TieBreaker is not null || Diskful.Count > 2);
}
