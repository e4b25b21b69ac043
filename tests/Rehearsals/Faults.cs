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

                var end = fault.Lasts is { } lasts ? fault.At + lasts : fault.IsBlindness ? calm : (TimeSpan?)null;
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
        FaultKind.Crash or FaultKind.Isolation or FaultKind.ReplicationCut or FaultKind.SatelliteStopped or FaultKind.SatelliteHangs or FaultKind.KubeletCut or FaultKind.Cordon => NodeOf(fault).Name,
        FaultKind.QuorumOff or FaultKind.ReplicaMoved => DefinitionOf(fault),
        FaultKind.PodDeleted or FaultKind.Exempted or FaultKind.Companion or FaultKind.Migration => Cast.Name(WorkloadOf(fault)),
        FaultKind.LinstorRestart or FaultKind.Replay or FaultKind.ApiRefuses or FaultKind.LeaderBlind => "",
        _ => CandidateOf(fault).Name,
    };

    /// <returns>What undoes it; null if nothing does.</returns>
    private Action? Begin(Fault fault)
    {
        var (number, node) = NodeOf(fault);
        var machine = Cast.LinstorName(number);
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
                stage.Storage.StopSatellite(machine);
                return () => stage.Storage.StartSatellite(machine);
            case FaultKind.SatelliteHangs:
                stage.Storage.HangSatellite(machine);
                return () => stage.Storage.ResumeSatellite(machine);
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
        return fault.Target % 3 == 0 || PodOf(fault)?.Spec.NodeName is not { } node ? any : stage.Nodes.First(one => one.Name == node);
    }

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
