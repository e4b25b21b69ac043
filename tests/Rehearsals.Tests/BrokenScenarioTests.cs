using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>Scenarios that broke a rule when random seeds found them, written out and reduced to what it takes.</summary>
/// <remarks>
/// Each scenario is played many times with different message delays, because most of them are races. The number in a comment is the seed that found the scenario.
/// Run only the errors of the core with <c>--filter-trait "Error=core"</c>.
/// </remarks>
public sealed class BrokenScenarioTests
{
    /// <summary>How often each scenario is played. The rarest race shows about once in six times.</summary>
    private const int Variations = 60;

    // Errors of the core. It acted although its observations forbade it.
    private static readonly Dictionary<string, ScenarioPlan> OfTheCore = new()
    {
        // 7116840. A controller starts four seconds before LINSTOR notices that node A is silent, so its list of satellites still calls A online. When its first
        // report arrives, the quorum policy is off and A's replica is unknown. The core took such a replica for one that is just being created, and forgot that A
        // has not received the policy that is turned on ten seconds later.
        ["a replica never heard of may lack the policy"] = new(
            7116840,
            new(3, false, [Volume([0, 2], tieBreaker: 1)], [Workload([0], WorkloadKind.Deployment)], 1, Grace(10, 45)),
            [At(78, FaultKind.QuorumOff, 0, lasts: 30), At(92.78, FaultKind.Stopped, 0, lasts: 5.41), At(94, FaultKind.Isolation, 1)]),

        // 7006729. The same error in a process that was frozen from before the policy was turned off until after the node fell silent.
        ["a node silent since the freeze may lack the policy"] = new(
            7006729,
            new(3, false, [Volume([0, 1, 2])], [Workload([0])], 2, Grace(10, 45)),
            [
                At(7.58, FaultKind.Frozen, 42, lasts: 80.04), At(44, FaultKind.StreamDeaf, 0, lasts: 15.43), At(48.39, FaultKind.Stopped, 9),
                At(61, FaultKind.QuorumOff, 52, lasts: 30), At(80, FaultKind.Isolation, 52),
            ]),

        // 7088124. The same error, and LINSTOR restarts in between: when it is back, the policy is on, and the core had nothing left that spoke against acting.
        ["LINSTOR's restart brings a silent node no policy"] = new(
            7088124,
            new(3, false, [Volume([0, 1, 2])], [Workload([0])], 2, Grace(10, 15)),
            [
                At(22.08, FaultKind.ApiUnreachable, 52), At(36, FaultKind.QuorumOff, 29, lasts: 30), At(36.5, FaultKind.Killed, 57, lasts: 14.72),
                At(46.25, FaultKind.Isolation, 1), At(56.84, FaultKind.LinstorRestart, 0, lasts: 14.34),
            ]),

        // 8053030. The same error with a volume that two nodes may write at once: its data diverges as soon as the pod runs elsewhere.
        ["a shared volume may lack the policy, too"] = new(
            8053030,
            new(4, false, [Volume([0, 1, 3], quorum: "majority", shared: true)], [Workload([0], WorkloadKind.BarePod)], 1, Grace(45, 15)),
            [At(45.87, FaultKind.Stopped, 46, lasts: 67.77), At(88, FaultKind.QuorumOff, 13, lasts: 30), At(109, FaultKind.Isolation, 13)]),

        // 8085619. The same error in an attachment: the pod may be moved because its other volume is lost, but the volume whose policy came too late must stay attached.
        ["an attachment stays where a node lacks the policy"] = new(
            8085619,
            new(5, false, [Volume([1, 4], tieBreaker: 0), Volume([0, 2, 3], onNoQuorum: "io-error", shared: true)], [Workload([0, 1], WorkloadKind.Deployment)], 1, Grace(45, 45)),
            [At(53.7, FaultKind.Killed, 54, lasts: 40.18), At(72, FaultKind.QuorumOff, 22, lasts: 30), At(89, FaultKind.Isolation, 22)]),

        // 7058794. A node is cut off while its satellite hangs and repeats that all is well. All of its peers deny that for 45 seconds, until one of them is cut off
        // as well and the satellite of another stops. The guard against storms counted only losses that are proved at this moment: two of four nodes, although three are lost.
        ["a lost node is part of a storm until it is back"] = new(
            7058794,
            new(
                4,
                false,
                [Volume([0, 1], tieBreaker: 2, quorum: "1"), Volume([1, 3], tieBreaker: 2), Volume([1, 2, 3])],
                [Workload([0]), Workload([1], WorkloadKind.Deployment), Workload([2], wish: OwnerIntent.Annotated)],
                1,
                Grace(10, 15)),
            [At(23.52, FaultKind.SatelliteHangs, 29), At(58.03, FaultKind.ReplicationCut, 47), At(103, FaultKind.Isolation, 55), At(113, FaultKind.SatelliteStopped, 33)]),

        // 41003166. A replica is moved away from node A in the regular way. Later a pod comes to A, cannot be attached yet, and A's satellite stops. The core still counted
        // the replica that it had once seen on A, and tainted A: the pod had nothing to lose there.
        ["a node has lost nothing that was moved away before"] = new(
            41003166,
            new(4, false, [Volume([1, 2, 3])], [Workload([0])], 1, Grace(45, 45)),
            [At(57.06, FaultKind.ReplicaMoved, 0), At(94.05, FaultKind.PodDeleted, 0), At(103.71, FaultKind.SatelliteStopped, 1)]),

        // 8041562. A loss has lasted for 43 of 45 seconds when the controller loses its connection to LINSTOR, for 101 seconds. Meanwhile the last peer but one loses power,
        // so that no replica may promote, and comes back shortly before LINSTOR answers. The core joined the time before the silence to the time after it. It did not
        // hear of the interruption, because LINSTOR repeats nothing about a silent satellite: the peer that was off still seemed to be promotable.
        ["a long silence starts the grace period anew"] = new(
            8041562,
            new(4, false, [Volume([0, 1, 2])], [Workload([0])], 1, Grace(45, 45)),
            [
                .. OnlyNodeTwo, At(30, FaultKind.Crash, 6), At(79, FaultKind.LinstorUnreachable, 0, lasts: 101), At(98, FaultKind.Crash, 9, lasts: 86),
            ]),
    };

