namespace Piraeus.HighAvailability.Core;

/// <summary>A node, as LINSTOR or Kubernetes spells it.</summary>
/// <remarks>
/// LINSTOR compares names without case and answers in the spelling used at creation; Kubernetes allows lower case only.
/// Comparing without case is therefore right for both.
/// </remarks>
public readonly record struct NodeName(string Value) : IComparable<NodeName>
{
    public bool Equals(NodeName other) => string.Equals(Value, other.Value, StringComparison.OrdinalIgnoreCase);

    public override int GetHashCode() => Value is null ? 0 : StringComparer.OrdinalIgnoreCase.GetHashCode(Value);

    public int CompareTo(NodeName other) => StringComparer.OrdinalIgnoreCase.Compare(Value, other.Value);

    public override string ToString() => Value;
}

/// <summary>A LINSTOR resource definition. Compares without case, as LINSTOR does.</summary>
public readonly record struct ResourceName(string Value) : IComparable<ResourceName>
{
    public bool Equals(ResourceName other) => string.Equals(Value, other.Value, StringComparison.OrdinalIgnoreCase);

    public override int GetHashCode() => Value is null ? 0 : StringComparer.OrdinalIgnoreCase.GetHashCode(Value);

    public int CompareTo(ResourceName other) => StringComparer.OrdinalIgnoreCase.Compare(Value, other.Value);

    public override string ToString() => Value;
}

/// <summary>Namespace and name of a namespaced Kubernetes object: a pod, or a PersistentVolumeClaim.</summary>
public readonly record struct ObjectKey(string Namespace, string Name) : IComparable<ObjectKey>
{
    public int CompareTo(ObjectKey other) =>
        string.CompareOrdinal(Namespace, other.Namespace) is not 0 and var order ? order : string.CompareOrdinal(Name, other.Name);

    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>The identity of one incarnation of a Kubernetes object: a replacement of the same name has another.</summary>
public readonly record struct Uid(string Value)
{
    public override string ToString() => Value;
}
