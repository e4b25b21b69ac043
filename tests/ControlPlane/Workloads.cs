using System.Globalization;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>A workload: its name, which its pods' label "app" carries, and the volumes that they use.</summary>
public sealed record Workload(TestNamespace World, string Name, int Replicas, IReadOnlyList<Volume> Volumes)
{
    public Volume Volume => Volumes[0];

    public IReadOnlyList<JsonNode> Pods =>
        [.. World.View.Pods.Items.Where(pod => pod.Namespace == World.Namespace && pod.Text("metadata", "labels", "app") == Name).OrderBy(pod => pod.Name, StringComparer.Ordinal)];

    /// <summary>The only pod.</summary>
    public JsonNode Pod => Pods.Single();
}

/// <summary>Creates volumes and workloads: every method returns when all pods run on the requested node.</summary>
public sealed class Workloads(TestNamespace world)
{
    private readonly SemaphoreSlim _placing = new(1);
    // The binder is slow, and a thousand concurrent claims make it slower.
    private readonly SemaphoreSlim _claiming = new(32);

    /// <summary>A StatefulSet whose pods NAME-0, NAME-1, … have a volume each, claimed as data-NAME-0, ….</summary>
    public Task<Workload> StatefulSetAsync(
        string name, string on, int replicas = 1, PodShape? shape = null, Func<string, VolumeShape>? volume = null) =>
        PlaceAsync(name, on, replicas, [.. Enumerable.Range(0, replicas).Select(replica => Shape(volume, string.Create(CultureInfo.InvariantCulture, $"data-{name}-{replica}")))], _ =>
            world.Api.CreateAsync(Paths.StatefulSets(world.Namespace), new
            {
                metadata = new { name },
                spec = new
                {
                    replicas,
                    serviceName = name,
                    podManagementPolicy = "Parallel",
                    selector = new { matchLabels = new { app = name } },
                    template = Pod(name, shape, []),
                    volumeClaimTemplates = new[] { new { metadata = new { name = "data" }, spec = ClaimSpec(["ReadWriteOnce"], null) } },
                },
            }, world.Closing));

    /// <summary>A Deployment whose pods share the given volumes, or one named after it.</summary>
    public Task<Workload> DeploymentAsync(string name, string on, int replicas = 1, PodShape? shape = null, params IReadOnlyList<VolumeShape> volumes) =>
        PlaceAsync(name, on, replicas, volumes.Count > 0 ? volumes : [new VolumeShape($"data-{name}")], bound =>
            world.Api.CreateAsync(Paths.Deployments(world.Namespace), new
            {
                metadata = new { name },
                spec = new { replicas, selector = new { matchLabels = new { app = name } }, template = Pod(name, shape, bound) },
            }, world.Closing));

    /// <summary>A pod without a controller, with the given volumes, or one named after it.</summary>
    public Task<Workload> PodAsync(string name, string on, PodShape? shape = null, params IReadOnlyList<VolumeShape> volumes) =>
        PlaceAsync(name, on, 1, volumes.Count > 0 ? volumes : [new VolumeShape($"data-{name}")], bound =>
        {
            var pod = Pod(name, shape, bound);
            pod["metadata"]!["name"] = name;
            return world.Api.CreateAsync(Paths.Pods(world.Namespace), pod, world.Closing);
        });

    /// <summary>Creates a PersistentVolume and a claim, and returns when they are bound; an existing claim is shared.</summary>
    public async Task<Volume> VolumeAsync(VolumeShape shape)
    {
        if (world.View.VolumeOf(world.Namespace, shape.Claim) is { } shared)
        {
            return shared;
        }
        await _claiming.WaitAsync(world.Closing);
        try
        {
            return await ClaimAsync(shape);
        }
        finally
        {
            _claiming.Release();
        }
    }

