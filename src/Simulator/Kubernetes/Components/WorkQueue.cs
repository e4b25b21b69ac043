using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>A controller's work queue, with each key at most once; the earliest time counts.</summary>
internal sealed class WorkQueue(EventQueue eventQueue, Func<TimeSpan> delay, Action<string> sync)
{
    private readonly Dictionary<string, TimeSpan> _planned = new(StringComparer.Ordinal);

    /// <summary>Processes the key once the change that caused this has come through the watch.</summary>
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
        // An entry that an earlier one has replaced is void.
        if (_planned.TryGetValue(key, out var planned) && planned == at)
        {
            _planned.Remove(key);
            sync(key);
        }
    }
}
