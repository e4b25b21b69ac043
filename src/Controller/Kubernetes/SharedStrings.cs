namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Lets equal strings that are told over and over, such as the names of nodes and namespaces, be one. Forgets what it has not seen lately.</summary>
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
