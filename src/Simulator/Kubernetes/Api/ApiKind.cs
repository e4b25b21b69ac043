using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>One kind of object in the API: its path, its JSON, and its columns in kubectl.</summary>
/// <param name="group">Its group; empty for the core group.</param>
/// <param name="plural">Its plural in lower case.</param>
/// <param name="name">Its name, such as <c>Pod</c>.</param>
/// <param name="namespaced">Whether it is in a namespace.</param>
/// <param name="shortNames">Its short names in kubectl.</param>
internal abstract class ApiKind(string group, string plural, string name, bool namespaced, params string[] shortNames)
{
    public static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    public string Group => group;

    public const string Version = "v1";

    public string Plural => plural;

    public string Name => name;

    public bool IsNamespaced => namespaced;

    public IReadOnlyList<string> ShortNames => shortNames;

    public string ApiVersion => group.Length == 0 ? Version : $"{group}/{Version}";

    public string QualifiedPlural => group.Length == 0 ? plural : $"{plural}.{group}";

    public string QualifiedName => group.Length == 0 ? name : $"{name}.{group}";

    /// <summary>Whether <c>kubectl get all</c> shows it.</summary>
    public virtual bool InAll => false;

    /// <summary>Whether it has a <c>/status</c>.</summary>
    public virtual bool HasStatus => false;

    /// <summary>Whether it has a <c>/scale</c>.</summary>
    public virtual bool HasScale => false;

    /// <summary>Whether it may be replaced without a resourceVersion.</summary>
    public virtual bool AllowsUnconditionalUpdate => true;

    /// <summary>Whether replacing an object that does not exist creates it.</summary>
    public virtual bool AllowsCreateOnUpdate => false;

    /// <summary>Whether the answer to a deletion is the object instead of a Status.</summary>
    public virtual bool ReturnsDeleted => false;

    public abstract IReadOnlyList<Column> Columns { get; }

    public abstract bool Is(KubernetesObject item);

    public abstract IReadOnlyList<KubernetesObject> All(ObjectStore store);

    public abstract KubernetesObject? Find(ObjectStore store, string ns, string itemName);

    public abstract WriteResult Delete(ObjectStore store, KubernetesObject item, bool atOnce);

    /// <summary>The object as JSON without its kind and apiVersion; the caller may change it.</summary>
    public abstract JsonObject Write(KubernetesObject item, WallClock wallClock);

    /// <summary>The same JSON as bytes, cached as long as the object lives.</summary>
    public abstract byte[] Bytes(KubernetesObject item, WallClock wallClock);

    /// <summary>Reads an object from JSON; fields that a client may not set come from the old one.</summary>
    public abstract KubernetesObject Read(Metadata metadata, JsonObject json, KubernetesObject? old, WallClock wallClock);

    /// <summary>The old object with the status from the JSON.</summary>
    public abstract KubernetesObject ReadStatus(JsonObject json, KubernetesObject old, WallClock wallClock);

    /// <summary>The paths of stored fields that the model does not use.</summary>
    public virtual IEnumerable<string> UnsimulatedPaths(KubernetesObject item) => UnsimulatedFields.Paths(item.UnsimulatedFields, "");

    /// <summary>The number of replicas wanted and ready, and their selector, for kinds with a <c>/scale</c>.</summary>
    public virtual (int Replicas, int Ready, string Selector) Scale(KubernetesObject item) => throw ApiException.NoPath();

    public virtual KubernetesObject Scaled(KubernetesObject item, int replicas) => throw ApiException.NoPath();

    public abstract IReadOnlyList<JsonNode?> Cells(KubernetesObject item, WallClock wallClock);

    /// <summary>Returns the value of a field for field selectors; null if the field is not supported.</summary>
    public abstract Func<KubernetesObject, string>? Field(string field);
}

/// <summary>A column of kubectl's tables.</summary>
internal record Column(string Name, string Type, string Format, bool IsWide);

