namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A rule was broken.</summary>
internal sealed class BrokenRuleException(string rule, string how) : Exception($"{rule}: {how}")
{
    public string Rule => rule;
}
