namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Replaces equal strings that arrive repeatedly, such as names of nodes and namespaces, by one instance. Forgets strings that it has not seen lately.</summary>
internal sealed class SharedStrings
{
    private readonly string?[] _seen = new string?[1024];

    public string Share(string text)
    {
        // Two threads may disagree for a moment, and then hold a string each.
        ref var seen = ref _seen[(uint)text.GetHashCode() % (uint)_seen.Length];
        return seen == text ? seen : seen = text;
    }
}
