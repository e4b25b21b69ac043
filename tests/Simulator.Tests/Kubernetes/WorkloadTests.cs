using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

public sealed class WorkloadTests
{
    private readonly ModelCluster _cluster = new();

    private ObjectStore Store => _cluster.Store;

    [Fact]
    public void A_stateful_pod_has_its_name_its_own_claims_and_its_owner()
    {
        var set = _cluster.World.AddStatefulSet("db", 2, claimTemplates: ["data", "log"]);
        _cluster.Until(() => Store.Now(set)!.ReadyReplicas == 2);
        Assert.Equal(["db-0", "db-1"], Store.All<Pod>().Select(pod => pod.Metadata.Name));
        Assert.Equal(["data-db-1", "log-db-1"], _cluster.Pod("db-1")!.Spec.Claims.Select(mount => mount.Claim));
        Assert.Equal(new Owner("apps/v1", "StatefulSet", "db", set.Metadata.Uid), _cluster.Pod("db-1")!.Metadata.Owner);
        Assert.Equal(4, _cluster.World.Storage.Definitions.Count);
    }

    [Fact]
    public void A_stateful_pod_is_not_replaced_while_the_old_object_exists()
    {
        var pod = _cluster.Start("db", on: "a");
        _cluster.World.Crash("a");
        Store.Delete<Pod>("default", "db-0");
        _cluster.Run(600);
        Assert.NotNull(Store.Now(pod));
        _cluster.ForceDelete(pod);
        _cluster.Until(() => _cluster.Pod("db-0") is { } now && !now.Is(pod), seconds: 1);
    }

    [Fact]
    public void A_smaller_stateful_set_deletes_what_is_too_much_and_a_deleted_one_everything()
    {
        var set = _cluster.World.AddStatefulSet("db", 3);
        _cluster.Until(() => Store.Now(set)!.ReadyReplicas == 3);
        Store.Change(set, now => now with { Replicas = 1 });
        _cluster.Until(() => Store.All<Pod>().Select(pod => pod.Metadata.Name).SequenceEqual(["db-0"]), seconds: 10);
        Store.Delete<StatefulSet>("default", "db");
        _cluster.Until(() => Store.All<Pod>().Count == 0, seconds: 10);
    }

    [Fact]
    public void A_pod_of_a_deployment_is_replaced_as_soon_as_it_is_being_deleted()
    {
        var deployment = _cluster.World.AddDeployment("web", 2, PodTemplate.With());
        _cluster.Until(() => Store.Now(deployment)!.ReadyReplicas == 2);
        var set = Store.All<ReplicaSet>().Single();
        Assert.Matches("^web-[a-z0-9]{10}$", set.Metadata.Name);
        var pod = Store.All<Pod>().First();
        Assert.Matches($"^{set.Metadata.Name}-[a-z0-9]{{5}}$", pod.Metadata.Name);

        _cluster.World.Crash(pod.Spec.NodeName!);
        Store.Delete<Pod>("default", pod.Metadata.Name);
        _cluster.Until(() => Store.All<Pod>().Count == 3, seconds: 1);
        _cluster.Taint(pod.Spec.NodeName!);
        Assert.NotNull(Store.Now(pod)!.Metadata.Deleting);
    }

    [Fact]
    public void A_deployment_grows_and_shrinks_and_takes_its_pods_with_it()
    {
        var deployment = _cluster.World.AddDeployment("web", 2, PodTemplate.With());
        _cluster.Until(() => Store.Now(deployment)!.ReadyReplicas == 2);
        Store.Change(deployment, now => now with { Replicas = 4 });
        _cluster.Until(() => Store.Now(deployment)!.ReadyReplicas == 4, seconds: 10);
        Store.Change(deployment, now => now with { Replicas = 1 });
        _cluster.Until(() => Store.All<Pod>().Count == 1 && Store.Now(deployment)!.ReadyReplicas == 1, seconds: 10);
        Store.Delete<Deployment>("default", "web");
        _cluster.Until(() => Store.All<Pod>().Count == 0 && Store.All<ReplicaSet>().Count == 0, seconds: 10);
    }

    [Fact]
    public void A_deletion_with_another_uid_is_a_conflict()
    {
        var pod = _cluster.Start();
        Assert.Equal(WriteResult.Conflict, Store.Delete<Pod>("default", "db-0", "another", atOnce: true));
        Assert.NotNull(Store.Now(pod));
    }
}
