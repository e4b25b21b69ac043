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
