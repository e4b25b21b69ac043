using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Injects faults into a cluster, and undoes them.</summary>
internal sealed partial class FaultInjector(SimulatedCluster cluster)
{
    private readonly Random _random = new(cluster.Plan.Seed);

    private ScenarioSetup Setup => cluster.Plan.Setup;

    /// <summary>Schedules all faults. Faults that affect observers have ended by <paramref name="calm"/>.</summary>
    public void Plan(TimeSpan calm)
    {
        foreach (var fault in cluster.Plan.Faults)
        {
            cluster.EventQueue.At(fault.At, () =>
            {
                cluster.Coverage.Reach(Coverage.Of(fault.Kind));
                cluster.Log("fault", $"{fault.Kind} {Target(fault)}");
                if (Begin(fault) is not { } undo)
                {
                    return;
                }

                var end = fault.Kind == FaultKind.SatelliteReturnsStale ? fault.At + (fault.Lasts ?? TimeSpan.FromSeconds(20)) : fault.Lasts is { } lasts ? fault.At + lasts : fault.IsBlindness ? calm : (TimeSpan?)null;
                if (end is { } at)
                {
                    cluster.EventQueue.At(fault.IsBlindness && at > calm ? calm : at, () =>
                    {
                        cluster.Log("fault", $"{fault.Kind} {Target(fault)} ends");
                        undo();
                    });
                }
            });
        }
    }

    private string Target(Fault fault) => fault.Kind switch
    {
        FaultKind.LinkCut => $"{NodeOf(fault).Name} {NodeAfter(fault).Name}",
        FaultKind.Crash or FaultKind.Isolation or FaultKind.ReplicationCut or FaultKind.KubeletCut or FaultKind.Cordon => NodeOf(fault).Name,
        FaultKind.SatelliteStopped or FaultKind.SatelliteHangs or FaultKind.SatelliteRepeats or FaultKind.SatelliteReturnsStale or FaultKind.SatelliteDead
            or FaultKind.NodeLost or FaultKind.NodeEvicted or FaultKind.NodeQuorumOff => MemberOf(fault).Name,
        FaultKind.Partition => string.Join(' ', IslandOf(fault).Select(node => node.Name)),
        FaultKind.ReplicaCut => $"{NodeOf(fault).Name} {VolumeOf(fault)}",
        FaultKind.LinstorSlow => $"{Slowness(fault).TotalSeconds:0.0} s",
        FaultKind.QuorumOff or FaultKind.ReplicaMoved => DefinitionOf(fault),
        FaultKind.ReplicaRemoved or FaultKind.ReplicasAdded or FaultKind.DefinitionHangs or FaultKind.DefinitionMissing or FaultKind.PolicyUnreadable => VolumeOf(fault),
        FaultKind.PodDeleted or FaultKind.PodEvicted or FaultKind.Exempted or FaultKind.Companion or FaultKind.Migration => ScenarioSetup.Name(WorkloadOf(fault)),
        FaultKind.LinstorRestart or FaultKind.Replay or FaultKind.ApiRefuses or FaultKind.LeaderBlind => "",
        _ => ControllerOf(fault).Name,
    };

