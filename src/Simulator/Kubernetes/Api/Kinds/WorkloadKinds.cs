using System.Globalization;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The common part of workloads: replicas of a pod template, selected by the template's labels.</summary>
internal abstract class WorkloadKind<T>(string plural, string name, string shortName) : ApiKind<T>("apps", plural, name, namespaced: true, shortName)
    where T : KubernetesObject
{
    public sealed override bool InAll => true;

    public sealed override bool HasStatus => true;

    public sealed override bool HasScale => true;

    public sealed override (int Replicas, int Ready, string Selector) Scale(KubernetesObject item)
    {
        var (replicas, template, ready) = PartsOf((T)item);
        return (replicas, ready, Selector.TextOf(template.Labels));
    }

    public sealed override IEnumerable<string> UnsimulatedPaths(KubernetesObject item) =>
        base.UnsimulatedPaths(item).Concat(UnsimulatedFields.Paths(PartsOf((T)item).Template.Spec.UnsimulatedFields, "spec.template.spec"));

    /// <exception cref="ApiException">The number is negative.</exception>
    private int CheckedReplicas(string name, int replicas) => replicas >= 0 ? replicas
        : throw ApiException.Invalid(this, name, "spec.replicas", string.Create(CultureInfo.InvariantCulture, $"Invalid value: {replicas}: must be greater than or equal to 0"));

    public sealed override KubernetesObject Scaled(KubernetesObject item, int replicas) => WithReplicas((T)item, CheckedReplicas(item.Metadata.Name, replicas));

    protected static Cell Containers { get; } = new("Containers", (_, _) => PodSpecJson.Container, IsWide: true);

    protected abstract (int Replicas, PodTemplate Template, int Ready) PartsOf(T item);

    protected abstract T WithReplicas(T item, int replicas);

    protected abstract T WithReady(T item, int ready);

    protected sealed override T ReadStatus(JsonNode? status, T old, WallClock wallClock) => WithReady(old, status.Number("readyReplicas") ?? 0);

    /// <summary>Writes the spec with the only generation that exists, which is always the observed one.</summary>
    protected JsonObject WriteSpec(T item, JsonObject json)
    {
        var (replicas, template, _) = PartsOf(item);
        json["metadata"]!["generation"] = 1;
        return new()
        {
            ["replicas"] = replicas,
            ["selector"] = new JsonObject { ["matchLabels"] = Json.Map(template.Labels) },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject().With("labels", Json.Map(template.Labels)).With("annotations", Json.Map(template.Annotations)),
                ["spec"] = PodSpecJson.Write(template.Spec),
            },
        };
    }

    protected int ReadReplicas(Metadata metadata, JsonObject json) => CheckedReplicas(metadata.Name, json.Number("spec", "replicas") ?? 1);

    /// <summary>The progress after a write: a changed template has yet to be rolled out.</summary>
    protected static Rollout? RolloutAfter(PodTemplate? old, Rollout? progress, PodTemplate template, int replicas) =>
        old is null || old.Hash == template.Hash ? progress : new(progress?.From ?? old.Hash, 0, replicas);

    protected static PodTemplate ReadTemplate(JsonObject json, PodTemplate? old)
    {
        var template = json.At("spec", "template");
        return new(template.Map("metadata", "labels"), template.Map("metadata", "annotations"), PodSpecJson.Read(template.At("spec"), old?.Spec));
    }
}

/// <summary>StatefulSets.</summary>
internal sealed class StatefulSetKind() : WorkloadKind<StatefulSet>("statefulsets", "StatefulSet", "sts")
{
    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("Ready", (set, _) => $"{set.ReadyReplicas}/{set.Replicas}"),
        AgeCell,
        Containers,
        new("Images", (set, _) => set.Template.Spec.Image, IsWide: true),
    ];

    protected override (int Replicas, PodTemplate Template, int Ready) PartsOf(StatefulSet item) => (item.Replicas, item.Template, item.ReadyReplicas);

    protected override StatefulSet WithReplicas(StatefulSet item, int replicas) => item with { Replicas = replicas };

    protected override StatefulSet WithReady(StatefulSet item, int ready) => item with { ReadyReplicas = ready };

    protected override void Write(StatefulSet set, JsonObject json, WallClock wallClock)
    {
        var spec = WriteSpec(set, json).With("volumeClaimTemplates", Json.Array(set.ClaimTemplates, claim => new JsonObject
        {
            ["kind"] = "PersistentVolumeClaim",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject { ["name"] = claim },
            ["spec"] = Claims.Spec(AccessMode.ReadWriteOnce),
            ["status"] = new JsonObject { ["phase"] = "Pending" },
        }));
        spec["serviceName"] = set.Metadata.Name;
        spec["podManagementPolicy"] = "Parallel";
        spec["updateStrategy"] = new JsonObject { ["type"] = "RollingUpdate" };
        json["spec"] = spec;
        json["status"] = new JsonObject
        {
            ["observedGeneration"] = 1,
            ["replicas"] = set.Replicas,
            ["readyReplicas"] = set.ReadyReplicas,
            ["availableReplicas"] = set.ReadyReplicas,
            ["currentReplicas"] = set.Rollout?.Outdated ?? set.Replicas,
            ["updatedReplicas"] = set.Rollout?.Updated ?? set.Replicas,
            ["currentRevision"] = set.Rollout is { } rollout ? set.RevisionOf(rollout.From) : set.Revision,
            ["updateRevision"] = set.Revision,
        };
    }

    protected override StatefulSet Read(Metadata metadata, JsonObject json, StatefulSet? old, WallClock wallClock)
    {
        var (template, replicas) = (ReadTemplate(json, old?.Template), ReadReplicas(metadata, json));
        return (old ?? new(metadata, 0, template)) with
        {
            Metadata = metadata,
            Replicas = replicas,
            Template = template,
            Rollout = RolloutAfter(old?.Template, old?.Rollout, template, replicas),
            ClaimTemplates = [.. json.Items("spec", "volumeClaimTemplates").Select(claim => claim.Text("metadata", "name") ?? "")],
        };
    }
}

