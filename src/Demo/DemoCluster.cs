using System.Collections.Immutable;
using Piraeus.HighAvailability.Simulator;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.Kubernetes.Api;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Demo;

/// <summary>The true state when a pod was deleted by force.</summary>
/// <param name="Uid">The pod.</param>
/// <param name="Node">The node it was bound to.</param>
/// <param name="Powered">Whether the node's machine ran.</param>
/// <param name="Ran">Whether the pod's container ran there.</param>
/// <param name="CouldWrite">Whether a write there to a volume of the pod would have completed. This must never be true.</param>
/// <param name="Resources">The pod's LINSTOR resources.</param>
internal sealed record ForcedDeletion(string Uid, string Node, bool Powered, bool Ran, bool CouldWrite, ImmutableArray<string> Resources);

/// <summary>The simulated cluster in real time: four machines with DRBD, and the APIs of LINSTOR and Kubernetes.</summary>
internal sealed class DemoCluster : IAsyncDisposable
{
    /// <summary>The namespace of the controllers' Lease.</summary>
    public const string Namespace = "ha-controller";

    private const int Memory = 200;

    private readonly KubernetesWorld _world;
    private readonly WorldClock _clock;
    private readonly LinstorServer _linstor;
    private readonly KubernetesServer _kubernetes;
    private ImmutableList<ForcedDeletion> _forcedDeletions = [];

    private DemoCluster(KubernetesWorld world, WorldClock clock, LinstorServer linstor, KubernetesServer kubernetes)
    {
        (_world, _clock, _linstor, _kubernetes) = (world, clock, linstor, kubernetes);
        Do(_ => world.Store.Changed += Remember);
    }

    public Uri Linstor => _linstor.Url;

    public Uri Kubernetes => _kubernetes.Url;

    /// <summary>The names of the machines.</summary>
    public static ImmutableArray<string> Nodes { get; } = ["node-a", "node-b", "node-c", "node-d"];

    /// <summary>The recorded pods that were deleted by force.</summary>
    public ImmutableList<ForcedDeletion> ForcedDeletions => Volatile.Read(ref _forcedDeletions);

    public string KubeConfig => _kubernetes.KubeConfig;

    public static async Task<DemoCluster> StartAsync(CancellationToken cancellation)
    {
        var world = Build();
        var clock = new WorldClock(world.EventQueue);
        var linstor = await LinstorServer.StartAsync(world.Storage, new() { Clock = clock }, cancellation);
        var kubernetes = await KubernetesServer.StartAsync(world.Store, new() { Clock = clock }, cancellation);
        return new(world, clock, linstor, kubernetes);
    }

    public T Ask<T>(Func<KubernetesWorld, T> question) => _clock.Ask(() => question(_world));

    public void Do(Action<KubernetesWorld> what) => Ask(world =>
    {
        what(world);
        return true;
    });

    public async ValueTask DisposeAsync()
    {
        await _kubernetes.DisposeAsync();
        await _linstor.DisposeAsync();
        _clock.Dispose();
    }

    // Operation times are shortened to keep the demo short; Kubernetes' timeouts keep their real length.
    private static KubernetesWorld Build()
    {
        var storage = new StorageWorld(new StorageTimings
        {
            PeerLoss = TimeSpan.FromSeconds(1.5),
            PeerConnect = TimeSpan.FromSeconds(0.5),
            Resync = TimeSpan.FromSeconds(1),
            SatelliteLoss = TimeSpan.FromSeconds(2),
            SatelliteReconnect = TimeSpan.FromSeconds(1),
            FullSync = TimeSpan.FromSeconds(0.3),
            Deploy = TimeSpan.FromSeconds(0.1),
        });
        var timings = new KubernetesTimings
        {
            LeaseRenewal = TimeSpan.FromSeconds(5),
            NodeStatus = TimeSpan.FromSeconds(0.2),
            KubeletReconnect = TimeSpan.FromSeconds(0.5),
            KubeletStart = TimeSpan.FromSeconds(1.5),
            ContainerStart = TimeSpan.FromSeconds(0.3),
            ContainerStop = TimeSpan.FromSeconds(0.3),
            KillRetry = TimeSpan.FromSeconds(1),
            MountRetry = new(TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(1)),
            Attach = TimeSpan.FromSeconds(0.1),
            AttachRetry = new(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(2)),
        };
        var world = new KubernetesWorld(storage, timings) { Began = DateTimeOffset.UtcNow - TimeSpan.FromSeconds(30) };
        world.AddNodes([.. Nodes]);
        foreach (var ns in (ReadOnlySpan<string>)[Workload.Namespace, Namespace])
        {
            world.Store.Create(new Namespace(new("", ns)));
        }

        foreach (var workload in Workload.All)
        {
            Place(world, workload);
        }

        // A tie-breaker only: no data, and no pods.
        Open(world, node => node != "node-d");
        return world;
    }

    private static void Place(KubernetesWorld world, Workload workload)
    {
        world.Storage.AddResource(workload.Resource, workload.Diskful, workload.TieBreaker);
        world.AddVolume($"data-{workload.Pod}", workload.Resource, Workload.Namespace);
        var labels = workload.OptedIn ? Metadata.Nothing.Add(Workload.OptInLabel, "remove") : Metadata.Nothing;
        var annotations = workload.Annotated ? Metadata.Nothing.Add("drbd.linbit.com/ignore-fail-over", "true") : Metadata.Nothing;
        Open(world, node => node == workload.Home);
        world.AddStatefulSet(workload.Name, template: new(labels.Add("app", workload.Name), annotations, new()), ns: Workload.Namespace);
        for (var seconds = 0; seconds < 60 && !world.Processes.Any(run => run.Pod.Metadata.Name == workload.Pod); seconds++)
        {
            world.Storage.RunFor(TimeSpan.FromSeconds(1));
        }
    }

    private static void Open(KubernetesWorld world, Func<string, bool> isOpen)
    {
        foreach (var node in world.Store.All<Node>())
        {
            world.Store.Change(node, now => now with { Unschedulable = !isOpen(now.Metadata.Name) });
        }
    }

    private void Remember(Change change)
    {
        if (change is { Type: ChangeType.Deleted, Item: Pod { Metadata.DeletingAtOnce: true, Spec.NodeName: { } node } pod })
        {
            var machine = _world.Storage.FindNode(node);
            var forcedDeletion = new ForcedDeletion(pod.Metadata.Uid, node, machine?.Powered == true, _world.Runs(pod.Metadata.Uid, node), _world.CanWrite(pod), [.. _world.ResourcesOf(pod)]);
            Volatile.Write(ref _forcedDeletions, (_forcedDeletions.Count < Memory ? _forcedDeletions : _forcedDeletions.RemoveAt(0)).Add(forcedDeletion));
        }
    }
}
