using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

public sealed class RolloutTests
{
    private readonly ModelCluster _cluster = new();

    private ObjectStore Store => _cluster.Store;

    [Fact]
    public void A_changed_template_replaces_the_pods_of_a_stateful_set_one_after_the_other_from_the_last()
    {
        var set = _cluster.World.AddStatefulSet("db", 3);
        _cluster.Until(() => Store.Now(set)!.ReadyReplicas == 3);
        var replaced = new List<string>();
        var fewest = 3;
        Store.Changed += change =>
        {
            if (change is { Item: Pod, Type: ChangeType.Deleted })
            {
                replaced.Add(change.Item.Metadata.Name);
            }

            fewest = Math.Min(fewest, Store.All<Pod>().Count(pod => pod is { Ready: true, Metadata.Deleting: null }));
        };
        Restart(set);
        _cluster.Until(() => Store.Now(set)!.Rollout is { Updated: 1, Outdated: 2 });
        _cluster.Until(() => Store.Now(set)!.Rollout is null);
        Assert.Equal(["db-2", "db-1", "db-0"], replaced);
        Assert.Equal((2, 3), (fewest, Store.Now(set)!.ReadyReplicas));
        Assert.All(Store.All<Pod>(), pod => Assert.Equal(Store.Now(set)!.Revision, pod.Metadata.Labels["controller-revision-hash"]));
    }

    [Fact]
    public void A_rollout_of_a_stateful_set_waits_for_a_pod_that_does_not_become_ready()
    {
        var set = _cluster.World.AddStatefulSet("db", 2);
        _cluster.Until(() => Store.Now(set)!.ReadyReplicas == 2);
        foreach (var node in Store.All<Node>())
        {
            _cluster.Cordon(node.Metadata.Name);
        }

        var first = _cluster.Pod("db-0")!;
        Restart(set);
        _cluster.Run(300);
        Assert.NotNull(Store.Now(first));
        Assert.Equal((PodPhase.Pending, 1), (_cluster.Pod("db-1")!.Phase, Store.Now(set)!.Rollout!.Outdated));
    }

    [Theory]
    [InlineData(4, 3, 5)]
    [InlineData(10, 8, 13)]
    public void A_changed_template_moves_the_pods_of_a_deployment_to_a_new_ReplicaSet_and_keeps_enough_of_them(int replicas, int atLeast, int atMost)
    {
        var deployment = _cluster.World.AddDeployment("web", replicas, PodTemplate.With());
        _cluster.Until(() => Store.Now(deployment)!.ReadyReplicas == replicas);
        var old = Store.All<ReplicaSet>().Single();
        var (fewest, most) = (replicas, replicas);
        Store.Changed += _ =>
        {
            var active = Store.All<Pod>().Where(pod => pod is { Metadata.Deleting: null }).ToList();
            (fewest, most) = (Math.Min(fewest, active.Count(pod => pod.Ready)), Math.Max(most, active.Count));
        };
        Restart(deployment);
        _cluster.Until(() => Store.Now(deployment)!.Rollout is not null);
        _cluster.Until(() => Store.Now(deployment) is { Rollout: null } now && now.ReadyReplicas == replicas && Store.All<Pod>().Count == replicas);
        Assert.Equal((atLeast, atMost), (fewest, most));
        Assert.Equal(0, Store.Now(old)!.Replicas);
        var current = Store.All<ReplicaSet>().Single(set => set.Replicas == replicas);
        Assert.All(Store.All<Pod>(), pod => Assert.Equal(current.Metadata.Uid, pod.Metadata.Owner!.Uid));
        Assert.Equal(("1", "2"), (Revision(old), Revision(current)));
    }

    [Fact]
    public void A_template_that_comes_back_uses_its_ReplicaSet_again_with_the_newest_revision()
    {
        var deployment = _cluster.World.AddDeployment("web", 1, PodTemplate.With());
        _cluster.Until(() => Store.Now(deployment)!.ReadyReplicas == 1);
        var first = Store.All<ReplicaSet>().Single();
        Restart(deployment);
        _cluster.Until(() => Store.Now(deployment)!.Rollout is not null);
        _cluster.Until(() => Store.Now(deployment) is { Rollout: null } && Store.Now(first)!.Replicas == 0);
        Store.Change(deployment, now => now with { Template = deployment.Template });
        _cluster.Until(() => Store.Now(deployment)!.Rollout is not null);
        _cluster.Until(() => Store.Now(first) is { Replicas: 1, ReadyReplicas: 1 } && Store.Now(deployment)!.Rollout is null);
        Assert.Equal((2, "3", "3"), (Store.All<ReplicaSet>().Count, Revision(first), Revision(deployment)));
    }

    [Fact]
    public void A_deployment_that_is_scaled_down_during_its_rollout_ends_with_that_many_pods()
    {
        var deployment = _cluster.World.AddDeployment("web", 8, PodTemplate.With());
        _cluster.Until(() => Store.Now(deployment)!.ReadyReplicas == 8);
        Restart(deployment);
        _cluster.Until(() => Store.Now(deployment)!.Rollout is { Updated: > 2, Outdated: > 0 });
        Store.Change(deployment, now => now with { Replicas = 1 });
        _cluster.Until(() => Store.Now(deployment) is { Rollout: null, ReadyReplicas: 1 } && Store.All<Pod>().Count == 1);
        Assert.Equal([0, 1], Store.All<ReplicaSet>().Select(set => set.Replicas).Order());
    }

    [Fact]
    public void A_template_that_comes_back_while_there_are_no_replicas_has_the_newest_revision()
    {
        var deployment = _cluster.World.AddDeployment("web", 0, PodTemplate.With());
        _cluster.Until(() => Store.All<ReplicaSet>().Count == 1);
        var first = Store.All<ReplicaSet>().Single();
        Restart(deployment);
        _cluster.Until(() => Store.All<ReplicaSet>().Count == 2);
        Store.Change(deployment, now => now with { Template = deployment.Template });
        _cluster.Until(() => Revision(first) == "3" && Revision(deployment) == "3");
    }

    private string Revision<T>(T item) where T : KubernetesObject => Store.Now(item)!.Metadata.Annotations["deployment.kubernetes.io/revision"];

    private void Restart(StatefulSet set) => Store.Change(set, now => now with { Template = Restarted(now.Template) });

    private void Restart(Deployment deployment) => Store.Change(deployment, now => now with { Template = Restarted(now.Template) });

    /// <summary>What <c>kubectl rollout restart</c> changes.</summary>
    private static PodTemplate Restarted(PodTemplate template) => template with { Annotations = template.Annotations.SetItem("kubectl.kubernetes.io/restartedAt", "now") };
}
