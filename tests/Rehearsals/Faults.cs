using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Lets things go wrong on a stage, and undoes them.</summary>
internal sealed class Faults(Stage stage)
{
    private readonly Random _random = new(stage.Plan.Seed);

    private Cast Cast => stage.Plan.Cast;

    /// <summary>Plans everything that goes wrong. What disturbs those who watch has ended by <paramref name="calm"/>.</summary>
    public void Plan(TimeSpan calm)
    {
        foreach (var fault in stage.Plan.Faults)
        {
            stage.Agenda.At(fault.At, () =>
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
                    stage.Agenda.At(fault.IsBlindness && at > calm ? calm : at, () =>
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
        FaultKind.PodDeleted or FaultKind.PodEvicted or FaultKind.Exempted or FaultKind.Companion or FaultKind.Migration => Cast.Name(WorkloadOf(fault)),
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

    // What hits somebody is more telling than what hits nobody: two thirds of all faults of nodes hit the node of a user.
    private (int Number, string Name) NodeOf(Fault fault)
    {
        var any = stage.Nodes[fault.Target % stage.Nodes.Length];
        return (fault.Target % 3 == 0 && fault.Kind is not (FaultKind.ReplicaCut or FaultKind.Partition)) || PodOf(fault)?.Spec.NodeName is not { } node ? any : stage.Nodes.First(one => one.Name == node);
    }

    // What is done to satellites may hit another member of a user's volume instead.
    private (int Number, string Name) MemberOf(Fault fault) => fault.Other % 3 == 1 && PeersOf(fault) is { Count: > 0 } peers ? peers[fault.Other / 3 % peers.Count] : NodeOf(fault);

    // The other nodes that have the first volume of a user.
    private List<(int Number, string Name)> PeersOf(Fault fault)
    {
        var own = NodeOf(fault);
        var definition = stage.Storage.FindDefinition(Cast.Definition(Cast.Workloads[WorkloadOf(fault)].Volumes[0]));
        return [.. stage.Nodes.Where(node => node != own && definition?.Listed.Any(replica => replica.Node.Name == Cast.LinstorName(node.Number)) == true)];
    }

    private List<(int Number, string Name)> IslandOf(Fault fault) => [NodeOf(fault), .. PeersOf(fault).Take(1 + (fault.Other % 2))];

    // A volume of a user.
    private string VolumeOf(Fault fault) => Cast.Definition(Cast.Workloads[WorkloadOf(fault)].Volumes[fault.Other % Cast.Workloads[WorkloadOf(fault)].Volumes.Length]);

    private static TimeSpan Slowness(Fault fault) => TimeSpan.FromSeconds(1 + (fault.Other % 31 / 10.0));

    private (int Number, string Name) NodeAfter(Fault fault) => stage.Nodes[(NodeOf(fault).Number + 1 + (fault.Other % (stage.Nodes.Length - 1))) % stage.Nodes.Length];

    private Candidate CandidateOf(Fault fault) => stage.Candidates[fault.Target % stage.Candidates.Length];

    private string DefinitionOf(Fault fault) => Cast.Definition(fault.Target % Cast.Volumes.Length);

    private int WorkloadOf(Fault fault) => fault.Target % Cast.Workloads.Length;

    private Pod? PodOf(Fault fault)
    {
        var app = Cast.Name(WorkloadOf(fault));
        return stage.Store.All<Pod>().FirstOrDefault(pod => pod.Metadata.Labels.GetValueOrDefault("app") == app);
    }

    private void Exempt(Fault fault)
    {
        if (PodOf(fault) is { } pod)
        {
            stage.Store.Change(pod, now => now with
            {
                Metadata = fault.Other % 2 == 0
                    ? now.Metadata with { Annotations = now.Metadata.Annotations.SetItem(Words.OptOut, "") }
                    : now.Metadata with { Labels = now.Metadata.Labels.Remove(Words.OptIn.Key) },
            });
        }
    }

    private Action? TurnQuorumOff(string name)
    {
        if (stage.Storage.FindDefinition(name) is not { } definition)
        {
            return null;
        }

        var before = stage.Storage.EffectiveProperty(definition, QuorumPolicy.Key);
        stage.Loosen(definition);
        stage.Storage.SetDefinitionProperty(name, QuorumPolicy.Key, "off");
        return () =>
        {
            stage.TurnOn(definition);
            stage.Storage.SetDefinitionProperty(name, QuorumPolicy.Key, before);
        };
    }

    private Action? TurnQuorumOffOn(string node)
    {
        if (stage.Storage.FindNode(node) is not { } found || found.Properties.ContainsKey(QuorumPolicy.Key))
        {
            return null;
        }

        var inheriting = stage.InheritingFrom(found).ToList(); // LINSTOR may give them a value of their own meanwhile, and not every node hears of it
        inheriting.ForEach(stage.Loosen);

        stage.Storage.SetNodeProperty(node, QuorumPolicy.Key, "off");
        return () =>
        {
            inheriting.ForEach(stage.TurnOn);
            if (stage.Storage.FindNode(node) is not null)
            {
                stage.Storage.SetNodeProperty(node, QuorumPolicy.Key, null);
            }
        };
    }

    private Action? GiveUp(string node)
    {
        if (!stage.Storage.LinstorRuns || stage.Storage.FindNode(node) is not { } found)
        {
            return null;
        }

        if (found.Status != ConnectionStatus.Offline)
        {
            stage.Storage.StopSatellite(node); // else it is refused
        }

        if (found.Status == ConnectionStatus.Offline)
        {
            stage.DeclareLost(found);
            stage.Storage.LoseNode(node);
        }

        return () =>
        {
            if (stage.Storage.FindNode(node) is null)
            {
                stage.Storage.AddNode(node);
            }

            stage.Storage.StartSatellite(node);
        };
    }

    private Action? Evict(string node)
    {
        if (stage.Storage.LinstorRuns && stage.Storage.FindNode(node) is { Status: ConnectionStatus.Offline } found)
        {
            stage.Tear(found);
            stage.Storage.Evict(node);
            return () => _ = stage.Storage.FindNode(node) is not null && stage.Storage.RestoreNode(node);
        }

        return null;
    }

    // Where it is in use, LINSTOR refuses; where the satellite is away, it stays on the list.
    private Action? RemoveReplica(Fault fault)
    {
        if (!stage.Storage.LinstorRuns || stage.Storage.FindDefinition(VolumeOf(fault)) is not { } definition)
        {
            return null;
        }

        var removable = definition.Listed.Where(replica => replica.Role == DrbdRole.Secondary).ToList();
        if (removable.Count == 0)
        {
            return null;
        }

        var replica = removable[fault.Target % removable.Count];
        var node = replica.Node.Name;
        stage.Move(definition);
        stage.Storage.DeleteReplica(definition.Name, node);
        return () =>
        {
            if (stage.Storage.FindNode(node) is not null && stage.Storage.LinstorRuns && stage.Storage.FindReplica(definition.Name, node) is null)
            {
                stage.Storage.AddReplica(definition.Name, node, replica.Kind);
            }
        };
    }

    private void AddReplicas(Fault fault)
    {
        if (stage.Storage.LinstorRuns && stage.Storage.FindDefinition(VolumeOf(fault)) is { } definition)
        {
            stage.Move(definition);
            stage.Tear(definition);
            foreach (var node in stage.Storage.Nodes.Where(node => node.Status == ConnectionStatus.Online && definition.Listed.All(replica => replica.Node != node)).Take(2).ToList())
            {
                stage.Storage.AddReplica(definition.Name, node.Name);
            }
        }
    }

    private Action Divide(List<(int Number, string Name)> island)
    {
        var cuts = (from one in island from other in stage.Nodes.Except(island) select (Cast.LinstorName(one.Number), Cast.LinstorName(other.Number))).ToList();
        cuts.ForEach(cut => stage.Storage.CutLink(cut.Item1, cut.Item2));
        foreach (var (number, name) in island)
        {
            stage.Storage.CutSatellite(Cast.LinstorName(number));
            stage.Kubernetes.CutFromApi(name);
        }

        return () =>
        {
            cuts.ForEach(cut => stage.Storage.HealLink(cut.Item1, cut.Item2));
            foreach (var (number, name) in island)
            {
                stage.Storage.HealSatellite(Cast.LinstorName(number));
                stage.Kubernetes.ReconnectToApi(name);
            }
        };
    }

    private Action? CutReplica(Fault fault)
    {
        var own = Cast.LinstorName(NodeOf(fault).Number);
        var peers = stage.Storage.FindDefinition(VolumeOf(fault))?.Listed.Select(replica => replica.Node.Name).Where(name => name != own).ToList() ?? [];
        peers.ForEach(peer => stage.Storage.CutLink(own, peer));
        return () => peers.ForEach(peer => stage.Storage.HealLink(own, peer));
    }

    private void MoveReplica(Fault fault)
    {
        var definition = stage.Storage.FindDefinition(DefinitionOf(fault));
        var from = definition?.Listed.FirstOrDefault(replica => replica is { Kind: ReplicaKind.Diskful, Role: DrbdRole.Secondary });
        var to = stage.Storage.Nodes.FirstOrDefault(node => definition?.Listed.All(replica => replica.Node != node) == true && node.Status == ConnectionStatus.Online);
        if (from is not null && to is not null && stage.Storage.LinstorRuns)
        {
            stage.Move(definition!);
            stage.Storage.AddReplica(definition!.Name, to.Name);
            stage.Storage.DeleteReplica(definition.Name, from.Node.Name);
        }
    }

    private void Cordon(string node, bool on)
    {
        if (stage.Store.Find<Node>(node) is { } found)
        {
            stage.Store.Update(found with { Unschedulable = on });
        }
    }

    private void Accompany(Fault fault)
    {
        if (PodOf(fault) is { Spec.NodeName: not null } pod)
        {
            stage.Store.Create(new Pod(new(Cast.Space, $"{pod.Metadata.Name}-and-{_random.Next(1000)}"), pod.Spec));
        }
    }

    private void BlindLeader()
    {
        if (stage.Candidates.FirstOrDefault(candidate => candidate.MayAct(TimeSpan.Zero)) is { } leader && stage.Candidates.Count(candidate => !candidate.IsBlind) > 1)
        {
            stage.Tell("fault", $"{leader.Name} no longer reaches LINSTOR");
            leader.LoseLinstorForGood();
        }
    }

    // A virtual machine's second pod: both use the volume, until the first is deleted.
    private Action? Migrate(Fault fault)
    {
        if (PodOf(fault) is not { Spec.NodeName: { } from } pod || Cast.Workloads[WorkloadOf(fault)].Volumes.Any(volume => !Cast.Volumes[volume].Shared))
        {
            return null;
        }

        var to = stage.Nodes.First(node => node.Name != from).Name;
        var second = new Pod(new(Cast.Space, $"{pod.Metadata.Name}-to-{_random.Next(1000)}") { Labels = pod.Metadata.Labels, Annotations = pod.Metadata.Annotations }, pod.Spec with { NodeName = to });
        stage.Store.Create(second);
        return () => stage.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid);
    }
}