/// <inheritdoc cref="ApiKind"/>
internal abstract class ApiKind<T>(string group, string plural, string name, bool namespaced, params string[] shortNames) : ApiKind(group, plural, name, namespaced, shortNames)
    where T : KubernetesObject
{
    private readonly ConditionalWeakTable<KubernetesObject, byte[]> _bytes = [];

    /// <summary>A column with its content.</summary>
    protected sealed record Cell(string Name, Func<T, WallClock, JsonNode?> Text, bool IsWide = false, string Type = "string", string Format = "") : Column(Name, Type, Format, IsWide);

    protected static Cell NameCell { get; } = new("Name", (item, _) => item.Metadata.Name, Format: "name");

    protected static Cell AgeCell { get; } = new("Age", (item, wallClock) => wallClock.Age(item.Metadata.Created));

    /// <summary>The text of a cell, or what <c>kubectl</c> shows for none.</summary>
    protected static string OrNone(string text) => text.Length == 0 ? "<none>" : text;

    public sealed override IReadOnlyList<Column> Columns => Table;

    protected abstract IReadOnlyList<Cell> Table { get; }

    public sealed override bool Is(KubernetesObject item) => item is T;

    public sealed override IReadOnlyList<KubernetesObject> All(ObjectStore store) => [.. store.All<T>()];

    public sealed override KubernetesObject? Find(ObjectStore store, string ns, string itemName) => store.Find<T>(ns, itemName);

    public sealed override WriteResult Delete(ObjectStore store, KubernetesObject item, bool atOnce) => store.Delete<T>(item.Metadata.Namespace, item.Metadata.Name, item.Metadata.Uid, atOnce);

    public sealed override JsonObject Write(KubernetesObject item, WallClock wallClock)
    {
        var json = new JsonObject { ["metadata"] = MetadataJson.Write(item, wallClock) };
        Write((T)item, json, wallClock);
        UnsimulatedFields.Restore(json, item.UnsimulatedFields);
        return json;
    }

    public sealed override byte[] Bytes(KubernetesObject item, WallClock wallClock) => _bytes.GetValue(item, written => Json.Bytes(Write(written, wallClock)));

    public sealed override KubernetesObject Read(Metadata metadata, JsonObject json, KubernetesObject? old, WallClock wallClock)
    {
        var item = Read(metadata, json, (T?)old, wallClock) with { UnsimulatedFields = null };
        return StoresUnsimulatedFields ? item with { UnsimulatedFields = UnsimulatedFields.Of(json, Write(item, wallClock), "kind", "apiVersion", "metadata", "status") } : item;
    }

    public sealed override KubernetesObject ReadStatus(JsonObject json, KubernetesObject old, WallClock wallClock) => ReadStatus(json.At("status"), (T)old, wallClock);

    public sealed override IReadOnlyList<JsonNode?> Cells(KubernetesObject item, WallClock wallClock) => [.. Table.Select(cell => cell.Text((T)item, wallClock))];

    public sealed override Func<KubernetesObject, string>? Field(string field) => field switch
    {
        "metadata.name" => item => item.Metadata.Name,
        "metadata.namespace" => item => item.Metadata.Namespace,
        _ when FieldOf(field) is { } own => item => own((T)item) ?? "",
        _ => null,
    };

    /// <summary>Whether fields that the model does not use are stored.</summary>
    protected virtual bool StoresUnsimulatedFields => true;

    protected abstract void Write(T item, JsonObject json, WallClock wallClock);

    protected abstract T Read(Metadata metadata, JsonObject json, T? old, WallClock wallClock);

    protected virtual T ReadStatus(JsonNode? status, T old, WallClock wallClock) => throw ApiException.NoPath();

    /// <summary>The fields that a field selector supports besides name and namespace.</summary>
    protected virtual Func<T, string?>? FieldOf(string field) => null;
}
