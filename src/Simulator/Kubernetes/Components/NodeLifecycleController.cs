namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Detects silent nodes, taints them, and evicts pods from nodes with a <c>NoExecute</c> taint.</summary>
internal sealed class NodeLifecycleController(KubernetesWorld world)
{
    public const string Unreachable = "node.kubernetes.io/unreachable";

    private const string Component = "node-controller";

    private readonly HashSet<string> _silent = new(StringComparer.Ordinal);
    private TimeSpan _nextEviction;

    private KubernetesTimings Timings => world.Timings;

    /// <summary>A node's kubelet has renewed its lease for the last time, until further notice.</summary>
    public void Hush(string node, TimeSpan lastBeat)
    {
        var lost = lastBeat + Timings.NodeMonitorGracePeriod;
        var seen = Timings.NodeMonitorPeriod * Math.Ceiling(lost / Timings.NodeMonitorPeriod);
        world.EventQueue.At(seen, () =>
        {
            // A node that was back meanwhile has a newer heartbeat, even if it is silent again.
            if (world.KubeletOf(node) is { Connected: false } kubelet && kubelet.Heart.LastBeat == lastBeat)
            {
                Lose(node);
            }
        });
    }

    public void Handle(ChangeType type, Node node)
    {
        var name = node.Metadata.Name;
        if (type == ChangeType.Deleted)
        {
            _silent.Remove(name);
        }
        else if (node.Ready == NodeReadiness.True && _silent.Remove(name))
        {
            world.EventQueue.After(Timings.Watch, () => Regain(name));
        }

        if (type != ChangeType.Deleted && HasTaint(node, effect: "NoExecute"))
        {
            world.EventQueue.After(Timings.Watch, () => Evict(name));
        }
    }

    /// <summary>Evicts a pod that is bound to a tainted node, like those that were there before.</summary>
    public void Handle(ChangeType type, Pod pod)
    {
        if (type != ChangeType.Deleted && pod is { Spec.NodeName: { } name, Metadata.Deleting: null } && world.Store.Find<Node>(name) is { } node && HasTaint(node, effect: "NoExecute"))
        {
            world.EventQueue.After(Timings.Watch, () => Evict(name));
        }
    }

    private static bool HasTaint(Node node, string effect)
    {
        foreach (var taint in node.Taints)
        {
            if (taint.Effect == effect)
            {
                return true;
            }
        }

        return false;
    }

    private void Lose(string name)
    {
        if (world.Store.Find<Node>(name) is not { } node || !_silent.Add(name))
        {
            return;
        }

        var taint = new Taint(Unreachable, "", "NoSchedule", world.EventQueue.Now);
        _ = world.Store.Update(node with { Ready = NodeReadiness.Unknown, ReadySince = world.EventQueue.Now, Taints = node.Taints.Add(taint) });
        world.Events.Normal(Component, node, "NodeNotReady", $"Node {name} status is now: NodeNotReady");
        foreach (var pod in world.Store.All<Pod>())
        {
            if (pod.Spec.NodeName == name && pod.Ready)
            {
                _ = world.Store.Update(pod with { Ready = false });
                world.Events.Warn(Component, pod, "NodeNotReady", "Node is not ready");
            }
        }

        TaintNoExecute();
    }

    /// <summary>Taints one node at a time, and none while so many are silent that the cause is probably elsewhere.</summary>
    private void TaintNoExecute()
    {
        var all = world.Store.Each<Node>().Count();
        if (_silent.Count == all || (_silent.Count > 2 && _silent.Count >= 0.55 * all))
        {
            return;
        }

        foreach (var name in _silent.Order(StringComparer.Ordinal))
        {
            if (world.Store.Find<Node>(name) is not { } node || node.Taints.Any(taint => taint is { Key: Unreachable, Effect: "NoExecute" }))
            {
                continue;
            }

            if (_nextEviction > world.EventQueue.Now)
            {
                world.EventQueue.At(_nextEviction, TaintNoExecute);
                return;
            }

            _nextEviction = world.EventQueue.Now + Timings.NodeEvictionInterval;
            _ = world.Store.Update(node with { Taints = node.Taints.Add(new(Unreachable, "", "NoExecute", world.EventQueue.Now)) });
        }
    }

    private void Regain(string name)
    {
        if (world.Store.Find<Node>(name) is { Ready: NodeReadiness.True } node)
        {
            _ = world.Store.Update(node with { Taints = node.Taints.RemoveAll(taint => taint.Key == Unreachable) });
        }

        // With one silent node fewer, the silence of the others may become credible.
        TaintNoExecute();
    }

    /// <summary>Deletes the pods that no longer tolerate the node's taints, and schedules a check for the others.</summary>
    private void Evict(string name)
    {
        if (world.Store.Find<Node>(name) is not { } node)
        {
            return;
        }

        foreach (var pod in world.Store.All<Pod>())
        {
            if (pod.Spec.NodeName != name || pod.Metadata.Deleting is not null || DueAt(node, pod) is not { } due)
            {
                continue;
            }

            if (due > world.EventQueue.Now)
            {
                world.EventQueue.At(due, () => Evict(name));
                continue;
            }

            world.Events.Normal("taint-eviction-controller", pod, "TaintManagerEviction", $"Marking for deletion Pod {pod.Key}");
            _ = world.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid);
        }
    }

    /// <summary>When a pod must leave; null if never. Kubernetes gives every pod a toleration of some minutes for lost nodes.</summary>
    private TimeSpan? DueAt(Node node, Pod pod)
    {
        TimeSpan? due = null;
        foreach (var taint in node.Taints)
        {
            if (taint.Effect == "NoExecute" && !pod.Spec.Tolerations.Contains(taint.Key))
            {
                var at = taint.Key is Unreachable or "node.kubernetes.io/not-ready" ? (taint.Added ?? world.EventQueue.Now) + Timings.UnreachableToleration : world.EventQueue.Now;
                due = due is null || at < due ? at : due;
            }
        }

        return due;
    }
}
