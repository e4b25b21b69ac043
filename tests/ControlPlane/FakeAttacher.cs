using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The external-attachers of a namespace's nodes, for every driver: they attach and detach at once, unless paused.</summary>
public sealed class FakeAttacher(Api api, NamespaceView view, BackgroundErrors faults, CancellationToken closing)
{
    private TaskCompletionSource? _paused;
    private volatile string? _refusal;

    /// <summary>Subscribes to the view; call it before the view starts.</summary>
    public void Start() => view.Attachments.Seen += attachment => faults.Watch(SyncAsync(attachment));

    /// <summary>Makes attachments wait, like a CSI driver that is stuck or scheduled nowhere.</summary>
    public void Pause() => Interlocked.CompareExchange(ref _paused, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

    public void Resume() => Interlocked.Exchange(ref _paused, null)?.SetResult();

    /// <summary>Makes attaching fail with this message, like a CSI driver whose storage has a problem; null makes it succeed again.</summary>
    public void Refuse(string? error)
    {
        _refusal = error;
        foreach (var attachment in view.Attachments.Items)
        {
            faults.Watch(SyncAsync(attachment));
        }
    }

    private async Task SyncAsync(JsonNode attachment)
    {
        await (Volatile.Read(ref _paused)?.Task ?? Task.CompletedTask).WaitAsync(closing);
        var mine = $"external-attacher/{attachment.Text("spec", "attacher")!.Replace('.', '-')}";
        var path = Paths.Attachment(attachment.Name);
        var holds = attachment.Items("metadata", "finalizers").Any(finalizer => finalizer.GetValue<string>() == mine);
        if (attachment.IsTerminating)
        {
            if (holds)
            {
                await PatchAsync(path, new { metadata = new { uid = attachment.Uid, finalizers = Array.Empty<string>() } });
            }
        }
        else if (!holds)
        {
            // The answer comes back through the watch, and then counts as attached.
            await PatchAsync(path, new { metadata = new { uid = attachment.Uid, finalizers = new[] { mine } } });
        }
        else if (!attachment.IsAttached && _refusal is { } refusal)
        {
            if (attachment.Text("status", "attachError", "message") != refusal)
            {
                await PatchAsync(path + "/status", new { metadata = new { uid = attachment.Uid }, status = new { attached = false, attachError = new { message = refusal } } });
            }
        }
        else if (!attachment.IsAttached)
        {
            await PatchAsync(path + "/status", new { metadata = new { uid = attachment.Uid }, status = new { attached = true } });
        }
    }

    private async Task PatchAsync(string path, object patch)
    {
        try
        {
            await api.PatchAsync(path, patch, closing);
        }
        catch (ApiException gone) when (gone.Status is System.Net.HttpStatusCode.NotFound or System.Net.HttpStatusCode.Conflict)
        {
            // Deleted in the meantime, or replaced: the watch delivers the current state.
        }
    }
}
