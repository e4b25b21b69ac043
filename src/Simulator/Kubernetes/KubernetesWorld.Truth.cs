namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>A pod whose containers truly run, whatever the API knows.</summary>
/// <param name="Pod">The pod as the kubelet first saw it; the API may no longer have its uid.</param>
/// <param name="Node">The node on which it runs.</param>
public readonly record struct PodProcess(Pod Pod, string Node);

/// <remarks>The true state, for checks.</remarks>
public sealed partial class KubernetesWorld
{
    /// <summary>All pods that truly run.</summary>
    public IEnumerable<PodProcess> Processes => _kubelets.Values.SelectMany(kubelet => kubelet.Workers, (kubelet, worker) => (kubelet, worker))
        .Where(run => run.worker.HasProcess).Select(run => new PodProcess(run.worker.Pod, run.kubelet.Name));

    /// <summary>The containers of this pod truly run on this node.</summary>
    public bool Runs(string uid, string node) => KubeletOf(node)?.WorkerOf(uid) is { HasProcess: true };

    /// <summary>The node's kubelet is reachable, and in sync with the API.</summary>
    public bool IsConnected(string node) => KubeletOf(node) is { Connected: true };

    /// <summary>The LINSTOR resources behind a pod's claims.</summary>
    public IEnumerable<string> ResourcesOf(Pod pod) => pod.Spec.Claims
        .Select(mount => VolumeOf(pod.Metadata.Namespace, mount.Claim) is { } volume ? ResourceOf(volume) : null).OfType<string>();

    /// <summary>A write to the resource on that node, by its Kubernetes name, would truly complete.</summary>
    public bool CanWrite(string resource, string node) => LinstorNameOf(node) is { } name && Storage.CanWrite(resource, name);

    /// <summary>The node that a pod is bound to could still write to a volume of the pod. No component may delete the pod while this is so.</summary>
    public bool CanWrite(Pod pod) => pod.Spec.NodeName is { } node && ResourcesOf(pod).Any(resource => CanWrite(resource, node));

    /// <summary>When a node's kubelet last renewed its lease; null if there is no such node.</summary>
    public TimeSpan? LeaseRenewed(string node) => KubeletOf(node)?.Heart.LastBeat;

    /// <summary>A lease as readers see it: a kubelet's lease is written when renewal begins and stops, and this method computes the renewal time in between.</summary>
    public Lease Refresh(Lease lease) =>
        lease.Metadata.Namespace == "kube-node-lease" && LeaseRenewed(lease.Metadata.Name) is { } renewed ? lease with { Renewed = ClockAt(renewed) } : lease;
}
