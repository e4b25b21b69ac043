using System.Collections.Immutable;
using System.Globalization;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>What can go wrong. Each lasts for a while, and then is undone, unless it says otherwise.</summary>
internal enum FaultKind
{
    /// <summary>A machine loses power.</summary>
    Crash,

    /// <summary>A machine's network is cut: replication, satellite and kubelet.</summary>
    Isolation,

    /// <summary>A machine's replication links are cut; its satellite and its kubelet are reached.</summary>
    ReplicationCut,

    /// <summary>One replication link is cut.</summary>
    LinkCut,

    /// <summary>A satellite process has ended.</summary>
    SatelliteStopped,

    /// <summary>A satellite answers pings and nothing else.</summary>
    SatelliteHangs,

    /// <summary>A kubelet does not reach the API server.</summary>
    KubeletCut,

    /// <summary>The LINSTOR controller process ends, and starts again knowing nothing.</summary>
    LinstorRestart,

    /// <summary>One of our processes does not reach LINSTOR.</summary>
    LinstorUnreachable,

    /// <summary>The event stream of one of our processes is dead, and nobody has noticed.</summary>
    StreamDeaf,

    /// <summary>LINSTOR repeats everything it knows, some of it late; at once.</summary>
    Replay,

    /// <summary>One of our processes does not reach the API server.</summary>
    ApiUnreachable,

    /// <summary>Requests of one of our processes are carried out, but no answer comes back.</summary>
    AnswersLost,

    /// <summary>The API server refuses every second request with 429 or 500.</summary>
    ApiRefuses,

    /// <summary>The watches of one of our processes break; at once.</summary>
    WatchesBreak,

    /// <summary>One of our processes is killed, and another takes its place.</summary>
    Killed,

    /// <summary>One of our processes is frozen while time goes on.</summary>
    Frozen,

    /// <summary>The wall clock of one of our processes is set, by an hour at most; its monotonic clock is not.</summary>
    ClockSet,

    /// <summary>One of our processes is asked to stop, and gives its Lease up.</summary>
    Stopped,

    /// <summary>A user deletes a pod, politely or by force; at once.</summary>
    PodDeleted,

    /// <summary>A workload's owner exempts it, by annotation, from now on.</summary>
    Exempted,

    /// <summary>An administrator turns a volume's quorum off, and on again.</summary>
    QuorumOff,

    /// <summary>An administrator moves a replica to another node; at once.</summary>
    ReplicaMoved,

    /// <summary>Kubernetes' scheduler is told to leave a node alone.</summary>
    Cordon,

    /// <summary>A pod that nobody opted in comes to the node of a workload's pod, and uses its volumes too; at once.</summary>
    Companion,

    /// <summary>A second pod uses the volumes of a workload on another node, as in a live migration.</summary>
    Migration,

    /// <summary>The process that leads does not reach LINSTOR, to the end of the story, unless no other would be left that does.</summary>
    LeaderBlind,
}

/// <summary>One thing that goes wrong.</summary>
/// <param name="At">When, since the story began.</param>
/// <param name="Kind">What.</param>
/// <param name="Target">What it hits: a node, a process, a workload or a volume, as a number.</param>
/// <param name="Other">A second node, where there is one.</param>
/// <param name="Lasts">Until it is undone; null if it never is.</param>
internal sealed record Fault(TimeSpan At, FaultKind Kind, int Target, int Other, TimeSpan? Lasts)
{
    /// <summary>Faults begin within this time.</summary>
    private const double Last = 170;

    /// <summary>What is hit is drawn from so many numbers.</summary>
    private const int Targets = 60;

