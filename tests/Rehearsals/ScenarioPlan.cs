using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Everything that a scenario is made of: played twice, it is the same scenario twice.</summary>
/// <param name="Seed">What the delays and the accidents of transport are drawn from.</param>
internal sealed record ScenarioPlan(int Seed, ScenarioSetup Setup, ImmutableArray<Fault> Faults)
{
    public static ScenarioPlan Of(int seed)
    {
        var random = new Random(seed);
        var setup = ScenarioSetup.Draw(random);
        return new(seed, setup, Fault.Draw(random, setup));
    }
}
