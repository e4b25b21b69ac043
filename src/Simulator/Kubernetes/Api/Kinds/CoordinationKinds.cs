using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Namespaces. They are only listed: objects can be created in a namespace that does not exist.</summary>
internal sealed class NamespaceKind() : ApiKind<Namespace>("", "namespaces", "Namespace", namespaced: false, "ns")
{
    public override bool ReturnsDeleted => true;

    protected override IReadOnlyList<Cell> Table { get; } = [NameCell, new("Status", (space, _) => PhaseOf(space)), AgeCell];

    protected override Func<Namespace, string?>? FieldOf(string field) => field == "status.phase" ? PhaseOf : null;

    protected override void Write(Namespace space, JsonObject json, WallClock wallClock)
    {
        json["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
        json["status"] = new JsonObject { ["phase"] = PhaseOf(space) };
    }

    protected override Namespace Read(Metadata metadata, JsonObject json, Namespace? old, WallClock wallClock) => new(metadata);

    private static string PhaseOf(Namespace space) => space.Metadata.Deleting is null ? "Active" : "Terminating";
}

/// <summary>ConfigMaps. They are only stored.</summary>
internal sealed class ConfigMapKind() : ApiKind<ConfigMap>("", "configmaps", "ConfigMap", namespaced: true, "cm")
{
    protected override IReadOnlyList<Cell> Table { get; } = [NameCell, new("Data", (map, _) => map.Data.Count), AgeCell];

    protected override void Write(ConfigMap map, JsonObject json, WallClock wallClock) => json.With("data", Json.Map(map.Data));

    protected override ConfigMap Read(Metadata metadata, JsonObject json, ConfigMap? old, WallClock wallClock) => new(metadata) { Data = json.Map("data") };
}

/// <summary>Leases.</summary>
internal sealed class LeaseKind() : ApiKind<Lease>("coordination.k8s.io", "leases", "Lease", namespaced: true)
{
    public override bool AllowsUnconditionalUpdate => false;

    public override bool AllowsCreateOnUpdate => true;

    protected override bool StoresUnsimulatedFields => false;

    protected override IReadOnlyList<Cell> Table { get; } = [NameCell, new("Holder", (lease, _) => lease.Holder ?? ""), AgeCell];

    protected override void Write(Lease lease, JsonObject json, WallClock wallClock)
    {
        var spec = new JsonObject();
        if (lease.Holder is { } holder)
        {
            spec["holderIdentity"] = holder; // an empty holder differs from none
        }

        json["spec"] = spec
            .With("leaseDurationSeconds", lease.DurationSeconds)
            .With("acquireTime", lease.Acquired is { } acquired ? WallClock.Micro(acquired) : null)
            .With("renewTime", lease.Renewed is { } renewed ? WallClock.Micro(renewed) : null)
            .With("leaseTransitions", lease.Transitions);
    }

    protected override Lease Read(Metadata metadata, JsonObject json, Lease? old, WallClock wallClock)
    {
        var duration = json.Number("spec", "leaseDurationSeconds");
        return duration is null or > 0
            ? new(metadata)
            {
                Holder = json.Text("spec", "holderIdentity"),
                DurationSeconds = duration,
                Acquired = WallClock.Date(json, "spec", "acquireTime"),
                Renewed = WallClock.Date(json, "spec", "renewTime"),
                Transitions = json.Number("spec", "leaseTransitions"),
            }
            : throw ApiException.Invalid(this, metadata.Name, "spec.leaseDurationSeconds", $"Invalid value: {duration}: must be greater than 0");
    }
}
