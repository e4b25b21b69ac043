namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Deletes objects that have lost their owner, and the pods of deleted nodes.</summary>
internal sealed class GarbageCollector(KubernetesWorld world)
{
    public void SeeGone(KubernetesObject owner) => world.EventQueue.After(world.Timings.Watch, () => DeleteDependents(owner.Metadata.Uid));

    /// <summary>Schedules the pod garbage collector, which runs at fixed times and gives a node some time to come back.</summary>
    public void SeeGone(Node node)
    {
        var name = node.Metadata.Name;
        var period = world.Timings.PodGarbagePeriod;
        world.EventQueue.At(period * Math.Ceiling((world.EventQueue.Now + world.Timings.PodGarbageQuarantine) / period), () => DeleteOrphans(name));
    }

    private void DeleteDependents(string uid)
    {
        foreach (var pod in world.Store.All<Pod>().Where(pod => pod.Metadata.Owner?.Uid == uid))
        {
            _ = world.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid);
        }

        foreach (var set in world.Store.All<ReplicaSet>().Where(set => set.Metadata.Owner?.Uid == uid))
        {
            _ = world.Store.Delete<ReplicaSet>(set.Metadata.Namespace, set.Metadata.Name, set.Metadata.Uid);
        }
    }

    private void DeleteOrphans(string node)
    {
        foreach (var pod in world.Store.All<Pod>().Where(pod => pod.Spec.NodeName == node && world.Store.Find<Node>(node) is null))
        {
            _ = world.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid, atOnce: true);
        }
    }
}
