using System.Globalization;
using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Bench;

/// <summary>A cluster of twenty nodes in which every pod has an attached volume; two volumes share a LINSTOR resource.</summary>
internal sealed class LargeCluster(Api api, int pods, CancellationToken cancellation)
{
    private const int Nodes = 20;
    private const string Driver = "linstor.csi.linbit.com";
    private const string Space = "large";

    private static readonly string Now = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    private static readonly ParallelOptions Parallelism = new() { MaxDegreeOfParallelism = 48 };

    /// <summary>LINSTOR's content: one definition for every two volumes, with three replicas, in use on the node of the pods.</summary>
    public StorageWorld Storage()
    {
        var storage = new StorageWorld();
        storage.AddNodes([.. Enumerable.Range(0, Nodes).Select(Node)]);
        for (var resource = 0; resource < (pods + 1) / 2; resource++)
        {
            storage.AddResource(Resource(resource), [Node(resource), Node(resource + 1), Node(resource + 2)], volumes: 2);
            storage.Promote(Resource(resource), Node(resource));
        }

        return storage;
    }

    /// <returns>The length of a pod's JSON.</returns>
    public async Task<int> FillAsync()
    {
        await api.CreateAsync(Paths.Namespaces, new { metadata = new { name = Space } }, cancellation);
        await Parallel.ForAsync(0, Nodes, Parallelism, async (node, _) => await CreateNodeAsync(node));
        await Parallel.ForAsync(0, pods, Parallelism, async (pod, _) =>
        {
            await CreateVolumeAsync(pod);
            await CreatePodAsync(pod);
            await CreateAttachmentAsync(pod);
        });
        return (await api.GetAsync(Paths.Pod(Space, PodName(0)), cancellation)).ToJsonString().Length;
    }

    private async Task CreateNodeAsync(int node)
    {
        var name = Node(node);
        var volumes = Enumerable.Range(0, pods).Where(pod => NodeOf(pod) == name).Select(pod => $"kubernetes.io/csi/{Driver}^{Handle(pod)}").ToArray();
        var capacity = new { cpu = "64", memory = "256Gi", pods = "2000" };
        await api.CreateAsync(Paths.Nodes, new
        {
            metadata = new { name },
            status = new { capacity, allocatable = capacity, conditions = new[] { new { type = "Ready", status = "True", reason = "KubeletReady" } }, volumesInUse = volumes },
        }, cancellation);
        await api.CreateAsync(Paths.CsiNodes, new { metadata = new { name }, spec = new { drivers = new[] { new { name = Driver, nodeID = name } } } }, cancellation);
    }

    private async Task CreateVolumeAsync(int pod)
    {
        await api.CreateAsync(Paths.Volumes, new
        {
            metadata = new
            {
                name = Volume(pod),
                annotations = new Dictionary<string, string> { ["pv.kubernetes.io/provisioned-by"] = Driver },
            },
            spec = new
            {
                capacity = new { storage = "8Gi" },
                accessModes = new[] { "ReadWriteOnce" },
                storageClassName = "linstor",
                persistentVolumeReclaimPolicy = "Delete",
                claimRef = new { apiVersion = "v1", kind = "PersistentVolumeClaim", @namespace = Space, name = Claim(pod) },
                csi = new
                {
                    driver = Driver,
                    volumeHandle = Handle(pod),
                    fsType = "ext4",
                    volumeAttributes = new Dictionary<string, string> { ["linstor.csi.linbit.com/mount-options"] = "", ["storage.kubernetes.io/csiProvisionerIdentity"] = $"1600000000000-8081-{Driver}" },
                },
            },
        }, cancellation);
        await api.PatchAsync($"{Paths.Volume(Volume(pod))}/status", new { status = new { phase = "Bound" } }, cancellation);
    }

