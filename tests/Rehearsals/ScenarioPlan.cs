using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Everything that determines a scenario: the same plan always runs the same way.</summary>
/// <param name="Seed">The seed of the delays and other network noise.</param>
internal sealed record ScenarioPlan(int Seed, ScenarioSetup Setup, ImmutableArray<Fault> Faults)
{
    public static ScenarioPlan Of(int seed)
    {
        var random = new Random(seed);
        var setup = ScenarioSetup.Draw(random);
        return new(seed, setup, Fault.Draw(random, setup));
    }
}
