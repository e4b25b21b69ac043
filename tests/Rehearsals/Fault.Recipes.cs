namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Combined faults: each recipe reproduces a failure of an earlier version of the core.</content>
internal sealed partial record Fault
{
    // Several satellites are down when a consumer loses its storage, or go down shortly before its grace period ends. The policy doubts so many losses at once.
    private static IEnumerable<Fault> Storm(Random random, ScenarioSetup setup)
    {
        var at = TimeSpan.FromSeconds(45 + random.Next(75));
        var away = at + TimeSpan.FromSeconds(random.Next(2) == 0 ? -25 : setup.Settings.KnownResourceGrace.TotalSeconds - 2 + random.Next(9));
        yield return new(at, FaultKind.Isolation, (3 * random.Next(Targets / 3)) + 1, 0, null);
        yield return new(away, FaultKind.SatelliteStopped, 3 * random.Next(Targets / 3), 0, null);
        yield return new(away, FaultKind.SatelliteStopped, 3 * random.Next(Targets / 3), 0, null);
        for (var controller = random.Next(2) == 0 ? setup.Controllers : 0; controller < setup.Controllers; controller++)
        {
            yield return new((at > away ? at : away) + TimeSpan.FromSeconds(random.Next(20)), FaultKind.Killed, controller, 0, TimeSpan.FromSeconds(1 + random.Next(10)));
        }
    }

    // A consumer is cut off while a satellite repeats stale state: its own satellite, or that of a peer that has seen the cut but not its end.
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

    // A consumer loses its storage long after a satellite was switched off.
    private static IEnumerable<Fault> Unheard(Random random)
    {
        var target = Consumer(random);
        yield return new(TimeSpan.FromSeconds(3), FaultKind.SatelliteDead, target, random.Next(4) == 0 ? 0 : Peer(random), null);
        yield return Grave(random, target);
    }

    // A node is given up, or replicas are added, while another node keeps running out of LINSTOR's reach with an outdated configuration.
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

    // LINSTOR is slow, either from the beginning or from about the time of the loss.
    private static IEnumerable<Fault> Slow(Random random)
    {
        var grave = Grave(random, Consumer(random));
        yield return grave;
        yield return random.Next(2) == 0
            ? new(TimeSpan.FromSeconds(1), FaultKind.LinstorSlow, 0, random.Next(Targets), null)
            : new(grave.At - TimeSpan.FromSeconds(10 - random.Next(20)), FaultKind.LinstorSlow, 0, random.Next(Targets), random.Next(2) == 0 ? null : TimeSpan.FromSeconds(10 + random.Next(60)));
    }

    // A process is frozen at the worst moment, while the consumer's network comes back. LINSTOR's events may not arrive.
    private static IEnumerable<Fault> Suspended(Random random, ScenarioSetup setup)
    {
        var (at, target) = (TimeSpan.FromSeconds(20 + random.Next(40)), Consumer(random));
        var kind = random.Next(2) == 0 ? FaultKind.FrozenAfterAsking : FaultKind.FrozenBeforeActing;
        yield return new(at, FaultKind.Isolation, target, 0, null);
        foreach (var controller in Enumerable.Range(0, setup.Controllers))
        {
            yield return new(at, kind, controller, random.Next(Targets), null);
            if (random.Next(2) == 0)
            {
                yield return new(at + TimeSpan.FromSeconds(12), FaultKind.StreamDeaf, controller, 0, TimeSpan.FromSeconds(90));
            }
        }
    }

    // A pod has two disks: one is cut off, and two nodes may write to the other.
    private static IEnumerable<Fault> HalfLost(Random random, ScenarioSetup setup)
    {
        var mixed = Enumerable.Range(0, Targets).Where(target => setup.IsMixed(setup.Workloads[target % setup.Workloads.Length])).ToList();
        yield return new(TimeSpan.FromSeconds(30 + random.Next(60)), FaultKind.ReplicaCut, mixed[random.Next(mixed.Count)], random.Next(2), random.Next(3) == 0 ? TimeSpan.FromSeconds(20 + random.Next(40)) : null);
    }

    private static Fault Grave(Random random, int target) => new(TimeSpan.FromSeconds(30 + random.Next(60)), (FaultKind)random.Next(3), target, 0, random.Next(3) == 0 ? TimeSpan.FromSeconds(20 + random.Next(60)) : null);

    // A target that selects a consumer's node.
    private static int Consumer(Random random) => (3 * random.Next(Targets / 3)) + 1 + random.Next(2);

    // Another member of that consumer's volume.
    private static int Peer(Random random) => 1 + (3 * random.Next(4));

    // Storage comes back about when the grace period ends, and the controllers either have a dead event stream or have their requests refused.
    private static IEnumerable<Fault> LastMoment(Random random, ScenarioSetup setup)
    {
        var (at, target) = (TimeSpan.FromSeconds(20 + random.Next(60)), random.Next(Targets));
        var noticed = at + TimeSpan.FromSeconds(12);
        var lasts = setup.Settings.KnownResourceGrace + TimeSpan.FromSeconds(Math.Round(5 + (random.NextDouble() * 10), 2));
        yield return new(at, random.Next(2) == 0 ? FaultKind.Isolation : FaultKind.ReplicationCut, target, 0, lasts);
        if (random.Next(4) > 0)
        {
            foreach (var controller in Enumerable.Range(0, setup.Controllers))
            {
                yield return new(noticed, FaultKind.StreamDeaf, controller, 0, lasts);
            }
        }
        else
        {
            yield return new(noticed, FaultKind.ApiRefuses, 0, 0, lasts);
        }
    }

    // An administrator turns quorum on for a volume whose consumer is cut off and has not received the change. Random faults would hardly ever find this.
    private static IEnumerable<Fault> BelatedQuorum(Random random, ScenarioSetup setup, FaultKind kind)
    {
        var fitting = Enumerable.Range(0, Targets).Where(target => target % 3 != 0 && setup.Workloads[target % setup.Workloads.Length].Volumes.Contains(target % setup.Volumes.Length)).ToList();
        if (fitting.Count > 0)
        {
            var (target, at) = (fitting[random.Next(fitting.Count)], TimeSpan.FromSeconds(30 + random.Next(60)));
            yield return new(at, kind, target, 0, TimeSpan.FromSeconds(30));
            yield return new(at + TimeSpan.FromSeconds(12 + random.Next(12)), FaultKind.Isolation, target, 0, null);
        }
    }
}
