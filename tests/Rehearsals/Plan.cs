using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Everything that a story is made of: played twice, it is the same story twice.</summary>
/// <param name="Seed">What the delays and the accidents of transport are drawn from.</param>
internal sealed record Plan(int Seed, Cast Cast, ImmutableArray<Fault> Faults)
{
    public static Plan Of(int seed)
    {
        var random = new Random(seed);
        var cast = Cast.Draw(random);
        return new(seed, cast, Fault.Draw(random, cast));
    }
}
