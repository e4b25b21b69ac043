namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Keeps the number of pods that a ReplicaSet wants. A terminating pod does not count, so its replacement is created before it is gone.</summary>
internal sealed class ReplicaSetController
{
    private const string Component = "replicaset-controller";

    private readonly KubernetesWorld _world;
    private readonly WorkQueue _queue;

    public ReplicaSetController(KubernetesWorld world)
    {
        _world = world;
        _queue = new(world.EventQueue, () => world.Timings.Watch, Sync);
    }

    public void Handle(ReplicaSet set) => _queue.Add(set.Key);

    public void Handle(Pod pod)
    {
        if (pod.Metadata.Owner is { Kind: "ReplicaSet" } owner)
        {
            _queue.Add(KubernetesObject.KeyOf(pod.Metadata.Namespace, owner.Name));
        }
    }

    private void Sync(string key)
    {
        if (_world.Store.FindByKey<ReplicaSet>(key) is not { Metadata.Deleting: null } set)
        {
            return;
        }

        var (ready, active) = (0, new List<Pod>());
        foreach (var pod in _world.Store.Each<Pod>())
        {
            if (pod is { Metadata.Deleting: null, IsOver: false } && pod.Metadata.Owner?.Uid == set.Metadata.Uid)
            {
                active.Add(pod);
                ready += pod.Ready ? 1 : 0;
            }
        }

        for (var missing = set.Replicas - active.Count; missing > 0; missing--)
        {
            Create(set);
        }

        // Unscheduled pods are deleted first, then unready ones.
        foreach (var surplus in active.OrderBy(pod => pod.Spec.NodeName is not null).ThenBy(pod => pod.Ready).Take(active.Count - set.Replicas))
        {
            _ = _world.Store.Delete<Pod>(surplus.Metadata.Namespace, surplus.Metadata.Name, surplus.Metadata.Uid);
        }

        _ = _world.Store.Change(set, now => now with { ReadyReplicas = ready });
    }

    private void Create(ReplicaSet set)
    {
        var metadata = new Metadata(set.Metadata.Namespace, $"{set.Metadata.Name}-{_world.RandomName(5)}")
        {
            Labels = set.Template.Labels,
            Annotations = set.Template.Annotations,
            Owner = new("apps/v1", "ReplicaSet", set.Metadata.Name, set.Metadata.Uid),
        };
        _ = _world.Store.Create(new Pod(metadata, set.Template.Spec));
        _world.Events.Normal(Component, set, "SuccessfulCreate", $"Created pod: {metadata.Name}");
    }
}
