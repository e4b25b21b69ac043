using Piraeus.HighAvailability.Simulator.Kubernetes.Components;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <remarks>Faults, and their repair. For faults of DRBD or LINSTOR alone, use <see cref="Storage"/>.</remarks>
public sealed partial class KubernetesWorld
{
    /// <summary>The machine loses power: its pods, its DRBD and its satellite are gone, and no other component has noticed yet.</summary>
    public void Crash(string node)
    {
        var kubelet = Kubelet(node);
        Storage.PowerOff(kubelet.LinstorName);
        kubelet.Crash();
    }

    /// <summary>The machine starts again; its kubelet restarts the pods that are still bound there.</summary>
    public void PowerOn(string node)
    {
        var kubelet = Kubelet(node);
        Storage.PowerOn(kubelet.LinstorName);
        kubelet.PowerOn();
    }

    /// <summary>Cuts a machine from everything: replication, LINSTOR, the API. Its pods keep running.</summary>
    public void Isolate(string node)
    {
        var kubelet = Kubelet(node);
        Storage.Isolate(kubelet.LinstorName);
        kubelet.Isolate(true);
    }

    /// <summary>Ends <see cref="Isolate"/>.</summary>
    public void Rejoin(string node)
    {
        var kubelet = Kubelet(node);
        Storage.Rejoin(kubelet.LinstorName);
        kubelet.Isolate(false);
    }

    /// <summary>Cuts the kubelet from the API; replication and LINSTOR are not affected. Its pods keep running.</summary>
    public void CutFromApi(string node) => Kubelet(node).CutOff(true);

    /// <summary>Ends <see cref="CutFromApi"/>.</summary>
    public void ReconnectToApi(string node) => Kubelet(node).CutOff(false);

    /// <summary>Pauses the drivers' attachers, as if they were scheduled nowhere.</summary>
    public void PauseAttacher() => _attacher.Pause();

    /// <summary>Ends <see cref="PauseAttacher"/>.</summary>
    public void ResumeAttacher() => _attacher.Resume();

    private Kubelet Kubelet(string node) => KubeletOf(node) ?? throw new ArgumentException($"There is no node {node}.");
}
