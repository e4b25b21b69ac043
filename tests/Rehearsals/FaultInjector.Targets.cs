using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>What a fault hits, worked out from its numbers.</content>
internal sealed partial class FaultInjector
{
    // What hits somebody is more telling than what hits nobody: two thirds of all faults of nodes hit the node of a user.
    private (int Number, string Name) NodeOf(Fault fault)
    {
        var any = cluster.Nodes[fault.Target % cluster.Nodes.Length];
        return (fault.Target % 3 == 0 && fault.Kind is not (FaultKind.ReplicaCut or FaultKind.Partition)) || PodOf(fault)?.Spec.NodeName is not { } node ? any : cluster.Nodes.First(one => one.Name == node);
    }

    // What is done to satellites may hit another member of a user's volume instead.
    private (int Number, string Name) MemberOf(Fault fault) => fault.Other % 3 == 1 && PeersOf(fault) is { Count: > 0 } peers ? peers[fault.Other / 3 % peers.Count] : NodeOf(fault);

    // The other nodes that have the first volume of a user.
    private List<(int Number, string Name)> PeersOf(Fault fault)
    {
        var own = NodeOf(fault);
        var definition = cluster.Storage.FindDefinition(Setup.Definition(Setup.Workloads[WorkloadOf(fault)].Volumes[0]));
        return [.. cluster.Nodes.Where(node => node != own && definition?.Listed.Any(replica => replica.Node.Name == Setup.LinstorName(node.Number)) == true)];
    }

    private List<(int Number, string Name)> IslandOf(Fault fault) => [NodeOf(fault), .. PeersOf(fault).Take(1 + (fault.Other % 2))];

    // A volume of a user.
    private string VolumeOf(Fault fault) => Setup.Definition(Setup.Workloads[WorkloadOf(fault)].Volumes[fault.Other % Setup.Workloads[WorkloadOf(fault)].Volumes.Length]);

    private static TimeSpan Slowness(Fault fault) => TimeSpan.FromSeconds(1 + (fault.Other % 31 / 10.0));

    private (int Number, string Name) NodeAfter(Fault fault) => cluster.Nodes[(NodeOf(fault).Number + 1 + (fault.Other % (cluster.Nodes.Length - 1))) % cluster.Nodes.Length];

    private SimulatedController ControllerOf(Fault fault) => cluster.Controllers[fault.Target % cluster.Controllers.Length];

    private string DefinitionOf(Fault fault) => Setup.Definition(fault.Target % Setup.Volumes.Length);

    private int WorkloadOf(Fault fault) => fault.Target % Setup.Workloads.Length;

    private Pod? PodOf(Fault fault)
    {
        var app = ScenarioSetup.Name(WorkloadOf(fault));
        return cluster.Store.All<Pod>().FirstOrDefault(pod => pod.Metadata.Labels.GetValueOrDefault("app") == app);
    }
}
