using System.Text.Json;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Translates Kubernetes' objects into the core's types: the only place that knows both.</summary>
/// <param name="driver">The CSI driver, which is also the attacher, whose volumes are ours.</param>
/// <param name="selector">The label selector of opted-in pods.</param>
internal sealed class KubernetesTranslation(string driver, LabelSelector selector)
{
    private const string OptOut = "drbd.linbit.com/ignore-fail-over";

    /// <summary>An administrator sets this on a node that is gone, with any value: its loss is then no reason to doubt LINSTOR.</summary>
    private const string LossConfirmed = "drbd.linbit.com/loss-confirmed";

    /// <summary>A volume that linstor-csi serves over NFS: its DRBD Primary is unrelated to the node of its consumers.</summary>
    private const string NfsExport = "linstor.csi.linbit.com/nfs-export";

    // Volumes that live and die with the node, are read-only, or are a claim of their own (ephemeral). The wire types ignore the other node-local kinds.
    private static readonly HashSet<string> NodeLocal = ["hostPath", "downwardAPI", "gitRepo", "image", "ephemeral"];

    private static readonly Dictionary<string, string> NoLabels = [];

    private readonly SharedStrings _strings = new();

    /// <summary>The prefix with which nodes name the volumes of our driver that they use; the handle follows.</summary>
    private string InUsePrefix { get; } = $"kubernetes.io/csi/{driver}^";

    public Pod Pod(WirePod pod) => new(new(_strings.Share(pod.Metadata.Namespace ?? ""), pod.Metadata.Name), UidOf(pod.Metadata), Node(pod.Spec.NodeName))
    {
        Claims = [.. VolumesOf(pod).Select(volume => Claim(pod, volume)).OfType<ClaimUse>()],
        SharedStorage = [.. VolumesOf(pod).Select(SharedStorage).OfType<string>()],
        Priority = pod.Spec.Priority,
        OptedIn = selector.Matches(pod.Metadata.Labels ?? NoLabels),
        OptedOut = pod.Metadata.Annotations?.ContainsKey(OptOut) == true,
        Finalizers = [.. pod.Metadata.Finalizers ?? []],
        Owner = pod.Metadata.OwnerReferences?.Find(owner => owner?.Controller == true) is { } owner ? new(_strings.Share(owner.ApiVersion), _strings.Share(owner.Kind), _strings.Share(owner.Name), new(_strings.Share(owner.Uid))) : null,
        Running = pod.Status?.Phase is "Running",
        Finished = pod.Status?.Phase is "Succeeded" or "Failed",
        Terminating = pod.Metadata.DeletionTimestamp is not null,
        Trouble = pod.Status is { Phase: not ("Running" or "Succeeded" or "Failed") } status ? Trouble(status) : null,
    };

    public Volume Volume(WireVolume volume)
    {
        // A claimRef alone is not a binding: a volume may be reserved for a claim that uses another one, or may have outlived its claim.
        // Kubernetes sets the phase Bound only once the claimRef carries the claim's uid.
        var isBound = volume.Status?.Phase is "Bound";
        var claim = isBound && volume.Spec.ClaimRef is { Namespace: { } space, Name: { } name } ? new ObjectKey(_strings.Share(space), name) : (ObjectKey?)null;
        var resource = volume.Spec.Csi is { } csi ? Resource(csi) : null;
        return new(volume.Metadata.Name, claim)
        {
            Resource = resource,
            Handle = resource is null ? null : volume.Spec.Csi!.VolumeHandle,
            InUsePrefix = InUsePrefix,
            ManyWriters = volume.Spec.AccessModes?.Contains("ReadWriteMany") == true,
            ReadOnly = volume.Spec.AccessModes is ["ReadOnlyMany"] || volume.Spec.Csi?.ReadOnly == true,
            SharedStorage = resource is null ? SharedStorage(volume.Spec) : null,
        };
    }

    /// <returns>Null for an attachment that belongs to another attacher, or to no PersistentVolume.</returns>
    public Attachment? Attachment(WireAttachment attachment) =>
        attachment.Spec.Attacher == driver && attachment.Spec.Source?.PersistentVolumeName is { Length: > 0 } volume
            ? new(attachment.Metadata.Name, UidOf(attachment.Metadata), volume, new(_strings.Share(attachment.Spec.NodeName)), attachment.Metadata.DeletionTimestamp is not null)
            {
                Attached = attachment.Status?.Attached == true,
                Trouble = (attachment.Metadata.DeletionTimestamp is null ? attachment.Status?.AttachError : attachment.Status?.DetachError)?.Message,
            }
            : null;

