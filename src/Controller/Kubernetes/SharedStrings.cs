namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Replaces equal strings that arrive repeatedly, such as names of nodes and namespaces, by one instance. Forgets strings that it has not seen lately.</summary>
internal sealed class SharedStrings
{
    /// <summary>How many strings are remembered: one for each remainder of a hash code.</summary>
    internal const int Places = 1024;

    private readonly string?[] _seen = new string?[Places];

    public string Share(string text)
    {
        // Read only once: another thread may put another string there at any time. Two threads may hold a string each for a while.
        ref var slot = ref _seen[(uint)text.GetHashCode() % Places];
        var seen = slot;
        if (seen == text)
        {
            return seen;
        }

        slot = text;
        return text;
    }
}
