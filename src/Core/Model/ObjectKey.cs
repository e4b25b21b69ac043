namespace Piraeus.HighAvailability.Core;

/// <summary>Namespace and name of a namespaced Kubernetes object: a pod, or a PersistentVolumeClaim.</summary>
public readonly record struct ObjectKey(string Namespace, string Name) : IComparable<ObjectKey>
{
    public int CompareTo(ObjectKey other) =>
        string.CompareOrdinal(Namespace, other.Namespace) is not 0 and var order ? order : string.CompareOrdinal(Name, other.Name);

    public override string ToString() => $"{Namespace}/{Name}";
}
