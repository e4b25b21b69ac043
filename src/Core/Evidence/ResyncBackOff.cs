namespace Piraeus.HighAvailability.Core;

/// <summary>Skips resources whose requests keep failing: not at all after the first failure, then for two, four, eight … intervals.</summary>
internal sealed class ResyncBackOff(TimeSpan interval)
{
    private readonly Dictionary<ResourceName, (int Failures, Instant Until)> _failing = [];

    /// <summary>Whether the resource is skipped now.</summary>
    public bool Holds(ResourceName resource, Instant now) => _failing.TryGetValue(resource, out var failing) && now < failing.Until;

    /// <summary>One more failure.</summary>
    /// <returns>How many there have been in a row.</returns>
    public int Add(ResourceName resource, Instant now)
    {
        var failures = _failing.GetValueOrDefault(resource).Failures + 1;
        var pause = failures == 1 ? TimeSpan.Zero : interval * Math.Pow(2, Math.Min(failures - 1, 16));
        _failing[resource] = (failures, now + (pause < ResyncSchedule.LongestBackOff ? pause : ResyncSchedule.LongestBackOff));
        return failures;
    }

    /// <summary>Forgets the failures of one resource.</summary>
    public void Remove(ResourceName resource) => _failing.Remove(resource);

    /// <summary>Forgets the failures of all other resources.</summary>
    public void Keep(HashSet<ResourceName> resources)
    {
        foreach (var resource in _failing.Keys.Where(resource => !resources.Contains(resource)).ToList())
        {
            _failing.Remove(resource);
        }
    }

    /// <summary>Forgets all failures.</summary>
    public void Clear() => _failing.Clear();
}
