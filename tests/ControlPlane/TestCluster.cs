using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Simulator;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Simulator.World;
using Piraeus.HighAvailability.Tests;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>Settings in which a cluster may differ from the default.</summary>
public sealed record TestClusterOptions
{
    /// <summary>The short names of the nodes.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = ["a", "b", "c", "d", "e"];

    /// <summary>Returns the LINSTOR name of a Kubernetes node.</summary>
    public Func<string, string> LinstorName { get; init; } = node => node;
}

/// <summary>
/// A Kubernetes cluster of five nodes with a real control plane, a simulated LINSTOR whose resources live on the same nodes, and the real
/// controller, which has exactly the rights that deploy/all.yaml gives it.
/// </summary>
public sealed class TestCluster : IAsyncDisposable
{
    private static readonly SemaphoreSlim Deploying = new(1);
    private static RealControlPlane? _deployedOn;

    private readonly ConcurrentDictionary<string, string> _attachments = new();
    private readonly List<ControllerProcess> _controllers = [];
    private readonly List<LinstorServer> _furtherAddresses = [];
    private readonly StorageWorld _storage;
    private readonly WorldClock _clock;
    private readonly long _before;
    private int _grants;

    private TestCluster(TestNamespace world, StorageWorld storage, WorldClock clock, LinstorServer linstor, ApiIdentity account)
    {
        (World, _storage, _clock, Linstor, Account, _before) = (world, storage, clock, linstor, account, world.Plane.Audit.Length);
        world.View.Attachments.Seen += attachment => _attachments[attachment.Name] = Describe(attachment);
        world.Kubelet.MayStart = OpenAsync;
        world.Kubelet.OnStopped = Close;
    }

    public TestNamespace World { get; }

    public LinstorServer Linstor { get; }

    public Workloads Workloads => World.Workloads;

    public string A => World.A;

    public string B => World.B;

    public string C => World.C;

    public string D => World.Nodes[3];

    public string E => World.Nodes[4];

    /// <summary>Creates the LINSTOR resource of a volume when its first pod starts: with data on a, b and c, or on c, d and e for the bystander.</summary>
    public Action<StorageWorld, string> Provision { get; set; } = (_, _) => { };

    /// <summary>The LINSTOR name of a Kubernetes node.</summary>
    public Func<string, string> LinstorName { get; private init; } = node => node;

    /// <summary>The controllers' identity in Kubernetes.</summary>
    public ApiIdentity Account { get; private set; }

