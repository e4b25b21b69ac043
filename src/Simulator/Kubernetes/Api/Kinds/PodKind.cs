using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Pods.</summary>
internal sealed class PodKind() : ApiKind<Pod>("", "pods", "Pod", namespaced: true, "po")
{
    private const string Unschedulable = "Unschedulable";
    private const string NodeLost = "NodeLost";

    public override bool InAll => true;

    public override bool HasStatus => true;

    public override bool ReturnsDeleted => true;

    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("Ready", (pod, _) => HasStarted(pod) ? "1/1" : "0/1"),
        new("Status", (pod, _) => StatusOf(pod)),
        new("Restarts", (_, _) => 0, Type: "integer"),
        AgeCell,
        new("IP", (_, _) => "<none>", IsWide: true),
        new("Node", (pod, _) => pod.Spec.NodeName ?? "<none>", IsWide: true),
        new("Nominated Node", (_, _) => "<none>", IsWide: true),
        new("Readiness Gates", (_, _) => "<none>", IsWide: true),
    ];

    public override IEnumerable<string> UnsimulatedPaths(KubernetesObject item) =>
        base.UnsimulatedPaths(item).Concat(UnsimulatedFields.Paths(((Pod)item).Spec.UnsimulatedFields, "spec"));

    protected override Func<Pod, string?>? FieldOf(string field) => field switch
    {
        "spec.nodeName" => pod => pod.Spec.NodeName,
        "spec.restartPolicy" => _ => "Always",
        "spec.schedulerName" => _ => "default-scheduler",
        "spec.serviceAccountName" or "status.podIP" or "status.nominatedNodeName" => _ => "",
        "status.phase" => pod => pod.Phase.ToString(),
        _ => null,
    };

    protected override void Write(Pod pod, JsonObject json, WallClock wallClock)
    {
        var spec = PodSpecJson.Write(pod.Spec);
        var tolerations = spec["tolerations"] as JsonArray ?? [];
        foreach (var key in PodSpecJson.ToleratedForAWhile.Where(key => !tolerations.Any(toleration => toleration.Text("key") == key)))
        {
            tolerations.Add((JsonNode)new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = 300 });
        }

        spec["tolerations"] = tolerations;
        spec["priority"] = pod.Spec.Priority;
        json["spec"] = spec;
        json["status"] = WriteStatus(pod, [.. spec.Items("containers").OfType<JsonObject>()], wallClock);
    }

    protected override Pod Read(Metadata metadata, JsonObject json, Pod? old, WallClock wallClock)
    {
        var spec = PodSpecJson.Read(json["spec"], old?.Spec);
        if (old is not null && !HasOnlyAllowedChanges(old.Spec, spec))
        {
            throw ApiException.Invalid(
                this, metadata.Name, "spec",
                "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only additions to existing tolerations)",
                "FieldValueForbidden");
        }

        return (old ?? new Pod(metadata, spec)) with { Metadata = metadata, Spec = spec };
    }

    protected override Pod ReadStatus(JsonNode? status, Pod old, WallClock wallClock)
    {
        var phase = Enum.TryParse<PodPhase>(status.Text("phase"), out var parsed) ? parsed : old.Phase;
        var waiting = status.Items("containerStatuses").FirstOrDefault().At("state", "waiting");
        var unscheduled = Condition(status, "PodScheduled") is { } scheduled && scheduled.Text("status") == "False" ? scheduled : null;
        return old with
        {
            Phase = phase,
            Ready = Condition(status, "Ready").Text("status") == "True",
            Started = phase is PodPhase.Pending ? null : old.Started ?? wallClock.Read(status, "startTime", null),
            Reason = status.Text("reason") ?? unscheduled.Text("reason") ?? waiting.Text("reason"),
            Message = status.Text("message") ?? unscheduled.Text("message") ?? waiting.Text("message"),
        };
    }

    private static JsonNode? Condition(JsonNode? status, string type) => status.Items("conditions").FirstOrDefault(condition => condition.Text("type") == type);

    /// <summary>Without probes a running container is ready. The API keeps it ready when its node falls silent, but not when it restarts.</summary>
    private static bool HasStarted(Pod pod) => pod is { Phase: PodPhase.Running, Reason: null or NodeLost };

    private static string StatusOf(Pod pod)
    {
        var reason = pod.Phase switch
        {
            PodPhase.Pending when pod.Spec.NodeName is not null => pod.Reason ?? "ContainerCreating",
            PodPhase.Succeeded => "Completed",
            PodPhase.Failed => pod.Reason ?? "Error",
            PodPhase.Running => pod.Reason ?? "Running",
            _ => pod.Phase.ToString(),
        };
        return pod.Metadata.Deleting is null ? reason : reason == NodeLost ? "Unknown" : "Terminating";
    }

    private static bool HasOnlyAllowedChanges(PodSpec old, PodSpec wanted) =>
        old.NodeName == wanted.NodeName && old.Claims.SequenceEqual(wanted.Claims) && old.Priority == wanted.Priority
        && old.GracePeriod == wanted.GracePeriod && PodSpecJson.Unchangeable(old) == PodSpecJson.Unchangeable(wanted) && !old.Tolerations.Except(wanted.Tolerations).Any();

    private static JsonObject WriteStatus(Pod pod, List<JsonObject> containers, WallClock wallClock)
    {
        var status = new JsonObject { ["phase"] = pod.Phase.ToString() }.With("conditions", Conditions(pod, containers, wallClock));
        if (pod.Reason is NodeLost || (pod.Reason is not null && pod.Phase is PodPhase.Failed))
        {
            status.With("message", pod.Message).With("reason", pod.Reason);
        }

        if (pod.Spec.NodeName is not null)
        {
            status["startTime"] = wallClock.Text(pod.Started ?? pod.Metadata.Created);
            status["containerStatuses"] = Json.Array(containers, container => ContainerStatus(pod, container, wallClock));
        }

        status["qosClass"] = "BestEffort";
        return status;
    }

    private static JsonArray Conditions(Pod pod, List<JsonObject> containers, WallClock wallClock)
    {
        var (created, started) = (wallClock.Text(pod.Metadata.Created), wallClock.Text(pod.Started ?? pod.Metadata.Created));
        if (pod.Spec.NodeName is null)
        {
            return pod.Reason is Unschedulable ? new JsonArray(ConditionJson.Write("PodScheduled", "False", created, Unschedulable, pod.Message)) : [];
        }

        var over = pod.Phase is PodPhase.Succeeded ? "PodCompleted" : "ContainersNotReady";
        var unready = HasStarted(pod) || pod.Phase is PodPhase.Succeeded ? null : $"containers with unready status: [{string.Join(' ', containers.Select(container => container.Text("name")))}]";
        // Not a collection expression: that would add each as a value of any type, which trimming cannot analyse.
        return new JsonArray(
            ConditionJson.Write("Initialized", "True", created),
            pod.Ready ? ConditionJson.Write("Ready", "True", started) : ConditionJson.Write("Ready", "False", started, HasStarted(pod) ? null : over, unready),
            HasStarted(pod) ? ConditionJson.Write("ContainersReady", "True", started) : ConditionJson.Write("ContainersReady", "False", started, over, unready),
            ConditionJson.Write("PodScheduled", "True", created));
    }

    private static JsonObject ContainerStatus(Pod pod, JsonObject container, WallClock wallClock)
    {
        var started = wallClock.Text(pod.Started ?? pod.Metadata.Created);
        var state = pod.Phase switch
        {
            PodPhase.Pending or PodPhase.Running when !HasStarted(pod) => new JsonObject { ["waiting"] = new JsonObject { ["reason"] = pod.Reason ?? "ContainerCreating" }.With("message", pod.Message) },
            PodPhase.Pending or PodPhase.Running => new JsonObject { ["running"] = new JsonObject { ["startedAt"] = started } },
            _ => new JsonObject
            {
                ["terminated"] = new JsonObject
                {
                    ["exitCode"] = pod.Phase is PodPhase.Succeeded ? 0 : 1,
                    ["reason"] = pod.Phase is PodPhase.Succeeded ? "Completed" : "Error",
                    ["startedAt"] = started,
                    ["finishedAt"] = null,
                },
            },
        };
        return new()
        {
            ["name"] = container.Text("name") ?? PodSpecJson.Container,
            ["state"] = state,
            ["lastState"] = new JsonObject(),
            ["ready"] = HasStarted(pod),
            ["restartCount"] = 0,
            ["image"] = container.Text("image") ?? pod.Spec.Image,
            ["imageID"] = "",
            ["started"] = HasStarted(pod),
        };
    }
}

/// <summary>A condition as JSON.</summary>
internal static class ConditionJson
{
    public static JsonObject Write(string type, string status, string since, string? reason = null, string? message = null) =>
        new JsonObject { ["type"] = type, ["status"] = status, ["lastProbeTime"] = null, ["lastTransitionTime"] = since }.With("reason", reason).With("message", message);
}
