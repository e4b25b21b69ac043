using System.Text.Json.Nodes;
using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Parity;

/// <summary>The real control plane, in real time.</summary>
internal sealed class RealCluster(ControlPlane.TestNamespace world) : ICluster
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    private Workload? _db;
    private JsonNode? _pod;

    public string? Attachment => AttachmentTo("a")?.Name;

    public string ExpectedAttachment => KubernetesWorld.AttachmentName(new(new("", Volume.PersistentVolume), Volume.Driver, Volume.Handle, "", ""), NodeOf("a"));

    public bool HasOldPod => Present?.Uid == Old.Uid;

    private Volume Volume => _db!.Volume;

    private JsonNode Old => _pod ?? throw new InvalidOperationException("Nothing was started.");

    private JsonNode? Present => world.FindPod("db-0");

    public async Task StartAsync()
    {
        _db = await world.Workloads.StatefulSetAsync("db", on: world.A);
        _pod = _db.Pod;
    }

    public void Crash() => world.Crash(world.A);

    public async Task TaintAsync(string node)
    {
        await world.Api.PatchAsync(Paths.Node(NodeOf(node)), new { spec = new { taints = new[] { new { key = "drbd.linbit.com/lost-quorum", effect = "NoSchedule" } } } }, world.Closing);
        await UntilAsync(() => world.View.Nodes.Find(NodeOf(node))!.TaintKeys.Any(), $"{node} tainted");
    }

    public Task CordonAsync(string node) => world.Api.PatchAsync(Paths.Node(NodeOf(node)), new { spec = new { unschedulable = true } }, world.Closing);

    public Task ReleaseAsync() => world.Api.PatchAsync(Paths.Node(world.A) + "/status", new { status = new { volumesInUse = Array.Empty<string>() } }, world.Closing);

    public async Task<DeletionAnswer> DeletePodAsync(bool force, string? uid)
    {
        object options = force
            ? new { gracePeriodSeconds = 0, preconditions = new { uid = uid ?? Old.Uid } }
            : new { preconditions = new { uid = uid ?? Old.Uid } };
        var path = Paths.Pod(world.Namespace, "db-0");
        if (!await world.Api.DeleteAsync(path, options, world.Closing))
        {
            // The client does not tell a conflict from an absence, the API server does.
            return await world.Api.FindAsync(path, world.Closing) is null ? DeletionAnswer.Gone : DeletionAnswer.Conflict;
        }

        var found = await world.Api.FindAsync(path, world.Closing);
        return found?.Uid == Old.Uid ? DeletionAnswer.Pending : DeletionAnswer.Gone;
    }

    public async Task DeleteAttachmentAsync()
    {
        if (AttachmentTo("a") is { } attachment)
        {
            await world.Api.ForceDeleteAsync(Paths.Attachment(attachment.Name), attachment.Uid, world.Closing);
        }
    }

    public void PauseAttacher(bool paused)
    {
        if (paused)
        {
            world.Attacher.Pause();
        }
        else
        {
            world.Attacher.Resume();
        }
    }

    public async Task LetTimePassAsync()
    {
        // A Deployment's pod needs all that a StatefulSet's needs. It has no volume, so that it does not wait for a paused attacher.
        await world.Api.CreateAsync(Paths.StatefulSets(world.Namespace), new
        {
            metadata = new { name = "witness" },
            spec = new
            {
                replicas = 1,
                serviceName = "witness",
                selector = new { matchLabels = new { app = "witness" } },
                template = new
                {
                    metadata = new { labels = new { app = "witness" } },
                    spec = new { nodeName = world.B, containers = new[] { new { name = "app", image = "app" } } },
                },
            },
        }, world.Closing);
        var witness = await world.UntilRunningAsync("witness-0");
        await world.Api.DeleteAsync(Paths.Pod(world.Namespace, "witness-0"), world.Closing);
        await world.UntilReplacedAsync(witness);
    }

    public async Task<string?> ReplacementAsync()
    {
        var replacement = await world.UntilAsync(() => Present is { } now && now.Uid != Old.Uid && (now.NodeName is not null || WhyNot(now) is not null) ? now : null, "another db-0", Patience);
        return replacement.NodeName is { } node ? Short(node) : null;
    }

    public Task UntilDetachedAsync() => UntilAsync(() => Attachment is null, "the attachment to a is gone");

    public Task<TimeSpan> AttachedElsewhereAsync() => UntilAsync(() => IsAttached("b") || IsAttached("c"), "the volume is attached elsewhere");

    public async Task<string> UntilRecordedAsync(string reason)
    {
        await world.EventuallyAsync(() => IsToldAsync(reason), $"{reason} is told of db-0", Patience);
        var message = (await ToldAsync(reason))!.Text("message")!.Replace(Volume.PersistentVolume, "VOLUME", StringComparison.Ordinal);
        return message.Replace($"{world.Namespace}-", "", StringComparison.Ordinal);
    }

    public async Task<bool> IsToldAsync(string reason) => await ToldAsync(reason) is not null;

    public ValueTask DisposeAsync() => world.DisposeAsync();

    private static string? WhyNot(JsonNode pod) => pod.Items("status", "conditions").FirstOrDefault(condition => condition.Text("type") == "PodScheduled")?.Text("message");

    private string NodeOf(string name) => $"{world.Namespace}-{name}";

    private string Short(string node) => node[(world.Namespace.Length + 1)..];

    private JsonNode? AttachmentTo(string node) => world.View.AttachmentOf(Volume, NodeOf(node));

    private bool IsAttached(string node) => AttachmentTo(node) is { IsAttached: true };

    private async Task<JsonNode?> ToldAsync(string reason) => (await world.Api.ListAsync(Paths.Events(world.Namespace), world.Closing))
        .FirstOrDefault(recorded => recorded.Text("involvedObject", "name") == "db-0" && recorded.Text("reason") == reason);

    private Task<TimeSpan> UntilAsync(Func<bool> holds, string what) => world.EventuallyAsync(holds, what, Patience);
}
