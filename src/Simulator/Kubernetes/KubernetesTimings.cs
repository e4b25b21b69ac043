namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>A back-off that doubles with each failure.</summary>
public readonly record struct Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>The delay after that many failures in a row; zero after none.</summary>
    public TimeSpan After(int failures)
    {
        var pause = failures < 1 ? TimeSpan.Zero : First;
        for (var i = 1; i < failures && pause < Longest; i++)
        {
            pause *= 2;
        }

        return pause < Longest ? pause : Longest;
    }
}

/// <summary>Detection and operation times of Kubernetes. The defaults are those of Kubernetes 1.20; see <see cref="Quick"/> for real-time tests.</summary>
public sealed record KubernetesTimings
{
    /// <summary>From a write until watchers have received it and act.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>How often a kubelet renews its lease (nodeLeaseRenewInterval).</summary>
    public TimeSpan LeaseRenewal { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a kubelet reports the volumes in use (nodeStatusUpdateFrequency); it mounts a volume only after such a report.</summary>
    public TimeSpan NodeStatus { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the moment the API is reachable again until a kubelet is connected.</summary>
    public TimeSpan KubeletReconnect { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the moment a machine is up until its kubelet is.</summary>
    public TimeSpan KubeletStart { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From mounted volumes to running containers: image, network, start.</summary>
    public TimeSpan ContainerStart { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a process takes to terminate, unless the pod's grace period is shorter.</summary>
    public TimeSpan ContainerStop { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a kubelet waits before it retries to kill a process, or to unmount a volume that is still open.</summary>
    public TimeSpan KillRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A kubelet's back-off for mounting a volume that is not attached yet, or was refused.</summary>
    public Backoff MountRetry { get; init; } = new(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(122));

    /// <summary>When a kubelet warns about volumes that it still waits for (podAttachAndMountTimeout).</summary>
    public TimeSpan MountTimeout { get; init; } = TimeSpan.FromSeconds(123);

    /// <summary>How often nodes are checked (node-monitor-period).</summary>
    public TimeSpan NodeMonitorPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a node may be silent before it counts as lost (node-monitor-grace-period).</summary>
    public TimeSpan NodeMonitorGracePeriod { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>The minimum time between two nodes whose pods begin to be evicted (1 / node-eviction-rate).</summary>
    public TimeSpan NodeEvictionInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long pods tolerate a lost node (default-unreachable-toleration-seconds).</summary>
    public TimeSpan UnreachableToleration { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long after a node's object its pods are deleted, rounded up to the next round of the collector.</summary>
    public TimeSpan PodGarbageQuarantine { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How often the collector of orphaned pods runs (gcCheckPeriod).</summary>
    public TimeSpan PodGarbagePeriod { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often the attach-detach controller compares the actual with the desired state.</summary>
    public TimeSpan AttachDetachReconcile { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often the attach-detach controller checks that attachments still exist (attach-detach-reconcile-sync-period).</summary>
    public TimeSpan AttachDetachSync { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the attach-detach controller waits for a node to release a volume before it detaches by force (maxWaitForUnmountDuration).</summary>
    public TimeSpan MaxWaitForUnmount { get; init; } = TimeSpan.FromMinutes(6);

    /// <summary>How long the attach-detach controller waits for an attacher before it retries (csiTimeout).</summary>
    public TimeSpan AttachTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The attach-detach controller's back-off.</summary>
    public Backoff AttachDetachRetry { get; init; } = new(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(122));

    /// <summary>How long the driver takes to make a volume available on a node, or to remove it there.</summary>
    public TimeSpan Attach { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The external attacher's back-off (retry-interval-start, retry-interval-max).</summary>
    public Backoff AttachRetry { get; init; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));

    /// <summary>The scheduler's back-off, once something has changed.</summary>
    public Backoff SchedulerRetry { get; init; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));

    /// <summary>
    /// Fast values: operations take some milliseconds. Deliberate timeouts keep their proportions, at a
    /// hundredth of their real length: a node is lost after 0.4 s, and its pods are evicted after another 3 s.
    /// </summary>
    public static KubernetesTimings Quick { get; } = new()
    {
        Watch = TimeSpan.FromMilliseconds(1),
        LeaseRenewal = TimeSpan.FromMilliseconds(100),
        NodeStatus = TimeSpan.FromMilliseconds(10),
        KubeletReconnect = TimeSpan.FromMilliseconds(20),
        KubeletStart = TimeSpan.FromMilliseconds(50),
        ContainerStart = TimeSpan.FromMilliseconds(20),
        ContainerStop = TimeSpan.FromMilliseconds(10),
        KillRetry = TimeSpan.FromMilliseconds(50),
        MountRetry = new(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(100)),
        MountTimeout = TimeSpan.FromMilliseconds(1230),
        NodeMonitorPeriod = TimeSpan.FromMilliseconds(50),
        NodeMonitorGracePeriod = TimeSpan.FromMilliseconds(400),
        NodeEvictionInterval = TimeSpan.FromMilliseconds(100),
        UnreachableToleration = TimeSpan.FromSeconds(3),
        PodGarbageQuarantine = TimeSpan.FromMilliseconds(400),
        PodGarbagePeriod = TimeSpan.FromMilliseconds(200),
        AttachDetachReconcile = TimeSpan.FromMilliseconds(5),
        AttachDetachSync = TimeSpan.FromMilliseconds(600),
        MaxWaitForUnmount = TimeSpan.FromSeconds(3.6),
        AttachTimeout = TimeSpan.FromSeconds(1.2),
        AttachDetachRetry = new(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(1220)),
        Attach = TimeSpan.FromMilliseconds(5),
        AttachRetry = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(3)),
        SchedulerRetry = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(100)),
    };
}
