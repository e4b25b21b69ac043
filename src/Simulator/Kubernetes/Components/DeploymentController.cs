using System.Globalization;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Keeps a ReplicaSet for each Deployment's template, with the Deployment's number of replicas. For a changed template it shifts the replicas from the old ReplicaSet to a new one.</summary>
internal sealed partial class DeploymentController
{
    private const string Component = "deployment-controller";

    private readonly KubernetesWorld _world;
    private readonly WorkQueue _queue;

    public DeploymentController(KubernetesWorld world)
    {
        _world = world;
        _queue = new(world.EventQueue, () => world.Timings.Watch, Sync);
    }

    public void Handle(Deployment deployment) => _queue.Add(deployment.Key);

    public void Handle(ReplicaSet set)
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

        var sets = new List<ReplicaSet>();
        foreach (var set in _world.Store.Each<ReplicaSet>())
        {
            if (set.Metadata.Owner?.Uid == deployment.Metadata.Uid)
            {
                sets.Add(set);
            }
        }

        var current = sets.FindLast(set => set.Template.Hash == deployment.Template.Hash);
        var outdated = sets.Where(set => set != current && set.Replicas > 0).OrderBy(set => set.Metadata.Created).ToList();
        if (current is null)
        {
            Create(deployment, outdated.Count == 0 ? deployment.Replicas : 0, NextRevision(sets));
        }
        else if (outdated.Count == 0)
        {
            current = Renumbered(current, sets);
            _ = _world.Store.Change(current, set => set with { Replicas = deployment.Replicas });
            var isDone = deployment.Rollout is null || current.ReadyReplicas >= deployment.Replicas;
            WriteStatus(deployment, current, current.ReadyReplicas, isDone ? null : deployment.Rollout! with { Updated = current.Replicas, Outdated = 0 });
        }
        else
        {
            RollOut(deployment, Renumbered(current, sets), outdated);
        }
    }

    private void Create(Deployment deployment, int replicas, int revision)
    {
        var hash = _world.RandomName(10);
        var metadata = new Metadata(deployment.Metadata.Namespace, $"{deployment.Metadata.Name}-{hash}")
        {
            Labels = deployment.Template.Labels.SetItem(PodTemplate.HashLabel, hash),
            Annotations = Metadata.Nothing.Add(RevisionAnnotation, revision.ToString(CultureInfo.InvariantCulture)),
            Owner = new("apps/v1", "Deployment", deployment.Metadata.Name, deployment.Metadata.Uid),
        };
        _ = _world.Store.Create(new ReplicaSet(metadata, replicas, deployment.Template with { Labels = metadata.Labels }), out var set);
        if (replicas > 0)
        {
            RecordScaled(deployment, set, "up", replicas);
        }
    }

    /// <summary>Writes the status.</summary>
    private void WriteStatus(Deployment deployment, ReplicaSet current, int ready, Rollout? rollout)
    {
        var annotations = deployment.Metadata.Annotations.SetItem(RevisionAnnotation, RevisionOf(current).ToString(CultureInfo.InvariantCulture));
        _ = _world.Store.Change(deployment, now => now with { Metadata = now.Metadata with { Annotations = annotations }, ReadyReplicas = ready, Rollout = rollout });
    }

    private void RecordScaled(Deployment deployment, ReplicaSet set, string direction, int replicas) =>
        _world.Events.Normal(Component, deployment, "ScalingReplicaSet", $"Scaled {direction} replica set {set.Metadata.Name} to {replicas}");
}
