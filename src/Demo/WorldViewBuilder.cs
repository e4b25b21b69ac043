using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Demo;

/// <summary>Reads the true state of the simulated world, which no participant can see.</summary>
internal static class WorldViewBuilder
{
    public static WorldView Build(KubernetesWorld world, double at)
    {
        var pods = world.Store.All<Pod>();
        return new(
            at,
            world.Storage.LinstorRuns,
            world.Store.Find<Lease>(DemoCluster.Namespace, ProgramVersion.Name)?.Holder is { Length: > 0 } holder ? holder : null,
            [.. world.Store.All<Node>().Where(node => world.Storage.FindNode(node.Metadata.Name) is not null).Select(node => ViewOf(world, node, pods))],
            [.. pods.Where(pod => pod.Spec.NodeName is null).Select(pod => ViewOf(world, pod))],
            [.. Pairs([.. world.Storage.Nodes.Select(node => node.Name)]).Select(pair => new LinkView(pair.One, pair.Other, world.Storage.Reaches(pair.One, pair.Other)))],
            [.. world.Store.All<VolumeAttachment>().Select(attachment => ViewOf(world, attachment))],
            [.. Expected(world, pods)]);
    }

    private static NodeView ViewOf(KubernetesWorld world, Node node, IReadOnlyCollection<Pod> pods)
    {
        var name = node.Metadata.Name;
        var machine = world.Storage.FindNode(name)!;
        var ghosts = world.Processes.Where(run => run.Node == name && !pods.Any(pod => pod.Is(run.Pod))).Select(run => run.Pod).ToList();
        return new(
            name,
            machine.Powered,
            machine.Isolated,
            machine.SatelliteRuns,
            machine.Status.ToString(),
            node.Ready.ToString(),
            node.Unschedulable,
            [.. node.Taints.Select(taint => $"{taint.Key}:{taint.Effect}")],
            [.. world.Storage.Definitions.SelectMany(definition => definition.Listed).Where(replica => replica.Node == machine).Select(replica => ViewOf(world, replica))],
            [.. pods.Where(pod => pod.Spec.NodeName == name).Select(pod => ViewOf(world, pod)), .. ghosts.Select(pod => ViewOf(world, pod, name))]);
    }

    private static DeviceView ViewOf(KubernetesWorld world, DrbdReplica replica) => new(
        replica.Definition.Name,
        replica.Kind.ToString(),
        replica.Role.ToString(),
        replica.Disk.ToString(),
        replica.Runs,
        replica.Quorate && replica.Runs,
        world.Storage.CanWrite(replica.Definition.Name, replica.Node.Name),
        world.Storage.KnownOf(replica.Definition.Name, replica.Node.Name)?.MayPromote,
        [.. replica.Peers.Select(peer => peer.Name)]);

    private static PodView ViewOf(KubernetesWorld world, Pod pod)
    {
        var runs = pod.Spec.NodeName is { } node && world.Runs(pod.Metadata.Uid, node);
        var writes = runs && world.CanWrite(pod);
        return new(
            $"{pod.Metadata.Namespace}/{pod.Metadata.Name}",
            pod.Metadata.Uid,
            pod.Spec.NodeName,
            pod.Phase.ToString(),
            pod.Metadata.Deleting is not null,
            writes && pod.Phase == PodPhase.Running && !world.Storage.FindNode(pod.Spec.NodeName!)!.Isolated,
            pod.Reason,
            writes);
    }

    // The pod was deleted by force, and its node has not learned of that yet.
    private static PodView ViewOf(KubernetesWorld world, Pod ghost, string node) => new(
        $"{ghost.Metadata.Namespace}/{ghost.Metadata.Name}", ghost.Metadata.Uid, node, "Forgotten", true, false, null, world.ResourcesOf(ghost).Any(resource => world.CanWrite(resource, node)));

    // The demo's own pods come first. Those that a user adds follow, as soon as there is a StatefulSet or a pod.
    private static IEnumerable<ExpectedPod> Expected(KubernetesWorld world, IReadOnlyCollection<Pod> pods)
    {
        var ofSets = world.Store.All<StatefulSet>().SelectMany(set => Enumerable.Range(0, set.Replicas).Select(at => ($"{set.Metadata.Namespace}/{set.Metadata.Name}-{at}", set.Template.Labels)));
        var others = pods.Where(pod => pod.Metadata.Owner?.Kind != "StatefulSet").Select(pod => ($"{pod.Metadata.Namespace}/{pod.Metadata.Name}", pod.Metadata.Labels));
        var all = ofSets.Concat(others).OrderBy(pod => pod.Item1, StringComparer.Ordinal).ToLookup(pod => pod.Item1, pod => pod.Item2);
        var own = Workload.All.Where(workload => all.Contains(workload.FullName)).Select(workload => new ExpectedPod(workload.FullName, workload.About)).ToList();
        return own.Concat(all.Where(pod => !own.Exists(known => known.Name == pod.Key)).Select(pod => new ExpectedPod(
            pod.Key, pod.First().ContainsKey(Workload.OptInLabel) ? "added to the demo, opted in" : "added to the demo, not opted in")));
    }

    private static AttachmentView ViewOf(KubernetesWorld world, VolumeAttachment attachment) => new(
        attachment.Metadata.Name,
        world.Store.Find<PersistentVolume>(attachment.VolumeName)?.ClaimName ?? attachment.VolumeName,
        attachment.NodeName,
        attachment.Attached,
        attachment.Metadata.Deleting is not null);

    private static IEnumerable<(string One, string Other)> Pairs(IReadOnlyList<string> names) =>
        names.SelectMany((one, at) => names.Skip(at + 1).Select(other => (one, other)));
}
