namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>How long something is left alone after it failed: twice as long each time.</summary>
public readonly record struct Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>The pause after that many failures in a row; none after none.</summary>
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

/// <summary>How long Kubernetes takes to notice and to do things. The defaults are those of Kubernetes 1.20; see <see cref="Quick"/> for real-time tests.</summary>
public sealed record KubernetesTimings
{
    /// <summary>From a write until whoever watches has heard of it and acts.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>How often a kubelet renews its lease (nodeLeaseRenewInterval).</summary>
    public TimeSpan LeaseRenewal { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a kubelet says what is in use (nodeStatusUpdateFrequency); a volume is mounted only after it was said.</summary>
    public TimeSpan NodeStatus { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the moment the API can be reached again until a kubelet does so.</summary>
    public TimeSpan KubeletReconnect { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the moment a machine is up until its kubelet is.</summary>
    public TimeSpan KubeletStart { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From mounted volumes to running containers: image, network, start.</summary>
    public TimeSpan ContainerStart { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a process takes to end when it is asked to, unless the pod's grace period is shorter.</summary>
    public TimeSpan ContainerStop { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a kubelet waits before it tries again to kill what did not die, or to unmount what is still open.</summary>
    public TimeSpan KillRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How a kubelet tries to mount again what is not attached yet, or was refused.</summary>
    public Backoff MountRetry { get; init; } = new(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(122));

    /// <summary>When a kubelet complains about volumes that it still waits for (podAttachAndMountTimeout).</summary>
    public TimeSpan MountTimeout { get; init; } = TimeSpan.FromSeconds(123);

    /// <summary>How often nodes are looked at (node-monitor-period).</summary>
    public TimeSpan NodeMonitorPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a node may be silent before it counts as lost (node-monitor-grace-period).</summary>
    public TimeSpan NodeMonitorGracePeriod { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>The least time between two nodes whose pods begin to be driven off (1 / node-eviction-rate).</summary>
    public TimeSpan NodeEvictionInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long pods tolerate a lost node (default-unreachable-toleration-seconds).</summary>
    public TimeSpan UnreachableToleration { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long a node's object must be gone before the pods of that node are, rounded up to the next round of the collector.</summary>
    public TimeSpan PodGarbageQuarantine { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How often the collector of orphaned pods goes round (gcCheckPeriod).</summary>
    public TimeSpan PodGarbagePeriod { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often the attach-detach controller compares what is with what should be.</summary>
    public TimeSpan AttachDetachReconcile { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often the attach-detach controller looks whether what it believes attached still is (attach-detach-reconcile-sync-period).</summary>
    public TimeSpan AttachDetachSync { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the attach-detach controller waits for a node to release a volume before it detaches by force (maxWaitForUnmountDuration).</summary>
    public TimeSpan MaxWaitForUnmount { get; init; } = TimeSpan.FromMinutes(6);

    /// <summary>How long the attach-detach controller waits for an attacher before it tries again (csiTimeout).</summary>
    public TimeSpan AttachTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How the attach-detach controller tries again.</summary>
    public Backoff AttachDetachRetry { get; init; } = new(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(122));

    /// <summary>How long the driver takes to make a volume available on a node, or to take it away.</summary>
    public TimeSpan Attach { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>How the external attacher tries again (retry-interval-start, retry-interval-max).</summary>
    public Backoff AttachRetry { get; init; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));

    /// <summary>How the scheduler tries again, once something has changed.</summary>
    public Backoff SchedulerRetry { get; init; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));

    /// <summary>
    /// What can be fast is: everything that does not wait for its own good takes some milliseconds. What is a patience keeps its proportions, at a
    /// hundredth of its length in life: a node is lost after 0.4 s, its pods are driven off after another 3 s.
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
