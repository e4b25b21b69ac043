using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Answers a watch: one line for each event, each sent at once, until its time is up.</summary>
internal sealed class WatchApi(ObjectStore store, WorldClock clock, Watches watches, WallClock wallClock, KubernetesHazards hazards, KubernetesOptions options)
{
    /// <summary>The time between the last bookmark and the end of a watch.</summary>
    private static readonly TimeSpan _lastBookmark = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(30);

    public async Task AnswerAsync(HttpContext context, RequestTarget target)
    {
        var query = context.Request.Query;
        var objectRendering = ObjectRendering.Of(context.Request, target.Kind, wallClock, isList: false);
        var selector = target.Selector(query);
        var watch = clock.Ask(() => Open(target.Kind, selector, query));
        using var timers = new Timers(this, watch, TimeOf(query), IsSet(query, "allowWatchBookmarks"));
        try
        {
            context.Response.ContentType = "application/json";
            await context.Response.Body.FlushAsync(context.RequestAborted); // the headers go out before any event
            await foreach (var watchEvent in watch.Events.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.Body.WriteAsync(Line(watchEvent, objectRendering), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected.
        }
        finally
        {
            clock.Do(() => watches.Close(watch));
        }

        if (watch.IsCut)
        {
            context.Abort();
        }
    }

    private Watch Open(ApiKind kind, Selector selector, IQueryCollection query)
    {
        var isStreamedList = IsSet(query, "sendInitialEvents");
        RefuseInvalid(query["sendInitialEvents"].Count > 0, query["resourceVersionMatch"].ToString());
        var version = MetadataJson.Version(query["resourceVersion"]);
        if (isStreamedList && version > store.Version)
        {
            throw ApiException.TooLargeVersion(version.Value, store.Version);
        }

        var watch = watches.Open(kind, selector, isStreamedList ? null : version, hazards.ReportsExpiryWithinWatches);
        if (isStreamedList && IsSet(query, "allowWatchBookmarks"))
        {
            watch.Bookmark(store.Version, endsList: true);
        }

        return watch;
    }

    private void RefuseInvalid(bool saysInitialEvents, string match)
    {
        if (saysInitialEvents && match != "NotOlderThan")
        {
            throw ApiException.InvalidOptions("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }

        if (saysInitialEvents && !options.StreamsLists)
        {
            throw ApiException.InvalidOptions("sendInitialEvents", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
        }

        if (!saysInitialEvents && match.Length > 0)
        {
            throw ApiException.InvalidOptions("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }
    }

    public static bool IsSet(IQueryCollection query, string name) => query[name].ToString() is "1" or "true" or "True";

    private static TimeSpan TimeOf(IQueryCollection query) =>
        int.TryParse(query["timeoutSeconds"], CultureInfo.InvariantCulture, out var seconds) && seconds > 0 ? TimeSpan.FromSeconds(seconds) : _longest;

    private static byte[] Line(WatchEvent watchEvent, ObjectRendering objectRendering) =>
    [
        .. Json.Bytes(json =>
        {
            json.WriteStartObject();
            json.WriteString("type", watchEvent.Type);
            json.WritePropertyName("object");
            if (watchEvent.Error is { } error)
            {
                error.ToStatus().WriteTo(json);
            }
            else if (watchEvent.Item is { } item)
            {
                objectRendering.Write(json, item);
            }
            else
            {
                objectRendering.WriteBookmark(json, watchEvent.Version, watchEvent.EndsList);
            }

            json.WriteEndObject();
        }),
        (byte)'\n',
    ];

    /// <summary>A watch's timers, for bookmarks and its end.</summary>
    private sealed class Timers : IDisposable
    {
        private readonly List<ITimer> _timers = [];

        public Timers(WatchApi api, Watch watch, TimeSpan length, bool withBookmarks)
        {
            var time = api.Time;
            _timers.Add(time.CreateTimer(_ => watch.End(), null, length, Timeout.InfiniteTimeSpan));
            if (!withBookmarks)
            {
                return;
            }

            _timers.Add(time.CreateTimer(_ => api.Bookmark(watch), null, api.BookmarkPeriod, api.BookmarkPeriod));
            if (length > _lastBookmark)
            {
                _timers.Add(time.CreateTimer(_ => api.Bookmark(watch), null, length - _lastBookmark, Timeout.InfiniteTimeSpan));
            }
        }

        public void Dispose() => _timers.ForEach(timer => timer.Dispose());
    }

    private TimeProvider Time => clock.Time;

    private TimeSpan BookmarkPeriod => options.BookmarkPeriod;

    private void Bookmark(Watch watch) => clock.Do(() => watch.Bookmark(store.Version));
}