    /// <returns>The action that undoes it; null if there is none.</returns>
    private Action? Begin(Fault fault)
    {
        var (number, node) = NodeOf(fault);
        var machine = Setup.LinstorName(number);
        var member = Setup.LinstorName(MemberOf(fault).Number);
        var controller = ControllerOf(fault);
        switch (fault.Kind)
        {
            case FaultKind.Crash:
                cluster.Kubernetes.Crash(node);
                return () => cluster.Kubernetes.PowerOn(node);
            case FaultKind.Isolation:
                cluster.Kubernetes.Isolate(node);
                return () => cluster.Kubernetes.Rejoin(node);
            case FaultKind.ReplicationCut:
                cluster.Storage.CutLinks(machine);
                return () => cluster.Storage.HealLinks(machine);
            case FaultKind.LinkCut:
                var peer = Setup.LinstorName(NodeAfter(fault).Number);
                cluster.Storage.CutLink(machine, peer);
                return () => cluster.Storage.HealLink(machine, peer);
            case FaultKind.SatelliteStopped:
                cluster.Storage.StopSatellite(member);
                return () => cluster.Storage.StartSatellite(member);
            case FaultKind.SatelliteHangs:
                cluster.Storage.HangSatellite(member);
                return () => cluster.Storage.ResumeSatellite(member);
            case FaultKind.SatelliteRepeats:
                cluster.Storage.HangSatellite(member);
                return null;
            case FaultKind.SatelliteReturnsStale:
                cluster.Storage.StopSatellite(member);
                return () => cluster.Storage.StartSatelliteThatHangs(member);
            case FaultKind.SatelliteDead:
                cluster.Storage.StopSatellite(member);
                return null;
            case FaultKind.NodeLost:
                return GiveUp(member);
            case FaultKind.NodeEvicted:
                return Evict(member);
            case FaultKind.ReplicaRemoved:
                return RemoveReplica(fault);
            case FaultKind.ReplicasAdded:
                AddReplicas(fault);
                return null;
            case FaultKind.Partition:
                return Divide(IslandOf(fault));
            case FaultKind.ReplicaCut:
                return CutReplica(fault);
            case FaultKind.NodeQuorumOff:
                return TurnQuorumOffOn(member);
            case FaultKind.DefinitionHangs:
                cluster.Hang(VolumeOf(fault), true);
                return () => cluster.Hang(VolumeOf(fault), false);
            case FaultKind.DefinitionMissing:
                cluster.MissOnce(VolumeOf(fault));
                return null;
            case FaultKind.PolicyUnreadable:
                cluster.HidePolicy(VolumeOf(fault), true);
                return () => cluster.HidePolicy(VolumeOf(fault), false);
            case FaultKind.LinstorSlow:
                cluster.SlowDown(Slowness(fault));
                return () => cluster.SlowDown(TimeSpan.Zero);
            case FaultKind.LinstorReachesNoSatellite:
                controller.Mislead(true);
                return () => controller.Mislead(false);
            case FaultKind.KubeletCut:
                cluster.Kubernetes.CutFromApi(node);
                return () => cluster.Kubernetes.ReconnectToApi(node);
            case FaultKind.LinstorRestart:
                cluster.Storage.StopLinstor();
                return cluster.Storage.StartLinstor;
            case FaultKind.LinstorUnreachable:
                controller.LoseLinstor();
                return controller.RegainLinstor;
            case FaultKind.StreamDeaf:
                controller.SuppressEvents(true);
                return () => controller.SuppressEvents(false);
            case FaultKind.Replay:
                cluster.Replay();
                return null;
            case FaultKind.ApiUnreachable:
                controller.LoseApi();
                return controller.RegainApi;
            case FaultKind.AnswersLost:
                controller.ReceivesAnswers = false;
                return () => controller.ReceivesAnswers = true;
            case FaultKind.ApiRefuses:
                cluster.RefuseRequests(true);
                return () => cluster.RefuseRequests(false);
            case FaultKind.WatchesBreak:
                controller.BreakWatches();
                return null;
            case FaultKind.Killed:
                controller.Kill();
                return controller.Begin;
            case FaultKind.Stopped:
                controller.Stop();
                return controller.Begin;
            case FaultKind.ClockSet:
                controller.WallClockIsOffBy = TimeSpan.FromMinutes((fault.Other * 2) - 60);
                return null;
            case FaultKind.Frozen:
                controller.Freeze();
                return controller.Thaw;
            case FaultKind.FrozenAfterAsking or FaultKind.FrozenBeforeActing:
                controller.FreezeAt(fault.Kind, TimeSpan.FromSeconds(2 + (fault.Other % 24)));
                return controller.FreezeNoMore;
            case FaultKind.PodDeleted:
                if (PodOf(fault) is { } pod)
                {
                    cluster.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, atOnce: fault.Other % 2 == 0);
                }

                return null;
            case FaultKind.PodEvicted:
                if (PodOf(fault) is { Phase: PodPhase.Running, Spec.NodeName: { } home } running && cluster.Kubernetes.IsConnected(home))
                {
                    _ = cluster.Store.Change(running, now => now with { Phase = PodPhase.Failed, Ready = false, Reason = "Evicted", Message = "The node was low on resource: memory." });
                }

                return null;
            case FaultKind.Exempted:
                Exempt(fault);
                return null;
            case FaultKind.QuorumOff:
                return TurnQuorumOff(DefinitionOf(fault));
            case FaultKind.ReplicaMoved:
                MoveReplica(fault);
                return null;
            case FaultKind.Cordon:
                Cordon(node, true);
                return () => Cordon(node, false);
            case FaultKind.Companion:
                Accompany(fault);
                return null;
            case FaultKind.Migration:
                return Migrate(fault);
            case FaultKind.LeaderBlind:
                BlindLeader();
                return null;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault));
        }
    }
}
