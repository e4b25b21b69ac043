using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Actions of administrators and users.</content>
internal sealed partial class FaultInjector
{
    private void Exempt(Fault fault)
    {
        if (PodOf(fault) is { } pod)
        {
            cluster.Store.Change(pod, now => now with
            {
                Metadata = fault.Other % 2 == 0
                    ? now.Metadata with { Annotations = now.Metadata.Annotations.SetItem(CoreMapping.OptOut, "") }
                    : now.Metadata with { Labels = now.Metadata.Labels.Remove(CoreMapping.OptIn.Key) },
            });
        }
    }

    private Action? TurnQuorumOff(string name)
    {
        if (cluster.Storage.FindDefinition(name) is not { } definition)
        {
            return null;
        }

        var before = cluster.Storage.EffectiveProperty(definition, QuorumSetting.Key);
        cluster.Loosen(definition);
        cluster.Storage.SetDefinitionProperty(name, QuorumSetting.Key, "off");
        return () =>
        {
            cluster.TurnOn(definition);
            cluster.Storage.SetDefinitionProperty(name, QuorumSetting.Key, before);
        };
    }

    private Action? TurnQuorumOffOn(string node)
    {
        if (cluster.Storage.FindNode(node) is not { } found || found.Properties.ContainsKey(QuorumSetting.Key))
        {
            return null;
        }

        var inheriting = cluster.InheritingFrom(found).ToList(); // LINSTOR may give them a value of their own meanwhile, and not every node receives it
        inheriting.ForEach(cluster.Loosen);

        cluster.Storage.SetNodeProperty(node, QuorumSetting.Key, "off");
        return () =>
        {
            inheriting.ForEach(cluster.TurnOn);
            if (cluster.Storage.FindNode(node) is not null)
            {
                cluster.Storage.SetNodeProperty(node, QuorumSetting.Key, null);
            }
        };
    }

    private Action? GiveUp(string node)
    {
        if (!cluster.Storage.LinstorRuns || cluster.Storage.FindNode(node) is not { } found)
        {
            return null;
        }

        if (found.Status != ConnectionStatus.Offline)
        {
            cluster.Storage.StopSatellite(node); // LINSTOR refuses otherwise
        }

        if (found.Status == ConnectionStatus.Offline)
        {
            cluster.DeclareLost(found);
            cluster.Storage.LoseNode(node);
        }

        return () =>
        {
            if (cluster.Storage.FindNode(node) is null)
            {
                cluster.Storage.AddNode(node);
            }

            cluster.Storage.StartSatellite(node);
        };
    }

    private Action? Evict(string node)
    {
        if (cluster.Storage.LinstorRuns && cluster.Storage.FindNode(node) is { Status: ConnectionStatus.Offline } found)
        {
            cluster.Tear(found);
            cluster.Storage.Evict(node);
            return () => cluster.Restore(node);
        }

        return null;
    }

    // LINSTOR refuses while the replica is in use. While the satellite is away, the replica stays listed.
    private Action? RemoveReplica(Fault fault)
    {
        if (!cluster.Storage.LinstorRuns || cluster.Storage.FindDefinition(VolumeOf(fault)) is not { } definition)
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
        cluster.Move(definition);
        cluster.Storage.DeleteReplica(definition.Name, node);
        return () =>
        {
            if (cluster.Storage.FindNode(node) is not null && cluster.Storage.LinstorRuns && cluster.Storage.FindReplica(definition.Name, node) is null)
            {
                cluster.Storage.AddReplica(definition.Name, node, replica.Kind);
            }
        };
    }

    private void AddReplicas(Fault fault)
    {
        if (cluster.Storage.LinstorRuns && cluster.Storage.FindDefinition(VolumeOf(fault)) is { } definition)
        {
            cluster.Move(definition);
            cluster.Tear(definition);
            foreach (var node in cluster.Storage.Nodes.Where(node => node.Status == ConnectionStatus.Online && definition.Listed.All(replica => replica.Node != node)).Take(2).ToList())
            {
                cluster.Storage.AddReplica(definition.Name, node.Name);
            }
        }
    }

