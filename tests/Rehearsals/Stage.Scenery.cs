using System.Collections.Immutable;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;
using Pod = Piraeus.HighAvailability.Simulator.Kubernetes.Pod;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>How a cast becomes a world.</content>
internal sealed partial class Stage
{
    private void Furnish()
    {
        foreach (var (number, name) in Nodes)
        {
            Storage.AddNode(Plan.Cast.LinstorName(number), Plan.Cast.HostName(number));
            Kubernetes.AddNode(name, Plan.Cast.LinstorName(number));
        }

        for (var volume = 0; volume < Plan.Cast.Volumes.Length; volume++)
        {
            Furnish(volume, Plan.Cast.Volumes[volume]);
        }

        if (Plan.Cast.QuorumFromController)
        {
            Storage.SetControllerProperty(QuorumPolicy.Key, "majority");
        }

        for (var workload = 0; workload < Plan.Cast.Workloads.Length; workload++)
        {
            Furnish(workload, Plan.Cast.Workloads[workload]);
        }
    }

    private void Furnish(int volume, VolumePart part)
    {
        var name = Plan.Cast.Definition(volume);
        Kubernetes.AddVolume(Cast.Claim(volume), Cast.Handle(volume), accessMode: part.Shared ? AccessMode.ReadWriteMany : AccessMode.ReadWriteOnce);
        if (part.Missing)
        {
            return;
        }

        Storage.AddResource(name, [.. part.Diskful.Select(Plan.Cast.LinstorName)], part.TieBreaker is { } node ? Plan.Cast.LinstorName(node) : null);
        Storage.SetDefinitionProperty(name, QuorumPolicy.OnNoQuorumKey, part.OnNoQuorum);
        if (part.Quorum is { } quorum)
        {
            Storage.SetDefinitionProperty(name, QuorumPolicy.Key, quorum);
        }

        if (part.Shared)
        {
            Storage.SetDefinitionProperty(name, QuorumPolicy.AllowTwoPrimariesKey, "yes");
        }
    }

    private void Furnish(int workload, WorkloadPart part)
    {
        var name = Cast.Name(workload);
        var claims = part.Volumes.Select(volume => new ClaimMount(Cast.Claim(volume))).ToImmutableArray();
        if (part.Foreign)
        {
            Kubernetes.AddVolume($"other-{workload}", $"other-{workload}", driver: "other.example");
            claims = claims.Add(new($"other-{workload}"));
        }

        var labels = Metadata.Nothing.SetItem("app", name);
        var template = new PodTemplate(
            part.Wish == Wish.Unlabelled ? labels : labels.Add(Words.OptIn.Key, Words.OptIn.Value),
            part.Wish == Wish.Annotated ? Metadata.Nothing.SetItem(Words.OptOut, "") : Metadata.Nothing,
            new PodSpec { Claims = claims, Priority = part.Priority });
        switch (part.Keeper)
        {
            case Keeper.StatefulSet:
                Store.Create(new StatefulSet(new(Cast.Space, name), 1, template));
                break;
            case Keeper.Deployment:
                Store.Create(new Deployment(new(Cast.Space, name), 1, template));
                break;
            default:
                Store.Create(new Pod(new(Cast.Space, name) { Labels = template.Labels, Annotations = template.Annotations }, template.Spec));
                break;
        }
    }
}
