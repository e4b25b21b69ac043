using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>PersistentVolumes.</summary>
internal sealed class PersistentVolumeKind() : ApiKind<PersistentVolume>("", "persistentvolumes", "PersistentVolume", namespaced: false, "pv")
{
    public override bool ReturnsDeleted => true;

    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("Capacity", (_, _) => Claims.Size),
        new("Access Modes", (volume, _) => Claims.Short(volume.AccessMode)),
        new("Reclaim Policy", (_, _) => "Delete"),
        new("Status", (volume, _) => PhaseOf(volume)),
        new("Claim", (volume, _) => IsBound(volume) ? $"{volume.ClaimNamespace}/{volume.ClaimName}" : ""),
        new("StorageClass", (volume, _) => volume.StorageClass),
        new("Reason", (_, _) => ""),
        AgeCell,
        new("VolumeMode", (_, _) => "Filesystem", IsWide: true),
    ];

    protected override void Write(PersistentVolume volume, JsonObject json, WallClock wallClock)
    {
        var csi = new JsonObject { ["driver"] = volume.Driver, ["volumeHandle"] = volume.Handle, ["fsType"] = "ext4" }.With("volumeAttributes", Json.Map(volume.Attributes));
        var spec = new JsonObject { ["capacity"] = new JsonObject { ["storage"] = Claims.Size }, ["csi"] = csi };
        spec["accessModes"] = new JsonArray(volume.AccessMode.ToString());
        if (IsBound(volume))
        {
            spec["claimRef"] = new JsonObject { ["kind"] = "PersistentVolumeClaim", ["namespace"] = volume.ClaimNamespace, ["name"] = volume.ClaimName, ["apiVersion"] = "v1" };
        }

        spec["persistentVolumeReclaimPolicy"] = "Delete";
        spec.With("storageClassName", volume.StorageClass);
        spec["volumeMode"] = "Filesystem";
        json["spec"] = spec;
        json["status"] = new JsonObject { ["phase"] = PhaseOf(volume) };
    }

    protected override PersistentVolume Read(Metadata metadata, JsonObject json, PersistentVolume? old, WallClock wallClock)
    {
        var csi = json.At("spec", "csi");
        var volume = new PersistentVolume(
            metadata, csi.Text("driver") ?? "", csi.Text("volumeHandle") ?? "", json.Text("spec", "claimRef", "namespace") ?? "", json.Text("spec", "claimRef", "name") ?? "")
        {
            AccessMode = Claims.Mode(json.Texts("spec", "accessModes")),
            Attributes = csi.Map("volumeAttributes"),
            StorageClass = json.Text("spec", "storageClassName") ?? "",
        };
        return old is null || (old.Driver == volume.Driver && old.Handle == volume.Handle)
            ? volume
            : throw ApiException.Invalid(this, metadata.Name, "spec.persistentvolumesource", "Forbidden: spec.persistentvolumesource is immutable after creation", "FieldValueForbidden");
    }

    private static bool IsBound(PersistentVolume volume) => volume.ClaimName.Length > 0;

    private static string PhaseOf(PersistentVolume volume) => IsBound(volume) ? "Bound" : "Available";
}

/// <summary>PersistentVolumeClaims.</summary>
internal sealed class PersistentVolumeClaimKind() : ApiKind<PersistentVolumeClaim>("", "persistentvolumeclaims", "PersistentVolumeClaim", namespaced: true, "pvc")
{
    public override bool ReturnsDeleted => true;

    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("Status", (claim, _) => claim.Metadata.Deleting is null ? PhaseOf(claim) : "Terminating"),
        new("Volume", (claim, _) => claim.VolumeName),
        new("Capacity", (claim, _) => IsBound(claim) ? Claims.Size : ""),
        new("Access Modes", (claim, _) => IsBound(claim) ? Claims.Short(claim.AccessMode) : ""),
        new("StorageClass", (claim, _) => claim.StorageClass),
        AgeCell,
        new("VolumeMode", (_, _) => "Filesystem", IsWide: true),
    ];

    protected override void Write(PersistentVolumeClaim claim, JsonObject json, WallClock wallClock)
    {
        json["spec"] = Claims.Spec(claim.AccessMode).With("storageClassName", claim.StorageClass).With("volumeName", claim.VolumeName);
        var status = new JsonObject { ["phase"] = PhaseOf(claim) };
        if (IsBound(claim))
        {
            status["accessModes"] = new JsonArray(claim.AccessMode.ToString());
            status["capacity"] = new JsonObject { ["storage"] = Claims.Size };
        }

        json["status"] = status;
    }

    protected override PersistentVolumeClaim Read(Metadata metadata, JsonObject json, PersistentVolumeClaim? old, WallClock wallClock) =>
        new(metadata, json.Text("spec", "volumeName") ?? "") { AccessMode = Claims.Mode(json.Texts("spec", "accessModes")), StorageClass = json.Text("spec", "storageClassName") ?? "" };

    private static bool IsBound(PersistentVolumeClaim claim) => claim.VolumeName.Length > 0;

    private static string PhaseOf(PersistentVolumeClaim claim) => IsBound(claim) ? "Bound" : "Pending";
}

