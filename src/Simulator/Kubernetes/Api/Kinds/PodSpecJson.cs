using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>A pod's specification as JSON: one container <c>app</c>, and a volume for each claim.</summary>
internal static class PodSpecJson
{
    public const string Container = "app";

    /// <summary>The taints that every pod tolerates for five minutes, because of an admission plugin.</summary>
    public static IReadOnlyList<string> ToleratedForAWhile { get; } = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

    public static JsonObject Write(PodSpec spec)
    {
        var container = new JsonObject { ["name"] = Container, ["image"] = spec.Image, ["resources"] = new JsonObject() }
            .With("volumeMounts", Json.Array(spec.Claims, claim => new JsonObject { ["name"] = VolumeOf(claim), ["mountPath"] = $"/var/lib/{VolumeOf(claim)}" }.With("readOnly", claim.ReadOnly ? true : null)));
        container["terminationMessagePath"] = "/dev/termination-log";
        container["terminationMessagePolicy"] = "File";
        container["imagePullPolicy"] = "IfNotPresent";
        var json = new JsonObject().With("volumes", Json.Array(spec.Claims, Volume));
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

        UnsimulatedFields.Restore(json, spec.UnsimulatedFields);
        AddClaims(json, spec);
        return json;
    }

    public static PodSpec Read(JsonNode? json, PodSpec? old)
    {
        var modelled = Modelled(json, old);
        return json is JsonObject sent ? modelled with { UnsimulatedFields = UnsimulatedFields.Of(WithoutDefaults(sent), Write(modelled), "priority") } : modelled;
    }

    /// <summary>What of a pod's stored fields cannot be changed: all but images and tolerations.</summary>
    public static string Unchangeable(PodSpec spec)
    {
        var json = JsonNode.Parse(spec.UnsimulatedFields ?? "{}")!.AsObject();
        json.Remove("tolerations");
        foreach (var container in json.Items("containers").Concat(json.Items("initContainers")))
        {
            (container as JsonObject)?.Remove("image");
        }

        return json.ToJsonString();
    }

    private static PodSpec Modelled(JsonNode? json, PodSpec? old) => new()
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

    private static ClaimMount Claim(JsonNode? volume)
    {
        var (claim, name) = (volume.Text("persistentVolumeClaim", "claimName") ?? "", volume.Text("name"));
        return new(claim, volume.Flag("persistentVolumeClaim", "readOnly"), name == claim ? null : name);
    }

    private static string VolumeOf(ClaimMount mount) => mount.Volume ?? mount.Claim;

    private static JsonObject Volume(ClaimMount mount) => new()
    {
        ["name"] = VolumeOf(mount),
        ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = mount.Claim }.With("readOnly", mount.ReadOnly ? true : null),
    };

    /// <summary>Adds the claims that a StatefulSet has added to the volumes of its template.</summary>
    private static void AddClaims(JsonObject json, PodSpec spec)
    {
        foreach (var mount in spec.Claims)
        {
            if (!json.Items("volumes").Any(volume => volume.Text("persistentVolumeClaim", "claimName") == mount.Claim))
            {
                ((JsonArray)json["volumes"]!).Add((JsonNode)Volume(mount));
            }
        }
    }

    /// <summary>The specification without the tolerations that every pod gets.</summary>
    private static JsonObject WithoutDefaults(JsonObject sent)
    {
        if (sent["tolerations"] is not JsonArray tolerations || !tolerations.Any(IsDefault))
        {
            return sent;
        }

        var rest = (JsonObject)sent.DeepClone();
        rest.Remove("tolerations");
        return rest.With("tolerations", Json.Array(tolerations.Where(toleration => !IsDefault(toleration)), toleration => toleration?.DeepClone()));
    }

    private static bool IsDefault(JsonNode? toleration) => ToleratedForAWhile.Contains(toleration.Text("key")) && toleration.Number("tolerationSeconds") == 300;
}
