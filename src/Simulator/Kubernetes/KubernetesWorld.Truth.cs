namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>A pod's containers that run in truth, whatever the API knows.</summary>
/// <param name="Pod">As the kubelet saw it first; by its uid it may be gone from the API.</param>
/// <param name="Node">Where it runs.</param>
public readonly record struct PodProcess(Pod Pod, string Node);

/// <remarks>What is true, for whoever judges what is done.</remarks>
public sealed partial class KubernetesWorld
{
    /// <summary>Everything that runs in truth.</summary>
    public IEnumerable<PodProcess> Processes => _kubelets.Values.SelectMany(kubelet => kubelet.Workers, (kubelet, worker) => (kubelet, worker))
        .Where(run => run.worker.HasProcess).Select(run => new PodProcess(run.worker.Pod, run.kubelet.Name));

    /// <summary>The containers of this pod run on this node in truth.</summary>
    public bool Runs(string uid, string node) => KubeletOf(node)?.WorkerOf(uid) is { HasProcess: true };

    /// <summary>The node's kubelet can be reached, and knows what the API says.</summary>
    public bool IsConnected(string node) => KubeletOf(node) is { Connected: true };

    /// <summary>The LINSTOR resources that a pod's claims stand for.</summary>
    public IEnumerable<string> ResourcesOf(Pod pod) => pod.Spec.Claims
        .Select(mount => VolumeOf(pod.Metadata.Namespace, mount.Claim) is { } volume ? ResourceOf(volume) : null).OfType<string>();

    /// <summary>A write to the resource on that node, named as in Kubernetes, would complete in truth.</summary>
    public bool CanWrite(string resource, string node) => LinstorNameOf(node) is { } name && Storage.CanWrite(resource, name);

    /// <summary>The node that a pod is bound to could still write to a volume of the pod. Nothing may be deleted while this is so.</summary>
    public bool CanWrite(Pod pod) => pod.Spec.NodeName is { } node && ResourcesOf(pod).Any(resource => CanWrite(resource, node));

    /// <summary>When a node's kubelet last renewed its lease; null if there is no such node.</summary>
    public TimeSpan? LeaseRenewed(string node) => KubeletOf(node)?.Heart.LastBeat;

    /// <summary>A lease as it is to be read: those of kubelets are written when renewing begins and stops, and what they say in between is worked out here.</summary>
    public Lease Refresh(Lease lease) =>
        lease.Metadata.Namespace == "kube-node-lease" && LeaseRenewed(lease.Metadata.Name) is { } renewed ? lease with { Renewed = ClockAt(renewed) } : lease;
}
