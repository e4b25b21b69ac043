using System.Collections.Immutable;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;
using Pod = Piraeus.HighAvailability.Simulator.Kubernetes.Pod;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Builds the cluster of a scenario from its setup.</content>
internal sealed partial class SimulatedCluster
{
    private void Furnish()
    {
        foreach (var (number, name) in Nodes)
        {
            Storage.AddNode(Plan.Setup.LinstorName(number), Plan.Setup.HostName(number));
            Kubernetes.AddNode(name, Plan.Setup.LinstorName(number));
        }

        for (var volume = 0; volume < Plan.Setup.Volumes.Length; volume++)
        {
            Furnish(volume, Plan.Setup.Volumes[volume]);
        }

        if (Plan.Setup.QuorumFromController)
        {
            Storage.SetControllerProperty(QuorumSetting.Key, "majority");
        }

        for (var workload = 0; workload < Plan.Setup.Workloads.Length; workload++)
        {
            Furnish(workload, Plan.Setup.Workloads[workload]);
        }
    }

    private void Furnish(int volume, VolumeSetup part)
    {
        var name = Plan.Setup.Definition(volume);
        Kubernetes.AddVolume(ScenarioSetup.Claim(volume), ScenarioSetup.Handle(volume), accessMode: part.Shared ? AccessMode.ReadWriteMany : AccessMode.ReadWriteOnce);
        if (part.Missing)
        {
            return;
        }

        Storage.AddResource(name, [.. part.Diskful.Select(Plan.Setup.LinstorName)], part.TieBreaker is { } node ? Plan.Setup.LinstorName(node) : null);
        Storage.SetDefinitionProperty(name, QuorumSetting.OnNoQuorumKey, part.OnNoQuorum);
        if (part.Quorum is { } quorum)
        {
            Storage.SetDefinitionProperty(name, QuorumSetting.Key, quorum);
        }

        if (part.Shared)
        {
            Storage.SetDefinitionProperty(name, QuorumSetting.AllowTwoPrimariesKey, "yes");
        }
    }

    private void Furnish(int workload, WorkloadSetup part)
    {
        var name = ScenarioSetup.Name(workload);
        var claims = part.Volumes.Select(volume => new ClaimMount(ScenarioSetup.Claim(volume))).ToImmutableArray();
        if (part.Foreign)
        {
            Kubernetes.AddVolume($"other-{workload}", $"other-{workload}", driver: "other.example");
            claims = claims.Add(new($"other-{workload}"));
        }

        var labels = Metadata.Nothing.SetItem("app", name);
        var template = new PodTemplate(
            part.Wish == OwnerIntent.Unlabelled ? labels : labels.Add(CoreMapping.OptIn.Key, CoreMapping.OptIn.Value),
            part.Wish == OwnerIntent.Annotated ? Metadata.Nothing.SetItem(CoreMapping.OptOut, "") : Metadata.Nothing,
            new PodSpec { Claims = claims, Priority = part.Priority });
        switch (part.Keeper)
        {
            case WorkloadKind.StatefulSet:
                Store.Create(new StatefulSet(new(ScenarioSetup.Space, name), 1, template));
                break;
            case WorkloadKind.Deployment:
                Store.Create(new Deployment(new(ScenarioSetup.Space, name), 1, template));
                break;
            default:
                Store.Create(new Pod(new(ScenarioSetup.Space, name) { Labels = template.Labels, Annotations = template.Annotations }, template.Spec));
                break;
        }
    }
}
