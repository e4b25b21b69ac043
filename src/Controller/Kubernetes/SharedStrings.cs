namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Replaces equal strings that arrive repeatedly, such as names of nodes and namespaces, by one instance. Forgets strings that it has not seen lately.</summary>
internal sealed class SharedStrings
{
    private readonly string?[] _seen = new string?[1024];

    public string Share(string text)
    {
        // Read only once: another thread may put another string there at any time. Two threads may hold a string each for a while.
        ref var slot = ref _seen[(uint)text.GetHashCode() % (uint)_seen.Length];
        var seen = slot;
        if (seen == text)
        {
            return seen;
        }

        slot = text;
        return text;
    }
}
