using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>Settings of a test's namespace and nodes.</summary>
public sealed record TestNamespaceOptions
{
    public string Driver { get; init; } = "linstor.csi.linbit.com";

    /// <summary>The short names of the nodes; their full names begin with the namespace's.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = ["a", "b", "c"];

    /// <summary>Returns the driver's own name for a node, as in its CSINode.</summary>
    public Func<string, string> NodeId { get; init; } = node => node;
}

/// <summary>One test's part of the control plane: a namespace, nodes of its own with their kubelets, an attacher, and workloads.</summary>
public sealed class TestNamespace : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static int _count;

    private readonly CancellationTokenSource _closing;

    private TestNamespace(RealControlPlane plane, TestNamespaceOptions options, CancellationToken cancellation)
    {
        _closing = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Plane = plane;
        Driver = options.Driver;
        Namespace = string.Create(CultureInfo.InvariantCulture, $"w{Interlocked.Increment(ref _count)}");
        Nodes = [.. options.Nodes.Select(node => $"{Namespace}-{node}")];
        Faults = new BackgroundErrors(Closing);
        View = new NamespaceView(Api, Namespace, Nodes.ToHashSet());
        Kubelet = new FakeKubelet(plane.ApiAs(ApiIdentity.Kubelet), View, Faults, Closing);
        Attacher = new FakeAttacher(plane.ApiAs(ApiIdentity.Attacher), View, Faults, Closing);
        Workloads = new Workloads(this);
    }

    public RealControlPlane Plane { get; }

    public Api Api => Plane.Api;

    public string Namespace { get; }

    public string Driver { get; }

    public IReadOnlyList<string> Nodes { get; }

    public string A => Nodes[0];

    public string B => Nodes[1];

    public string C => Nodes[2];

    public NamespaceView View { get; }

    public FakeKubelet Kubelet { get; }

    public FakeAttacher Attacher { get; }

    public Workloads Workloads { get; }

    public BackgroundErrors Faults { get; }

    /// <summary>Cancelled when the namespace is torn down, or the test ends.</summary>
    public CancellationToken Closing => _closing.Token;

    internal object Labels => new Dictionary<string, string> { ["world"] = Namespace };

    public static async Task<TestNamespace> CreateAsync(RealControlPlane plane, TestNamespaceOptions options, CancellationToken cancellation)
    {
        var world = new TestNamespace(plane, options, cancellation);
        try
        {
            world.Kubelet.Start();
            world.Attacher.Start();
            await plane.Api.CreateAsync(Paths.Namespaces, new { metadata = new { name = world.Namespace } }, cancellation);
            await world.View.StartAsync(cancellation);
            await Task.WhenAll(world.Nodes.Zip(options.Nodes).Select(node =>
                world.Kubelet.RegisterAsync(node.First, options.Driver, options.NodeId(node.First), world.Labels)));
            // A new node carries the not-ready taint until the controller manager has processed it.
            await world.EventuallyAsync(() => world.View.Nodes.Items.Count == options.Nodes.Count && world.View.Nodes.Items.All(node => !node.TaintKeys.Any()), "all nodes ready");
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>The node loses power.</summary>
    public void Crash(string node) => Kubelet.Crash(node);

    public Task ReviveAsync(string node) => Kubelet.ReviveAsync(node);

    public JsonNode? FindPod(string name) => View.Pods.Find($"{Namespace}/{name}");

    /// <summary>Waits until the pod runs, on the given node or on any, and returns it.</summary>
    public Task<JsonNode> UntilRunningAsync(string pod, string? on = null, TimeSpan? within = null) => UntilAsync(
        () => FindPod(pod) is { IsRunningPod: true } running && (on is null || running.NodeName == on) ? running : null,
        $"pod {pod} running{(on is null ? "" : $" on {on}")}", within);

    /// <summary>Waits until another pod of the same name runs in its place.</summary>
    public Task<JsonNode> UntilReplacedAsync(JsonNode pod, TimeSpan? within = null) => UntilAsync(
        () => FindPod(pod.Name) is { IsRunningPod: true } running && running.Uid != pod.Uid ? running : null, $"another pod {pod.Name} running", within);

    /// <summary>Waits until all pods of the workload run again, and none is left on the node that it came from.</summary>
    public Task<IReadOnlyList<JsonNode>> UntilMovedAsync(Workload workload, string from, TimeSpan? within = null) => UntilAsync(
        () => workload.Pods is { } pods && pods.Count == workload.Replicas && pods.All(pod => pod.IsRunningPod && pod.NodeName != from) ? pods : null,
        $"all of {workload.Name} running elsewhere than on {from}", within);

    /// <summary>Waits, without polling, until the query over the namespace's pods returns an answer.</summary>
    public async Task<T> UntilAsync<T>(Func<T?> answer, string what, TimeSpan? within = null)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Closing);
        limit.CancelAfter(within ?? Patience);
        try
        {
            return await View.Pods.UntilAsync(answer, limit.Token);
        }
        catch (OperationCanceledException) when (!Closing.IsCancellationRequested)
        {
            throw new TimeoutException($"Not within {(within ?? Patience).TotalSeconds} s: {what}{await FailureReport.OfAsync(this, Closing)}");
        }
    }

    /// <summary>Waits until a condition holds, and returns how long it took; a failure reports the expectation and the state of the namespace.</summary>
    public Task<TimeSpan> EventuallyAsync(Func<bool> condition, string what, TimeSpan? within = null, TimeSpan? pause = null) =>
        EventuallyAsync(() => Task.FromResult(condition()), what, within, pause);

    public Task<TimeSpan> EventuallyAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null, TimeSpan? pause = null) =>
        Eventually.TrueAsync(condition, within ?? Patience, async () => what + await FailureReport.OfAsync(this, Closing), Closing, pause);

    /// <summary>Deletes all cluster-wide objects of this test, so that the next one has the control plane to itself.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15 + (View.Pods.Items.Count / 8)));
        try
        {
            // An interrupted run takes the whole control plane down.
            if (!Closing.IsCancellationRequested)
            {
                await new Teardown(this).RunAsync(limit.Token);
            }
        }
        catch (Exception left) when (left is OperationCanceledException or HttpRequestException or ApiException)
        {
            // Names are unique to a namespace, so leftovers harm no other test.
            Debug.WriteLine(left);
        }
        await _closing.CancelAsync();
        await View.DisposeAsync();
        _closing.Dispose();
    }
}
