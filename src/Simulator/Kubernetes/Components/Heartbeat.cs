namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Computes when a kubelet renews its lease and reports its status: at fixed intervals, without one scheduled event each.</summary>
internal sealed class Heartbeat
{
    private readonly KubernetesWorld _world;
    private readonly string _name;
    private readonly double _phase;
    private TimeSpan _beganBeating;
    private TimeSpan? _lastBeat;

    public Heartbeat(KubernetesWorld world, string name)
    {
        (_world, _name, _phase, _beganBeating) = (world, name, world.Random.NextDouble(), world.EventQueue.Now);
        var lease = new Lease(new("kube-node-lease", name)) { Holder = name, DurationSeconds = (int)Math.Ceiling(world.Timings.NodeMonitorGracePeriod.TotalSeconds), Renewed = world.Clock };
        _ = world.Store.Create(lease);
    }

    /// <summary>When the lease was last renewed.</summary>
    public TimeSpan LastBeat => _lastBeat ?? Later(_beganBeating, StepBefore(_world.Timings.LeaseRenewal, _world.EventQueue.Now));

    /// <summary>When the next status report is due.</summary>
    public TimeSpan NextReport() => StepBefore(_world.Timings.NodeStatus, _world.EventQueue.Now) + _world.Timings.NodeStatus;

    public void Start()
    {
        (_beganBeating, _lastBeat) = (_world.EventQueue.Now, null);
        Write();
    }

    public void Stop()
    {
        _lastBeat = LastBeat;
        Write();
        _world.NodeLifecycle.Hush(_name, LastBeat);
    }

    // The lease object is written when renewal stops and begins; in between, readers compute the renewal time.
    private void Write()
    {
        if (_world.Store.Find<Lease>("kube-node-lease", _name) is { } lease)
        {
            _ = _world.Store.Update(lease with { Renewed = _world.ClockAt(LastBeat) });
        }
    }

    private TimeSpan StepBefore(TimeSpan period, TimeSpan time)
    {
        var phase = period * _phase;
        return time < phase ? phase - period : phase + (period * Math.Floor((time - phase) / period));
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
