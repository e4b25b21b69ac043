using System.Collections.Immutable;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>The volumes of one node: which pods want them, whether the API server knows, and which are mounted. A mounted LINSTOR volume is a DRBD Primary.</summary>
internal sealed class VolumeManager(KubernetesWorld world, string linstorName)
{
    private readonly SortedDictionary<string, Use> _uses = new(StringComparer.Ordinal);

    public ImmutableArray<string> InUse() => [.. _uses.Keys];

    public bool AreInUse(ImmutableArray<string> reported)
    {
        if (reported.Length != _uses.Count)
        {
            return false;
        }

        foreach (var name in reported)
        {
            if (!_uses.ContainsKey(name))
            {
                return false;
            }
        }

        return true;
    }

    public void MarkReported()
    {
        foreach (var use in _uses.Values)
        {
            use.Reported = true;
        }
    }

    public bool IsReported(PersistentVolume volume) => _uses.TryGetValue(volume.InUseName, out var use) && use.Reported;

    public bool IsMounted(PersistentVolume volume) => _uses.TryGetValue(volume.InUseName, out var use) && use.Mounted;

    public void Want(PersistentVolume volume, PodWorker pod)
    {
        if (!_uses.TryGetValue(volume.InUseName, out var use))
        {
            _uses[volume.InUseName] = use = new();
        }

        use.Pods.Add(pod);
    }

    /// <summary>Opens the device, unless another pod on this node already did; returns null on success, else the driver's error.</summary>
    public string? Mount(PersistentVolume volume)
    {
        var use = _uses[volume.InUseName];
        if (!use.Mounted && world.ResourceOf(volume) is { } resource && world.Storage.Promote(resource, linstorName) is not PromotionOutcome.Promoted and var refusal)
        {
            return $"rpc error: code = Internal desc = NodePublishVolume failed for {volume.Handle}: {Words(refusal)}";
        }

        use.Mounted = true;
        return null;
    }

    /// <summary>Closes the device after the last pod; false if it cannot be closed because its I/O is suspended.</summary>
    public bool Release(PersistentVolume volume, PodWorker pod)
    {
        if (!_uses.TryGetValue(volume.InUseName, out var use))
        {
            return true;
        }

        var isLast = use.Pods is [var only] && only == pod;
        if (isLast && use.Mounted && world.ResourceOf(volume) is { } resource && !world.Storage.Demote(resource, linstorName))
        {
            return false;
        }

        use.Pods.Remove(pod);
        if (use.Pods.Count == 0)
        {
            _uses.Remove(volume.InUseName);
        }

        return true;
    }

    /// <summary>Whether the volume's I/O is suspended: a writer hangs and cannot be killed.</summary>
    public bool IsSuspended(PersistentVolume volume) => IsMounted(volume) && world.ResourceOf(volume) is { } resource && world.Storage.IsSuspended(resource, linstorName);

    public void Clear() => _uses.Clear();

    private static string Words(PromotionOutcome refusal) => refusal switch
    {
        PromotionOutcome.NotThere => "device is not there yet",
        PromotionOutcome.NoQuorum => "mount: can't open device: no quorum",
        PromotionOutcome.NoData => "mount: can't open device: need access to UpToDate data",
        PromotionOutcome.InUseElsewhere => "mount: can't open device: it is in use on another node",
        _ => "mount: can't open device: a peer does not answer",
    };

    private sealed class Use
    {
        public List<PodWorker> Pods { get; } = [];

        public bool Reported { get; set; }

        public bool Mounted { get; set; }
    }
}
