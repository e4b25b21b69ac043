using System.Collections.Immutable;
using System.Globalization;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>One fault of a scenario.</summary>
/// <param name="At">When it begins, since the start of the scenario.</param>
/// <param name="Kind">What fails.</param>
/// <param name="Target">A number that selects the node, process, workload or volume.</param>
/// <param name="Other">A number that selects a second node or another detail, where the kind needs one.</param>
/// <param name="Lasts">How long until it is undone; null if it never is.</param>
internal sealed partial record Fault(TimeSpan At, FaultKind Kind, int Target, int Other, TimeSpan? Lasts)
{
    /// <summary>Faults begin within this time, in seconds.</summary>
    private const double Last = 170;

    /// <summary>Targets are drawn from this many numbers.</summary>
    private const int Targets = 60;

    // LeaderBlind is drawn separately.
    private static readonly FaultKind[] Kinds = [.. Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.LeaderBlind)];

    /// <summary>Draws one to six faults, and recipes on top. They hit consumers more often than chance would.</summary>
    public static ImmutableArray<Fault> Draw(Random random, ScenarioSetup setup)
    {
        var faults = Enumerable.Range(0, random.Next(1, 7)).Select(number => Draw(random, number)).ToList();
        if (random.Next(15) == 0)
        {
            faults.AddRange(BelatedQuorum(random, setup, FaultKind.QuorumOff));
        }

        if (random.Next(15) == 0)
        {
            faults.AddRange(Storm(random, setup));
        }

        if (random.Next(8) == 0)
        {
            faults.AddRange(LastMoment(random, setup));
        }

        faults.AddRange(random.Next(32) switch
        {
            0 or 1 => OldWords(random),
            2 or 3 => Unheard(random),
            4 or 5 => GivenUp(random),
            6 or 7 => Slow(random),
            13 or 14 => Suspended(random, setup),
            8 when setup.QuorumFromController => BelatedQuorum(random, setup, FaultKind.NodeQuorumOff),
            9 or 10 or 11 or 12 when setup.Workloads.Any(workload => setup.IsMixed(workload)) => HalfLost(random, setup),
            _ => [],
        });

        if (random.Next(6) == 0)
        {
            faults.Add(new(TimeSpan.FromSeconds(Math.Round(5 + (random.NextDouble() * Last), 2)), FaultKind.LeaderBlind, 0, 0, null));
        }

        return [.. faults.OrderBy(fault => fault.At)];
    }

    private static Fault Draw(Random random, int number)
    {
        // Without a storage fault, nothing else matters.
        var kind = number == 0 ? (FaultKind)random.Next(4) : Kinds[random.Next(Kinds.Length)];
        var at = number == 0 ? 20 + (random.NextDouble() * 100) : 5 + (random.NextDouble() * Last);
        TimeSpan? lasts = random.Next(3) switch
        {
            0 => null,
            1 => TimeSpan.FromSeconds(Math.Round(random.NextDouble() * 15, 2)),
            _ => TimeSpan.FromSeconds(Math.Round(random.NextDouble() * 90, 2)),
        };
        return new(TimeSpan.FromSeconds(Math.Round(at, 2)), kind, random.Next(Targets), random.Next(Targets), lasts);
    }

    /// <summary>Whether the fault affects observers rather than storage. Such faults end before a scenario does, except for a leader that stays blind while another process does not.</summary>
    public bool IsBlindness => Kind is FaultKind.LinstorRestart or FaultKind.LinstorUnreachable or FaultKind.StreamDeaf or FaultKind.ApiUnreachable
        or FaultKind.AnswersLost or FaultKind.ApiRefuses or FaultKind.Killed or FaultKind.Frozen or FaultKind.FrozenAfterAsking or FaultKind.FrozenBeforeActing or FaultKind.Stopped or FaultKind.SatelliteHangs
        or FaultKind.DefinitionHangs or FaultKind.PolicyUnreadable or FaultKind.LinstorReachesNoSatellite;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{At.TotalSeconds:0.00} s {Kind} {Target} {Other}{(Lasts is { } lasts ? $" for {lasts.TotalSeconds:0.00} s" : "")}");
}