/// <summary>Deployments.</summary>
internal sealed class DeploymentKind() : WorkloadKind<Deployment>("deployments", "Deployment", "deploy")
{
    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("Ready", (deployment, _) => $"{deployment.ReadyReplicas}/{deployment.Replicas}"),
        new("Up-to-date", (deployment, _) => deployment.Rollout?.Updated ?? deployment.Replicas, Type: "string"),
        new("Available", (deployment, _) => deployment.ReadyReplicas, Type: "string"),
        AgeCell,
        Containers,
        new("Images", (deployment, _) => deployment.Template.Spec.Image, IsWide: true),
        new("Selector", (deployment, _) => OrNone(Selector.TextOf(deployment.Template.Labels)), IsWide: true),
    ];

    protected override (int Replicas, PodTemplate Template, int Ready) PartsOf(Deployment item) => (item.Replicas, item.Template, item.ReadyReplicas);

    protected override Deployment WithReplicas(Deployment item, int replicas) => item with { Replicas = replicas };

    protected override Deployment WithReady(Deployment item, int ready) => item with { ReadyReplicas = ready };

    protected override void Write(Deployment deployment, JsonObject json, WallClock wallClock)
    {
        var spec = WriteSpec(deployment, json);
        spec["strategy"] = new JsonObject { ["type"] = "RollingUpdate", ["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = "25%", ["maxSurge"] = "25%" } };
        json["spec"] = spec;
        var status = new JsonObject { ["observedGeneration"] = 1, ["replicas"] = deployment.Replicas, ["updatedReplicas"] = deployment.Replicas };
        if (deployment.Rollout is { } rollout)
        {
            (status["replicas"], status["updatedReplicas"]) = (rollout.Updated + rollout.Outdated, rollout.Updated);
        }

        (status["readyReplicas"], status["availableReplicas"]) = (deployment.ReadyReplicas, deployment.ReadyReplicas);
        if (deployment.Replicas > deployment.ReadyReplicas)
        {
            status["unavailableReplicas"] = deployment.Replicas - deployment.ReadyReplicas;
        }

        var available = deployment.ReadyReplicas >= deployment.Replicas;
        status["conditions"] = new JsonArray(ConditionJson.Write(
            "Available", available ? "True" : "False", wallClock.Text(deployment.Metadata.Created),
            available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable", $"Deployment {(available ? "has" : "does not have")} minimum availability."));
        json["status"] = status;
    }

    protected override Deployment Read(Metadata metadata, JsonObject json, Deployment? old, WallClock wallClock)
    {
        var (template, replicas) = (ReadTemplate(json, old?.Template), ReadReplicas(metadata, json));
        return (old ?? new(metadata, 0, template)) with
        {
            Metadata = metadata,
            Replicas = replicas,
            Template = template,
            Rollout = RolloutAfter(old?.Template, old?.Rollout, template, replicas),
        };
    }
}

/// <summary>ReplicaSets.</summary>
internal sealed class ReplicaSetKind() : WorkloadKind<ReplicaSet>("replicasets", "ReplicaSet", "rs")
{
    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("Desired", (set, _) => set.Replicas, Type: "integer"),
        new("Current", (set, _) => set.Replicas, Type: "integer"),
        new("Ready", (set, _) => set.ReadyReplicas, Type: "integer"),
        AgeCell,
        Containers,
        new("Images", (set, _) => set.Template.Spec.Image, IsWide: true),
        new("Selector", (set, _) => OrNone(Selector.TextOf(set.Template.Labels)), IsWide: true),
    ];

    protected override (int Replicas, PodTemplate Template, int Ready) PartsOf(ReplicaSet item) => (item.Replicas, item.Template, item.ReadyReplicas);

    protected override ReplicaSet WithReplicas(ReplicaSet item, int replicas) => item with { Replicas = replicas };

    protected override ReplicaSet WithReady(ReplicaSet item, int ready) => item with { ReadyReplicas = ready };

    protected override void Write(ReplicaSet set, JsonObject json, WallClock wallClock)
    {
        json["spec"] = WriteSpec(set, json);
        json["status"] = new JsonObject { ["observedGeneration"] = 1, ["replicas"] = set.Replicas, ["fullyLabeledReplicas"] = set.Replicas, ["readyReplicas"] = set.ReadyReplicas, ["availableReplicas"] = set.ReadyReplicas };
    }

    protected override ReplicaSet Read(Metadata metadata, JsonObject json, ReplicaSet? old, WallClock wallClock) =>
        (old ?? new(metadata, 0, null!)) with { Metadata = metadata, Replicas = ReadReplicas(metadata, json), Template = ReadTemplate(json, old?.Template) };
}
