using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Derives a fault's target from its numbers.</content>
internal sealed partial class FaultInjector
{
    // A fault that hits a consumer reveals more, so two thirds of all node faults hit a consumer's node.
    private (int Number, string Name) NodeOf(Fault fault)
    {
        var any = cluster.Nodes[fault.Target % cluster.Nodes.Length];
        return (fault.Target % 3 == 0 && fault.Kind is not (FaultKind.ReplicaCut or FaultKind.Partition)) || PodOf(fault)?.Spec.NodeName is not { } node ? any : cluster.Nodes.First(one => one.Name == node);
    }

    // Satellite faults may hit another member of a consumer's volume instead.
    private (int Number, string Name) MemberOf(Fault fault) => fault.Other % 3 == 1 && PeersOf(fault) is { Count: > 0 } peers ? peers[fault.Other / 3 % peers.Count] : NodeOf(fault);

    // The other nodes that have the first volume of a consumer.
    private List<(int Number, string Name)> PeersOf(Fault fault)
    {
        var own = NodeOf(fault);
        var definition = cluster.Storage.FindDefinition(Setup.Definition(Setup.Workloads[WorkloadOf(fault)].Volumes[0]));
        return [.. cluster.Nodes.Where(node => node != own && definition?.Listed.Any(replica => replica.Node.Name == Setup.LinstorName(node.Number)) == true)];
    }

    private List<(int Number, string Name)> IslandOf(Fault fault) => [NodeOf(fault), .. PeersOf(fault).Take(1 + (fault.Other % 2))];

    // A volume of a consumer.
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
