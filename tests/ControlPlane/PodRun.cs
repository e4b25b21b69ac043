using System.Net;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>How a pod's run on a node ends.</summary>
internal enum PodEnding
{
    /// <summary>It has a deletion timestamp: stop it, then delete it for good.</summary>
    Deleted,

    /// <summary>The API server no longer knows it: stop it.</summary>
    Gone,

    /// <summary>Its node is gone: there is nothing left to stop or report.</summary>
    Crashed,
}

/// <summary>One pod's run on one node, from being bound to being stopped.</summary>
internal sealed class PodRun(FakeKubelet kubelet, FakeNode node, JsonNode pod)
{
    private readonly TaskCompletionSource<PodEnding> _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _starting = new();

    public string Uid => pod.Uid;

    /// <summary>The volumes that the node reports as in use for it.</summary>
    public IReadOnlyList<Volume> Volumes { get; private set; } = [];

    public bool HasStarted { get; private set; }

    public void End(PodEnding how)
    {
        _ending.TrySetResult(how);
        _starting.Cancel();
    }

    public async Task LiveAsync()
    {
        // The caller holds the node's lock.
        await Task.Yield();
        var placed = new PlacedPod(pod, node.Name, []);
        var mayHaveStarted = false;
        try
        {
            placed = placed with { Volumes = await VolumesAsync(_starting.Token) };
            Volumes = placed.Volumes;
            if (Volumes.Count > 0)
            {
                await node.ReportVolumesAsync();
            }
            await AttachedAsync(_starting.Token);
            _starting.Token.ThrowIfCancellationRequested();
            mayHaveStarted = true;
            await kubelet.MayStart(placed, _starting.Token);
            await kubelet.Api.StrategicPatchAsync(Path + "/status", Running(), _starting.Token);
            HasStarted = true;
            kubelet.OnStarted(placed);
        }
        catch (OperationCanceledException) when (_starting.IsCancellationRequested)
        {
        }
        catch (ApiException replaced) when (replaced.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // The pod was deleted while it was starting; the watch is about to deliver that.
        }
        await StopAsync(placed, mayHaveStarted, await _ending.Task);
    }

    private async Task StopAsync(PlacedPod placed, bool mayHaveStarted, PodEnding how)
    {
        if (how is PodEnding.Crashed)
        {
            return;
        }
        if (mayHaveStarted)
        {
            kubelet.OnStopped(placed);
        }
        try
        {
            if (how is PodEnding.Deleted)
            {
                await kubelet.Api.ForceDeleteAsync(Path, Uid, node.Connection);
            }
        }
        finally
        {
            // Also when the node was lost meanwhile: the revived node must see the pod's remains.
            node.Forget(this);
        }
        if (Volumes.Count > 0)
        {
            await node.ReportVolumesAsync();
        }
    }

    private string Path => Paths.Pod(pod.Namespace, pod.Name);

    private async Task<IReadOnlyList<Volume>> VolumesAsync(CancellationToken cancellation)
    {
        List<Volume> volumes = [];
        foreach (var claim in pod.Claims)
        {
            var bound = await kubelet.View.Claims.UntilAsync($"{pod.Namespace}/{claim}", () => kubelet.View.BoundClaim(pod.Namespace, claim), cancellation);
            var name = bound.Text("spec", "volumeName")!;
            volumes.Add(await kubelet.View.Volumes.UntilAsync(name, () => kubelet.View.VolumeOf(pod.Namespace, claim), cancellation));
        }
        return volumes;
    }

    private async Task AttachedAsync(CancellationToken cancellation)
    {
        foreach (var volume in Volumes)
        {
            await kubelet.View.Attachments.UntilAsync(
                NamespaceView.AttachmentKey(volume.PersistentVolume, node.Name),
                () => kubelet.View.AttachmentOf(volume, node.Name) is { IsAttached: true, IsTerminating: false } attached ? attached : null, cancellation);
        }
    }

    /// <summary>The uid makes the server refuse it for another pod of the same name.</summary>
    private object Running()
    {
        var now = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        object Condition(string type) => new { type, status = "True", lastTransitionTime = now };
        var containers = pod.Items("spec", "containers").Select(container => new
        {
            name = container["name"]!.GetValue<string>(),
            image = container.Text("image"),
            imageID = "",
            restartCount = 0,
            ready = true,
            started = true,
            state = new { running = new { startedAt = now } },
        });
        return new
        {
            metadata = new { uid = Uid },
            status = new
            {
                phase = "Running",
                startTime = now,
                conditions = new[] { Condition("Initialized"), Condition("ContainersReady"), Condition("Ready") },
                containerStatuses = containers.ToArray(),
            },
        };
    }
}
