using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>What a write came to.</summary>
public enum WriteResult
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>It is accepted, and takes effect when finalizers are removed or the kubelet has ended the pod.</summary>
    Pending,

    /// <summary>There is no such object (404).</summary>
    NotFound,

    /// <summary>There is one of that name already (409, AlreadyExists).</summary>
    AlreadyExists,

    /// <summary>It is not the version, or not the incarnation, that was meant (409, Conflict).</summary>
    Conflict,
}

/// <summary>How an object changed, spelled as watches do.</summary>
public enum ChangeType
{
    /// <summary>It is new.</summary>
    Added,

    /// <summary>It is different.</summary>
    Modified,

    /// <summary>It is gone; the object is as it was last, at the version of its removal.</summary>
    Deleted,
}

/// <summary>One step in the history of the store.</summary>
public readonly record struct Change(long Version, ChangeType Type, KubernetesObject Item)
{
    /// <summary>The object before it; null if there was none.</summary>
    public KubernetesObject? Before { get; init; }
}

/// <summary>The API server's truth: objects, versions and history, with the rules of writing that etcd and the API server have together.</summary>
/// <remarks>Not thread-safe; time is the agenda's. Subscribers of <see cref="Changed"/> may write: they are told one change after the other, in order.</remarks>
public sealed class ObjectStore(EventQueue eventQueue)
{
    private readonly Dictionary<Type, SortedDictionary<string, KubernetesObject>> _kinds = [];
    private readonly List<Change> _history = [];
    private readonly Queue<Change> _untold = new();
    private bool _isTelling;
    private long _uids;

    /// <summary>Told of every change, after it.</summary>
    public event Action<Change>? Changed;

    /// <summary>Whose time it is.</summary>
    public EventQueue EventQueue => eventQueue;

    /// <summary>The number of writes so far: the resourceVersion of a list.</summary>
    public long Version { get; private set; }

    /// <summary>The oldest version that a watch can still begin at.</summary>
    public long OldestVersion { get; private set; }

    /// <summary>How many changes are remembered for watches; 0 for none, which makes every watch begin with a list.</summary>
    public int Memory { get; set; } = 10_000;

    /// <summary>All objects of a kind, by namespace and name.</summary>
    public IReadOnlyCollection<T> All<T>() where T : KubernetesObject => Kind(typeof(T)) is { Count: > 0 } kind ? [.. kind.Values.Cast<T>()] : [];

    /// <summary>All objects of a kind, in the same order and without a copy: nothing may be written meanwhile.</summary>
    public IEnumerable<T> Each<T>() where T : KubernetesObject => Kind(typeof(T)).Values.Cast<T>();

    /// <summary>The object of that <see cref="KubernetesObject.Key"/>; null if there is none.</summary>
    public T? FindByKey<T>(string key) where T : KubernetesObject => (T?)Kind(typeof(T)).GetValueOrDefault(key);

    /// <summary>The object of that name; null if there is none.</summary>
    public T? Find<T>(string ns, string name) where T : KubernetesObject => (T?)Kind(typeof(T)).GetValueOrDefault(KubernetesObject.KeyOf(ns, name));

    /// <summary>The object of that name, of the whole cluster; null if there is none.</summary>
    public T? Find<T>(string name) where T : KubernetesObject => Find<T>("", name);

    /// <summary>The present state of an object that was read earlier; null if that incarnation is gone.</summary>
    public T? Now<T>(T item) where T : KubernetesObject => Find<T>(item.Metadata.Namespace, item.Metadata.Name) is { } now && now.Is(item) ? now : null;

    /// <summary>What has happened after a version; null if that is forgotten (410, Expired).</summary>
    public IEnumerable<Change>? Since(long version) => version < OldestVersion ? null : _history.SkipWhile(change => change.Version <= version);

    /// <summary>Adds an object, and gives it its uid, its version and its time.</summary>
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

    /// <summary>Replaces an object, if nobody was faster since it was read. One that is being deleted vanishes with its last finalizer.</summary>
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

    /// <summary>Changes an object as it is now; nothing happens if that incarnation is gone.</summary>
    public WriteResult Change<T>(T item, Func<T, T> change) where T : KubernetesObject => Now(item) is { } now ? Update(change(now)) : WriteResult.NotFound;

    /// <summary>Deletes an object.</summary>
    /// <param name="ns">Its namespace; empty for objects of the whole cluster.</param>
    /// <param name="name">Its name.</param>
    /// <param name="uid">The incarnation that is meant; null for any.</param>
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

    /// <summary>Forgets the history, so that watches have to begin anew (410).</summary>
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
        Tell(new(item.Metadata.Version, type, item) { Before = before });
    }

    private void Remove(KubernetesObject item)
    {
        Kind(item.GetType()).Remove(item.Key, out var before);
        Tell(new(item.Metadata.Version, ChangeType.Deleted, item) { Before = before });
    }

    private void Tell(Change change)
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
