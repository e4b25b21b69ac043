using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>The metadata of every Kubernetes object. Times are measured since the world began.</summary>
/// <param name="Namespace">Empty for objects of the whole cluster.</param>
/// <param name="Name">Unique within kind and namespace at one time; a replacement may have the same name.</param>
public sealed record Metadata(string Namespace, string Name)
{
    /// <summary>The characters of generated names and hashes, as Kubernetes has them: without vowels, which might form words, and without digits that look like letters.</summary>
    internal const string NameCharacters = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>The uid of the incarnation; assigned by the store.</summary>
    public string Uid { get; init; } = "";

    /// <summary>The version of the whole store at which this object was last written; 0 if it was not written yet.</summary>
    public long Version { get; init; }

    /// <summary>When it was created; assigned by the store.</summary>
    public TimeSpan Created { get; init; }

    /// <summary>Since when it is terminating; null if it is not.</summary>
    public TimeSpan? Deleting { get; init; }

    /// <summary>Whether it was deleted without a grace period, so that no component waits for its kubelet.</summary>
    public bool DeletingAtOnce { get; init; }

    /// <summary>The labels, by which selectors find it.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = Nothing;

    /// <summary>The annotations.</summary>
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = Nothing;

    /// <summary>The finalizers that must be removed before it vanishes.</summary>
    public ImmutableArray<string> Finalizers { get; init; } = [];

    /// <summary>The object that recreates it, or is deleted with it; null if there is none.</summary>
    public Owner? Owner { get; init; }

    /// <summary>No labels, no annotations.</summary>
    public static ImmutableSortedDictionary<string, string> Nothing { get; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}

/// <summary>The controlling owner of an object, in the same namespace.</summary>
public sealed record Owner(string ApiVersion, string Kind, string Name, string Uid);

/// <summary>An object of the simulated API. Immutable: a change is a new object in the store.</summary>
public abstract record KubernetesObject(Metadata Metadata)
{
    /// <summary>Fields that a client has written through the API and the model does not use, as JSON; null if there are none.</summary>
    public string? UnsimulatedFields { get; init; }

    /// <summary>Its name within its kind: <c>namespace/name</c>, or the name alone.</summary>
    public string Key => KeyOf(Metadata.Namespace, Metadata.Name);

    /// <summary>Whether <paramref name="other"/> is the same incarnation.</summary>
    public bool Is(KubernetesObject other) => Metadata.Uid == other.Metadata.Uid;

    internal static string KeyOf(string ns, string name) => ns.Length == 0 ? name : $"{ns}/{name}";
}