    public static ClusterNode Node(WireMetadataOnly node) => new(new(node.Metadata.Name), UidOf(node.Metadata))
    {
        TaintedByUs = node.Metadata.Annotations?.GetValueOrDefault(NodeTaint.OwnerAnnotation) == NodeTaint.Owner,
        LossConfirmed = node.Metadata.Annotations?.ContainsKey(LossConfirmed) == true,
    };

    public static NodeState State(WireNode node) => new(
        [.. node.Status?.VolumesInUse?.OfType<string>() ?? []],
        node.Status?.Conditions?.Find(condition => condition?.Type == "Ready") is { } ready ? ready.Status == "True" : null,
        node.Spec?.Taints?.Exists(taint => taint?.Key == NodeTaint.Key) == true);

    public CsiNode CsiNode(WireCsiNode node) =>
        new(new(node.Metadata.Name), Node(node.Spec?.Drivers?.Find(candidate => candidate?.Name == driver)?.NodeId));

    // The handle is the resource definition, or the definition and a volume number.
    private ResourceName? Resource(WireCsiVolume volume) =>
        volume.Driver == driver && volume.VolumeAttributes?.ContainsKey(NfsExport) != true && volume.VolumeHandle.Split('/', 2)[0] is { Length: > 0 } name
            ? new(name)
            : null;

    private static IEnumerable<WirePodVolume> VolumesOf(WirePod pod) => pod.Spec.Volumes?.OfType<WirePodVolume>() ?? [];

    private static string? Trouble(WirePodStatus status)
    {
        if (status.Conditions?.Find(condition => condition is { Type: "PodScheduled", Status: "False" }) is { } unscheduled)
        {
            return unscheduled.Message ?? unscheduled.Reason;
        }

        // The reason that every container shows while it is being prepared explains nothing.
        var waiting = (status.InitContainerStatuses ?? []).Concat(status.ContainerStatuses ?? [])
            .FirstOrDefault(container => container?.State?.Waiting?.Reason is not (null or "ContainerCreating" or "PodInitializing"));
        return waiting is null ? null : $"container {waiting.Name} is waiting: {string.Join(", ", new[] { waiting.State!.Waiting!.Reason, waiting.State.Waiting.Message }.OfType<string>())}";
    }

    private static ClaimUse? Claim(WirePod pod, WirePodVolume volume) =>
        volume.PersistentVolumeClaim is { } claim ? new(claim.ClaimName, claim.ReadOnly)
        : volume.Others?.ContainsKey("ephemeral") == true ? new($"{pod.Metadata.Name}-{volume.Name}", Ephemeral: true)
        : null;

    private static string? SharedStorage(WirePodVolume volume) =>
        volume.PersistentVolumeClaim is null && volume.Others?.FirstOrDefault(IsShared) is { Key: { } kind } source ? $"volume {volume.Name} ({Driver(source.Value) ?? kind})" : null;

    // Only an inline csi volume, or a flexVolume, has a driver; the kind alone does not show where it writes.
    private static string? Driver(JsonElement source) =>
        source.TryGetProperty("driver", out var driver) && driver.ValueKind == JsonValueKind.String ? $"driver {driver.GetString()}" : null;

    // A volume whose access modes allow no writes, or whose source is mounted read-only, cannot be harmed by two readers.
    private static string? SharedStorage(WireVolumeSpec spec)
    {
        if (spec.AccessModes is ["ReadOnlyMany"])
        {
            return null;
        }

        if (spec.Csi is { } csi)
        {
            return csi.ReadOnly ? null : csi.VolumeAttributes?.ContainsKey(NfsExport) == true ? "NFS export" : $"driver {csi.Driver}";
        }

        return spec.Others?.FirstOrDefault(field => field.Key != "local" && IsShared(field)) is { Key: { } kind } ? kind : null;
    }

    private static bool IsShared(KeyValuePair<string, JsonElement> field) =>
        field.Value.ValueKind == JsonValueKind.Object
        && !NodeLocal.Contains(field.Key)
        && !(field.Value.TryGetProperty("readOnly", out var readOnly) && readOnly.ValueKind == JsonValueKind.True);

    private NodeName? Node(string? name) => string.IsNullOrEmpty(name) ? null : new NodeName(_strings.Share(name));

    private static Uid UidOf(WireMeta meta) => new(meta.Uid ?? "");
}
