namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>One pod's run on one node, from first being seen there until nothing of it is left.</summary>
internal sealed class PodWorker(Kubelet kubelet, Pod pod)
{
    private const string Component = "kubelet";

    private readonly List<PersistentVolume> _volumes = [];
    private readonly HashSet<PersistentVolume> _mounted = new(ReferenceEqualityComparer.Instance);
    private readonly KubernetesWorld _world = kubelet.World;
    private TimeSpan _waitsSince;
    private int _failures;
    private bool _isStopping;
    private bool _isForgotten;

    public Pod Pod => pod;

    /// <summary>Its containers truly run, whatever the API shows.</summary>
    public bool HasProcess { get; private set; }

    /// <summary>It has truly opened a device of the volume.</summary>
    public IReadOnlyCollection<PersistentVolume> Mounted => _mounted;

    private bool IsHere => kubelet.WorkerOf(pod.Metadata.Uid) == this;

    public void Begin()
    {
        _waitsSince = _world.EventQueue.Now;
        foreach (var mount in pod.Spec.Claims)
        {
            if (_world.VolumeOf(pod.Metadata.Namespace, mount.Claim) is { } volume)
            {
                _volumes.Add(volume);
                kubelet.Volumes.Want(volume, this);
                kubelet.ReportSoon();
            }
        }

        _ = _world.Store.Change(pod, now => now with { Ready = false, Reason = "ContainerCreating", Message = null });
        TryMount();
    }

    /// <summary>Ends it gracefully, whether it has a deletion timestamp or the API no longer knows it.</summary>
    public void Stop(bool isForgotten)
    {
        _isForgotten |= isForgotten;
        if (_isStopping)
        {
            return;
        }

        _isStopping = true;
        if (HasProcess)
        {
            var grace = pod.Spec.GracePeriod < _world.Timings.ContainerStop ? pod.Spec.GracePeriod : _world.Timings.ContainerStop;
            _world.EventQueue.After(grace, Kill);
        }
        else
        {
            Unmount();
        }
    }

    /// <summary>Reports that it runs, if it does and the API does not show it yet or any more.</summary>
    public void PostStatus()
    {
        if (HasProcess && !_isStopping && kubelet.Connected)
        {
            _ = _world.Store.Change(pod, now => now with { Phase = PodPhase.Running, Ready = true, Started = now.Started ?? _world.EventQueue.Now, Reason = null, Message = null });
        }
    }

    private void TryMount()
    {
        if (!IsHere || _isStopping)
        {
            return;
        }

        foreach (var volume in _volumes)
        {
            if (!_mounted.Contains(volume) && !(IsAttached(volume) && Mount(volume)))
            {
                Complain();
                _world.EventQueue.After(_world.Timings.MountRetry.After(++_failures), TryMount);
                return;
            }
        }

        _world.EventQueue.After(_world.Timings.ContainerStart, Run);
    }

    /// <summary>The kubelet checks the node's own status first, then the attachment.</summary>
    private bool IsAttached(PersistentVolume volume) =>
        kubelet.Connected
        && kubelet.Volumes.IsReported(volume)
        && _world.Store.Find<Node>(kubelet.Name) is { } node && node.VolumesAttached.Contains(volume.InUseName)
        && _world.AttachmentOf(volume, kubelet.Name) is { Attached: true, Metadata.Deleting: null };

    private bool Mount(PersistentVolume volume)
    {
        if (kubelet.Volumes.Mount(volume) is { } error)
        {
            RecordEvent("FailedMount", $"MountVolume.SetUp failed for volume \"{volume.Metadata.Name}\" : {error}");
            return false;
        }

        return _mounted.Add(volume);
    }

    private void Complain()
    {
        if (_world.EventQueue.Now - _waitsSince >= _world.Timings.MountTimeout)
        {
            _waitsSince = _world.EventQueue.Now;
            var missing = string.Join(' ', pod.Spec.Claims.Where((_, i) => i >= _volumes.Count || !_mounted.Contains(_volumes[i])).Select(mount => mount.Claim));
            var all = string.Join(' ', pod.Spec.Claims.Select(mount => mount.Claim));
            RecordEvent("FailedMount", $"Unable to attach or mount volumes: unmounted volumes=[{missing}], unattached volumes=[{all}]: timed out waiting for the condition");
        }
    }

    private void Run()
    {
        if (IsHere && !_isStopping)
        {
            HasProcess = true;
            PostStatus();
        }
    }

    private void Kill()
    {
        if (!IsHere)
        {
            return;
        }

        if (_volumes.Exists(kubelet.Volumes.IsSuspended))
        {
            // The process waits for its I/O, which nothing can interrupt.
            RecordEvent("FailedKillPod", "error killing pod: failed to \"KillContainer\" for \"app\" with KillContainerError: \"rpc error: code = DeadlineExceeded desc = context deadline exceeded\"");
            _world.EventQueue.After(_world.Timings.KillRetry, Kill);
            return;
        }

        HasProcess = false;
        Unmount();
    }

    private void Unmount()
    {
        if (!IsHere)
        {
            return;
        }

        foreach (var volume in _volumes.ToArray())
        {
            if (!kubelet.Volumes.Release(volume, this))
            {
                _world.EventQueue.After(_world.Timings.KillRetry, Unmount);
                return;
            }

            _volumes.Remove(volume);
            _mounted.Remove(volume);
        }

        kubelet.Forget(this);
        kubelet.ReportSoon();
        if (!_isForgotten && kubelet.Connected)
        {
            _ = _world.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid, atOnce: true);
        }
    }

    private void RecordEvent(string reason, string message)
    {
        if (kubelet.Connected)
        {
            _world.Events.Warn(Component, pod, reason, message);
        }
    }
}