    // Errors of the oracle. It expected what no controller can know or do.
    private static readonly Dictionary<string, ScenarioPlan> OfTheOracle = new()
    {
        // 8053605. The oracle remembered for ever that a resource was once deployed on a node. It expected a pod to be moved whose attachment was still
        // pending there, after LINSTOR had removed the replica in the regular way: such a pod has nothing to lose.
        ["nothing is lost where a replica was removed"] = new(
            8053605,
            new(4, false, [Volume([1, 2, 3])], [Workload([0])], 1, Grace(10, 15, taints: false)),
            [
                At(0, FaultKind.Cordon, 3), At(0, FaultKind.Cordon, 6), At(0, FaultKind.Cordon, 9), At(32, FaultKind.Isolation, 0, lasts: 19.84),
                At(44, FaultKind.ApiRefuses, 0, lasts: 19.84), At(89.2, FaultKind.Isolation, 0), At(103.93, FaultKind.Killed, 0, lasts: 10.45),
            ]),

        // 8076112. The controller deletes a pod that has no owner, cannot ask what else is on its node, and is replaced. Its successor cannot know that the
        // attachment belonged to a pod that opted in. The oracle expected the attachment to be deleted, although no pod waits for the volume.
        ["a restarted controller forgets what it moved"] = new(
            8076112,
            new(3, false, [Volume([0, 1, 2], quorum: "2", onNoQuorum: "io-error")], [Workload([0], WorkloadKind.BarePod)], 1, Grace(10, 15)),
            [At(12.98, FaultKind.Isolation, 13), At(21.85, FaultKind.AnswersLost, 13), At(163.62, FaultKind.Stopped, 56, lasts: 0.91)]),

        // 9502904. The same expectation, when another replica of the controller has become the leader.
        ["a new leader does not know what was moved"] = new(
            9502904,
            new(4, false, [Volume([1, 2, 3], onNoQuorum: "io-error")], [Workload([0], WorkloadKind.BarePod)], 2, Grace(45, 15)),
            [At(58, FaultKind.Isolation, 58), At(106.85, FaultKind.AnswersLost, 54)]),

        // 41003553. A pod is moved twice. On the first node another pod, which has not opted in, keeps the volume attached, so that the replacement cannot run anywhere.
        // The oracle looked for such a pod only on the node from which the pod was moved last.
        ["no replacement runs while another pod keeps the volume"] = new(
            41003553,
            new(5, false, [Volume([0, 1, 4], quorum: "majority")], [Workload([0])], 1, Grace(10, 15)),
            [At(17.21, FaultKind.Isolation, 1), At(28.01, FaultKind.Companion, 0), At(71.72, FaultKind.ReplicationCut, 1)]),

        // Not drawn from a seed, but of the kind of 7058794. The satellite of a peer hangs and repeats that it is connected to the node that is cut off. As long as a
        // peer says so, no controller may count that node as lost, but the oracle did, from its knowledge of the truth.
        ["a node with a peer's counter-evidence is part of no storm"] = new(
            1,
            OfFiveNodes,
            [
                .. OnlyNodesZeroAndTwo, At(20, FaultKind.SatelliteHangs, 9), At(30, FaultKind.ReplicationCut, 2), At(60, FaultKind.Isolation, 1),
                At(62, FaultKind.SatelliteStopped, 3),
            ]),

        // The same for a node whose own satellite hangs, while one of its peers is silent from before it was cut off: it is never outvoted.
        ["a node that is not outvoted is part of no storm"] = new(
            1,
            OfFiveNodes,
            [
                .. OnlyNodesZeroAndTwo, At(20, FaultKind.SatelliteHangs, 2), At(25, FaultKind.SatelliteStopped, 3), At(30, FaultKind.ReplicationCut, 2),
                At(60, FaultKind.Isolation, 1),
            ]),
    };

