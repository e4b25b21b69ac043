using System.Globalization;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The metadata of every object as JSON.</summary>
internal static class MetadataJson
{
    public static JsonObject Write(KubernetesObject item, WallClock wallClock)
    {
        var metadata = item.Metadata;
        var json = new JsonObject { ["name"] = metadata.Name }.With("namespace", metadata.Namespace);
        json["uid"] = metadata.Uid;
        json["resourceVersion"] = Version(metadata.Version);
        json["creationTimestamp"] = wallClock.Text(metadata.Created);
        if (metadata.Deleting is { } since)
        {
            // In the API, the deletion timestamp is the end of the grace period.
            var grace = item is Pod { Spec: { NodeName: not null } spec } && !metadata.DeletingAtOnce ? spec.GracePeriod : TimeSpan.Zero;
            json["deletionTimestamp"] = wallClock.Text(since + grace);
            json["deletionGracePeriodSeconds"] = (long)grace.TotalSeconds;
        }

        json.With("labels", Json.Map(metadata.Labels)).With("annotations", Json.Map(metadata.Annotations));
        if (metadata.Owner is { } owner)
        {
            json["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = owner.ApiVersion,
                ["kind"] = owner.Kind,
                ["name"] = owner.Name,
                ["uid"] = owner.Uid,
                ["controller"] = true,
                ["blockOwnerDeletion"] = true,
            });
        }

        return json.With("finalizers", Json.Array(metadata.Finalizers));
    }

    /// <summary>Reads the metadata that a client has sent; fields that a client may not set come from the old one.</summary>
    public static Metadata Read(ApiKind kind, JsonNode? json, Metadata old)
    {
        if (json.Text("uid") is { Length: > 0 } uid && old.Uid.Length > 0 && uid != old.Uid)
        {
            throw ApiException.Conflict(kind, old.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Uid}");
        }

        var finalizers = json.Texts("finalizers");
        if (old.Deleting is not null && finalizers.Except(old.Finalizers).ToList() is { Count: > 0 } added)
        {
            throw ApiException.Invalid(kind, old.Name, "metadata.finalizers", $"Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{\"{string.Join("\", \"", added)}\"}}", "FieldValueForbidden");
        }

        var owner = json.Items("ownerReferences").FirstOrDefault(reference => reference.Flag("controller"));
        return old with
        {
            Version = Version(json.Text("resourceVersion")) ?? old.Version,
            Labels = json.Map("labels"),
            Annotations = json.Map("annotations"),
            Finalizers = finalizers,
            Owner = owner is null ? null : new(owner.Text("apiVersion") ?? "", owner.Text("kind") ?? "", owner.Text("name") ?? "", owner.Text("uid") ?? ""),
        };
    }

    public static string Version(long version) => version.ToString(CultureInfo.InvariantCulture);

    /// <summary>Null if there is none.</summary>
    public static long? Version(string? text) =>
        string.IsNullOrEmpty(text) ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version
        : throw ApiException.BadRequest($"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
}
