namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <remarks>The controller's view of pods and nodes, and its periodic sync with the real attachments.</remarks>
internal sealed partial class AttachDetachController
{
    /// <summary>Updates the desired state: which pods want which volumes on which nodes.</summary>
    private void Learn(ChangeType type, Pod pod)
    {
        var node = pod.Spec.NodeName!;
        if (type == ChangeType.Deleted || pod.IsOver)
        {
            foreach (var state in _volumes.Values)
            {
                state.Nodes.Find(on => on.Node == node)?.Pods.RemoveAll(other => other.Is(pod));
            }

            return;
        }

        foreach (var mount in pod.Spec.Claims)
        {
            if (_world.VolumeOf(pod.Metadata.Namespace, mount.Claim) is { } volume && StateOf(volume).On(node).Pods is var pods && !pods.Exists(other => other.Is(pod)))
            {
                pods.Add(pod);
            }
        }
    }

    /// <summary>Updates which volumes, of those believed attached, the node reports as in use. Any update of the node counts.</summary>
    private void Learn(Node node)
    {
        _nodes.Add(node.Metadata.Name);
        foreach (var state in _volumes.Values)
        {
            if (state.Nodes.Find(on => on.IsKnown && on.Node == node.Metadata.Name) is { } known)
            {
                known.MountedByNode = node.VolumesInUse.Contains(state.Volume.InUseName);
            }
        }
    }

    private VolumeState StateOf(PersistentVolume volume)
    {
        if (!_volumes.TryGetValue(volume.InUseName, out var state))
        {
            _volumes[volume.InUseName] = state = new(volume);
        }

        return state;
    }

    /// <summary>Schedules the periodic comparison of believed attachments with the existing ones.</summary>
    private void PlanSync()
    {
        if (_syncPlanned || !_volumes.Values.Any(state => state.Nodes.Exists(on => on.Confirmed)))
        {
            return;
        }

        _syncPlanned = true;
        var period = Timings.AttachDetachSync;
        var offset = period * _phase;
        _world.EventQueue.At(offset + (period * (Math.Floor((Now - offset) / period) + 1)), Sync);
    }

    private void Sync()
    {
        _syncPlanned = false;
        foreach (var state in _volumes.Values)
        {
            foreach (var on in state.Nodes)
            {
                if (on.Confirmed && on.Operation == AttachDetachOperation.None && _world.AttachmentOf(state.Volume, on.Node) is not { Attached: true })
                {
                    on.MarkDetached();
                    ReconcileAfter(TimeSpan.Zero);
                }
            }
        }

        PlanSync();
    }
}
