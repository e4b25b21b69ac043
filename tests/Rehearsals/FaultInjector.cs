using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Lets things go wrong on a stage, and undoes them.</summary>
internal sealed partial class FaultInjector(SimulatedCluster stage)
{
    private readonly Random _random = new(stage.Plan.Seed);

    private ScenarioSetup Cast => stage.Plan.Cast;

    /// <summary>Plans everything that goes wrong. What disturbs those who watch has ended by <paramref name="calm"/>.</summary>
    public void Plan(TimeSpan calm)
    {
        foreach (var fault in stage.Plan.Faults)
        {
            stage.EventQueue.At(fault.At, () =>
            {
                stage.Coverage.Meet(Coverage.Of(fault.Kind));
                stage.Tell("fault", $"{fault.Kind} {Target(fault)}");
                if (Begin(fault) is not { } undo)
                {
                    return;
                }

                var end = fault.Kind == FaultKind.SatelliteReturnsStale ? fault.At + (fault.Lasts ?? TimeSpan.FromSeconds(20)) : fault.Lasts is { } lasts ? fault.At + lasts : fault.IsBlindness ? calm : (TimeSpan?)null;
                if (end is { } at)
                {
                    stage.EventQueue.At(fault.IsBlindness && at > calm ? calm : at, () =>
                    {
                        stage.Tell("fault", $"{fault.Kind} {Target(fault)} ends");
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
        _ => CandidateOf(fault).Name,
    };

    /// <returns>What undoes it; null if nothing does.</returns>
    private Action? Begin(Fault fault)
    {
        var (number, node) = NodeOf(fault);
        var machine = Cast.LinstorName(number);
        var member = Cast.LinstorName(MemberOf(fault).Number);
        var candidate = CandidateOf(fault);
        switch (fault.Kind)
        {
            case FaultKind.Crash:
                stage.Kubernetes.Crash(node);
                return () => stage.Kubernetes.PowerOn(node);
            case FaultKind.Isolation:
                stage.Kubernetes.Isolate(node);
                return () => stage.Kubernetes.Rejoin(node);
            case FaultKind.ReplicationCut:
                stage.Storage.CutLinks(machine);
                return () => stage.Storage.HealLinks(machine);
            case FaultKind.LinkCut:
                var peer = Cast.LinstorName(NodeAfter(fault).Number);
                stage.Storage.CutLink(machine, peer);
                return () => stage.Storage.HealLink(machine, peer);
            case FaultKind.SatelliteStopped:
                stage.Storage.StopSatellite(member);
                return () => stage.Storage.StartSatellite(member);
            case FaultKind.SatelliteHangs:
                stage.Storage.HangSatellite(member);
                return () => stage.Storage.ResumeSatellite(member);
            case FaultKind.SatelliteRepeats:
                stage.Storage.HangSatellite(member);
                return null;
            case FaultKind.SatelliteReturnsStale:
                stage.Storage.StopSatellite(member);
                return () => stage.Storage.StartSatelliteThatHangs(member);
            case FaultKind.SatelliteDead:
                stage.Storage.StopSatellite(member);
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
                stage.Hang(VolumeOf(fault), true);
                return () => stage.Hang(VolumeOf(fault), false);
            case FaultKind.DefinitionMissing:
                stage.MissOnce(VolumeOf(fault));
                return null;
            case FaultKind.PolicyUnreadable:
                stage.HidePolicy(VolumeOf(fault), true);
                return () => stage.HidePolicy(VolumeOf(fault), false);
            case FaultKind.LinstorSlow:
                stage.SlowDown(Slowness(fault));
                return () => stage.SlowDown(TimeSpan.Zero);
            case FaultKind.LinstorReachesNobody:
                candidate.Mislead(true);
                return () => candidate.Mislead(false);
            case FaultKind.KubeletCut:
                stage.Kubernetes.CutFromApi(node);
                return () => stage.Kubernetes.ReconnectToApi(node);
            case FaultKind.LinstorRestart:
                stage.Storage.StopLinstor();
                return stage.Storage.StartLinstor;
            case FaultKind.LinstorUnreachable:
                candidate.LoseLinstor();
                return candidate.RegainLinstor;
            case FaultKind.StreamDeaf:
                candidate.Deafen(true);
                return () => candidate.Deafen(false);
            case FaultKind.Replay:
                stage.Replay();
                return null;
            case FaultKind.ApiUnreachable:
                candidate.LoseApi();
                return candidate.RegainApi;
            case FaultKind.AnswersLost:
                candidate.HearsAnswers = false;
                return () => candidate.HearsAnswers = true;
            case FaultKind.ApiRefuses:
                stage.RefuseRequests(true);
                return () => stage.RefuseRequests(false);
            case FaultKind.WatchesBreak:
                candidate.BreakWatches();
                return null;
            case FaultKind.Killed:
                candidate.Kill();
                return candidate.Begin;
            case FaultKind.Stopped:
                candidate.Stop();
                return candidate.Begin;
            case FaultKind.ClockSet:
                candidate.WallClockIsOffBy = TimeSpan.FromMinutes((fault.Other * 2) - 60);
                return null;
            case FaultKind.Frozen:
                candidate.Freeze();
                return candidate.Thaw;
            case FaultKind.PodDeleted:
                if (PodOf(fault) is { } pod)
                {
                    stage.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, atOnce: fault.Other % 2 == 0);
                }

                return null;
            case FaultKind.PodEvicted:
                if (PodOf(fault) is { Phase: PodPhase.Running, Spec.NodeName: { } home } running && stage.Kubernetes.IsConnected(home))
                {
                    _ = stage.Store.Change(running, now => now with { Phase = PodPhase.Failed, Ready = false, Reason = "Evicted", Message = "The node was low on resource: memory." });
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
