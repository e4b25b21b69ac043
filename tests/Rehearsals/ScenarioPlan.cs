using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Everything that a story is made of: played twice, it is the same story twice.</summary>
/// <param name="Seed">What the delays and the accidents of transport are drawn from.</param>
internal sealed record ScenarioPlan(int Seed, ScenarioSetup Cast, ImmutableArray<Fault> Faults)
{
    public static ScenarioPlan Of(int seed)
    {
        var random = new Random(seed);
        var cast = ScenarioSetup.Draw(random);
        return new(seed, cast, Fault.Draw(random, cast));
    }
}
