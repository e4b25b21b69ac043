using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>The result of a write.</summary>
public enum WriteResult
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>It is accepted, and takes effect when finalizers are removed or the kubelet has ended the pod.</summary>
    Pending,

    /// <summary>There is no such object (404).</summary>
    NotFound,

    /// <summary>An object of that name exists already (409, AlreadyExists).</summary>
    AlreadyExists,

    /// <summary>The version or the uid does not match (409, Conflict).</summary>
    Conflict,
}

/// <summary>The type of a change, spelled as in watches.</summary>
public enum ChangeType
{
    /// <summary>It was created.</summary>
    Added,

    /// <summary>It was changed.</summary>
    Modified,

    /// <summary>It was deleted; the change has its last state, at the version of its removal.</summary>
    Deleted,
}

/// <summary>One change in the history of the store.</summary>
public readonly record struct Change(long Version, ChangeType Type, KubernetesObject Item)
{
    /// <summary>The object before it; null if there was none.</summary>
    public KubernetesObject? Before { get; init; }
}

/// <summary>The API server's state: objects, versions and history, with the write rules of etcd and the API server.</summary>
/// <remarks>Not thread-safe; time is the event queue's. Subscribers of <see cref="Changed"/> may write: the store raises the event for one change after the other, in order.</remarks>
public sealed class ObjectStore(EventQueue eventQueue)
{
    private readonly Dictionary<Type, SortedDictionary<string, KubernetesObject>> _kinds = [];
    private readonly List<Change> _history = [];
    private readonly Queue<Change> _untold = new();
    private bool _isTelling;
    private long _uids;

    /// <summary>Raised for every change, after it.</summary>
    public event Action<Change>? Changed;

    /// <summary>The source of time.</summary>
    public EventQueue EventQueue => eventQueue;

    /// <summary>The number of writes so far: the resourceVersion of a list.</summary>
    public long Version { get; private set; }

    /// <summary>The oldest version at which a watch can still begin.</summary>
    public long OldestVersion { get; private set; }

    /// <summary>How many changes are kept for watches; 0 for none, which makes every watch begin with a list.</summary>
    public int Memory { get; set; } = 10_000;

    /// <summary>All objects of a kind, by namespace and name.</summary>
    public IReadOnlyCollection<T> All<T>() where T : KubernetesObject => Kind(typeof(T)) is { Count: > 0 } kind ? [.. kind.Values.Cast<T>()] : [];

    /// <summary>All objects of a kind, in the same order and without a copy: the caller must not write while it iterates.</summary>
    public IEnumerable<T> Each<T>() where T : KubernetesObject => Kind(typeof(T)).Values.Cast<T>();

    /// <summary>The object of that <see cref="KubernetesObject.Key"/>; null if there is none.</summary>
    public T? FindByKey<T>(string key) where T : KubernetesObject => (T?)Kind(typeof(T)).GetValueOrDefault(key);

    /// <summary>The object of that name; null if there is none.</summary>
    public T? Find<T>(string ns, string name) where T : KubernetesObject => (T?)Kind(typeof(T)).GetValueOrDefault(KubernetesObject.KeyOf(ns, name));

    /// <summary>The cluster-scoped object of that name; null if there is none.</summary>
    public T? Find<T>(string name) where T : KubernetesObject => Find<T>("", name);

    /// <summary>The current state of an object that was read earlier; null if that incarnation is gone.</summary>
    public T? Now<T>(T item) where T : KubernetesObject => Find<T>(item.Metadata.Namespace, item.Metadata.Name) is { } now && now.Is(item) ? now : null;

    /// <summary>The changes after a version; null if they are no longer kept (410, Expired).</summary>
    public IEnumerable<Change>? Since(long version) => version < OldestVersion ? null : _history.SkipWhile(change => change.Version <= version);

    /// <summary>Adds an object, and assigns its uid, its version and its time.</summary>
    public WriteResult Create<T>(T item, out T stored) where T : KubernetesObject
    {
        stored = item;
        if (Kind(item.GetType()).ContainsKey(item.Key))
        {
            return WriteResult.AlreadyExists;
        }

        stored = item with
        {
            Metadata = item.Metadata with { Uid = $"{++_uids:x8}-0000-4000-8000-{(long)eventQueue.Now.TotalMilliseconds:x12}", Version = ++Version, Created = eventQueue.Now, Deleting = null, DeletingAtOnce = false },
        };
        Put(stored, ChangeType.Added);
        return WriteResult.Done;
    }

