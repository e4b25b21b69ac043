using System.Collections.Immutable;
using Piraeus.HighAvailability.Simulator.Kubernetes.Components;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <remarks>An administrator's operations: nodes, volumes, workloads.</remarks>
public sealed partial class KubernetesWorld
{
    /// <summary>Creates a LINSTOR resource that a volume needs and that does not exist: by default with data on the first three nodes.</summary>
    public Action<StorageWorld, string> Place { get; set; } = static (storage, resource) =>
        storage.AddResource(resource, [.. storage.Nodes.Take(3).Select(node => node.Name)]);

    /// <summary>Adds a node that is ready, and its machine to the storage world unless that has it.</summary>
    /// <param name="linstorName">Its name in LINSTOR, if not <paramref name="name"/>.</param>
    public Node AddNode(string name, string? linstorName = null)
    {
        linstorName ??= name;
        _ = Storage.FindNode(linstorName) ?? Storage.AddNode(linstorName, uname: name);
        _kubelets.Add(name, new Kubelet(this, name, linstorName));
        InstallDriver();
        _ = Store.Create(new CsiNode(new("", name), Metadata.Nothing.Add(Driver, linstorName)));
        _ = Store.Create(new Node(new("", name)) { Ready = NodeReadiness.True, ReadySince = EventQueue.Now }, out var node);
        return node;
    }

    /// <summary>Adds several nodes with the same names in LINSTOR.</summary>
    public void AddNodes(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            AddNode(name);
        }
    }

    /// <summary>Adds a claim with a volume that is bound to it. <see cref="Place"/> creates a missing LINSTOR resource.</summary>
    /// <param name="handle">The LINSTOR resource definition, or another driver's volume handle; the volume's own name if null.</param>
    /// <param name="driver">The driver, if not LINSTOR's.</param>
    /// <param name="attributes">The driver's parameters.</param>
    public PersistentVolume AddVolume(
        string claim,
        string? handle = null,
        string ns = "default",
        AccessMode accessMode = AccessMode.ReadWriteOnce,
        string? driver = null,
        ImmutableSortedDictionary<string, string>? attributes = null)
    {
        var name = ns == "default" ? $"pvc-{claim}" : $"pvc-{ns}-{claim}";
        var storageClass = (driver ?? Driver) == Driver ? StorageClass : "";
        var volume = new PersistentVolume(new("", name), driver ?? Driver, handle ?? name, ns, claim) { AccessMode = accessMode, Attributes = attributes ?? Metadata.Nothing, StorageClass = storageClass };
        if (ResourceOf(volume) is { } resource && Storage.FindDefinition(resource) is null)
        {
            Place(Storage, resource);
        }

        _ = Store.Create(volume, out var stored);
        _ = Store.Create(new PersistentVolumeClaim(new(ns, claim), name) { AccessMode = accessMode, StorageClass = storageClass });
        return stored;
    }

    /// <summary>Adds a StatefulSet; missing claims, volumes and resources are created with its pods.</summary>
    /// <param name="template">The pod template; the default pod if null.</param>
    /// <param name="claimTemplates">The templates of which each pod gets one claim each; <c>data</c> if null.</param>
    public StatefulSet AddStatefulSet(string name, int replicas = 1, PodTemplate? template = null, ImmutableArray<string>? claimTemplates = null, string ns = "default")
    {
        _ = Store.Create(new StatefulSet(new(ns, name), replicas, template ?? PodTemplate.With()) { ClaimTemplates = claimTemplates ?? ["data"] }, out var set);
        return set;
    }

    /// <summary>Adds a Deployment, whose pods share the claims of its template.</summary>
    public Deployment AddDeployment(string name, int replicas, PodTemplate template, string ns = "default")
    {
        _ = Store.Create(new Deployment(new(ns, name), replicas, template), out var deployment);
        return deployment;
    }

    /// <summary>Adds a pod without a controller that would replace it.</summary>
    public Pod AddPod(string name, PodTemplate template, string ns = "default")
    {
        _ = Store.Create(new Pod(new(ns, name) { Labels = template.Labels, Annotations = template.Annotations }, template.Spec), out var pod);
        return pod;
    }

    /// <summary>Creates a claim's volume if it does not exist.</summary>
    internal void Provision(string ns, string claim)
    {
        if (Store.Find<PersistentVolumeClaim>(ns, claim) is null)
        {
            AddVolume(claim, ns: ns);
        }
    }

    /// <summary>Creates the driver's object and its default storage class with the first node.</summary>
    private void InstallDriver()
    {
        if (Store.Create(new CsiDriver(new("", Driver))) == WriteResult.Done)
        {
            var isDefault = Metadata.Nothing.Add(Kubernetes.StorageClass.DefaultAnnotation, "true");
            _ = Store.Create(new StorageClass(new("", StorageClass) { Annotations = isDefault }, Driver));
        }
    }
}
