namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Keeps the pods of StatefulSets, all in parallel (<c>podManagementPolicy: Parallel</c>). It reuses a name only when the object that had it is gone, and replaces the pods of an old template one after the other.</summary>
internal sealed class StatefulSetController
{
    /// <summary>The label with the revision of a pod: the set's name, and its template's hash.</summary>
    public const string RevisionLabel = "controller-revision-hash";

    private const string Component = "statefulset-controller";

    private readonly KubernetesWorld _world;
    private readonly WorkQueue _queue;

    public StatefulSetController(KubernetesWorld world)
    {
        _world = world;
        _queue = new(world.EventQueue, () => world.Timings.Watch, Sync);
    }

    public void Handle(StatefulSet set) => _queue.Add(set.Key);

    public void Handle(Pod pod)
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

        var (ready, outdated) = (0, 0);
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

            ready += IsReady(pod) ? 1 : 0;
            outdated += IsOutdated(set, pod) ? 1 : 0;
        }

        for (var ordinal = set.Replicas; _world.Store.Find<Pod>(set.Metadata.Namespace, $"{set.Metadata.Name}-{ordinal}") is { } surplus && IsOf(set, surplus); ordinal++)
        {
            _ = _world.Store.Delete<Pod>(surplus.Metadata.Namespace, surplus.Metadata.Name, surplus.Metadata.Uid);
        }

        if (outdated > 0)
        {
            ReplaceNext(set);
        }

        var isDone = outdated == 0 && (set.Rollout is null || ready == set.Replicas);
        var rollout = isDone ? null : new Rollout(set.Rollout?.From ?? "", set.Replicas - outdated, outdated);
        _ = _world.Store.Change(set, now => now with { ReadyReplicas = ready, Rollout = rollout });
    }

    /// <summary>Deletes the last pod of an old template, unless a pod after it is not ready yet.</summary>
    private void ReplaceNext(StatefulSet set)
    {
        for (var ordinal = set.Replicas - 1; ordinal >= 0; ordinal--)
        {
            var pod = _world.Store.Find<Pod>(set.Metadata.Namespace, $"{set.Metadata.Name}-{ordinal}");
            if (pod is { Metadata.Deleting: null } && IsOutdated(set, pod))
            {
                _ = _world.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid);
                _world.Events.Normal(Component, set, "SuccessfulDelete", $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
                return;
            }

            if (!IsReady(pod))
            {
                return;
            }
        }
    }

    private static bool IsReady(Pod? pod) => pod is { Ready: true, Metadata.Deleting: null };

    /// <summary>Whether it is of an old template; a pod without a revision is not.</summary>
    private static bool IsOutdated(StatefulSet set, Pod? pod) => pod?.Metadata.Labels.GetValueOrDefault(RevisionLabel) is { } revision && revision != set.Revision;

    private static bool IsOf(StatefulSet set, Pod pod) => pod.Metadata.Owner?.Uid == set.Metadata.Uid;

    private void Create(StatefulSet set, int ordinal)
    {
        var name = $"{set.Metadata.Name}-{ordinal}";
        var claims = set.Template.Spec.Claims;
        foreach (var template in set.ClaimTemplates)
        {
            var claim = $"{template}-{name}";
            _world.Provision(set.Metadata.Namespace, claim);
            claims = claims.Add(new(claim, Volume: template));
        }

        var metadata = new Metadata(set.Metadata.Namespace, name)
        {
            Labels = set.Template.Labels.SetItem("statefulset.kubernetes.io/pod-name", name).SetItem(RevisionLabel, set.Revision),
            Annotations = set.Template.Annotations,
            Owner = new("apps/v1", "StatefulSet", set.Metadata.Name, set.Metadata.Uid),
        };
        if (_world.Store.Create(new Pod(metadata, set.Template.Spec with { Claims = claims })) == WriteResult.Done)
        {
            _world.Events.Normal(Component, set, "SuccessfulCreate", $"create Pod {name} in StatefulSet {set.Metadata.Name} successful");
        }
    }
}
