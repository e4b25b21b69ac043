namespace Piraeus.HighAvailability.Core;

/// <summary>The identity of one incarnation of a Kubernetes object: a replacement of the same name has another.</summary>
public readonly record struct Uid(string Value)
{
    public override string ToString() => Value;
}