    public static TheoryData<string> ErrorsOfTheCore => [.. OfTheCore.Keys];

    public static TheoryData<string> ErrorsOfTheOracle => [.. OfTheOracle.Keys];

    private static Fault[] OnlyNodeTwo => [At(0, FaultKind.Cordon, 0), At(0, FaultKind.Cordon, 3), At(0, FaultKind.Cordon, 9)];

    private static Fault[] OnlyNodesZeroAndTwo => [At(0, FaultKind.Cordon, 3), At(0, FaultKind.Cordon, 6), At(0, FaultKind.Cordon, 9)];

    /// <summary>The first pod stays where it is, the second one is moved.</summary>
    private static ScenarioSetup OfFiveNodes => new(
        5, false, [Volume([1, 3, 4]), Volume([1, 3], quorum: "2")], [Workload([0], wish: OwnerIntent.Annotated), Workload([1])], 1, Grace(10, 15));

    [Theory]
    [Trait("Error", "core")]
    [MemberData(nameof(ErrorsOfTheCore))]
    public void The_core_knows_that(string rule) => Play(OfTheCore[rule]);

    [Theory]
    [Trait("Error", "oracle")]
    [MemberData(nameof(ErrorsOfTheOracle))]
    public void The_oracle_knows_that(string rule) => Play(OfTheOracle[rule]);

    private static void Play(ScenarioPlan plan)
    {
        for (var seed = plan.Seed; seed < plan.Seed + Variations; seed++)
        {
            var end = Scenario.Play(plan with { Seed = seed }, new Coverage());
            Assert.True(end.IsGood, $"with the delays of seed {seed}: {end.How}");
        }
    }

    private static VolumeSetup Volume(ImmutableArray<int> diskful, int? tieBreaker = null, string? quorum = null, string onNoQuorum = "suspend-io", bool shared = false) =>
        new(diskful, tieBreaker, quorum, onNoQuorum, shared, Missing: false);

    private static WorkloadSetup Workload(ImmutableArray<int> volumes, WorkloadKind keeper = WorkloadKind.StatefulSet, OwnerIntent wish = OwnerIntent.Failover) =>
        new(keeper, wish, volumes, Foreign: false, Priority: 0);

    // In seconds, like every time here.
    private static FailoverSettings Grace(double known, double atFirstSight, bool taints = true) => new()
    {
        KnownResourceGrace = TimeSpan.FromSeconds(known),
        NewResourceGrace = TimeSpan.FromSeconds(atFirstSight),
        TaintNodes = taints,
        StormThreshold = 0.5,
    };

    // The target is a node, a controller, a workload or a volume, as faults number them: of nodes, a multiple of three is any node, and every other number is the node of a workload's pod.
    private static Fault At(double seconds, FaultKind kind, int target, double? lasts = null) =>
        new(TimeSpan.FromSeconds(seconds), kind, target, Other: 0, lasts is { } some ? TimeSpan.FromSeconds(some) : null);
}