    private Action Divide(List<(int Number, string Name)> island)
    {
        var cuts = (from one in island from other in cluster.Nodes.Except(island) select (Setup.LinstorName(one.Number), Setup.LinstorName(other.Number))).ToList();
        cuts.ForEach(cut => cluster.Storage.CutLink(cut.Item1, cut.Item2));
        foreach (var (number, name) in island)
        {
            cluster.Storage.CutSatellite(Setup.LinstorName(number));
            cluster.Kubernetes.CutFromApi(name);
        }

        return () =>
        {
            cuts.ForEach(cut => cluster.Storage.HealLink(cut.Item1, cut.Item2));
            foreach (var (number, name) in island)
            {
                cluster.Storage.HealSatellite(Setup.LinstorName(number));
                cluster.Kubernetes.ReconnectToApi(name);
            }
        };
    }

    private Action? CutReplica(Fault fault)
    {
        var own = Setup.LinstorName(NodeOf(fault).Number);
        var peers = cluster.Storage.FindDefinition(VolumeOf(fault))?.Listed.Select(replica => replica.Node.Name).Where(name => name != own).ToList() ?? [];
        peers.ForEach(peer => cluster.Storage.CutLink(own, peer));
        return () => peers.ForEach(peer => cluster.Storage.HealLink(own, peer));
    }

    private void MoveReplica(Fault fault)
    {
        var definition = cluster.Storage.FindDefinition(DefinitionOf(fault));
        var from = definition?.Listed.FirstOrDefault(replica => replica is { Kind: ReplicaKind.Diskful, Role: DrbdRole.Secondary });
        var to = cluster.Storage.Nodes.FirstOrDefault(node => definition?.Listed.All(replica => replica.Node != node) == true && node.Status == ConnectionStatus.Online);
        if (from is not null && to is not null && cluster.Storage.LinstorRuns)
        {
            cluster.Move(definition!);
            cluster.Storage.AddReplica(definition!.Name, to.Name);
            cluster.Storage.DeleteReplica(definition.Name, from.Node.Name);
        }
    }

    private void Cordon(string node, bool on)
    {
        if (cluster.Store.Find<Node>(node) is { } found)
        {
            cluster.Store.Update(found with { Unschedulable = on });
        }
    }

    private void Accompany(Fault fault)
    {
        if (PodOf(fault) is { Spec.NodeName: not null } pod)
        {
            cluster.Store.Create(new Pod(new(ScenarioSetup.Space, $"{pod.Metadata.Name}-and-{_random.Next(1000)}"), pod.Spec));
        }
    }

    private void BlindLeader()
    {
        if (cluster.Controllers.FirstOrDefault(controller => controller.MayAct(TimeSpan.Zero)) is { } leader && cluster.Controllers.Count(controller => !controller.IsBlind) > 1)
        {
            cluster.Log("fault", $"{leader.Name} no longer reaches LINSTOR");
            leader.LoseLinstorForGood();
        }
    }

    // A virtual machine's second pod: both pods use the volume until the first is deleted.
    private Action? Migrate(Fault fault)
    {
        if (PodOf(fault) is not { Spec.NodeName: { } from } pod || Setup.Workloads[WorkloadOf(fault)].Volumes.Any(volume => !Setup.Volumes[volume].Shared))
        {
            return null;
        }

        var to = cluster.Nodes.First(node => node.Name != from).Name;
        var second = new Pod(new(ScenarioSetup.Space, $"{pod.Metadata.Name}-to-{_random.Next(1000)}") { Labels = pod.Metadata.Labels, Annotations = pod.Metadata.Annotations }, pod.Spec with { NodeName = to });
        cluster.Store.Create(second);
        return () => cluster.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid);
    }
}