/// <summary>Common fields of volumes and claims. No size is modelled, so all have the same.</summary>
internal static class Claims
{
    public const string Size = "1Gi";

    public static JsonObject Spec(AccessMode mode) => new()
    {
        ["accessModes"] = new JsonArray(mode.ToString()),
        ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = Size } },
        ["volumeMode"] = "Filesystem",
    };

    public static AccessMode Mode(ImmutableArray<string> modes) => modes.Contains(nameof(AccessMode.ReadWriteMany)) ? AccessMode.ReadWriteMany : AccessMode.ReadWriteOnce;

    public static string Short(AccessMode mode) => mode is AccessMode.ReadWriteMany ? "RWX" : "RWO";
}

/// <summary>VolumeAttachments.</summary>
internal sealed class VolumeAttachmentKind() : ApiKind<VolumeAttachment>("storage.k8s.io", "volumeattachments", "VolumeAttachment", namespaced: false)
{
    public override bool HasStatus => true;

    public override bool AllowsUnconditionalUpdate => false;

    public override bool ReturnsDeleted => true;

    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("Attacher", (attachment, _) => attachment.Attacher, Format: "name"),
        new("PV", (attachment, _) => attachment.VolumeName),
        new("Node", (attachment, _) => attachment.NodeName),
        new("Attached", (attachment, _) => attachment.Attached, Type: "boolean"),
        AgeCell,
    ];

    protected override void Write(VolumeAttachment attachment, JsonObject json, WallClock wallClock)
    {
        json["spec"] = new JsonObject
        {
            ["attacher"] = attachment.Attacher,
            ["source"] = new JsonObject { ["persistentVolumeName"] = attachment.VolumeName },
            ["nodeName"] = attachment.NodeName,
        };
        json["status"] = new JsonObject { ["attached"] = attachment.Attached }
            .With("attachError", Error(attachment.AttachError))
            .With("detachError", Error(attachment.DetachError));
    }

    protected override VolumeAttachment Read(Metadata metadata, JsonObject json, VolumeAttachment? old, WallClock wallClock)
    {
        var spec = json["spec"];
        var wanted = (old ?? new(metadata, "", "", "")) with
        {
            Metadata = metadata,
            Attacher = spec.Text("attacher") ?? "",
            VolumeName = spec.Text("source", "persistentVolumeName") ?? "",
            NodeName = spec.Text("nodeName") ?? "",
        };
        return old is null || wanted with { Metadata = old.Metadata } == old
            ? wanted
            : throw ApiException.Invalid(this, metadata.Name, "spec", $"Invalid value: {{Attacher:\"{wanted.Attacher}\", NodeName:\"{wanted.NodeName}\"}}: field is immutable");
    }

    protected override VolumeAttachment ReadStatus(JsonNode? status, VolumeAttachment old, WallClock wallClock) => old with
    {
        Attached = status.Flag("attached"),
        AttachError = status.At("attachError") is { } attach ? attach.Text("message") ?? "" : null,
        DetachError = status.At("detachError") is { } detach ? detach.Text("message") ?? "" : null,
    };

    /// <summary>An error of attaching or detaching; its time is not modelled.</summary>
    private static JsonObject? Error(string? message) => message is null ? null : new() { ["time"] = null, ["message"] = message };
}

/// <summary>CSINodes: the CSI drivers' data about nodes.</summary>
internal sealed class CsiNodeKind() : ApiKind<CsiNode>("storage.k8s.io", "csinodes", "CSINode", namespaced: false)
{
    public override bool AllowsUnconditionalUpdate => false;

    public override bool ReturnsDeleted => true;

    protected override IReadOnlyList<Cell> Table { get; } = [NameCell, new("Drivers", (node, _) => node.NodeIds.Count, Type: "integer"), AgeCell];

    protected override void Write(CsiNode node, JsonObject json, WallClock wallClock) => json["spec"] = new JsonObject
    {
        ["drivers"] = Json.Array(node.NodeIds, driver => new JsonObject { ["name"] = driver.Key, ["nodeID"] = driver.Value, ["topologyKeys"] = null }),
    };

    protected override CsiNode Read(Metadata metadata, JsonObject json, CsiNode? old, WallClock wallClock) =>
        new(metadata, json.Items("spec", "drivers").ToImmutableSortedDictionary(driver => driver.Text("name") ?? "", driver => driver.Text("nodeID") ?? "", StringComparer.Ordinal));
}
