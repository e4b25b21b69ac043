using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Deletes objects. Call it under the world's lock.</summary>
/// <remarks>It distinguishes only a grace period of 0 and the pod's own. Foreground behaves like Background, because the garbage collector is quick.</remarks>
internal sealed class Deletions(ObjectStore store)
{
    /// <summary>Deletes one object.</summary>
    /// <param name="target">The object.</param>
    /// <param name="options">The DeleteOptions; an empty object if there are none.</param>
    public WriteReply Delete(RequestTarget target, JsonObject options)
    {
        var kind = target.Kind;
        var item = kind.Find(store, target.NamespaceOrNone, target.Name!) ?? throw ApiException.NotFound(kind, target.Name!);
        CheckPreconditions(kind, item, options["preconditions"]);
        if (IsDryRun(target, options))
        {
            return kind.ReturnsDeleted ? new(StatusCodes.Status200OK, item) : new(StatusCodes.Status200OK, null, Gone(kind, item));
        }

        if (options.Text("propagationPolicy") == "Orphan" || options.Flag("orphanDependents"))
        {
            Orphan(item);
        }

        var result = kind.Delete(store, item, options.Number("gracePeriodSeconds") == 0);
        var left = kind.Find(store, item.Metadata.Namespace, item.Metadata.Name);
        return result is WriteResult.Pending && left is not null ? new(StatusCodes.Status200OK, left)
            : kind.ReturnsDeleted ? new(StatusCodes.Status200OK, item)
            : new(StatusCodes.Status200OK, null, Gone(kind, item));
    }

    /// <summary>Deletes all selected objects, and returns them.</summary>
    public IReadOnlyList<KubernetesObject> DeleteAll(RequestTarget target, Selector selector, JsonObject options)
    {
        var doomed = target.Kind.All(store).Where(selector.Selects).ToList();
        foreach (var item in IsDryRun(target, options) ? [] : doomed)
        {
            target.Kind.Delete(store, item, options.Number("gracePeriodSeconds") == 0);
        }

        return doomed;
    }

    // The options of an eviction are in its body, and so may be those of a deletion.
    private static bool IsDryRun(RequestTarget target, JsonObject options) => target.IsDryRun || RequestTarget.IsDry(options.Texts("dryRun"));

    public static JsonObject Success() => new() { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success" };

    private static JsonObject Gone(ApiKind kind, KubernetesObject item)
    {
        var status = Success();
        status["details"] = ApiException.About(kind, item.Metadata.Name, kind.Plural).With("uid", item.Metadata.Uid);
        return status;
    }

    private static void CheckPreconditions(ApiKind kind, KubernetesObject item, JsonNode? preconditions)
    {
        var (name, uid, version) = (item.Metadata.Name, item.Metadata.Uid, MetadataJson.Version(item.Metadata.Version));
        if (preconditions.Text("uid") is { } meant && meant != uid)
        {
            throw ApiException.PreconditionFailed(kind, name, $"the UID in the precondition ({meant}) does not match the UID in record ({uid}). The object might have been deleted and then recreated");
        }

        if (preconditions.Text("resourceVersion") is { } read && read != version)
        {
            throw ApiException.PreconditionFailed(kind, name, $"the ResourceVersion in the precondition ({read}) does not match the ResourceVersion in record ({version}). The object might have been modified");
        }
    }

    private void Orphan(KubernetesObject owner)
    {
        foreach (var dependent in ApiKinds.Table.SelectMany(kind => kind.All(store)).Where(item => item.Metadata.Owner?.Uid == owner.Metadata.Uid).ToList())
        {
            store.Update(dependent with { Metadata = dependent.Metadata with { Owner = null } });
        }
    }
}
