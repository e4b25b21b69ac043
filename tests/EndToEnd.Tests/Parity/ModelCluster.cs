using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Parity;

/// <summary>The model, in virtual time.</summary>
internal sealed class ModelCluster : ICluster
{
    private readonly KubernetesWorld _world = new(new StorageWorld());
    private Pod? _pod;

    public ModelCluster() => _world.AddNodes("a", "b", "c");

    public string? Attachment => AttachmentTo("a")?.Metadata.Name;

    public string ExpectedAttachment => KubernetesWorld.AttachmentName(Volume, "a");

    public bool HasOldPod => Store.Now(Old) is not null;

    private ObjectStore Store => _world.Store;

    private Pod Old => _pod ?? throw new InvalidOperationException("Nothing was started.");

    private Pod? Present => Store.Find<Pod>("default", "db-0");

    private PersistentVolume Volume => _world.VolumeOf("default", "data-db-0")!;

    public async Task StartAsync()
    {
        await CordonAsync("b");
        await CordonAsync("c");
        _world.AddStatefulSet("db");
        Until(() => Present is { Ready: true });
        _pod = Present;
        Store.Change(NodeOf("b"), node => node with { Unschedulable = false });
        Store.Change(NodeOf("c"), node => node with { Unschedulable = false });
    }

    public void Crash() => _world.Crash("a");

    public Task TaintAsync(string node) => Do(() => Store.Change(NodeOf(node), now => now with { Taints = now.Taints.Add(new("drbd.linbit.com/lost-quorum", "", "NoSchedule")) }));

    public Task CordonAsync(string node) => Do(() => Store.Change(NodeOf(node), now => now with { Unschedulable = true }));

    public Task ReleaseAsync() => Do(() => Store.Change(NodeOf("a"), now => now with { VolumesInUse = [] }));

    public Task<DeletionAnswer> DeletePodAsync(bool force, string? uid) => Task.FromResult(Store.Delete<Pod>("default", "db-0", uid ?? Old.Metadata.Uid, atOnce: force) switch
    {
        WriteResult.Done => DeletionAnswer.Gone,
        WriteResult.Pending => DeletionAnswer.Pending,
        _ => DeletionAnswer.Conflict,
    });

    public Task DeleteAttachmentAsync() => Do(() => Store.Delete<VolumeAttachment>("", Attachment ?? ""));

    public void PauseAttacher(bool paused)
    {
        if (paused)
        {
            _world.PauseAttacher();
        }
        else
        {
            _world.ResumeAttacher();
        }
    }

    public Task LetTimePassAsync() => Do(() => _world.Storage.RunFor(TimeSpan.FromSeconds(30)));

    public Task<string?> ReplacementAsync()
    {
        Until(() => Present is { } now && !now.Is(Old) && (now.Spec.NodeName ?? now.Reason) is not null);
        return Task.FromResult(Present!.Spec.NodeName);
    }

    public Task UntilDetachedAsync() => Do(() => Until(() => Attachment is null));

    public Task<TimeSpan> AttachedElsewhereAsync()
    {
        var began = _world.EventQueue.Now;
        Until(() => AttachmentTo("b") is { Attached: true } || AttachmentTo("c") is { Attached: true });
        return Task.FromResult(_world.EventQueue.Now - began);
    }

    public Task<string> UntilRecordedAsync(string reason)
    {
        Until(() => FindEvent(reason) is not null);
        return Task.FromResult(FindEvent(reason)!.Message.Replace(Volume.Metadata.Name, "VOLUME", StringComparison.Ordinal));
    }

    public Task<bool> IsToldAsync(string reason) => Task.FromResult(FindEvent(reason) is not null);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Task Do(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private Event? FindEvent(string reason) => Store.All<Event>().FirstOrDefault(recorded => recorded.About.Name == "db-0" && recorded.Reason == reason);

    private Node NodeOf(string name) => Store.Find<Node>(name)!;

    private VolumeAttachment? AttachmentTo(string node) => _world.AttachmentOf(Volume, node);

    private void Until(Func<bool> holds)
    {
        var end = _world.EventQueue.Now + TimeSpan.FromSeconds(100);
        while (!holds())
        {
            Assert.True(_world.EventQueue.NextAt <= end, "The model did not come to that within 100 s.");
            _world.EventQueue.RunUntil(_world.EventQueue.NextAt!.Value);
        }
    }
}
