using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Sends every object of one kind to the inbox: lists, then watches, and lists again when the watch cannot be resumed.</summary>
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
            var version = await ListAsync(cancellation);
            while (version is not null)
            {
                var began = clock.GetTimestamp();
                version = await WatchAsync(version, cancellation); // a clean end: resume where it stopped
                if (clock.GetElapsedTime(began) < TimeSpan.FromSeconds(1))
                {
                    return; // a server that closes at once is not healthy: let the caller back off
                }
            }
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
                await inbox.WriteAsync(new Observation.Listed<T>(items.ToImmutable()), cancellation);
                _hasListed = true;
                Listed(items.Count, kind.Resource);
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

    /// <returns>The version to resume from; null if the server no longer has it.</returns>
    private async Task<string?> WatchAsync(string version, CancellationToken cancellation)
    {
        // The server ends each watch after a time that we choose, at random, so that no two of our watches end together. It is shorter than our patience: for objects that do not change,
        // Kubernetes up to 1.20 sends nothing before the bookmark at the end, and a time-out would mean listing everything again.
        var query = $"watch=true&allowWatchBookmarks=true&timeoutSeconds={Random.Shared.Next(100, 160)}&resourceVersion={Uri.EscapeDataString(version)}";
        using var request = Get(Query(query));
        using var stopped = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            using var response = await http.OpenAsync(request, ApiRequests.Deadline, clock, stopped.Token);
            await using var body = await response.Content.ReadAsStreamAsync(stopped.Token);
            await foreach (var seen in WatchStream.ReadAsync(body, Patience, clock, stopped.Token))
            {
                if (seen.Object.ValueKind != JsonValueKind.Object)
                {
                    throw new JsonException($"an event of the watch of {kind.Resource} holds no object");
                }

                if (seen.Type == "ERROR")
                {
                    return Lost(seen);
                }

                version = await TellAsync(seen, cancellation) ?? version;
            }

            return version;
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

    private async Task<string?> TellAsync(WireWatchEvent seen, CancellationToken cancellation)
    {
        if (seen.Type is "ADDED" or "MODIFIED" or "DELETED" && kind.Translate(seen.Object.Deserialize(kind.Item)!) is { } item)
        {
            await inbox.WriteAsync(seen.Type == "DELETED" ? new Observation.Deleted<T>(item) : new Observation.Updated<T>(item), cancellation);
        }

        // Bookmarks carry nothing else.
        return seen.Object.TryGetProperty("metadata", out var metadata) ? metadata.Deserialize(KubernetesJson.Default.WireListMeta)?.ResourceVersion : null;
    }

    private string? Lost(WireWatchEvent seen)
    {
        var status = seen.Object.Deserialize(KubernetesJson.Default.WireStatus);
        Relisting(kind.Resource, status?.Code ?? 0, status?.Message ?? "no reason given");
        return status?.Code == (int)HttpStatusCode.Gone
            ? null
            : throw new KubernetesException(
                (HttpStatusCode)(status?.Code ?? 500),
                $"the watch of {kind.Resource} ended: {status?.Message}",
                status?.Details?.RetryAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
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
