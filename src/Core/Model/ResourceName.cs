namespace Piraeus.HighAvailability.Core;

/// <summary>A LINSTOR resource definition. Compares without case, as LINSTOR does.</summary>
public readonly record struct ResourceName(string Value) : IComparable<ResourceName>
{
    public bool Equals(ResourceName other) => string.Equals(Value, other.Value, StringComparison.OrdinalIgnoreCase);

    public override int GetHashCode() => Value is null ? 0 : StringComparer.OrdinalIgnoreCase.GetHashCode(Value);

    public int CompareTo(ResourceName other) => StringComparer.OrdinalIgnoreCase.Compare(Value, other.Value);

    public override string ToString() => Value;
}
