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

    /// <summary>A satellite's event pipeline hangs, to the end of the story: LINSTOR keeps it ONLINE, and it repeats its last words.</summary>
    SatelliteRepeats,

    /// <summary>A satellite stops, starts again after a while, and hangs right then: it repeats what it read at its start, to the end of the story.</summary>
    SatelliteReturnsStale,

    /// <summary>A satellite stops, and never comes back. It is drawn from before our processes begin, too: then nobody has ever heard it.</summary>
    SatelliteDead,

    /// <summary>A node is declared lost in LINSTOR, dead or alive; if that ends, it is created anew on the same machine, with another uuid.</summary>
    NodeLost,

    /// <summary>LINSTOR evicts a node; if that ends, it is restored.</summary>
    NodeEvicted,

    /// <summary>A replica is removed, regularly if its satellite is online; if that ends, one is made there anew.</summary>
    ReplicaRemoved,

    /// <summary>A volume gets two more replicas, on nodes that LINSTOR reaches; at once.</summary>
    ReplicasAdded,

    /// <summary>A node is cut off together with one or two others that have the same volume: they stay connected to one another.</summary>
    Partition,

    /// <summary>A node is cut off from the other replicas of one volume, and from no other node.</summary>
    ReplicaCut,

    /// <summary>An administrator turns quorum off on a LINSTOR node, where definitions have no value of their own.</summary>
    NodeQuorumOff,

    /// <summary>LINSTOR's requests about one resource are not answered in time.</summary>
    DefinitionHangs,

    /// <summary>LINSTOR says once, to each of our processes, that it has no such definition.</summary>
    DefinitionMissing,

    /// <summary>LINSTOR does not tell the properties of a definition.</summary>
    PolicyUnreadable,

    /// <summary>LINSTOR takes one to four seconds for every answer.</summary>
    LinstorSlow,

    /// <summary>One of our processes listens to a second LINSTOR, which reaches no satellite.</summary>
    LinstorReachesNobody,

    /// <summary>A node that is short of memory ends a pod; at once. Its object stays, and says Failed.</summary>
    PodEvicted,

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
            faults.AddRange(BelatedQuorum(random, cast, FaultKind.QuorumOff));
        }

        if (random.Next(15) == 0)
        {
            faults.AddRange(Storm(random, cast));
        }

        if (random.Next(8) == 0)
        {
            faults.AddRange(LastMoment(random, cast));
        }

        faults.AddRange(random.Next(32) switch
        {
            0 or 1 => OldWords(random),
            2 or 3 => Unheard(random),
            4 or 5 => GivenUp(random),
            6 or 7 => Slow(random),
            8 when cast.QuorumFromController => BelatedQuorum(random, cast, FaultKind.NodeQuorumOff),
            9 or 10 or 11 or 12 when cast.Workloads.Any(workload => cast.IsMixed(workload)) => HalfLost(random, cast),
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
        for (var candidate = random.Next(2) == 0 ? cast.Candidates : 0; candidate < cast.Candidates; candidate++)
        {
            yield return new((at > away ? at : away) + TimeSpan.FromSeconds(random.Next(20)), FaultKind.Killed, candidate, 0, TimeSpan.FromSeconds(1 + random.Next(10)));
        }
    }

    // Somebody is cut off while a satellite repeats the past: its own, or a peer's that has seen the cut and not its end.
    private static IEnumerable<Fault> OldWords(Random random)
    {
        var (at, target, peer) = (TimeSpan.FromSeconds(30 + random.Next(60)), Consumer(random), Peer(random));
        if (random.Next(2) == 0)
        {
            yield return new(at - TimeSpan.FromSeconds(random.Next(10)), FaultKind.SatelliteRepeats, target, 0, null);
            yield return new(at, random.Next(2) == 0 ? FaultKind.ReplicationCut : FaultKind.ReplicaCut, target, 0, random.Next(3) == 0 ? TimeSpan.FromSeconds(10 + random.Next(60)) : null);
            yield break;
        }

        var lasts = TimeSpan.FromSeconds(8 + random.Next(14));
        yield return new(at, FaultKind.ReplicationCut, target, 0, lasts);
        yield return random.Next(2) == 0
            ? new(at + TimeSpan.FromSeconds(7 + random.Next(12)), FaultKind.SatelliteRepeats, target, peer, null)
            : new(at - TimeSpan.FromSeconds(5), FaultKind.SatelliteReturnsStale, target, peer, lasts + TimeSpan.FromSeconds(4));
        yield return new(at + lasts + TimeSpan.FromSeconds(random.Next(15)), FaultKind.SatelliteStopped, target, 0, null);
        if (random.Next(2) == 0)
        {
            yield return new(at + lasts + TimeSpan.FromSeconds(random.Next(15)), FaultKind.SatelliteStopped, target, peer + 3, null);
        }
    }

    // A satellite was switched off long ago, and then somebody loses its storage.
    private static IEnumerable<Fault> Unheard(Random random)
    {
        var target = Consumer(random);
        yield return new(TimeSpan.FromSeconds(3), FaultKind.SatelliteDead, target, random.Next(4) == 0 ? 0 : Peer(random), null);
        yield return Grave(random, target);
    }

    // A node is given up, or more replicas are made, while somebody goes on beyond LINSTOR's reach with what it knows.
    private static IEnumerable<Fault> GivenUp(Random random)
    {
        var target = Consumer(random);
        var others = random.Next(2);
        var cut = random.Next(3) == 0 ? Grave(random, target) : new(TimeSpan.FromSeconds(30 + random.Next(60)), FaultKind.Partition, target, others, random.Next(3) == 0 ? TimeSpan.FromSeconds(80) : null);
        yield return cut;
        var at = cut.At + TimeSpan.FromSeconds(8 + random.Next(20));
        switch (random.Next(4))
        {
            case 0:
                yield return new(at, FaultKind.NodeLost, target, 0, random.Next(2) == 0 ? TimeSpan.FromSeconds(20 + random.Next(60)) : null);
                break;
            case 1:
                yield return new(at, FaultKind.ReplicasAdded, target, 0, null);
                break;
            default:
                for (var peer = 0; peer <= others; peer++)
                {
                    yield return new(at + TimeSpan.FromSeconds(peer), random.Next(4) == 0 ? FaultKind.NodeEvicted : FaultKind.NodeLost, target, 1 + (3 * peer), random.Next(2) == 0 ? TimeSpan.FromSeconds(20 + random.Next(60)) : null);
                }

                break;
        }
    }

    // LINSTOR takes its time, from the beginning or from about when it matters.
    private static IEnumerable<Fault> Slow(Random random)
    {
        var grave = Grave(random, Consumer(random));
        yield return grave;
        yield return random.Next(2) == 0
            ? new(TimeSpan.FromSeconds(1), FaultKind.LinstorSlow, 0, random.Next(Targets), null)
            : new(grave.At - TimeSpan.FromSeconds(10 - random.Next(20)), FaultKind.LinstorSlow, 0, random.Next(Targets), random.Next(2) == 0 ? null : TimeSpan.FromSeconds(10 + random.Next(60)));
    }

    // Of a pod's two disks, one is cut off, and two nodes may write to the other.
    private static IEnumerable<Fault> HalfLost(Random random, Cast cast)
    {
        var mixed = Enumerable.Range(0, Targets).Where(target => cast.IsMixed(cast.Workloads[target % cast.Workloads.Length])).ToList();
        yield return new(TimeSpan.FromSeconds(30 + random.Next(60)), FaultKind.ReplicaCut, mixed[random.Next(mixed.Count)], random.Next(2), random.Next(3) == 0 ? TimeSpan.FromSeconds(20 + random.Next(40)) : null);
    }

    private static Fault Grave(Random random, int target) => new(TimeSpan.FromSeconds(30 + random.Next(60)), (FaultKind)random.Next(3), target, 0, random.Next(3) == 0 ? TimeSpan.FromSeconds(20 + random.Next(60)) : null);

    // A target that is the node of a user.
    private static int Consumer(Random random) => (3 * random.Next(Targets / 3)) + 1 + random.Next(2);

    // Another member of that user's volume.
    private static int Peer(Random random) => 1 + (3 * random.Next(4));

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
    private static IEnumerable<Fault> BelatedQuorum(Random random, Cast cast, FaultKind kind)
    {
        var fitting = Enumerable.Range(0, Targets).Where(target => target % 3 != 0 && cast.Workloads[target % cast.Workloads.Length].Volumes.Contains(target % cast.Volumes.Length)).ToList();
        if (fitting.Count > 0)
        {
            var (target, at) = (fitting[random.Next(fitting.Count)], TimeSpan.FromSeconds(30 + random.Next(60)));
            yield return new(at, kind, target, 0, TimeSpan.FromSeconds(30));
            yield return new(at + TimeSpan.FromSeconds(12 + random.Next(12)), FaultKind.Isolation, target, 0, null);
        }
    }

    /// <summary>Whether it disturbs who watches, not who stores: such faults end before the last word of a story, but for a leader that stays blind while another sees.</summary>
    public bool IsBlindness => Kind is FaultKind.LinstorRestart or FaultKind.LinstorUnreachable or FaultKind.StreamDeaf or FaultKind.ApiUnreachable
        or FaultKind.AnswersLost or FaultKind.ApiRefuses or FaultKind.Killed or FaultKind.Frozen or FaultKind.Stopped or FaultKind.SatelliteHangs
        or FaultKind.DefinitionHangs or FaultKind.PolicyUnreadable or FaultKind.LinstorReachesNobody;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{At.TotalSeconds:0.00} s {Kind} {Target} {Other}{(Lasts is { } lasts ? $" for {lasts.TotalSeconds:0.00} s" : "")}");
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