    // The last one has a draw of its own.
    private static readonly FaultKind[] Kinds = [.. Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.LeaderBlind)];

    /// <summary>One to six faults that hit those who use something more often than chance would.</summary>
    public static ImmutableArray<Fault> Draw(Random random, Cast cast)
    {
        var faults = Enumerable.Range(0, random.Next(1, 7)).Select(number => Draw(random, number)).ToList();
        if (random.Next(15) == 0)
        {
            faults.AddRange(BelatedQuorum(random, cast));
        }

        if (random.Next(15) == 0)
        {
            faults.AddRange(Storm(random, cast));
        }

        if (random.Next(8) == 0)
        {
            faults.AddRange(LastMoment(random, cast));
        }

        if (random.Next(6) == 0)
        {
            faults.Add(new(TimeSpan.FromSeconds(Math.Round(5 + (random.NextDouble() * Last), 2)), FaultKind.LeaderBlind, 0, 0, null));
        }

        return [.. faults.OrderBy(fault => fault.At)];
    }

    private static Fault Draw(Random random, int number)
    {
        // Something has to happen to storage for anything else to matter.
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

    // Several satellites are away when somebody loses its storage, or go away shortly before its grace period ends: so much at once is doubted.
    private static IEnumerable<Fault> Storm(Random random, Cast cast)
    {
        var at = TimeSpan.FromSeconds(45 + random.Next(75));
        var away = at + TimeSpan.FromSeconds(random.Next(2) == 0 ? -25 : cast.Settings.KnownResourceGrace.TotalSeconds - 2 + random.Next(9));
        yield return new(at, FaultKind.Isolation, (3 * random.Next(Targets / 3)) + 1, 0, null);
        yield return new(away, FaultKind.SatelliteStopped, 3 * random.Next(Targets / 3), 0, null);
        yield return new(away, FaultKind.SatelliteStopped, 3 * random.Next(Targets / 3), 0, null);
    }

    // Storage comes back about when the grace period ends, and those who would have to hear of it are deaf, or are not listened to.
    private static IEnumerable<Fault> LastMoment(Random random, Cast cast)
    {
        var (at, target) = (TimeSpan.FromSeconds(20 + random.Next(60)), random.Next(Targets));
        var noticed = at + TimeSpan.FromSeconds(12);
        var lasts = cast.Settings.KnownResourceGrace + TimeSpan.FromSeconds(Math.Round(5 + (random.NextDouble() * 10), 2));
        yield return new(at, random.Next(2) == 0 ? FaultKind.Isolation : FaultKind.ReplicationCut, target, 0, lasts);
        if (random.Next(4) > 0)
        {
            foreach (var candidate in Enumerable.Range(0, cast.Candidates))
            {
                yield return new(noticed, FaultKind.StreamDeaf, candidate, 0, lasts);
            }
        }
        else
        {
            yield return new(noticed, FaultKind.ApiRefuses, 0, 0, lasts);
        }
    }

    // An administrator turns quorum on for a volume whose user is cut off, and has not heard of it: chance alone would hardly ever tell this.
    private static IEnumerable<Fault> BelatedQuorum(Random random, Cast cast)
    {
        var fitting = Enumerable.Range(0, Targets).Where(target => target % 3 != 0 && cast.Workloads[target % cast.Workloads.Length].Volumes.Contains(target % cast.Volumes.Length)).ToList();
        if (fitting.Count > 0)
        {
            var (target, at) = (fitting[random.Next(fitting.Count)], TimeSpan.FromSeconds(30 + random.Next(60)));
            yield return new(at, FaultKind.QuorumOff, target, 0, TimeSpan.FromSeconds(30));
            yield return new(at + TimeSpan.FromSeconds(12 + random.Next(12)), FaultKind.Isolation, target, 0, null);
        }
    }

    /// <summary>Whether it disturbs who watches, not who stores: such faults end before the last word of a story, but for a leader that stays blind while another sees.</summary>
    public bool IsBlindness => Kind is FaultKind.LinstorRestart or FaultKind.LinstorUnreachable or FaultKind.StreamDeaf or FaultKind.ApiUnreachable
        or FaultKind.AnswersLost or FaultKind.ApiRefuses or FaultKind.Killed or FaultKind.Frozen or FaultKind.Stopped or FaultKind.SatelliteHangs;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{At.TotalSeconds:0.00} s {Kind} {Target}{(Kind is FaultKind.LinkCut or FaultKind.ReplicaMoved ? $" {Other}" : "")}{(Lasts is { } lasts ? $" for {lasts.TotalSeconds:0.00} s" : "")}");
}

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
