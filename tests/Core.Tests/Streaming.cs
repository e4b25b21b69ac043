namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What the stream reports, regardless of the facts.</summary>
internal static class Streaming
{
    /// <summary>The stream reports the same of each of these nodes, whose names are letters.</summary>
    public static Scenario Stream(this Scenario scenario, string nodes, Promotability promotability) =>
        nodes.Aggregate(scenario, (next, node) => next.Observe(new Observation.PromotionChanged(Scenario.Pvc1, new($"{node}"), promotability)));
}
