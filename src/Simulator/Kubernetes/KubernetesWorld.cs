using System.Security.Cryptography;
using System.Text;
using Piraeus.HighAvailability.Simulator.Kubernetes.Components;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>A Kubernetes cluster on the nodes of a <see cref="StorageWorld"/>: scheduler, controllers, kubelets, an external attacher, and their faults.</summary>
/// <remarks>
/// A pure model: it shares the storage world's event queue, which alone advances time. It is not thread-safe. A subscriber of
/// <see cref="ObjectStore.Changed"/> that wants to write must do so through the event queue, as every component here does.
/// </remarks>
public sealed partial class KubernetesWorld
{
    private readonly SortedDictionary<string, Kubelet> _kubelets = new(StringComparer.Ordinal);
    private readonly Scheduler _scheduler;
    private readonly StatefulSetController _statefulSets;
    private readonly DeploymentController _deployments;
    private readonly ReplicaSetController _replicaSets;
    private readonly AttachDetachController _attachDetach;
    private readonly ExternalAttacher _attacher;
    private readonly GarbageCollector _garbage;

    /// <summary>A cluster without nodes.</summary>
    /// <param name="storage">DRBD and LINSTOR, on the same machines.</param>
    /// <param name="timings">The simulated delays; realistic if null.</param>
    /// <param name="random">The random source; a fixed seed if null.</param>
    public KubernetesWorld(StorageWorld storage, KubernetesTimings? timings = null, Random? random = null)
    {
        Storage = storage;
        Timings = timings ?? new();
        Random = random ?? new Random(0);
        Store = new(storage.EventQueue);
        Events = new(this);
        NodeLifecycle = new(this);
        (_scheduler, _statefulSets, _deployments, _replicaSets) = (new(this), new(this), new(this), new(this));
        (_attachDetach, _attacher, _garbage) = (new(this), new(this), new(this));
        Store.Changed += Spread;
        foreach (var name in (ReadOnlySpan<string>)["default", "kube-system", "kube-node-lease"])
        {
            _ = Store.Create(new Namespace(new("", name)));
        }

        _ = Store.Create(new Service(new("default", "kubernetes"), [new("https", 443, "6443")]) { ClusterIP = "10.96.0.1" });
    }

    /// <summary>The scheduled events, shared with <see cref="Storage"/>.</summary>
    public EventQueue EventQueue => Storage.EventQueue;

    /// <summary>The API server's objects. The components act upon every write.</summary>
    public ObjectStore Store { get; }

    /// <summary>DRBD and LINSTOR.</summary>
    public StorageWorld Storage { get; }

    /// <summary>The simulated delays; events already scheduled keep their time.</summary>
    public KubernetesTimings Timings { get; set; }

    /// <summary>The CSI driver of LINSTOR's volumes.</summary>
    public string Driver { get; init; } = "linstor.csi.linbit.com";

    /// <summary>The class of the driver's volumes.</summary>
    public string StorageClass { get; init; } = "linstor";

    /// <summary>The wall-clock time at which the world begins.</summary>
    public DateTimeOffset Began { get; init; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The wall-clock time now, by the clocks of all components.</summary>
    public DateTimeOffset Clock => ClockAt(EventQueue.Now);

    /// <summary>Whether Events are written; the simulation is a little faster without them.</summary>
    public bool RecordsEvents { get; set; } = true;

    internal Random Random { get; }

    internal EventRecorder Events { get; }

    internal NodeLifecycleController NodeLifecycle { get; }

    /// <summary>The attach-detach controller's name for the attachment of a volume to a node.</summary>
    public static string AttachmentName(PersistentVolume volume, string node) =>
        $"csi-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{volume.Handle}{volume.Driver}{node}")))}";

    /// <summary>The wall-clock time of a moment.</summary>
    public DateTimeOffset ClockAt(TimeSpan time) => Began + time;

    /// <summary>The volume behind a claim; null if there is none.</summary>
    public PersistentVolume? VolumeOf(string ns, string claim) =>
        Store.Find<PersistentVolumeClaim>(ns, claim) is { VolumeName.Length: > 0 } bound ? Store.Find<PersistentVolume>(bound.VolumeName) : null;

    /// <summary>The attachment of a volume to a node; null if there is none.</summary>
    public VolumeAttachment? AttachmentOf(PersistentVolume volume, string node) => Store.Find<VolumeAttachment>(AttachmentName(volume, node));

    /// <summary>The LINSTOR resource definition behind a volume; null if it is another driver's, or reached over NFS.</summary>
    public string? ResourceOf(PersistentVolume volume)
    {
        if (volume.Driver != Driver || volume.Attributes.ContainsKey("linstor.csi.linbit.com/nfs-export"))
        {
            return null;
        }

        var slash = volume.Handle.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? volume.Handle : volume.Handle[..slash];
    }

    /// <summary>A node's name in LINSTOR; null if there is no such node.</summary>
    public string? LinstorNameOf(string node) => _kubelets.GetValueOrDefault(node)?.LinstorName;

    internal Kubelet? KubeletOf(string node) => _kubelets.GetValueOrDefault(node);

    /// <summary>An attachment's resource and LINSTOR node; null if it is not a LINSTOR volume's.</summary>
    internal (string Resource, string Node)? PlaceOf(VolumeAttachment attachment) =>
        Store.Find<PersistentVolume>(attachment.VolumeName) is { } volume && ResourceOf(volume) is { } resource && LinstorNameOf(attachment.NodeName) is { } node ? (resource, node) : null;

    /// <summary>The letters of Kubernetes' generated names: without vowels, so that they form no words.</summary>
    internal string RandomName(int length) => new(Random.GetItems<char>(Metadata.NameCharacters, length));

    private void Spread(Change change)
    {
        switch (change.Item)
        {
            case Pod pod:
                _scheduler.Handle(change.Type, pod);
                _statefulSets.Handle(pod);
                _replicaSets.Handle(pod);
                _attachDetach.Handle(change);
                NodeLifecycle.Handle(change.Type, pod);
                if (pod.Spec.NodeName is { } on && KubeletOf(on) is { } host)
                {
                    host.Handle(pod);
                }

                break;
            case Node node:
                _scheduler.Handle(change.Type, node);
                NodeLifecycle.Handle(change.Type, node);
                if (change.Type == ChangeType.Deleted)
                {
                    _garbage.SeeGone(node);
                }
                else
                {
                    _attachDetach.Handle(change);
                    KubeletOf(node.Metadata.Name)?.Handle(node);
                }

                break;
            case VolumeAttachment attachment:
                _attacher.Handle(change.Type, attachment);
                _attachDetach.Handle(change);
                break;
            case StatefulSet or Deployment or ReplicaSet when change.Type == ChangeType.Deleted:
                _garbage.SeeGone(change.Item);
                break;
            case StatefulSet set:
                _statefulSets.Handle(set);
                break;
            case Deployment deployment:
                _deployments.Handle(deployment);
                break;
            case ReplicaSet set:
                _replicaSets.Handle(set);
                _deployments.Handle(set);
                break;
            case PersistentVolume or PersistentVolumeClaim:
                _scheduler.Retry();
                break;
        }
    }
}
