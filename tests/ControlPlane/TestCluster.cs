using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Simulator;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>
/// A Kubernetes cluster of five nodes with a real control plane, a simulated LINSTOR whose resources live on the same nodes, and the real
/// controller, which has exactly the rights that deploy/all.yaml gives it.
/// </summary>
public sealed partial class TestCluster : IAsyncDisposable
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

    private string Describe(JsonNode attachment)
    {
        var volume = World.View.Volumes.Find(attachment.AttachedVolume!);
        return $"attachment of {volume?.Text("spec", "claimRef", "name") ?? attachment.AttachedVolume} on {attachment.NodeName![(World.Namespace.Length + 1)..]}";
    }

    private IEnumerable<(string Resource, string Node)> Uses(PlacedPod pod) =>
        pod.Volumes.Where(volume => volume.Driver == World.Driver).Select(volume => (volume.Handle.Split('/')[0], LinstorName(pod.Node)));
}