    private async Task CreateAttachmentAsync(int pod)
    {
        var name = $"csi-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(pod)))}";
        await api.CreateAsync(Paths.Attachments, new
        {
            metadata = new { name, finalizers = new[] { "external-attacher/linstor-csi-linbit-com" } },
            spec = new { attacher = Driver, nodeName = NodeOf(pod), source = new { persistentVolumeName = Volume(pod) } },
        }, cancellation);
        await api.PatchAsync($"{Paths.Attachment(name)}/status", new { status = new { attached = true } }, cancellation);
    }

    private async Task CreatePodAsync(int pod)
    {
        var name = PodName(pod);
        await api.CreateAsync(Paths.Pods(Space), new
        {
            metadata = new
            {
                name,
                labels = new Dictionary<string, string>
                {
                    ["app.kubernetes.io/name"] = "postgresql",
                    ["app.kubernetes.io/instance"] = name,
                    ["linstor.csi.linbit.com/on-storage-lost"] = "remove",
                    ["statefulset.kubernetes.io/pod-name"] = name,
                },
                annotations = new Dictionary<string, string> { ["checksum/config"] = new('0', 64), ["prometheus.io/scrape"] = "true" },
            },
            spec = new
            {
                nodeName = NodeOf(pod),
                containers = new[] { Container("postgresql", 5432, mounts: true), Container("exporter", 9187, mounts: false) },
                volumes = new object[]
                {
                    new { name = "data", persistentVolumeClaim = new { claimName = Claim(pod) } },
                    new { name = "default-token", secret = new { secretName = "default-token" } },
                },
                terminationGracePeriodSeconds = 30,
            },
        }, cancellation);
        object Condition(string type) => new { type, status = "True", lastTransitionTime = Now };
        object Ready(string container) => new
        {
            name = container,
            image = $"registry.example.com/{container}:1.0",
            imageID = $"registry.example.com/{container}@sha256:{new string('0', 64)}",
            containerID = $"containerd://{new string('0', 64)}",
            restartCount = 0,
            ready = true,
            started = true,
            state = new { running = new { startedAt = Now } },
        };
        await api.PatchAsync($"{Paths.Pod(Space, name)}/status", new
        {
            status = new
            {
                phase = "Running",
                hostIP = "10.0.0.1",
                podIP = "10.1.0.1",
                startTime = Now,
                conditions = new[] { Condition("Initialized"), Condition("Ready"), Condition("ContainersReady"), Condition("PodScheduled") },
                containerStatuses = new[] { Ready("postgresql"), Ready("exporter") },
            },
        }, cancellation);
    }

    private static object Container(string name, int port, bool mounts) => new
    {
        name,
        image = $"registry.example.com/{name}:1.0",
        ports = new[] { new { name = "tcp", containerPort = port } },
        env = new[] { new { name = "LANG", value = "C.UTF-8" }, new { name = "DATA_DIR", value = "/var/lib/data" }, new { name = "MAX_CONNECTIONS", value = "100" } },
        resources = new { requests = new { cpu = "10m", memory = "16Mi" } },
        livenessProbe = new { tcpSocket = new { port }, periodSeconds = 10 },
        volumeMounts = mounts ? new[] { new { name = "data", mountPath = "/var/lib/data" } } : [],
    };

    private static string Node(int number) => string.Create(CultureInfo.InvariantCulture, $"node-{number % Nodes:00}");

    private static string NodeOf(int pod) => Node(pod / 2);

    private static string PodName(int pod) => string.Create(CultureInfo.InvariantCulture, $"db-{pod}");

    private static string Claim(int pod) => $"data-{PodName(pod)}";

    private static string Volume(int pod) => string.Create(CultureInfo.InvariantCulture, $"pvc-00000000-0000-4000-9000-{pod:x12}");

    private static string Resource(int number) => string.Create(CultureInfo.InvariantCulture, $"pvc-00000000-0000-4000-8000-{number:x12}");

    // The handle is the resource, or the resource and a volume number.
    private static string Handle(int pod) => pod % 2 == 0 ? Resource(pod / 2) : $"{Resource(pod / 2)}/1";
}
