using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The API server's objects of one test namespace, as delivered by watches.</summary>
public sealed class NamespaceView(Api api, string space, IReadOnlySet<string> nodes) : IAsyncDisposable
{
    /// <summary>The pods of the namespace, and those bound to its nodes.</summary>
    public Informer Pods { get; } = new(api, Paths.AllPods, pod => pod.Namespace == space || IsOn(nodes, pod));

    /// <summary>The attachments to the test's nodes.</summary>
    public Informer Attachments { get; } = new(
        api, Paths.Attachments, attachment => IsOn(nodes, attachment), attachment => AttachmentKey(attachment.AttachedVolume, attachment.NodeName));

    public Informer Nodes { get; } = new(api, Paths.Nodes, node => nodes.Contains(node.Name));

    public Informer Claims { get; } = new(api, "api/v1/persistentvolumeclaims", _ => true);

    public Informer Volumes { get; } = new(api, Paths.Volumes, _ => true);

    private Informer[] All => [Volumes, Claims, Attachments, Nodes, Pods];

    public Task StartAsync(CancellationToken cancellation) => Task.WhenAll(All.Select(mirror => mirror.StartAsync(cancellation)));

    public JsonNode? BoundClaim(string claimSpace, string claim) =>
        Claims.Find($"{claimSpace}/{claim}") is { } found && found.Text("status", "phase") == "Bound" ? found : null;

    /// <summary>The volume behind a claim, once the claim is bound.</summary>
    public Volume? VolumeOf(string claimSpace, string claim) =>
        BoundClaim(claimSpace, claim)?.Text("spec", "volumeName") is { } name && Volumes.Find(name) is { } volume
            ? new Volume(claim, name, volume.Text("spec", "csi", "volumeHandle") ?? "", volume.Text("spec", "csi", "driver") ?? "")
            : null;

    public JsonNode? AttachmentOf(Volume volume, string node) => Attachments.Find(AttachmentKey(volume.PersistentVolume, node));

    /// <summary>Attachments are looked up by volume and node, because their own names are hashes.</summary>
    public static string AttachmentKey(string? persistentVolume, string? node) => $"{persistentVolume} on {node}";

    public async ValueTask DisposeAsync() => await Task.WhenAll(All.Select(mirror => mirror.DisposeAsync().AsTask()));

    private static bool IsOn(IReadOnlySet<string> nodes, JsonNode item) => item.NodeName is { } node && nodes.Contains(node);
}
