using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>A pod's specification as JSON: one container <c>app</c>, and a volume for each claim.</summary>
internal static class PodSpecJson
{
    public const string Container = "app";

    public static JsonObject Write(PodSpec spec)
    {
        var container = new JsonObject { ["name"] = Container, ["image"] = spec.Image, ["resources"] = new JsonObject() }
            .With("volumeMounts", Json.Array(spec.Claims, claim => new JsonObject { ["name"] = claim.Claim, ["mountPath"] = $"/var/lib/{claim.Claim}" }.With("readOnly", claim.ReadOnly ? true : null)));
        container["terminationMessagePath"] = "/dev/termination-log";
        container["terminationMessagePolicy"] = "File";
        container["imagePullPolicy"] = "IfNotPresent";
        var json = new JsonObject().With("volumes", Json.Array(spec.Claims, claim => new JsonObject
        {
            ["name"] = claim.Claim,
            ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim.Claim }.With("readOnly", claim.ReadOnly ? true : null),
        }));
        json["containers"] = new JsonArray(container);
        json["restartPolicy"] = "Always";
        json["terminationGracePeriodSeconds"] = (long)spec.GracePeriod.TotalSeconds;
        json["dnsPolicy"] = "ClusterFirst";
        json.With("nodeName", spec.NodeName);
        json["securityContext"] = new JsonObject();
        json["schedulerName"] = "default-scheduler";
        json.With("tolerations", Json.Array(spec.Tolerations, key => new JsonObject { ["key"] = key, ["operator"] = "Exists" }));
        if (spec.Priority != 0)
        {
            json["priority"] = spec.Priority;
        }

        return json;
    }

    public static PodSpec Read(JsonNode? json, PodSpec? old) => new()
    {
        NodeName = json.Text("nodeName") is { Length: > 0 } node ? node : null,
        Claims = [.. json.Items("volumes").Where(volume => volume.At("persistentVolumeClaim") is not null).Select(Claim)],
        Image = json.Items("containers").FirstOrDefault().Text("image") ?? "",
        Priority = json.Number("priority") ?? 0,
        Tolerations = [.. json.Items("tolerations").Where(IsForEver).Select(toleration => toleration.Text("key") ?? "").Distinct()],
        GracePeriod = Grace(json.Number("terminationGracePeriodSeconds") ?? 30, old),
    };

    /// <summary>The API has no fractions of a second; the world does.</summary>
    private static TimeSpan Grace(int seconds, PodSpec? old) => (long?)old?.GracePeriod.TotalSeconds == seconds ? old!.GracePeriod : TimeSpan.FromSeconds(seconds);

    /// <summary>A toleration with a time limit is one that every pod has; the world's own timings set its limit.</summary>
    private static bool IsForEver(JsonNode? toleration) => toleration.At("tolerationSeconds") is null;

    private static ClaimMount Claim(JsonNode? volume) => new(volume.Text("persistentVolumeClaim", "claimName") ?? "", volume.Flag("persistentVolumeClaim", "readOnly"));
}
