using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>What every Kubernetes object has. Times are times since the world began.</summary>
/// <param name="Namespace">Empty for objects of the whole cluster.</param>
/// <param name="Name">Unique within kind and namespace at one time; a replacement may carry the same.</param>
public sealed record Metadata(string Namespace, string Name)
{
    /// <summary>The incarnation; given by the store.</summary>
    public string Uid { get; init; } = "";

    /// <summary>The version of the whole store at which this object was last written; 0 if it was not written yet.</summary>
    public long Version { get; init; }

    /// <summary>When it was created; given by the store.</summary>
    public TimeSpan Created { get; init; }

    /// <summary>Since when it is being deleted; null if it is not.</summary>
    public TimeSpan? Deleting { get; init; }

    /// <summary>Whether it was deleted without a grace period, so that nobody waits for its kubelet.</summary>
    public bool DeletingAtOnce { get; init; }

    /// <summary>What it is selected by.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = Nothing;

    /// <summary>What else is said about it.</summary>
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = Nothing;

    /// <summary>Who must let go before it can vanish.</summary>
    public ImmutableArray<string> Finalizers { get; init; } = [];

    /// <summary>The object that brings it back, or goes down with it; null if it stands for itself.</summary>
    public Owner? Owner { get; init; }

    /// <summary>No labels, no annotations.</summary>
    public static ImmutableSortedDictionary<string, string> Nothing { get; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}

/// <summary>The controlling owner of an object, in the same namespace.</summary>
public sealed record Owner(string ApiVersion, string Kind, string Name, string Uid);

/// <summary>An object of the simulated API. Immutable: a change is a new object in the store.</summary>
public abstract record KubernetesObject(Metadata Metadata)
{
    /// <summary>Its name within its kind: <c>namespace/name</c>, or the name alone.</summary>
    public string Key => KeyOf(Metadata.Namespace, Metadata.Name);

    /// <summary>Whether <paramref name="other"/> is the same incarnation.</summary>
    public bool Is(KubernetesObject other) => Metadata.Uid == other.Metadata.Uid;

    internal static string KeyOf(string ns, string name) => ns.Length == 0 ? name : $"{ns}/{name}";
}