    /// <summary>Adds an object.</summary>
    public WriteResult Create<T>(T item) where T : KubernetesObject => Create(item, out T _);

    /// <summary>Replaces an object, unless it was written since it was read. A terminating object vanishes with its last finalizer.</summary>
    public WriteResult Update<T>(T item) where T : KubernetesObject
    {
        if (!Kind(item.GetType()).TryGetValue(item.Key, out var current))
        {
            return WriteResult.NotFound;
        }

        if (!current.Is(item) || current.Metadata.Version != item.Metadata.Version)
        {
            return WriteResult.Conflict;
        }

        if (item.Equals(current))
        {
            return WriteResult.Done;
        }

        var written = item with { Metadata = item.Metadata with { Version = ++Version } };
        if (written.Metadata.Deleting is not null && !Waits(written))
        {
            Remove(written);
        }
        else
        {
            Put(written, ChangeType.Modified);
        }

        return WriteResult.Done;
    }

    /// <summary>Changes the current state of an object; has no effect if that incarnation is gone.</summary>
    public WriteResult Change<T>(T item, Func<T, T> change) where T : KubernetesObject => Now(item) is { } now ? Update(change(now)) : WriteResult.NotFound;

    /// <summary>Deletes an object.</summary>
    /// <param name="ns">Its namespace; empty for cluster-scoped objects.</param>
    /// <param name="name">Its name.</param>
    /// <param name="uid">The required incarnation; null for any.</param>
    /// <param name="atOnce">Whether a pod that is bound vanishes without waiting for its kubelet (<c>gracePeriodSeconds: 0</c>).</param>
    public WriteResult Delete<T>(string ns, string name, string? uid = null, bool atOnce = false) where T : KubernetesObject
    {
        if (Find<T>(ns, name) is not { } item)
        {
            return WriteResult.NotFound;
        }

        if (uid is not null && uid != item.Metadata.Uid)
        {
            return WriteResult.Conflict;
        }

        var deleted = item with { Metadata = item.Metadata with { Deleting = item.Metadata.Deleting ?? eventQueue.Now, DeletingAtOnce = item.Metadata.DeletingAtOnce || atOnce } };
        if (Waits(deleted))
        {
            _ = Update(deleted);
            return WriteResult.Pending;
        }

        Remove(deleted with { Metadata = deleted.Metadata with { Version = ++Version } });
        return WriteResult.Done;
    }

    /// <summary>Discards the history, so that watches must begin anew (410).</summary>
    public void Compact() => Forget(_history.Count);

    private static bool Waits(KubernetesObject deleted) =>
        !deleted.Metadata.Finalizers.IsEmpty || (!deleted.Metadata.DeletingAtOnce && deleted is Pod { Spec.NodeName: not null, IsOver: false });

    private SortedDictionary<string, KubernetesObject> Kind(Type type)
    {
        if (!_kinds.TryGetValue(type, out var kind))
        {
            _kinds[type] = kind = new(StringComparer.Ordinal);
        }

        return kind;
    }

    private void Put(KubernetesObject item, ChangeType type)
    {
        var kind = Kind(item.GetType());
        var before = kind.GetValueOrDefault(item.Key);
        kind[item.Key] = item;
        Publish(new(item.Metadata.Version, type, item) { Before = before });
    }

    private void Remove(KubernetesObject item)
    {
        Kind(item.GetType()).Remove(item.Key, out var before);
        Publish(new(item.Metadata.Version, ChangeType.Deleted, item) { Before = before });
    }

    private void Publish(Change change)
    {
        _history.Add(change);
        if (_history.Count > 2 * Memory)
        {
            Forget(_history.Count - Memory);
        }

        _untold.Enqueue(change);
        if (_isTelling)
        {
            return;
        }

        _isTelling = true;
        while (_untold.TryDequeue(out var next))
        {
            Changed?.Invoke(next);
        }

        _isTelling = false;
    }

    private void Forget(int changes)
    {
        if (changes > 0)
        {
            OldestVersion = _history[changes - 1].Version;
            _history.RemoveRange(0, changes);
        }
    }
}
