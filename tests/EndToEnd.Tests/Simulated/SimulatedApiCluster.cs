using System.Diagnostics;
using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.Kubernetes.Api;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Simulated;

/// <summary>A simulated cluster of the nodes a, b and c, with both of its APIs: the StatefulSet <c>db</c> and the Deployment <c>web</c> run there.</summary>
internal sealed class SimulatedApiCluster : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly StorageWorld _storage = new(StorageTimings.Quick);
    private readonly ControlPlaneFolder _room = ControlPlaneFolder.New();
    private readonly WorldClock _clock;

    private SimulatedApiCluster()
    {
        World = new(_storage, KubernetesTimings.Quick) { Began = DateTimeOffset.UtcNow };
        World.AddNodes("a", "b", "c");
        World.AddStatefulSet("db", 1, Labelled("db", ("linstor.csi.linbit.com/on-storage-lost", "remove")));
        World.AddDeployment("web", 2, Labelled("web"));
        _clock = new(_storage.EventQueue);
    }

    public KubernetesWorld World { get; }

    public KubernetesServer Server { get; private set; } = null!;

    public LinstorServer Linstor { get; private set; } = null!;

    public string KubeConfig => _room["kubeconfig"];

    /// <summary>Starts a cluster, and waits until everything runs.</summary>
    public static async Task<SimulatedApiCluster> StartAsync(string? token = null)
    {
        var cluster = new SimulatedApiCluster();
        cluster.Linstor = await LinstorServer.StartAsync(cluster._storage, new() { Clock = cluster._clock });
        cluster.Server = await KubernetesServer.StartAsync(cluster.World, new() { Clock = cluster._clock, Token = token });
        await cluster.Server.WriteKubeConfigAsync(cluster.KubeConfig);
        await cluster.UntilAsync(store => store.All<Pod>() is { Count: 3 } pods && pods.All(pod => pod.Ready));
        return cluster;
    }

    public Pod Pod(string name) => Server.Ask(store => store.Find<Pod>("default", name)!);

    public async Task UntilAsync(Func<ObjectStore, bool> condition)
    {
        using var late = new CancellationTokenSource(_patience);
        await Server.WhenAsync(condition, late.Token);
    }

    /// <summary>Runs a client to its end, and returns what it printed.</summary>
    public async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        using var late = new CancellationTokenSource(_patience);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(late.Token), process.StandardError.ReadToEndAsync(late.Token));
        await process.WaitForExitAsync(late.Token);
        return process.ExitCode == 0 ? await output + await errors : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} exited with {process.ExitCode}: {await errors}{await output}");
    }

    /// <summary>Starts a client; the caller disposes it.</summary>
    public Process Start(string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        // What clients remember of a server is none of the next one's business.
        Environment = { ["HOME"] = _room.Data, ["KUBECONFIG"] = KubeConfig },
    })!;

    /// <summary>The real program, as leader of this cluster.</summary>
    public Task<ControllerProcess> StartControllerAsync()
    {
        var port = ComponentCommandLines.FreePort();
        return ControllerProcess.StartAsync(
            _room["controller.log"], port,
            [$"--kubeconfig={KubeConfig}", $"--leader-election-healtz-port={port}", "--leader-election=true", "--known-resource-grace-period=200ms", "--new-resource-grace-period=200ms", "--reconcile-interval=1s", "--v=5"],
            new Dictionary<string, string> { ["LS_CONTROLLERS"] = Linstor.Url.AbsoluteUri });
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Linstor.DisposeAsync();
        _clock.Dispose();
        _room.Clear();
    }

    private static PodTemplate Labelled(string app, params (string Key, string Value)[] more) => PodTemplate.With() with
    {
        Labels = Metadata.Nothing.Add("app", app).AddRange(more.Select(label => KeyValuePair.Create(label.Key, label.Value))),
    };
}