    private async Task<Volume> ClaimAsync(VolumeShape shape)
    {
        var name = shape.PersistentVolume ?? $"pvc-{world.Namespace}-{shape.Claim}";
        var volume = new Volume(shape.Claim, name, shape.Handle ?? name, shape.Driver ?? world.Driver);
        await world.Api.CreateAsync(Paths.Volumes, new
        {
            metadata = new { name },
            spec = new
            {
                capacity = new { storage = "1Gi" },
                accessModes = shape.AccessModes,
                storageClassName = "linstor",
                persistentVolumeReclaimPolicy = "Retain",
                claimRef = new { @namespace = world.Namespace, name = shape.Claim },
                csi = new { driver = volume.Driver, volumeHandle = volume.Handle, volumeAttributes = shape.Attributes },
            },
        }, world.Closing);
        // A claim that is created before the binder knows the volume would wait for the binder's next round.
        await world.EventuallyAsync(() => world.View.Volumes.Find(name)?.Text("status", "phase") is "Available" or "Bound", $"volume {name} available");
        await world.Api.CreateAsync(
            Paths.Claims(world.Namespace), new { metadata = new { name = shape.Claim }, spec = ClaimSpec(shape.AccessModes, name) }, world.Closing);
        // A pod that the scheduler sees before its claim is bound would wait in the back-off queue.
        await BoundAsync(shape.Claim);
        return volume;
    }

    /// <summary>Waits for the binder. Its workers sometimes collide, and it retries after fifteen seconds or when the claim changes.</summary>
    private async Task BoundAsync(string claim)
    {
        var (looks, path) = (0, Paths.Claim(world.Namespace, claim));
        await world.EventuallyAsync(async () =>
        {
            if (world.View.BoundClaim(world.Namespace, claim) is not null)
            {
                return true;
            }
            if (++looks % 5 == 0)
            {
                var annotations = new Dictionary<string, string> { ["tests/look-again"] = $"{looks}" };
                await world.Api.PatchAsync(path, new { metadata = new { annotations } }, world.Closing);
            }
            return false;
        }, $"claim {claim} bound");
    }

    private async Task<Workload> PlaceAsync(
        string name, string on, int replicas, IReadOnlyList<VolumeShape> shapes, Func<IReadOnlyList<Volume>, Task> create)
    {
        await _placing.WaitAsync(world.Closing);
        try
        {
            // The scheduler has no other choice while the pods start, and every choice afterwards.
            var others = world.Nodes.Where(node => node != on).ToList();
            await Task.WhenAll(others.Select(node => CordonAsync(node, true)));
            var workload = new Workload(world, name, replicas, await Task.WhenAll(shapes.Select(VolumeAsync)));
            await create(workload.Volumes);
            await world.EventuallyAsync(
                () => workload.Pods.Count(pod => pod.IsRunningPod && pod.NodeName == on) == replicas,
                $"{replicas} pods of {name} running on {on}",
                within: TimeSpan.FromSeconds(20 + (replicas / 8)),
                pause: TimeSpan.FromMilliseconds(25 + (replicas / 4)));
            await Task.WhenAll(others.Select(node => CordonAsync(node, false)));
            return workload;
        }
        finally
        {
            _placing.Release();
        }
    }

    private async Task CordonAsync(string node, bool unschedulable)
    {
        await world.Api.PatchAsync(Paths.Node(node), new { spec = new { unschedulable } }, world.Closing);
        await world.EventuallyAsync(
            () => world.View.Nodes.Find(node)!.TaintKeys.Contains("node.kubernetes.io/unschedulable") == unschedulable,
            $"node {node} {(unschedulable ? "" : "un")}cordoned");
    }

    private JsonNode Pod(string name, PodShape? shape, IReadOnlyList<Volume> volumes)
    {
        shape ??= PodShape.OptedIn;
        object[] mounted =
        [
            .. volumes.Select(volume => new { name = volume.Claim, persistentVolumeClaim = new { claimName = volume.Claim } }),
            .. shape.ExtraVolumes,
        ];
        return System.Text.Json.JsonSerializer.SerializeToNode(new
        {
            metadata = new { labels = shape.Labels.SetItem("app", name), annotations = shape.Annotations },
            spec = new { priorityClassName = shape.PriorityClass, nodeSelector = world.Labels, containers = new[] { new { name = "app", image = "app" } }, volumes = mounted },
        })!;
    }

    private static object ClaimSpec(IReadOnlyList<string> accessModes, string? volumeName) =>
        new { accessModes, storageClassName = "linstor", volumeName, resources = new { requests = new { storage = "1Gi" } } };

    private static VolumeShape Shape(Func<string, VolumeShape>? volume, string claim) => volume is null ? new VolumeShape(claim) : volume(claim);
}
