using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Sends every object of one kind to the inbox: first what is there, then every change, and again what is there when the watch cannot be resumed.</summary>
/// <remarks>
/// A watch that begins with all objects (a streamed list) costs the API server the least: it encodes one object at a time. Kubernetes knows it since 1.27, and has it turned on since 1.34.
/// Others refuse it, ignore that it was asked for, or fail in the middle (Kubernetes 1.34 with an etcd before 3.4.31 or 3.5.13); there, this lists.
/// </remarks>
internal sealed partial class Reflector<TWire, T>(
    HttpClient http, WatchedKind<TWire, T> kind, ChannelWriter<Observation> inbox, TimeProvider clock, ILogger logger)
    where TWire : class
    where T : class
{
    private const int PageSize = 500;

    /// <summary>
    /// The first list comes from the API server's memory, as every informer's does. That costs etcd nothing, and the watch that follows brings it up to date at once. Later lists are read from
    /// etcd, so that they are never older than what was seen before.
    /// </summary>
    private const string FromTheCache = "resourceVersion=0";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private bool _hasListed;

    /// <summary>Runs until the watch cannot be resumed. The caller then reports the source as lost, backs off and calls again.</summary>
    public async Task FollowAsync(CancellationToken cancellation)
    {
        try
        {
            var version = _mayStream ? null : await ListAsync(cancellation);
            do
            {
                var began = clock.GetTimestamp();
                try
                {
                    version = await WatchAsync(version, cancellation); // a clean end: resume where it stopped
                }
                catch (NoStreamedListException failed)
                {
                    Remember(failed);
                    version = await ListAsync(cancellation);
                    continue;
                }

                if (clock.GetElapsedTime(began) < TimeSpan.FromSeconds(1))
                {
                    return; // a server that closes at once is not healthy: let the caller back off
                }
            }
            while (version is not null);
        }
        catch (KubernetesException forbidden) when (forbidden.Status == HttpStatusCode.Forbidden)
        {
            if (kind.Optional && !_hasListed)
            {
                await inbox.WriteAsync(new Observation.Listed<T>([]), cancellation);
                _hasListed = true;
            }

            throw new KubernetesException(forbidden.Status, RefusalText.Explain(forbidden, RefusalText.Missing(kind.Group, kind.Resource, "list", "watch")), forbidden.RetryAfter);
        }
    }

    private async Task<string?> ListAsync(CancellationToken cancellation)
    {
        var items = ImmutableArray.CreateBuilder<T>();
        for (string? next = null; ;)
        {
            using var request = Get(Query(_hasListed || next is not null ? $"limit={PageSize}&continue={Uri.EscapeDataString(next ?? "")}" : FromTheCache));
            var metadata = await http.SendAsync(request, ApiRequests.ListLimits, new ListReader<TWire>(kind.Item, Take).ReadAsync, clock, cancellation);
            next = metadata.Continue;
            if (string.IsNullOrEmpty(next))
            {
                await ListedAsync(items.ToImmutable(), cancellation);
                return metadata.ResourceVersion;
            }
        }

        void Take(TWire wire)
        {
            if (kind.Translate(wire) is { } item)
            {
                items.Add(item); // the wire object dies here
            }
        }
    }

    private async Task ListedAsync(ImmutableArray<T> items, CancellationToken cancellation)
    {
        await inbox.WriteAsync(new Observation.Listed<T>(items), cancellation);
        _hasListed = true;
        Listed(items.Length, kind.Resource);
    }

    /// <param name="version">The version after which to watch; null to begin with all objects.</param>
    /// <param name="cancellation">Ends the watch.</param>
    /// <returns>The version to resume from; null if the server no longer has it.</returns>
    /// <exception cref="NoStreamedListException">The server did not send all objects with which the watch was to begin. A list may succeed.</exception>
    private async Task<string?> WatchAsync(string? version, CancellationToken cancellation)
    {
        // The server ends each watch after a time that we choose, at random, so that no two of our watches end together. It is shorter than our patience: for objects that do not change,
        // Kubernetes up to 1.20 sends nothing before the bookmark at the end, and a time-out would mean listing everything again.
        var from = version is null ? "sendInitialEvents=true&resourceVersionMatch=NotOlderThan" : $"resourceVersion={Uri.EscapeDataString(version)}";
        using var request = Get(Query($"watch=true&allowWatchBookmarks=true&timeoutSeconds={Random.Shared.Next(100, 160)}&{from}"));
        using var stopped = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            using var response = await http.OpenAsync(request, ApiRequests.Deadline, clock, stopped.Token);
            await using var body = await response.Content.ReadAsStreamAsync(stopped.Token);
            var events = new WatchStream(body, clock);
            version ??= await ReadAllAsync(events, stopped.Token);
            while (await events.NextAsync(Patience, stopped.Token) is { } seen)
            {
                if (seen.Type == WatchEventType.Error)
                {
                    return Lost(seen);
                }

                if (ChangeOf(seen) is { } change)
                {
                    await inbox.WriteAsync(change, cancellation);
                }

                // Bookmarks carry nothing else.
                version = JsonSerializer.Deserialize(seen.Object.Span, KubernetesJson.Default.WireVersioned)!.Metadata?.ResourceVersion ?? version;
            }

            return version;
        }
        catch (Exception failed) when (version is null && MayBeListed(failed))
        {
            throw new NoStreamedListException(failed);
        }
        catch (KubernetesException gone) when (gone.Status == HttpStatusCode.Gone)
        {
            return null;
        }
        finally
        {
            await stopped.CancelAsync(); // closes the connection at once instead of draining it
        }
    }

    private Observation? ChangeOf(WatchEvent seen) =>
        seen.Type is not (WatchEventType.Added or WatchEventType.Modified or WatchEventType.Deleted) || kind.Translate(JsonSerializer.Deserialize(seen.Object.Span, kind.Item)!) is not { } item ? null
        : seen.Type == WatchEventType.Deleted ? new Observation.Deleted<T>(item) : new Observation.Updated<T>(item);

    private string? Lost(WatchEvent seen)
    {
        var ended = Ended(seen);
        return ended.Status == HttpStatusCode.Gone ? null : throw ended;
    }

    private KubernetesException Ended(WatchEvent seen)
    {
        var status = JsonSerializer.Deserialize(seen.Object.Span, KubernetesJson.Default.WireStatus)!;
        Relisting(kind.Resource, status.Code, status.Message ?? "no reason given");
        return new(
            (HttpStatusCode)(status.Code == 0 ? 500 : status.Code),
            $"the watch of {kind.Resource} ended: {status.Message}",
            status.Details?.RetryAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
    }

    private HttpRequestMessage Get(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (kind.MetadataOnly)
        {
            request.Headers.Accept.ParseAdd($"application/json;as=PartialObjectMetadata{(path.Contains("watch=true", StringComparison.Ordinal) ? "" : "List")};g=meta.k8s.io;v=v1");
        }

        return request;
    }

    private string Query(string query) =>
        kind.Selector.Length == 0 ? $"{kind.Path}?{query}" : $"{kind.Path}?labelSelector={Uri.EscapeDataString(kind.Selector)}&{query}";

    [LoggerMessage(200, LogLevel.Debug, "Listed {Count} {Resource}.")]
    private partial void Listed(int count, string resource);

    [LoggerMessage(201, LogLevel.Debug, "Listing {Resource} again: the watch ended with {Code}, {Reason}")]
    private partial void Relisting(string resource, int code, string reason);
}
