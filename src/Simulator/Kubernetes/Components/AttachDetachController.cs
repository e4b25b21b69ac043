namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Creates and deletes VolumeAttachments like Kubernetes 1.20's attach-detach controller, whose cached state outlives the objects.</summary>
/// <remarks>
/// It compares at most once in <see cref="KubernetesTimings.AttachDetachReconcile"/>, and only after a change in its cache. It notices an attachment
/// that another client deleted only at its next sync. Until then, a volume whose former node still lists it in <c>status.volumesInUse</c>
/// cannot be attached elsewhere.
/// </remarks>
internal sealed partial class AttachDetachController
{
    private const string Component = "attachdetach-controller";

    private readonly KubernetesWorld _world;
    private readonly SortedDictionary<string, VolumeState> _volumes = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _nodes = new(StringComparer.Ordinal);
    private readonly Queue<Change> _unseen = new();
    private readonly double _phase;
    private TimeSpan? _planned;
    private bool _syncPlanned;

    public AttachDetachController(KubernetesWorld world) => (_world, _phase) = (world, world.Random.NextDouble());

    private KubernetesTimings Timings => _world.Timings;

    private TimeSpan Now => _world.EventQueue.Now;

    /// <summary>Queues changes of pods, nodes and attachments for the next round.</summary>
    public void Handle(Change change)
    {
        if (change.Item is not Pod { Spec: { NodeName: null } or { Claims.IsEmpty: true } })
        {
            _unseen.Enqueue(change);
            ReconcileAfter(Timings.Watch);
        }
    }

    private void ReconcileAfter(TimeSpan delay)
    {
        // Rounded up to the loop's next round.
        var period = Timings.AttachDetachReconcile;
        var offset = period * _phase;
        var at = offset + (period * Math.Ceiling((Now + delay - offset) / period));
        if (_planned is null || at < _planned)
        {
            _planned = at;
            _world.EventQueue.At(at, () =>
            {
                if (_planned == at)
                {
                    _planned = null;
                    Reconcile();
                }
            });
        }
    }

    private void Reconcile()
    {
        while (_unseen.TryDequeue(out var change))
        {
            if (change.Item is Pod pod)
            {
                Learn(change.Type, pod);
            }
            else if (change is { Item: Node node, Type: not ChangeType.Deleted })
            {
                Learn(node);
            }
        }

        foreach (var state in _volumes.Values)
        {
            foreach (var on in state.Nodes)
            {
                Finish(state, on);
            }
        }

        // Detaching comes first, to free volumes that move.
        foreach (var state in _volumes.Values)
        {
            foreach (var on in state.Nodes)
            {
                if (on is { IsKnown: true, Pods.Count: 0 })
                {
                    Detach(state, on);
                }
            }
        }

        foreach (var state in _volumes.Values)
        {
            foreach (var on in state.Nodes)
            {
                if (on.Pods.Count > 0)
                {
                    Attach(state, on);
                }
            }

            state.Nodes.RemoveAll(on => on is { IsKnown: false, Pods.Count: 0, Operation: AttachDetachOperation.None });
        }

        foreach (var node in _nodes)
        {
            ReportAttached(node);
        }

        PlanSync();
    }

    private void Attach(VolumeState state, VolumeOnNode on)
    {
        if (on.Confirmed)
        {
            on.DetachRequested = null;
            return;
        }

        var isShared = state.Volume.AccessMode == AccessMode.ReadWriteMany;
        if (isShared ? on.Operation != AttachDetachOperation.None : state.IsBusy)
        {
            return;
        }

        if (!isShared && state.Nodes.Exists(other => other.Confirmed))
        {
            if (!on.MultiAttachErrorReported)
            {
                on.MultiAttachErrorReported = true;
                RecordMultiAttachError(state, on);
            }

            return;
        }

        if (!MayBegin(state, AttachDetachOperation.Attach))
        {
            return;
        }

        on.MultiAttachErrorReported = false;
        Begin(on, AttachDetachOperation.Attach);
        _ = _world.Store.Create(new VolumeAttachment(new("", KubernetesWorld.AttachmentName(state.Volume, on.Node)), state.Volume.Driver, state.Volume.Metadata.Name, on.Node));
        ReconcileAfter(Timings.Watch); // an existing attachment may already be attached by now
    }

    private void Detach(VolumeState state, VolumeOnNode on)
    {
        if (state.Volume.AccessMode == AccessMode.ReadWriteMany ? on.Operation != AttachDetachOperation.None : state.IsBusy)
        {
            return;
        }

        on.DetachRequested ??= Now;
        var patience = on.DetachRequested.Value + Timings.MaxWaitForUnmount - Now;
        if (on.MountedByNode && patience > TimeSpan.Zero)
        {
            ReconcileAfter(patience);
            return;
        }

        // The node must not mount the volume from here on.
        on.ReportedAsAttached = false;
        ReportAttached(on.Node);
        if (!MayBegin(state, AttachDetachOperation.Detach))
        {
            return;
        }

        if (patience > TimeSpan.Zero && _world.Store.Find<Node>(on.Node)?.VolumesInUse.Contains(state.Volume.InUseName) == true)
        {
            Fail(state, on, AttachDetachOperation.Detach);
            return;
        }

        Begin(on, AttachDetachOperation.Detach);
        _ = _world.Store.Delete<VolumeAttachment>("", KubernetesWorld.AttachmentName(state.Volume, on.Node));
        ReconcileAfter(Timings.Watch);
    }

    /// <summary>Reports in the node's status which volumes it may mount.</summary>
    private void ReportAttached(string name)
    {
        if (_world.Store.Find<Node>(name) is not { } node)
        {
            return;
        }

        var count = 0;
        var isTold = true;
        foreach (var state in _volumes.Values)
        {
            if (state.Nodes.Exists(on => on.Node == name && on.ReportedAsAttached))
            {
                isTold &= count < node.VolumesAttached.Length && node.VolumesAttached[count] == state.Volume.InUseName;
                count++;
            }
        }

        if (!isTold || count != node.VolumesAttached.Length)
        {
            var attached = _volumes.Values.Where(state => state.Nodes.Exists(on => on.Node == name && on.ReportedAsAttached)).Select(state => state.Volume.InUseName);
            _ = _world.Store.Update(node with { VolumesAttached = [.. attached] });
        }
    }

    private void RecordMultiAttachError(VolumeState state, VolumeOnNode on)
    {
        var users = state.Nodes.Where(other => other != on && other.Confirmed).SelectMany(other => other.Pods).Select(pod => pod.Metadata.Name).ToList();
        var why = users.Count == 0 ? "Volume is already exclusively attached to one node and can't be attached to another" : $"Volume is already used by pod(s) {string.Join(", ", users)}";
        RecordForAll(on, "Warning", "FailedAttachVolume", $"Multi-Attach error for volume \"{state.Volume.Metadata.Name}\" {why}");
    }

    private void RecordForAll(VolumeOnNode on, string type, string reason, string message)
    {
        foreach (var pod in on.Pods)
        {
            _world.Events.Record(Component, pod, type, reason, message);
        }
    }
}