    /// <summary>
    /// The deletions in this namespace, each once: pods that the controllers deleted, by name, and attachments that they or the attach-detach
    /// controller deleted, by the claim and node that they served. Either of the two may be first once a volume has been released.
    /// </summary>
    public IReadOnlyList<string> Deletions => [.. World.Plane.Audit.Writes(_before)
        .Where(write => write.Verb == "delete" && write.Succeeded)
        .Where(write => write.User == Account.User || (write.Resource == "volumeattachments" && write.User == ApiIdentity.ControllerManager.User))
        .Select(write => write.Resource == "pods" ? $"pod {write.Name}" : _attachments.GetValueOrDefault(write.Name ?? ""))
        .OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    /// <summary>All writes of the controllers since the cluster was set up, in order.</summary>
    public IEnumerable<Audited> Writes => World.Plane.Audit.Writes(_before).Where(write => write.User == Account.User);

    public static async Task<TestCluster> SetAsync(RealControlPlane plane, TestClusterOptions chosen, CancellationToken cancellation)
    {
        var options = new TestNamespaceOptions { Nodes = chosen.Nodes, NodeId = chosen.LinstorName };
        await DeployAsync(plane, cancellation);
        var account = await plane.ServiceAccountAsync("ha-controller", "ha-controller", cancellation);
        var world = await TestNamespace.CreateAsync(plane, options, cancellation);
        var storage = new StorageWorld(StorageTimings.Quick);
        foreach (var node in world.Nodes)
        {
            storage.AddNode(options.NodeId(node));
        }

        var clock = new WorldClock(storage.EventQueue);
        var linstor = await LinstorServer.StartAsync(storage, new LinstorOptions { Clock = clock }, cancellation);
        return new TestCluster(world, storage, clock, linstor, account)
        {
            LinstorName = options.NodeId,
            Provision = (w, resource) => w.AddResource(resource, [.. (resource.Contains("bystander", StringComparison.Ordinal) ? world.Nodes.Skip(2) : world.Nodes.Take(3)).Select(options.NodeId)]),
        };
    }

    /// <summary>Opens another address of the same LINSTOR, which may be made unreachable while the first one works.</summary>
    public async Task<LinstorServer> StartLinstorAddressAsync()
    {
        var address = await LinstorServer.StartAsync(_storage, new LinstorOptions { Clock = _clock }, World.Closing);
        _furtherAddresses.Add(address);
        return address;
    }

    /// <summary>Environment variables for the controllers, in addition to our own and LINSTOR's address.</summary>
    public ImmutableDictionary<string, string> ControllerEnvironment { get; set; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Starts a controller with a grace period of two seconds, and waits until it has synced.</summary>
    public Task<ControllerProcess> StartControllerAsync(params IEnumerable<string> flags) => StartControllerAsync(Linstor, flags);

    /// <summary>Starts a controller with a LINSTOR address of its own, and waits until it has synced.</summary>
    public async Task<ControllerProcess> StartControllerAsync(LinstorServer linstor, params IEnumerable<string> flags)
    {
        var controller = await LaunchControllerAsync(linstor, flags);
        await EventuallyAsync(async () => await controller.ProbeAsync("/readyz") == 200, "the controller is ready");
        return controller;
    }

    /// <summary>Starts a controller without waiting. A flag given here overrides the default, because the last one wins.</summary>
    public Task<ControllerProcess> LaunchControllerAsync(params IEnumerable<string> flags) => LaunchControllerAsync(Linstor, flags);

    private async Task<ControllerProcess> LaunchControllerAsync(LinstorServer linstor, IEnumerable<string> flags)
    {
        var port = ComponentCommandLines.FreePort();
        string[] defaults =
        [
            $"--kubeconfig={World.Plane.KubeconfigFor(Account)}", $"--attacher-name={World.Driver}", $"--leader-election-healtz-port={port}",
            "--known-resource-grace-period=2s", "--new-resource-grace-period=2s", "--reconcile-interval=1s", "--v=5",
        ];
        var controller = await ControllerProcess.StartAsync(LogOf($"controller-{_controllers.Count}"), port, [.. defaults, .. flags], EnvironmentFor(linstor).AddRange(ControllerEnvironment));
        _controllers.Add(controller);
        return controller;
    }

    /// <summary>Runs the init container's command.</summary>
    public Task<ControllerProcess> WaitUntilApiOnlineAsync() => ControllerProcess.StartAsync(LogOf("init"), 0, ["wait-until", "api-online"], EnvironmentFor(Linstor));

    /// <summary>Prints the content of a recording.</summary>
    public Task<ControllerProcess> ReplayAsync(string recording) => ControllerProcess.StartAsync(LogOf("replay"), 0, ["replay", recording], EnvironmentFor(Linstor));

    /// <summary>Runs the controllers of this test under an account with exactly these rights, instead of those in deploy/all.yaml.</summary>
    public async Task GrantOnlyAsync(params (string Group, string Resource, string Verbs)[] rules)
    {
        Account = await World.Plane.ServiceAccountAsync(World.Namespace, "limited", World.Closing);
        await GrantAsync(rules);
    }

    /// <summary>Gives the limited account more rights.</summary>
    public async Task GrantAsync(params (string Group, string Resource, string Verbs)[] rules)
    {
        var name = $"{World.Namespace}-{++_grants}";
        await World.Api.CreateAsync("apis/rbac.authorization.k8s.io/v1/clusterroles", new
        {
            metadata = new { name },
            rules = rules.Select(rule => new { apiGroups = new[] { rule.Group }, resources = new[] { rule.Resource }, verbs = rule.Verbs.Split(',') }),
        }, World.Closing);
        await World.Api.CreateAsync("apis/rbac.authorization.k8s.io/v1/clusterrolebindings", new
        {
            metadata = new { name },
            roleRef = new { apiGroup = "rbac.authorization.k8s.io", kind = "ClusterRole", name },
            subjects = new[] { new { kind = "ServiceAccount", name = "limited", @namespace = World.Namespace } },
        }, World.Closing);
    }

    /// <summary>The node loses power.</summary>
    public void Crash(string node)
    {
        World.Crash(node);
        Linstor.Do(world => world.PowerOff(LinstorName(node)));
    }

    /// <summary>The node's replication links fail; its kubelet and its satellite keep working.</summary>
    public void CutLinks(string node) => Linstor.Do(world => world.CutLinks(LinstorName(node)));

    /// <summary>The node hangs: its kubelet and its DRBD are dead, but its satellite answers pings, so that LINSTOR reports it ONLINE and repeats its last report.</summary>
    public void Hang(string node)
    {
        World.Crash(node);
        Linstor.Do(world =>
        {
            world.HangSatellite(LinstorName(node));
            world.CutLinks(LinstorName(node));
        });
    }

    /// <summary>The satellite's process ends; the node's DRBD and its kubelet keep working.</summary>
    public void StopSatellite(string node) => Linstor.Do(world => world.StopSatellite(LinstorName(node)));

    public void StartSatellite(string node) => Linstor.Do(world => world.StartSatellite(LinstorName(node)));

    public void HealLinks(string node) => Linstor.Do(world => world.HealLinks(LinstorName(node)));

    public Task EventuallyAsync(Func<Task<bool>> condition, string what, double seconds = 20) => EventuallyCoreAsync(condition, what, seconds);

    public Task EventuallyAsync(Func<bool> condition, string what, double seconds = 20) => EventuallyCoreAsync(() => Task.FromResult(condition()), what, seconds);

    /// <summary>Waits until the controllers have deleted exactly these objects; a failure reports the actual deletions.</summary>
    public Task UntilDeletedAsync(params string[] expected) => EventuallyAsync(
        () => Deletions.SequenceEqual(expected.Order(StringComparer.Ordinal)), $"deleted {string.Join(", ", expected)}");

    /// <summary>Waits until a controller logs a line.</summary>
    public Task UntilSaidAsync(string text) => EventuallyAsync(() => _controllers.Exists(controller => controller.Says(text)), $"a controller says \"{text}\"");

    /// <summary>Waits until an Event on a pod reports why it was not moved during the whole grace period.</summary>
    public Task UntilHeldAsync(string pod, string because) => EventuallyAsync(
        async () => (await EventsOnAsync("Pod", pod)).Any(held => held.Text("reason") == "FailoverHeld" && held.Text("message")!.Contains(because, StringComparison.Ordinal)),
        $"an Event on pod {pod} that says \"{because}\"");

    /// <summary>
    /// Waits until the controllers have finished their work on an older loss: a bystander on another node loses its storage as well, and has been
    /// moved after the whole grace period.
    /// </summary>
    public async Task BystanderIsMovedAsync()
    {
        await Workloads.StatefulSetAsync("bystander", on: E);
        CutLinks(E);
        await EventuallyAsync(() => Deletions.Contains("pod bystander-0"), "the bystander was moved");
    }

    /// <summary>The Events that the controllers wrote about an object.</summary>
    public async Task<IReadOnlyList<JsonNode>> EventsOnAsync(string kind, string name) =>
        [.. (await World.Api.ListAsync($"api/v1/namespaces/{(kind is "Node" or "VolumeAttachment" ? "default" : World.Namespace)}/events", World.Closing))
            .Where(happened => happened.Text("involvedObject", "kind") == kind && happened.Text("involvedObject", "name") == name
                && happened.Text("source", "component") == "piraeus-ha-controller")];

    public async ValueTask DisposeAsync()
    {
        foreach (var controller in _controllers)
        {
            await controller.DisposeAsync();
        }

        await World.DisposeAsync();
        foreach (var address in _furtherAddresses.Append(Linstor))
        {
            await address.DisposeAsync();
        }

        _clock.Dispose();
    }

    /// <summary>The controllers are processes of ours, so the manifest's own replicas would only occupy the nodes of the tests.</summary>
    public static Task WithdrawReplicasAsync(RealControlPlane plane, CancellationToken cancellation) => plane.KubectlAsync(
        ["scale", "--replicas=0", "-n", "ha-controller", "deployment/piraeus-ha-controller"], ApiIdentity.Administrator, cancellation);

    private static async Task DeployAsync(RealControlPlane plane, CancellationToken cancellation)
    {
        await Deploying.WaitAsync(cancellation);
        try
        {
            if (!ReferenceEquals(_deployedOn, plane))
            {
                await plane.KubectlAsync(["apply", "-f", Repository.File("deploy/all.yaml")], ApiIdentity.Administrator, cancellation);
                await WithdrawReplicasAsync(plane, cancellation);
                _deployedOn = plane;
            }
        }
        finally
        {
            Deploying.Release();
        }
    }

    private async Task EventuallyCoreAsync(Func<Task<bool>> condition, string what, double seconds)
    {
        try
        {
            await World.EventuallyAsync(condition, what, TimeSpan.FromSeconds(seconds));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}\nDeleted: {string.Join(", ", Deletions)}\n{string.Concat(_controllers.Select(controller => controller.LogTail()))}");
        }
    }

    // Before a container starts, linstor-csi makes the resource available, and the mount opens it.
    private async Task OpenAsync(PlacedPod pod, CancellationToken cancellation)
    {
        foreach (var (resource, node) in Uses(pod))
        {
            Linstor.Do(world =>
            {
                if (world.FindDefinition(resource) is null)
                {
                    Provision(world, resource);
                }

                world.Attach(resource, node);
            });
            await Linstor.WhenAsync(world => world.Promote(resource, node) == PromotionOutcome.Promoted, cancellation);
        }
    }

    // A kubelet keeps trying to unmount for as long as the device's I/O is suspended.
    private void Close(PlacedPod pod)
    {
        foreach (var (resource, node) in Uses(pod))
        {
            World.Faults.Watch(Linstor.WhenAsync(world => world.Demote(resource, node) && world.Detach(resource, node), World.Closing));
        }
    }

    /// <summary>The path of a file of this test's own, beside the logs.</summary>
    public string FileOf(string name) => Path.Combine(World.Plane.LogDirectory, $"{World.Namespace}-{name}");

    private string LogOf(string name) => FileOf($"{name}.log");

    private static ImmutableDictionary<string, string> EnvironmentFor(LinstorServer linstor) =>
        ImmutableDictionary<string, string>.Empty.Add("LS_CONTROLLERS", linstor.Url.ToString());

    private string Describe(JsonNode attachment)
    {
        var volume = World.View.Volumes.Find(attachment.AttachedVolume!);
        return $"attachment of {volume?.Text("spec", "claimRef", "name") ?? attachment.AttachedVolume} on {attachment.NodeName![(World.Namespace.Length + 1)..]}";
    }

    private IEnumerable<(string Resource, string Node)> Uses(PlacedPod pod) =>
        pod.Volumes.Where(volume => volume.Driver == World.Driver).Select(volume => (volume.Handle.Split('/')[0], LinstorName(pod.Node)));
}
