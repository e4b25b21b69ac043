using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>What administrators and users do.</content>
internal sealed partial class FaultInjector
{
    private void Exempt(Fault fault)
    {
        if (PodOf(fault) is { } pod)
        {
            stage.Store.Change(pod, now => now with
            {
                Metadata = fault.Other % 2 == 0
                    ? now.Metadata with { Annotations = now.Metadata.Annotations.SetItem(CoreMapping.OptOut, "") }
                    : now.Metadata with { Labels = now.Metadata.Labels.Remove(CoreMapping.OptIn.Key) },
            });
        }
    }

    private Action? TurnQuorumOff(string name)
    {
        if (stage.Storage.FindDefinition(name) is not { } definition)
        {
            return null;
        }

        var before = stage.Storage.EffectiveProperty(definition, QuorumSetting.Key);
        stage.Loosen(definition);
        stage.Storage.SetDefinitionProperty(name, QuorumSetting.Key, "off");
        return () =>
        {
            stage.TurnOn(definition);
            stage.Storage.SetDefinitionProperty(name, QuorumSetting.Key, before);
        };
    }

    private Action? TurnQuorumOffOn(string node)
    {
        if (stage.Storage.FindNode(node) is not { } found || found.Properties.ContainsKey(QuorumSetting.Key))
        {
            return null;
        }

        var inheriting = stage.InheritingFrom(found).ToList(); // LINSTOR may give them a value of their own meanwhile, and not every node hears of it
        inheriting.ForEach(stage.Loosen);

        stage.Storage.SetNodeProperty(node, QuorumSetting.Key, "off");
        return () =>
        {
            inheriting.ForEach(stage.TurnOn);
            if (stage.Storage.FindNode(node) is not null)
            {
                stage.Storage.SetNodeProperty(node, QuorumSetting.Key, null);
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
            return () => stage.Restore(node);
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
            stage.Store.Create(new Pod(new(ScenarioSetup.Space, $"{pod.Metadata.Name}-and-{_random.Next(1000)}"), pod.Spec));
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
        var second = new Pod(new(ScenarioSetup.Space, $"{pod.Metadata.Name}-to-{_random.Next(1000)}") { Labels = pod.Metadata.Labels, Annotations = pod.Metadata.Annotations }, pod.Spec with { NodeName = to });
        stage.Store.Create(second);
        return () => stage.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid);
    }
}
