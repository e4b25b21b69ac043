using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>A collection of the API server, kept up to date by a watch, with notifications for callers that wait for a change.</summary>
/// <param name="api">The API client.</param>
/// <param name="path">The path of the collection.</param>
/// <param name="belongs">Selects the relevant objects.</param>
/// <param name="keyOf">The key of an object, if not its name behind its namespace.</param>
public sealed class Informer(Api api, string path, Func<JsonNode, bool> belongs, Func<JsonNode, string>? keyOf = null) : IAsyncDisposable
{
    private readonly Func<JsonNode, string> _keyOf = keyOf ?? (item => item.Key);
    private readonly ConcurrentDictionary<string, JsonNode> _items = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _awaited = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _changed = NewSignal();
    private Task _running = Task.CompletedTask;

    public ICollection<JsonNode> Items => _items.Values;

    /// <summary>Raised for every object seen, in order, on the watch's own thread: handlers must not block.</summary>
    public event Action<JsonNode>? Seen;

    /// <summary>Raised for every deleted object, with its last known state.</summary>
    public event Action<JsonNode>? Gone;

    public JsonNode? Find(string key) => _items.GetValueOrDefault(key);

    /// <summary>Begins to watch; completes when the first list is in.</summary>
    public Task StartAsync(CancellationToken cancellation)
    {
        _running = RunAsync(_closing.Token);
        return _listed.Task.WaitAsync(cancellation);
    }

    /// <summary>Waits until the query returns an answer, and repeats it after each change.</summary>
    public async Task<T> UntilAsync<T>(Func<T?> answer, CancellationToken cancellation)
        where T : class
    {
        while (true)
        {
            // Taken before the query, so that a change in between is not missed.
            var changed = Volatile.Read(ref _changed).Task;
            if (answer() is { } found)
            {
                return found;
            }
            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Waits until the query returns an answer, and repeats it after each change of one object, so that a thousand callers can each wait for one.</summary>
    public async Task<T> UntilAsync<T>(string key, Func<T?> answer, CancellationToken cancellation)
        where T : class
    {
        while (true)
        {
            var changed = _awaited.GetOrAdd(key, _ => NewSignal()).Task;
            if (answer() is { } found)
            {
                return found;
            }
            await changed.WaitAsync(cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _closing.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await WatchAsync(await ListAsync(cancellation), cancellation);
            }
            catch (Exception transient) when (transient is HttpRequestException or IOException or JsonException or ApiException && !cancellation.IsCancellationRequested)
            {
                // The API server is restarting, or the version is too old to watch from: list anew.
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
            }
        }
    }

    private async Task<string> ListAsync(CancellationToken cancellation)
    {
        var list = await api.GetAsync(path, cancellation);
        var present = list.Items("items").Where(belongs).ToDictionary(_keyOf);
        foreach (var (key, known) in _items)
        {
            // The same name with another uid is another object: the known one is gone.
            if (!present.TryGetValue(key, out var now) || now.Uid != known.Uid)
            {
                Remove(key, known);
            }
        }
        foreach (var item in present.Values)
        {
            Put(item);
        }
        _listed.TrySetResult();
        return list.ResourceVersion;
    }

    private async Task WatchAsync(string resourceVersion, CancellationToken cancellation)
    {
        await foreach (var (type, item) in api.WatchAsync(path, resourceVersion, cancellation))
        {
            if (type is "ERROR")
            {
                return;
            }
            if (!belongs(item))
            {
                continue;
            }
            if (type is "DELETED")
            {
                Remove(_keyOf(item), item);
            }
            else
            {
                Put(item);
            }
        }
    }

    private void Put(JsonNode item)
    {
        var key = _keyOf(item);
        _items[key] = item;
        Seen?.Invoke(item);
        WakeWaiters(key);
    }

    private void Remove(string key, JsonNode last)
    {
        _items.TryRemove(key, out _);
        Gone?.Invoke(last);
        WakeWaiters(key);
    }

    private void WakeWaiters(string key)
    {
        if (_awaited.TryRemove(key, out var awaited))
        {
            awaited.SetResult();
        }
        Interlocked.Exchange(ref _changed, NewSignal()).SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
