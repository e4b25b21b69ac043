using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

public sealed class RandomScenarioTests
{
    private static readonly string[] _nodes = ["a", "b", "c", "d"];

    [Fact]
    public void Whatever_breaks_a_volume_has_one_writer_and_everything_runs_again_once_all_is_repaired()
    {
        var moves = 0;
        for (var seed = 0; seed < 100; seed++)
        {
            moves += Play(seed);
        }

        Assert.True(moves > 50, $"Only {moves} pods came to another node: the scenarios are too quiet to mean anything.");
    }

    private static int Play(int seed)
    {
        var (cluster, random) = (new ModelCluster(nodes: 4, seed), new Random(seed));
        var world = cluster.World;
        world.AddVolume("shared", accessMode: AccessMode.ReadWriteMany, driver: "nfs.csi.example.com");
        var (set, deployment) = (world.AddStatefulSet("db", 3), world.AddDeployment("web", 2, PodTemplate.With("shared")));
        cluster.Run(60);
        var places = cluster.Store.All<Pod>().ToDictionary(pod => pod.Metadata.Name, pod => pod.Spec.NodeName);
        for (var step = 0; step < 25; step++)
        {
            cluster.Run(random.NextDouble() * 40);
            Disturb(cluster, random);
            foreach (var resource in world.Storage.Definitions)
            {
                Assert.True(_nodes.Count(node => world.CanWrite(resource.Name, node)) <= 1, $"Seed {seed}, step {step}: {resource.Name} has two writers.");
            }

            Assert.All(world.Processes.GroupBy(process => process.Pod.Metadata.Uid), process => Assert.Single(process));
        }

        foreach (var node in _nodes)
        {
            Repair(world, node);
        }

        world.Storage.StartLinstor();
        world.ResumeAttacher();
        cluster.Until(() => cluster.Store.Now(set)!.ReadyReplicas == 3 && cluster.Store.Now(deployment)!.ReadyReplicas == 2 && world.Processes.Count() == 5, seconds: 1000);
        cluster.Run(30);
        Assert.All(cluster.Store.All<Node>(), node => Assert.Empty(node.Taints));
        Assert.All(cluster.Store.All<Pod>(), pod => Assert.True(world.Runs(pod.Metadata.Uid, pod.Spec.NodeName!)));
        return cluster.Store.All<Pod>().Count(pod => places.TryGetValue(pod.Metadata.Name, out var before) && before != pod.Spec.NodeName);
    }

    private static void Disturb(ModelCluster cluster, Random random)
    {
        var (world, node) = (cluster.World, _nodes[random.Next(4)]);
        switch (random.Next(12))
        {
            case 0: world.Crash(node); break;
            case 1: world.Isolate(node); break;
            case 2: world.CutFromApi(node); break;
            case 3: world.Storage.CutLinks(node); break;
            case 4: world.Storage.StopLinstor(); break;
            case 5: world.PauseAttacher(); break;
            case 6: world.Storage.StartLinstor(); world.ResumeAttacher(); break;
            case 7: Delete(cluster, random, atOnce: false); break;
            case 8: Delete(cluster, random, atOnce: true); break;
            default: Repair(world, node); break;
        }
    }

    private static void Repair(KubernetesWorld world, string node)
    {
        world.PowerOn(node);
        world.Rejoin(node);
        world.ReconnectToApi(node);
        world.Storage.HealLinks(node);
    }

    private static void Delete(ModelCluster cluster, Random random, bool atOnce)
    {
        if (cluster.Store.All<Pod>() is { Count: > 0 } pods)
        {
            var pod = pods.ElementAt(random.Next(pods.Count));
            cluster.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid, atOnce);
        }
    }
}
