using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Nodes. Their size and software are invented, and the scheduler does not use them.</summary>
internal sealed class NodeKind() : ApiKind<Node>("", "nodes", "Node", namespaced: false, "no")
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public override bool HasStatus => true;

    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("Status", (node, _) => (node.Ready is NodeReadiness.True ? "Ready" : "NotReady") + (node.Unschedulable ? ",SchedulingDisabled" : "")),
        new("Roles", (node, _) => string.Join(',', node.Metadata.Labels.Keys.Where(label => label.StartsWith(RolePrefix, StringComparison.Ordinal)).Select(label => label[RolePrefix.Length..])) is { Length: > 0 } roles ? roles : "<none>"),
        AgeCell,
        new("Version", (_, _) => Discovery.GitVersion),
        new("Internal-IP", (_, _) => "<none>", IsWide: true),
        new("External-IP", (_, _) => "<none>", IsWide: true),
        new("OS-Image", (_, _) => "simulated", IsWide: true),
        new("Kernel-Version", (_, _) => "simulated", IsWide: true),
        new("Container-Runtime", (_, _) => "simulated://1", IsWide: true),
    ];

    protected override Func<Node, string?>? FieldOf(string field) => field == "spec.unschedulable" ? node => node.Unschedulable ? "true" : "false" : null;

    protected override void Write(Node node, JsonObject json, WallClock wallClock)
    {
        json["spec"] = new JsonObject()
            .With("taints", Json.Array(node.Taints, taint => Taint(taint, wallClock)))
            .With("unschedulable", node.Unschedulable ? true : null);
        var status = new JsonObject { ["capacity"] = Size(), ["allocatable"] = Size() };
        status["conditions"] = Conditions(node, wallClock);
        status["addresses"] = new JsonArray(new JsonObject { ["type"] = "Hostname", ["address"] = node.Metadata.Name });
        status["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = 10250 } };
        status["nodeInfo"] = Software(node);
        status.With("volumesInUse", Json.Array(node.VolumesInUse));
        status.With("volumesAttached", Json.Array(node.VolumesAttached, volume => new JsonObject { ["name"] = volume, ["devicePath"] = "" }));
        json["status"] = status;
    }

    protected override Node Read(Metadata metadata, JsonObject json, Node? old, WallClock wallClock) => (old ?? new Node(metadata)) with
    {
        Metadata = metadata,
        Unschedulable = json.Flag("spec", "unschedulable"),
        Taints = [.. json.Items("spec", "taints").Select(taint => Taint(taint, old, wallClock))],
    };

    protected override Node ReadStatus(JsonNode? status, Node old, WallClock wallClock)
    {
        var ready = status.Items("conditions").FirstOrDefault(condition => condition.Text("type") == "Ready");
        return old with
        {
            Ready = Enum.TryParse<NodeReadiness>(ready.Text("status"), out var parsed) ? parsed : old.Ready,
            ReadySince = wallClock.Read(ready, "lastTransitionTime", old.ReadySince) ?? old.ReadySince,
            VolumesInUse = status.Texts("volumesInUse"),
            VolumesAttached = [.. status.Items("volumesAttached").Select(volume => volume.Text("name") ?? "")],
        };
    }

    private static JsonObject Taint(Taint taint, WallClock wallClock) => new JsonObject { ["key"] = taint.Key }.With("value", taint.Value).With("effect", taint.Effect)
        .With("timeAdded", taint.Added is { } added ? wallClock.Text(added) : null);

    private static Taint Taint(JsonNode? json, Node? node, WallClock wallClock)
    {
        var (key, effect) = (json.Text("key") ?? "", json.Text("effect") ?? "");
        var old = node?.Taints.FirstOrDefault(taint => taint.Key == key && taint.Effect == effect);
        return new(key, json.Text("value") ?? "", effect, wallClock.Read(json, "timeAdded", old?.Added));
    }

    private static JsonArray Conditions(Node node, WallClock wallClock)
    {
        var since = wallClock.Text(node.ReadySince);
        var (reason, message) = node.Ready switch
        {
            NodeReadiness.True => ("KubeletReady", "kubelet is posting ready status"),
            NodeReadiness.False => ("KubeletNotReady", "kubelet is not ready"),
            _ => ("NodeStatusUnknown", "Kubelet stopped posting node status."),
        };
        var silent = node.Ready is NodeReadiness.Unknown;
        // Not a collection expression: that would add each as a value of any type, which trimming cannot analyse.
        return new JsonArray(
            Condition("MemoryPressure", silent ? "Unknown" : "False", silent ? reason : "KubeletHasSufficientMemory", silent ? message : "kubelet has sufficient memory available"),
            Condition("DiskPressure", silent ? "Unknown" : "False", silent ? reason : "KubeletHasNoDiskPressure", silent ? message : "kubelet has no disk pressure"),
            Condition("PIDPressure", silent ? "Unknown" : "False", silent ? reason : "KubeletHasSufficientPID", silent ? message : "kubelet has sufficient PID available"),
            Condition("Ready", node.Ready.ToString(), reason, message));

        JsonObject Condition(string type, string status, string why, string words) => new()
        {
            ["type"] = type,
            ["status"] = status,
            ["lastHeartbeatTime"] = since,
            ["lastTransitionTime"] = since,
            ["reason"] = why,
            ["message"] = words,
        };
    }

    private static JsonObject Size() => new() { ["cpu"] = "4", ["memory"] = "8Gi", ["pods"] = "110" };

    private static JsonObject Software(Node node) => new()
    {
        ["machineID"] = node.Metadata.Uid.Replace("-", "", StringComparison.Ordinal),
        ["systemUUID"] = node.Metadata.Uid,
        ["bootID"] = node.Metadata.Uid,
        ["kernelVersion"] = "simulated",
        ["osImage"] = "simulated",
        ["containerRuntimeVersion"] = "simulated://1",
        ["kubeletVersion"] = Discovery.GitVersion,
        ["kubeProxyVersion"] = Discovery.GitVersion,
        ["operatingSystem"] = "linux",
        ["architecture"] = "amd64",
    };
}
