using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>The pod template of a workload.</summary>
public sealed record PodTemplate(ImmutableSortedDictionary<string, string> Labels, ImmutableSortedDictionary<string, string> Annotations, PodSpec Spec)
{
    /// <summary>A pod that mounts these claims, without labels and annotations.</summary>
    public static PodTemplate With(params ReadOnlySpan<string> claims)
    {
        var mounts = ImmutableArray.CreateBuilder<ClaimMount>(claims.Length);
        foreach (var claim in claims)
        {
            mounts.Add(new(claim));
        }

        return new(Metadata.Nothing, Metadata.Nothing, new() { Claims = mounts.MoveToImmutable() });
    }
}

/// <summary>Pods with an identity: <c>NAME-0</c>, <c>NAME-1</c>, …, each with claims of its own (<c>CLAIM-NAME-0</c>), and never two with the same name.</summary>
public sealed record StatefulSet(Metadata Metadata, int Replicas, PodTemplate Template) : KubernetesObject(Metadata)
{
    /// <summary>Names of claim templates; each pod mounts one claim for each of them.</summary>
    public ImmutableArray<string> ClaimTemplates { get; init; } = [];

    /// <summary>How many of its pods are ready.</summary>
    public int ReadyReplicas { get; init; }
}

/// <summary>Pods without an identity, through a ReplicaSet.</summary>
public sealed record Deployment(Metadata Metadata, int Replicas, PodTemplate Template) : KubernetesObject(Metadata)
{
    /// <summary>How many of its pods are ready.</summary>
    public int ReadyReplicas { get; init; }
}

/// <summary>The ReplicaSet through which a Deployment keeps its pods.</summary>
public sealed record ReplicaSet(Metadata Metadata, int Replicas, PodTemplate Template) : KubernetesObject(Metadata)
{
    /// <summary>How many of its pods are ready.</summary>
    public int ReadyReplicas { get; init; }
}
