using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

/// <summary>A cluster of three nodes in virtual time.</summary>
internal sealed class ModelCluster
{
    public ModelCluster(int nodes = 3, int seed = 1)
    {
        World = new(new StorageWorld(), random: new Random(seed));
        World.AddNodes(new[] { "a", "b", "c", "d", "e" }.AsSpan(0, nodes));
    }

    public KubernetesWorld World { get; }

    public ObjectStore Store => World.Store;

    public Pod? Pod(string name) => Store.Find<Pod>("default", name);

    public Node Node(string name) => Store.Find<Node>(name)!;

    public IEnumerable<string> Taints(string node) => Node(node).Taints.Select(taint => $"{taint.Key}:{taint.Effect}");

    public IEnumerable<string> Attachments => Store.All<VolumeAttachment>().Select(attachment => $"{attachment.VolumeName} on {attachment.NodeName}").Order(StringComparer.Ordinal);

    public IEnumerable<string> Running => World.Processes.Select(process => $"{process.Pod.Metadata.Name} on {process.Node}").Order(StringComparer.Ordinal);

    public IEnumerable<Event> Events(string about, string reason) => Store.All<Event>().Where(happened => happened.About.Name == about && happened.Reason == reason);

    public void Run(double seconds) => World.Storage.RunFor(TimeSpan.FromSeconds(seconds));

    /// <summary>Lets time pass until something is so, and says how long it took.</summary>
    public TimeSpan Until(Func<bool> holds, double seconds = 600)
    {
        var (eventQueue, began) = (World.EventQueue, World.EventQueue.Now);
        while (!holds())
        {
            Assert.True(eventQueue.NextAt is { } next && next <= began + TimeSpan.FromSeconds(seconds), $"It did not come to that within {seconds} s.");
            eventQueue.RunUntil(eventQueue.NextAt!.Value);
        }

        return eventQueue.Now - began;
    }

    public bool IsRunning(string pod) => Pod(pod) is { Phase: PodPhase.Running, Ready: true, Metadata.Deleting: null };

    public void Cordon(string node, bool cordoned = true) => Store.Change(Node(node), now => now with { Unschedulable = cordoned });

    public void Taint(string node, string key = "drbd.linbit.com/lost-quorum", string effect = "NoSchedule") => Store.Change(Node(node), now => now with { Taints = now.Taints.Add(new(key, "", effect)) });

    /// <summary>A StatefulSet of one pod, which runs on the node that was asked for.</summary>
    public Pod Start(string name = "db", string on = "a", PodTemplate? template = null)
    {
        foreach (var node in Store.All<Node>())
        {
            Cordon(node.Metadata.Name, node.Metadata.Name != on);
        }

        World.AddStatefulSet(name, template: template);
        Until(() => IsRunning($"{name}-0"));
        foreach (var node in Store.All<Node>())
        {
            Cordon(node.Metadata.Name, cordoned: false);
        }

        return Pod($"{name}-0")!;
    }

    public void Release(Pod pod) => Store.Change(Node(pod.Spec.NodeName!), node => node with { VolumesInUse = [] });

    public WriteResult ForceDelete(Pod pod) => Store.Delete<Pod>("default", pod.Metadata.Name, pod.Metadata.Uid, atOnce: true);

    public WriteResult DeleteAttachment(Pod pod)
    {
        var attachment = World.AttachmentOf(World.VolumeOf("default", pod.Spec.Claims[0].Claim)!, pod.Spec.NodeName!)!;
        return Store.Delete<VolumeAttachment>("", attachment.Metadata.Name, attachment.Metadata.Uid);
    }
}
