using System.Collections.Immutable;
using Piraeus.HighAvailability.Simulator.Kubernetes.Components;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <remarks>What an administrator sets up: nodes, volumes, workloads.</remarks>
public sealed partial class KubernetesWorld
{
    /// <summary>How a LINSTOR resource is made that a volume needs and that is not there: by default with data on the first three nodes.</summary>
    public Action<StorageWorld, string> Place { get; set; } = static (storage, resource) =>
        storage.AddResource(resource, [.. storage.Nodes.Take(3).Select(node => node.Name)]);

    /// <summary>Adds a node that is ready, and its machine to the storage world if that does not have it.</summary>
    /// <param name="linstorName">What LINSTOR calls it, if not <paramref name="name"/>.</param>
    public Node AddNode(string name, string? linstorName = null)
    {
        linstorName ??= name;
        _ = Storage.FindNode(linstorName) ?? Storage.AddNode(linstorName, uname: name);
        _kubelets.Add(name, new Kubelet(this, name, linstorName));
        _ = Store.Create(new CsiNode(new("", name), Metadata.Nothing.Add(Driver, linstorName)));
        _ = Store.Create(new Node(new("", name)) { Ready = NodeReadiness.True, ReadySince = EventQueue.Now }, out var node);
        return node;
    }

    /// <summary>Adds several nodes that LINSTOR calls the same.</summary>
    public void AddNodes(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            AddNode(name);
        }
    }

    /// <summary>Adds a claim with a volume that is bound to it. A LINSTOR resource that is not there is made by <see cref="Place"/>.</summary>
    /// <param name="handle">The LINSTOR resource definition, or whatever another driver calls its volume; the volume's own name if null.</param>
    /// <param name="driver">Another driver than LINSTOR's.</param>
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
        var volume = new PersistentVolume(new("", name), driver ?? Driver, handle ?? name, ns, claim) { AccessMode = accessMode, Attributes = attributes ?? Metadata.Nothing };
        if (ResourceOf(volume) is { } resource && Storage.FindDefinition(resource) is null)
        {
            Place(Storage, resource);
        }

        _ = Store.Create(volume, out var stored);
        _ = Store.Create(new PersistentVolumeClaim(new(ns, claim), name) { AccessMode = accessMode });
        return stored;
    }

    /// <summary>Adds a StatefulSet; its claims, volumes and resources are made with its pods, unless they are there already.</summary>
    /// <param name="template">What its pods are made of; nothing special if null.</param>
    /// <param name="claimTemplates">One claim of its own for each pod and template; <c>data</c> if null.</param>
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

    /// <summary>Adds a pod that nobody replaces.</summary>
    public Pod AddPod(string name, PodTemplate template, string ns = "default")
    {
        _ = Store.Create(new Pod(new(ns, name) { Labels = template.Labels, Annotations = template.Annotations }, template.Spec), out var pod);
        return pod;
    }

    /// <summary>Makes the volume of a claim that is not there.</summary>
    internal void Provision(string ns, string claim)
    {
        if (Store.Find<PersistentVolumeClaim>(ns, claim) is null)
        {
            AddVolume(claim, ns: ns);
        }
    }
}
