namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Binds pods to nodes: to the node with the fewest pods among those without a cordon or an untolerated taint.</summary>
internal sealed class Scheduler
{
    private const string Component = "default-scheduler";

    private readonly KubernetesWorld _world;
    private readonly WorkQueue _queue;
    private readonly Dictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);

    public Scheduler(KubernetesWorld world)
    {
        _world = world;
        _queue = new(world.EventQueue, () => world.Timings.Watch, Schedule);
    }

    public void Handle(ChangeType type, Pod pod)
    {
        if (type == ChangeType.Deleted)
        {
            _waiting.Remove(pod.Key);
            Retry();
        }
        else if (pod is { Spec.NodeName: null, Metadata.Deleting: null } && _waiting.TryAdd(pod.Key, new()))
        {
            _queue.Add(pod.Key);
        }
    }

    public void Handle(ChangeType type, Node node)
    {
        if (type == ChangeType.Deleted)
        {
            _nodes.Remove(node.Metadata.Name);
            return;
        }

        var isNews = !_nodes.TryGetValue(node.Metadata.Name, out var before) || before.Taints != node.Taints || before.Unschedulable != node.Unschedulable;
        _nodes[node.Metadata.Name] = node;
        if (isNews)
        {
            Retry();
        }
    }

    /// <summary>Handles a change that may make room for unschedulable pods; each of them keeps its back-off.</summary>
    public void Retry()
    {
        var now = _world.EventQueue.Now;
        foreach (var (key, waiting) in _waiting)
        {
            if (waiting.Failures > 0)
            {
                var due = waiting.Tried + _world.Timings.SchedulerRetry.After(waiting.Failures) - now;
                _queue.AddAfter(key, due > _world.Timings.Watch ? due : _world.Timings.Watch);
            }
        }
    }

    private void Schedule(string key)
    {
        if (!_waiting.TryGetValue(key, out var waiting) || _world.Store.FindByKey<Pod>(key) is not { Spec.NodeName: null, Metadata.Deleting: null } pod)
        {
            _waiting.Remove(key);
            return;
        }

        if (MissingClaim(pod) is { } missing)
        {
            Complain(pod, waiting, $"persistentvolumeclaim \"{missing}\" not found");
        }
        else if (Choose(pod) is { } node)
        {
            _waiting.Remove(key);
            _ = _world.Store.Update(pod with { Spec = pod.Spec with { NodeName = node }, Reason = null, Message = null });
            _world.Events.Normal(Component, pod, "Scheduled", $"Successfully assigned {key} to {node}");
        }
        else
        {
            Complain(pod, waiting, WhyNowhere(pod));
        }
    }

    private void Complain(Pod pod, Waiting waiting, string message)
    {
        (waiting.Failures, waiting.Tried) = (waiting.Failures + 1, _world.EventQueue.Now);
        _ = _world.Store.Update(pod with { Reason = "Unschedulable", Message = message });
        _world.Events.Warn(Component, pod, "FailedScheduling", message);
    }

    private string? MissingClaim(Pod pod)
    {
        foreach (var mount in pod.Spec.Claims)
        {
            if (_world.VolumeOf(pod.Metadata.Namespace, mount.Claim) is null)
            {
                return mount.Claim;
            }
        }

        return null;
    }

    private string? Choose(Pod pod)
    {
        var load = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in _nodes.Values)
        {
            if (ObjectionTo(node, pod) is null)
            {
                // A node with a PreferNoSchedule taint comes after all others.
                load[node.Metadata.Name] = IsUnwelcoming(node, pod) ? 1 << 20 : 0;
            }
        }

        foreach (var other in _world.Store.Each<Pod>())
        {
            if (other.Spec.NodeName is { } on && load.TryGetValue(on, out var pods))
            {
                load[on] = pods + 1;
            }
        }

        var (best, least, ties) = ((string?)null, int.MaxValue, 0);
        foreach (var (node, pods) in load)
        {
            ties = pods < least ? 1 : pods == least ? ties + 1 : ties;
            if (pods < least || (pods == least && _world.Random.Next(ties) == 0))
            {
                (best, least) = (node, pods);
            }
        }

        return best;
    }

    private static bool IsUnwelcoming(Node node, Pod pod)
    {
        foreach (var taint in node.Taints)
        {
            if (taint.Effect == "PreferNoSchedule" && !pod.Spec.Tolerations.Contains(taint.Key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Why a pod cannot be bound there, in the scheduler's words; null if it can. Only the taints show whether the node is ready.</summary>
    private static string? ObjectionTo(Node node, Pod pod)
    {
        if (node.Unschedulable)
        {
            return "node(s) were unschedulable";
        }

        foreach (var taint in node.Taints)
        {
            if (taint.Effect != "PreferNoSchedule" && !pod.Spec.Tolerations.Contains(taint.Key))
            {
                return $"node(s) had taint {{{taint.Key}: {taint.Value}}}, that the pod didn't tolerate";
            }
        }

        return null;
    }

    private string WhyNowhere(Pod pod)
    {
        if (_nodes.Count == 0)
        {
            return "no nodes available to schedule pods";
        }

        var reasons = _nodes.Values.Select(node => ObjectionTo(node, pod)!).GroupBy(reason => reason).Select(group => $"{group.Count()} {group.Key}").Order(StringComparer.Ordinal);
        return $"0/{_nodes.Count} nodes are available: {string.Join(", ", reasons)}.";
    }

    private sealed class Waiting
    {
        public int Failures { get; set; }

        public TimeSpan Tried { get; set; }
    }
}
