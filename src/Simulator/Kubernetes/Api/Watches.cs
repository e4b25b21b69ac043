using System.Threading.Channels;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>One line of a watch: a change, a version alone, which may end the list with which the watch begins, or a refusal.</summary>
internal readonly record struct WatchEvent(string Type, KubernetesObject? Item, long Version, ApiException? Error = null, bool EndsList = false);

/// <summary>All watches. Call its methods under the world's lock.</summary>
internal sealed class Watches
{
    private readonly ObjectStore _store;
    private readonly List<Watch> _open = [];

    public Watches(ObjectStore store)
    {
        _store = store;
        store.Changed += Notify;
    }

    public int Count => _open.Count;

    public void Stop()
    {
        _store.Changed -= Notify;
        _open.ForEach(watch => watch.End());
    }

    /// <summary>Begins a watch after a version; without one, or at 0, with all existing objects.</summary>
    /// <param name="expiresWithin">Whether an expired version is reported within the watch.</param>
    public Watch Open(ApiKind kind, Selector selector, long? version, bool expiresWithin)
    {
        var watch = new Watch(kind, selector);
        if (version is null or 0)
        {
            foreach (var item in kind.All(_store))
            {
                watch.Handle(new(item.Metadata.Version, ChangeType.Added, item));
            }
        }
        else if (_store.Since(version.Value) is { } since)
        {
            foreach (var change in since)
            {
                watch.Handle(change);
            }
        }
        else if (TooOld(version.Value) is var expired && expiresWithin)
        {
            watch.Fail(expired);
            return watch;
        }
        else
        {
            throw expired;
        }

        _open.Add(watch);
        return watch;
    }

    public void Close(Watch watch) => _open.Remove(watch);

    /// <summary>Ends all watches with an expiry error (410).</summary>
    public void Expire()
    {
        _open.ForEach(watch => watch.Fail(TooOld(_store.Version)));
        _open.Clear();
    }

    /// <summary>Breaks the connections of all watches.</summary>
    public void Cut()
    {
        _open.ForEach(watch => watch.Cut());
        _open.Clear();
    }

    private ApiException TooOld(long version) => ApiException.Expired($"too old resource version: {version} ({_store.OldestVersion})");

    private void Notify(Change change) => _open.ForEach(watch => watch.Handle(change));
}

/// <summary>One watch, and its unsent events.</summary>
internal sealed class Watch(ApiKind kind, Selector selector)
{
    private readonly Channel<WatchEvent> _events = Channel.CreateUnbounded<WatchEvent>();

    public ChannelReader<WatchEvent> Events => _events.Reader;

    /// <summary>Whether the connection breaks instead of ending properly.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Queues a change as the selector shows it: an object that no longer matches counts as deleted.</summary>
    public void Handle(Change change)
    {
        if (!kind.Is(change.Item))
        {
            return;
        }

        var was = change.Before is { } before && selector.Selects(before);
        var isThere = change.Type is not ChangeType.Deleted && selector.Selects(change.Item);
        if (was || isThere)
        {
            var item = isThere || change.Type is ChangeType.Deleted ? change.Item : change.Before! with { Metadata = change.Before.Metadata with { Version = change.Version } };
            _events.Writer.TryWrite(new((was, isThere) switch { (_, false) => "DELETED", (true, _) => "MODIFIED", _ => "ADDED" }, item, change.Version));
        }
    }

    public void Bookmark(long version, bool endsList = false) => _events.Writer.TryWrite(new("BOOKMARK", null, version, EndsList: endsList));

    public void Fail(ApiException error)
    {
        _events.Writer.TryWrite(new("ERROR", null, 0, error));
        End();
    }

    public void Cut()
    {
        IsCut = true;
        End();
    }

    /// <summary>Ends the watch; queued events are still sent.</summary>
    public void End() => _events.Writer.TryComplete();
}
