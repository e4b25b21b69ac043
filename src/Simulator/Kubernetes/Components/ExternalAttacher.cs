using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>The CSI drivers' attachers: LINSTOR's makes the resource available on the node; every other driver's always succeeds.</summary>
internal sealed class ExternalAttacher
{
    private readonly KubernetesWorld _world;
    private readonly WorkQueue _queue;
    private readonly Dictionary<string, int> _failures = new(StringComparer.Ordinal);
    private bool _isPaused;

    public ExternalAttacher(KubernetesWorld world)
    {
        _world = world;
        _queue = new(world.EventQueue, () => world.Timings.Watch, Sync);
    }

    public void Pause() => _isPaused = true;

    public void Resume()
    {
        _isPaused = false;
        foreach (var attachment in _world.Store.Each<VolumeAttachment>())
        {
            _queue.Add(attachment.Key);
        }
    }

    public void Handle(ChangeType type, VolumeAttachment attachment)
    {
        // Its own writes need no reaction.
        if (type == ChangeType.Deleted)
        {
            _failures.Remove(attachment.Metadata.Uid);
        }
        else if (type == ChangeType.Added)
        {
            _queue.Add(attachment.Key);
        }
        else if (attachment is { Metadata.Deleting: not null, DetachError: null })
        {
            _queue.AddAfter(attachment.Key, _world.Timings.Attach);
        }
    }

    private static string FinalizerOf(VolumeAttachment attachment) => $"external-attacher/{attachment.Attacher.Replace('.', '-')}";

    private void Sync(string key)
    {
        if (_isPaused || _world.Store.FindByKey<VolumeAttachment>(key) is not { } attachment)
        {
            return;
        }

        var holds = attachment.Metadata.Finalizers.Contains(FinalizerOf(attachment));
        if (attachment.Metadata.Deleting is not null)
        {
            if (holds)
            {
                Detach(attachment);
            }
        }
        else if (!holds)
        {
            var finalizers = attachment.Metadata.Finalizers.Add(FinalizerOf(attachment));
            _ = _world.Store.Update(attachment with { Metadata = attachment.Metadata with { Finalizers = finalizers } });
            _queue.AddAfter(key, _world.Timings.Attach);
        }
        else if (!attachment.Attached)
        {
            Attach(attachment);
        }
    }

    private void Attach(VolumeAttachment attachment)
    {
        var place = _world.PlaceOf(attachment);
        if (place is var (resource, node) && !_world.Storage.Attach(resource, node))
        {
            _ = _world.Store.Update(attachment with { AttachError = $"rpc error: code = Internal desc = ControllerPublishVolume failed for {resource}: {Trouble(resource, node)}" });
            RetryLater(attachment);
            return;
        }

        _failures.Remove(attachment.Metadata.Uid);
        _ = _world.Store.Update(attachment with { Attached = true, AttachError = null });
    }

    private void Detach(VolumeAttachment attachment)
    {
        var place = _world.PlaceOf(attachment);
        if (place is var (resource, node) && !_world.Storage.Detach(resource, node))
        {
            _ = _world.Store.Update(attachment with { DetachError = $"rpc error: code = Internal desc = ControllerUnpublishVolume failed for {resource}: {Trouble(resource, node)}" });
            RetryLater(attachment);
            return;
        }

        var finalizers = attachment.Metadata.Finalizers.Remove(FinalizerOf(attachment));
        _ = _world.Store.Update(attachment with { Attached = false, DetachError = null, Metadata = attachment.Metadata with { Finalizers = finalizers } });
    }

    private string Trouble(string resource, string node) =>
        !_world.Storage.LinstorRuns ? "connection refused"
        : _world.Storage.FindNode(node) is not { Status: ConnectionStatus.Online } ? $"node '{node}' is not online"
        : $"resource '{resource}' is being deleted";

    private void RetryLater(VolumeAttachment attachment)
    {
        var failures = _failures[attachment.Metadata.Uid] = _failures.GetValueOrDefault(attachment.Metadata.Uid) + 1;
        _queue.AddAfter(attachment.Key, _world.Timings.AttachRetry.After(failures));
    }
}
