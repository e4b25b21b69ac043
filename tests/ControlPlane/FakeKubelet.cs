using System.Globalization;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>A pod on a node, with its volumes there.</summary>
public sealed record PlacedPod(JsonNode Pod, string Node, IReadOnlyList<Volume> Volumes)
{
    public override string ToString() => $"{Pod.Key} on {Node}";
}

/// <summary>The kubelets of a namespace's nodes: they start pods that are bound to them, stop deleted ones, and renew their leases.</summary>
public sealed class FakeKubelet(Api api, NamespaceView view, BackgroundErrors faults, CancellationToken closing)
{
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, FakeNode> _nodes = [];

    /// <summary>Awaited after a pod's volumes are attached and before it counts as Running; use it to promote them.</summary>
    public Func<PlacedPod, CancellationToken, Task> MayStart { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Raised when a pod counts as Running.</summary>
    public Action<PlacedPod> OnStarted { get; set; } = _ => { };

    /// <summary>Raised when a pod that may have started has ended on a living node, before any other component sees it; use it to demote its volumes.</summary>
    public Action<PlacedPod> OnStopped { get; set; } = _ => { };

    internal Api Api => api;

    internal NamespaceView View => view;

    /// <summary>Subscribes to the view; call it before the view starts.</summary>
    public void Start()
    {
        view.Pods.Seen += pod => NodeOf(pod)?.Handle(pod);
        view.Pods.Gone += pod => NodeOf(pod)?.Lose(pod);
        faults.Watch(RenewLeasesAsync());
    }

    /// <summary>Registers a node of the given name with the driver's own name for it.</summary>
    public async Task RegisterAsync(string name, string driver, string nodeId, object labels)
    {
        _nodes.Add(name, new FakeNode(this, name, faults, closing));
        var capacity = new { cpu = "64", memory = "256Gi", pods = "6000" };
        await api.CreateAsync(Paths.Nodes, new
        {
            metadata = new
            {
                name,
                labels,
                // Without it the attach-detach controller ignores the node.
                annotations = new Dictionary<string, string> { ["volumes.kubernetes.io/controller-managed-attach-detach"] = "true" },
            },
            status = new { capacity, allocatable = capacity, conditions = new[] { FakeNode.Ready } },
        }, closing);
        await api.CreateAsync(Paths.CsiNodes, new { metadata = new { name }, spec = new { drivers = new[] { new { name = driver, nodeID = nodeId } } } }, closing);
        await api.CreateAsync(Paths.NodeLeases, new { metadata = new { name }, spec = new { holderIdentity = name, leaseDurationSeconds = 40, renewTime = Now } }, closing);
    }

    /// <summary>The node loses power: its pods are gone, but their objects in the API server stay unchanged.</summary>
    public void Crash(string node) => _nodes[node].Crash();

    /// <summary>The node loses its connection to the API server; its pods keep running.</summary>
    public void Isolate(string node) => _nodes[node].Isolate();

    /// <summary>The node is back: it stops the pods that were deleted meanwhile, and starts those that are bound to it and do not run.</summary>
    public Task ReviveAsync(string node) => _nodes[node].ReviveAsync();

    internal static string Now => DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    internal Task RenewLeaseAsync(string node, CancellationToken cancellation) =>
        api.PatchAsync($"{Paths.NodeLeases}/{node}", new { spec = new { renewTime = Now } }, cancellation);

    private FakeNode? NodeOf(JsonNode pod) => pod.NodeName is { } name ? _nodes.GetValueOrDefault(name) : null;

    private async Task RenewLeasesAsync()
    {
        using var timer = new PeriodicTimer(RenewEvery);
        while (await timer.WaitForNextTickAsync(closing))
        {
            foreach (var node in _nodes.Values.Where(node => node.IsConnected).ToArray())
            {
                faults.Watch(RenewLeaseAsync(node.Name, closing));
            }
        }
    }
}
