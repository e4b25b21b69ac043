using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>The pod template of a workload.</summary>
public sealed record PodTemplate(ImmutableSortedDictionary<string, string> Labels, ImmutableSortedDictionary<string, string> Annotations, PodSpec Spec)
{
    /// <summary>The label with which a ReplicaSet marks its pods; it does not belong to the Deployment's template.</summary>
    public const string HashLabel = "pod-template-hash";

    private static readonly ConditionalWeakTable<PodTemplate, string> _hashes = [];

    /// <summary>A hash of the content, apart from <see cref="HashLabel"/>: two templates with the same hash make the same pods.</summary>
    public string Hash => _hashes.GetValue(this, ComputeHash);

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

    private static string ComputeHash(PodTemplate template)
    {
        var spec = template.Spec;
        var content = string.Join('\n',
        [
            .. template.Labels.Remove(HashLabel).Select(label => $"label {label}"),
            .. template.Annotations.Select(annotation => $"annotation {annotation}"),
            .. spec.Claims.Select(mount => $"claim {mount}"),
            .. spec.Tolerations.Select(key => $"toleration {key}"),
            $"{spec.NodeName} {spec.Image} {spec.Priority} {spec.GracePeriod} {spec.UnsimulatedFields}",
        ]);
        return string.Concat(SHA256.HashData(Encoding.UTF8.GetBytes(content)).Take(10).Select(part => Metadata.NameCharacters[part % Metadata.NameCharacters.Length]));
    }
}

/// <summary>How far a changed template is rolled out.</summary>
/// <param name="From">The hash of the template whose pods are replaced.</param>
/// <param name="Updated">How many pods are of the new template.</param>
/// <param name="Outdated">How many are not.</param>
public sealed record Rollout(string From, int Updated, int Outdated);

/// <summary>Pods with an identity: <c>NAME-0</c>, <c>NAME-1</c>, …, each with claims of its own (<c>CLAIM-NAME-0</c>), and never two with the same name.</summary>
public sealed record StatefulSet(Metadata Metadata, int Replicas, PodTemplate Template) : KubernetesObject(Metadata)
{
    /// <summary>The name of its template's revision.</summary>
    public string Revision => RevisionOf(Template.Hash);

    /// <summary>Names of claim templates; each pod mounts one claim for each of them.</summary>
    public ImmutableArray<string> ClaimTemplates { get; init; } = [];

    /// <summary>How many of its pods are ready.</summary>
    public int ReadyReplicas { get; init; }

    /// <summary>The progress of a changed template; null if all pods are of the present one.</summary>
    public Rollout? Rollout { get; init; }

    /// <summary>The name of the revision of a template with that hash.</summary>
    public string RevisionOf(string hash) => $"{Metadata.Name}-{hash}";
}

/// <summary>Pods without an identity, through a ReplicaSet.</summary>
public sealed record Deployment(Metadata Metadata, int Replicas, PodTemplate Template) : KubernetesObject(Metadata)
{
    /// <summary>How many of its pods are ready.</summary>
    public int ReadyReplicas { get; init; }

    /// <summary>The progress of a changed template; null if all pods are of the present one.</summary>
    public Rollout? Rollout { get; init; }
}

/// <summary>A ReplicaSet through which a Deployment keeps its pods.</summary>
public sealed record ReplicaSet(Metadata Metadata, int Replicas, PodTemplate Template) : KubernetesObject(Metadata)
{
    /// <summary>How many of its pods are ready.</summary>
    public int ReadyReplicas { get; init; }
}
