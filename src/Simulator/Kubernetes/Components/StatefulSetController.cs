namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Keeps the pods of StatefulSets, all in parallel (<c>podManagementPolicy: Parallel</c>). It reuses a name only when the object that had it is gone.</summary>
internal sealed class StatefulSetController
{
    private const string Component = "statefulset-controller";

    private readonly KubernetesWorld _world;
    private readonly WorkQueue _queue;

    public StatefulSetController(KubernetesWorld world)
    {
        _world = world;
        _queue = new(world.EventQueue, () => world.Timings.Watch, Sync);
    }

    public void See(StatefulSet set) => _queue.Add(set.Key);

    public void See(Pod pod)
    {
        if (pod.Metadata.Owner is { Kind: "StatefulSet" } owner)
        {
            _queue.Add(KubernetesObject.KeyOf(pod.Metadata.Namespace, owner.Name));
        }
    }

    private void Sync(string key)
    {
        if (_world.Store.FindByKey<StatefulSet>(key) is not { Metadata.Deleting: null } set)
        {
            return;
        }

        var ready = 0;
        for (var ordinal = 0; ordinal < set.Replicas; ordinal++)
        {
            var pod = _world.Store.Find<Pod>(set.Metadata.Namespace, $"{set.Metadata.Name}-{ordinal}");
            if (pod is null)
            {
                Create(set, ordinal);
            }
            else if (pod is { IsOver: true, Metadata.Deleting: null })
            {
                _ = _world.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid);
            }

            ready += pod is { Ready: true, Metadata.Deleting: null } ? 1 : 0;
        }

        for (var ordinal = set.Replicas; _world.Store.Find<Pod>(set.Metadata.Namespace, $"{set.Metadata.Name}-{ordinal}") is { } surplus && IsOf(set, surplus); ordinal++)
        {
            _ = _world.Store.Delete<Pod>(surplus.Metadata.Namespace, surplus.Metadata.Name, surplus.Metadata.Uid);
        }

        _ = _world.Store.Change(set, now => now with { ReadyReplicas = ready });
    }

    private static bool IsOf(StatefulSet set, Pod pod) => pod.Metadata.Owner?.Uid == set.Metadata.Uid;

    private void Create(StatefulSet set, int ordinal)
    {
        var name = $"{set.Metadata.Name}-{ordinal}";
        var claims = set.Template.Spec.Claims;
        foreach (var template in set.ClaimTemplates)
        {
            var claim = $"{template}-{name}";
            _world.Provision(set.Metadata.Namespace, claim);
            claims = claims.Add(new(claim));
        }

        var metadata = new Metadata(set.Metadata.Namespace, name)
        {
            Labels = set.Template.Labels.SetItem("statefulset.kubernetes.io/pod-name", name),
            Annotations = set.Template.Annotations,
            Owner = new("apps/v1", "StatefulSet", set.Metadata.Name, set.Metadata.Uid),
        };
        if (_world.Store.Create(new Pod(metadata, set.Template.Spec with { Claims = claims })) == WriteResult.Done)
        {
            _world.Events.Normal(Component, set, "SuccessfulCreate", $"create Pod {name} in StatefulSet {set.Metadata.Name} successful");
        }
    }
}
