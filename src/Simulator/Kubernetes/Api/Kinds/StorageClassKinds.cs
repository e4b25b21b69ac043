using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>StorageClasses. Their fields are at the top level, without a spec.</summary>
internal sealed class StorageClassKind() : ApiKind<StorageClass>("storage.k8s.io", "storageclasses", "StorageClass", namespaced: false, "sc")
{
    public override bool ReturnsDeleted => true;

    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell with { Text = (item, _) => item.Metadata.Annotations.GetValueOrDefault(StorageClass.DefaultAnnotation) == "true" ? $"{item.Metadata.Name} (default)" : item.Metadata.Name },
        new("Provisioner", (item, _) => item.Provisioner),
        new("ReclaimPolicy", (_, _) => "Delete"),
        new("VolumeBindingMode", (_, _) => "Immediate"),
        new("AllowVolumeExpansion", (_, _) => false, Type: "boolean"),
        AgeCell,
    ];

    protected override void Write(StorageClass item, JsonObject json, WallClock wallClock)
    {
        json["provisioner"] = item.Provisioner;
        json.With("parameters", Json.Map(item.Parameters));
        json["reclaimPolicy"] = "Delete";
        json["volumeBindingMode"] = "Immediate";
    }

    protected override StorageClass Read(Metadata metadata, JsonObject json, StorageClass? old, WallClock wallClock) =>
        new(metadata, json.Text("provisioner") ?? "") { Parameters = json.Map("parameters") };
}

/// <summary>CSIDrivers.</summary>
internal sealed class CsiDriverKind() : ApiKind<CsiDriver>("storage.k8s.io", "csidrivers", "CSIDriver", namespaced: false)
{
    public override bool ReturnsDeleted => true;

    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("AttachRequired", (_, _) => true, Type: "boolean"),
        new("PodInfoOnMount", (_, _) => false, Type: "boolean"),
        new("Modes", (_, _) => "Persistent"),
        AgeCell,
    ];

    protected override void Write(CsiDriver driver, JsonObject json, WallClock wallClock) =>
        json["spec"] = new JsonObject { ["attachRequired"] = true, ["podInfoOnMount"] = false, ["volumeLifecycleModes"] = new JsonArray("Persistent") };

    protected override CsiDriver Read(Metadata metadata, JsonObject json, CsiDriver? old, WallClock wallClock) => new(metadata);
}
