using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>What a controller has to look at, each name once: the soonest wish counts.</summary>
internal sealed class WorkQueue(EventQueue eventQueue, Func<TimeSpan> delay, Action<string> sync)
{
    private readonly Dictionary<string, TimeSpan> _planned = new(StringComparer.Ordinal);

    /// <summary>Looks at it once the change that caused this has come through the watch.</summary>
    public void Add(string key) => AddAfter(key, delay());

    public void AddAfter(string key, TimeSpan wait)
    {
        var at = eventQueue.Now + wait;
        if (_planned.TryGetValue(key, out var sooner) && sooner <= at)
        {
            return;
        }

        _planned[key] = at;
        eventQueue.At(at, () => Run(key, at));
    }

    private void Run(string key, TimeSpan at)
    {
        // What was planned for later, before a sooner wish came, is void.
        if (_planned.TryGetValue(key, out var planned) && planned == at)
        {
            _planned.Remove(key);
            sync(key);
        }
    }
}
