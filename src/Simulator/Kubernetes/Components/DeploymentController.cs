namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Keeps one ReplicaSet for each Deployment, with the Deployment's number of replicas. It does not roll out a changed template.</summary>
internal sealed class DeploymentController
{
    private const string Component = "deployment-controller";

    private readonly KubernetesWorld _world;
    private readonly WorkQueue _queue;

    public DeploymentController(KubernetesWorld world)
    {
        _world = world;
        _queue = new(world.EventQueue, () => world.Timings.Watch, Sync);
    }

    public void See(Deployment deployment) => _queue.Add(deployment.Key);

    public void See(ReplicaSet set)
    {
        if (set.Metadata.Owner is { Kind: "Deployment" } owner)
        {
            _queue.Add(KubernetesObject.KeyOf(set.Metadata.Namespace, owner.Name));
        }
    }

    private void Sync(string key)
    {
        if (_world.Store.FindByKey<Deployment>(key) is not { Metadata.Deleting: null } deployment)
        {
            return;
        }

        ReplicaSet? own = null;
        foreach (var set in _world.Store.Each<ReplicaSet>())
        {
            own = set.Metadata.Owner?.Uid == deployment.Metadata.Uid ? set : own;
        }

        if (own is null)
        {
            Create(deployment);
        }
        else
        {
            _ = _world.Store.Change(own, set => set with { Replicas = deployment.Replicas });
            _ = _world.Store.Change(deployment, now => now with { ReadyReplicas = own.ReadyReplicas });
        }
    }

    private void Create(Deployment deployment)
    {
        var hash = _world.RandomName(10);
        var metadata = new Metadata(deployment.Metadata.Namespace, $"{deployment.Metadata.Name}-{hash}")
        {
            Labels = deployment.Template.Labels.SetItem("pod-template-hash", hash),
            Owner = new("apps/v1", "Deployment", deployment.Metadata.Name, deployment.Metadata.Uid),
        };
        _ = _world.Store.Create(new ReplicaSet(metadata, deployment.Replicas, deployment.Template with { Labels = metadata.Labels }), out var set);
        _world.Events.Normal(Component, deployment, "ScalingReplicaSet", $"Scaled up replica set {set.Metadata.Name} to {set.Replicas}");
    }
}
