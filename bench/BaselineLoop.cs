using System.Text.Json.Nodes;
using System.Threading.Channels;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.Bench;

/// <summary>The floor: sends the controller's requests in its order and with its concurrency, without any checks.</summary>
internal sealed class BaselineLoop(Api api, RecoveryTimeline timeline, JsonNode node, CancellationToken cancellation)
{
    private const int InFlight = 32;

    private readonly Channel<(string Space, object Body)> _events = Channel.CreateUnbounded<(string, object)>();

    public async Task RunAsync()
    {
        var recording = RecordAsync();
        var taints = node.Items("spec", "taints").Select(taint => taint.DeepClone())
            .Append(new JsonObject { ["key"] = "drbd.linbit.com/lost-quorum", ["effect"] = "NoSchedule" });
        await api.PatchAsync(Paths.Node(node.Name), new { spec = new { taints } }, cancellation);
        Happened(node, "v1", "Node", "NodeStorageQuorumLost", "tainted node because it has lost the quorum of some volumes");
        // All volumes on this node are lost.
        await api.PatchAsync($"{Paths.Node(node.Name)}/status", new { status = new { volumesInUse = Array.Empty<string>() } }, cancellation);

        var options = new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancellation };
        await Parallel.ForEachAsync([.. timeline.Pods.Select(DeletePod), .. timeline.Attachments.Select(DeleteAttachment)], options, async (act, _) => await act());
        _events.Writer.Complete();
        await recording;
    }

    private Func<Task> DeletePod(JsonNode pod) => async () =>
    {
        if (await api.ForceDeleteAsync(Paths.Pod(pod.Namespace, pod.Name), pod.Uid, cancellation))
        {
            Happened(pod, "v1", "Pod", "ForceDeleted", "pod deleted because a used volume is marked as failing");
        }
    };

    // The attach-detach controller may be faster; the controller also writes its Event in that case.
    private Func<Task> DeleteAttachment(JsonNode attachment) => async () =>
    {
        await api.DeleteAsync(Paths.Attachment(attachment.Name), new { preconditions = new { uid = attachment.Uid } }, cancellation);
        Happened(attachment, "storage.k8s.io/v1", "VolumeAttachment", "ForceDetached", "volume detached because it is marked as failing");
    };

    private void Happened(JsonNode about, string apiVersion, string kind, string reason, string message)
    {
        var (now, space) = (DateTimeOffset.UtcNow, about.Namespace.Length > 0 ? about.Namespace : "default");
        _events.Writer.TryWrite((space, new
        {
            metadata = new { name = $"{about.Name}.{Guid.NewGuid():n}", @namespace = space },
            involvedObject = new { apiVersion, kind, @namespace = about.Namespace, name = about.Name, uid = about.Uid },
            type = "Warning",
            reason,
            message,
            source = new { component = "bench" },
            firstTimestamp = now,
            lastTimestamp = now,
        }));
    }

    // Sequentially, as the controller does.
    private async Task RecordAsync()
    {
        await foreach (var (space, body) in _events.Reader.ReadAllAsync(cancellation))
        {
            await api.CreateAsync(Paths.Events(space), body, cancellation);
        }
    }
}
