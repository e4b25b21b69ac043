using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Creates, replaces and patches objects. Call it under the world's lock.</summary>
internal sealed partial class Writes(ObjectStore store, WallClock wallClock)
{
    private static readonly string[] _identity = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];

    /// <summary>How many fields a warning names.</summary>
    private const int Most = 10;

    public WriteReply Create(RequestTarget target, JsonObject json)
    {
        var kind = target.Kind;
        CheckKind(kind, json);
        if (json.Text("metadata", "resourceVersion") is { Length: > 0 })
        {
            throw new ApiException(StatusCodes.Status500InternalServerError, "", "resourceVersion should not be set on objects to be created");
        }

        var name = NameOf(kind, json);
        var unknown = FieldValidation.Check(kind, json, target.FieldValidation);
        var metadata = MetadataJson.Read(kind, json["metadata"], new Metadata(NamespaceOf(target, json), name));
        var wanted = kind.Read(metadata, json, null, wallClock);
        return (target.IsDryRun ? DryRun(kind, wanted, out KubernetesObject stored) : store.Create(wanted, out stored)) switch
        {
            WriteResult.AlreadyExists => throw ApiException.AlreadyExists(kind, name),
            _ => new(StatusCodes.Status201Created, stored, Warnings: Warnings(kind, stored, null, unknown)),
        };
    }

    public WriteReply Replace(RequestTarget target, JsonObject json)
    {
        var (kind, name) = (target.Kind, target.Name!);
        CheckKind(kind, json);
        NamespaceOf(target, json);
        if (json.Text("metadata", "name") is var sentName && sentName != name)
        {
            throw ApiException.BadRequest($"the name of the object ({sentName}) does not match the name on the URL ({name})");
        }

        if (kind.Find(store, target.NamespaceOrNone, name) is not { } old)
        {
            return kind.AllowsCreateOnUpdate && target.Subresource is null ? Create(target, json) : throw ApiException.NotFound(kind, name);
        }

        return json.Text("metadata", "resourceVersion") is not (null or "" or "0") || kind.AllowsUnconditionalUpdate
            ? Write(target, old, json)
            : throw ApiException.Invalid(kind, name, "metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update");
    }

    public WriteReply Patch(RequestTarget target, string? contentType, JsonNode? patch)
    {
        var old = Existing(target);
        return Write(target, old, Patches.Apply(contentType, Whole(target.Kind, old), patch));
    }

    public KubernetesObject Existing(RequestTarget target) =>
        target.Kind.Find(store, target.NamespaceOrNone, target.Name!) ?? throw ApiException.NotFound(target.Kind, target.Name!);

    public JsonObject Scale(RequestTarget target) => Scale(target.Kind, Existing(target));

    private JsonObject Scale(ApiKind kind, KubernetesObject item)
    {
        var (replicas, ready, selector) = kind.Scale(item);
        var metadata = MetadataJson.Write(item, wallClock);
        return new()
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = new JsonObject(_identity.Select(field => KeyValuePair.Create(field, metadata[field]?.DeepClone()))),
            ["spec"] = new JsonObject { ["replicas"] = replicas },
            ["status"] = new JsonObject { ["replicas"] = ready }.With("selector", selector),
        };
    }

    /// <summary>Changes the replicas, with a Scale that was sent, or the result of patching the current one.</summary>
    public WriteReply Rescale(RequestTarget target, JsonObject scale)
    {
        var item = Existing(target);
        var scaled = target.Kind.Scaled(item, scale.Number("spec", "replicas") ?? 0);
        var version = MetadataJson.Version(scale.Text("metadata", "resourceVersion")) ?? item.Metadata.Version;
        if (!target.IsDryRun)
        {
            Update(target.Kind, scaled with { Metadata = scaled.Metadata with { Version = version } });
        }

        return new(StatusCodes.Status200OK, null, target.IsDryRun ? Scale(target.Kind, scaled) : Scale(target));
    }

    /// <summary>Binds a pod to a node, as a scheduler does.</summary>
    public WriteReply Bind(RequestTarget target, JsonObject binding)
    {
        var pod = (Pod)Existing(target);
        if (pod.Spec.NodeName is { } node)
        {
            throw ApiException.Conflict(target.Kind, pod.Metadata.Name, $"pod {pod.Metadata.Name} is already assigned to node \"{node}\"");
        }

        if (target.IsDryRun)
        {
            return new(StatusCodes.Status201Created, null, Deletions.Success());
        }

        Update(target.Kind, pod with { Spec = pod.Spec with { NodeName = binding.Text("target", "name") } });
        return new(StatusCodes.Status201Created, null, Deletions.Success());
    }

    private WriteReply Write(RequestTarget target, KubernetesObject old, JsonObject json)
    {
        var kind = target.Kind;
        var unknown = FieldValidation.Check(kind, json, target.FieldValidation);
        var metadata = MetadataJson.Read(kind, json["metadata"], old.Metadata);
        var isStatus = target.Subresource == "status";

        // Apart from the status itself, /status can change only labels and annotations.
        var wanted = isStatus
            ? kind.ReadStatus(json, old with { Metadata = old.Metadata with { Version = metadata.Version, Labels = metadata.Labels, Annotations = metadata.Annotations } }, wallClock)
            : kind.Read(metadata, json, old, wallClock);
        var kept = kind.Write(wanted, wallClock);
        var warnings = Warnings(kind, wanted, old, unknown);
        if (metadata.Version != old.Metadata.Version)
        {
            throw ApiException.Conflict(kind, old.Metadata.Name);
        }

        if (target.IsDryRun)
        {
            return new(StatusCodes.Status200OK, wanted, Warnings: warnings);
        }

        // A write that changes nothing creates no new version.
        if (JsonNode.DeepEquals(kept, kind.Write(old, wallClock)))
        {
            return new(StatusCodes.Status200OK, old, Warnings: warnings);
        }

        Update(kind, wanted);

        // An object that was waiting only for its last finalizer is gone now.
        var now = kind.Find(store, old.Metadata.Namespace, old.Metadata.Name);
        return new(StatusCodes.Status200OK, now?.Is(old) == true ? now : wanted, Warnings: warnings);
    }

    /// <summary>Warns of unknown fields, and of fields that are new and not simulated.</summary>
    private static IReadOnlyList<string> Warnings(ApiKind kind, KubernetesObject item, KubernetesObject? old, IReadOnlyList<string> unknown)
    {
        var fields = kind.UnsimulatedPaths(item).Except(old is null ? [] : kind.UnsimulatedPaths(old)).ToList();
        var more = fields.Count > Most ? $" and {fields.Count - Most} more" : "";
        return fields.Count == 0 ? unknown : [.. unknown, $"stored, but not simulated: {string.Join(", ", fields.Take(Most))}{more}"];
    }

    /// <summary>What would come of a creation.</summary>
    private WriteResult DryRun(ApiKind kind, KubernetesObject item, out KubernetesObject created)
    {
        created = item with { Metadata = item.Metadata with { Uid = Guid.NewGuid().ToString(), Created = store.EventQueue.Now } };
        return kind.Find(store, item.Metadata.Namespace, item.Metadata.Name) is null ? WriteResult.Done : WriteResult.AlreadyExists;
    }

    private void Update(ApiKind kind, KubernetesObject item)
    {
        if (store.Update(item) is WriteResult.Conflict or WriteResult.NotFound)
        {
            throw ApiException.Conflict(kind, item.Metadata.Name);
        }
    }

    private JsonObject Whole(ApiKind kind, KubernetesObject item)
    {
        var json = kind.Write(item, wallClock);
        (json["kind"], json["apiVersion"]) = (kind.Name, kind.ApiVersion);
        return json;
    }

    private static void CheckKind(ApiKind kind, JsonObject json)
    {
        if ((json.Text("kind") ?? kind.Name) != kind.Name || (json.Text("apiVersion") ?? kind.ApiVersion) != kind.ApiVersion)
        {
            throw ApiException.BadRequest($"{json.Text("kind")} in version \"{json.Text("apiVersion")}\" cannot be handled as a {kind.Name}: expected {kind.ApiVersion}, Kind={kind.Name}");
        }
    }

    private static string NamespaceOf(RequestTarget target, JsonObject json) => json.Text("metadata", "namespace") is { Length: > 0 } sentName && sentName != target.NamespaceOrNone
        ? throw ApiException.BadRequest("the namespace of the provided object does not match the namespace sent on the request")
        : target.NamespaceOrNone;

    private static string NameOf(ApiKind kind, JsonObject json)
    {
        var name = json.Text("metadata", "name") is { Length: > 0 } sentName ? sentName
            : json.Text("metadata", "generateName") is { Length: > 0 } prefix ? prefix + string.Concat(Random.Shared.GetItems<char>(Metadata.NameCharacters, 5))
            : throw ApiException.Invalid(kind, "", "metadata.name", "Required value: name or generateName is required", "FieldValueRequired");
        return Subdomain().IsMatch(name) && name.Length <= 253
            ? name
            : throw ApiException.Invalid(kind, name, "metadata.name", $"Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character");
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Subdomain();
}
