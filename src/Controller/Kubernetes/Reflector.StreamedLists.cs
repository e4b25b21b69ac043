using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <content>Reads the objects with which a watch may begin, and remembers whether that is worth trying.</content>
internal sealed partial class Reflector<TWire, T>
{
    /// <summary>The annotation of the bookmark that ends a streamed list.</summary>
    private const string EndOfAll = "k8s.io/initial-events-end";

    /// <summary>After so many streams in a row that did not send all objects, nothing else is asked than lists: each of those streams has cost time.</summary>
    private const int MostFailedStreams = 3;

    private bool _mayStream = true;
    private int _failedStreams;

    private void Remember(NoStreamedListException failed)
    {
        _mayStream = !failed.IsRefusal && ++_failedStreams < MostFailedStreams;
        DoesNotStream(kind.Resource, failed.Message);
    }

    // Whatever keeps a stream from its end, a list may do without; but not without a connection or a right, and it would not relieve a busy server.
    private static bool MayBeListed(Exception failed) => failed switch
    {
        KubernetesException refused => refused.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests),
        HttpRequestException { InnerException: SettingsException } => false, // there is no credential to send
        HttpRequestException broken => broken.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError),
        _ => failed is IOException or InvalidDataException or JsonException or TimeoutException,
    };

    /// <summary>Reads the objects with which a watch begins, up to the bookmark after them, with the changes that arrive meanwhile.</summary>
    /// <returns>Their version.</returns>
    private async Task<string> ReadAllAsync(WatchStream events, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        var items = new Dictionary<object, T>();
        while (await events.NextAsync(ApiRequests.Deadline, cancellation) is { } seen)
        {
            if (seen.Type == WatchEventType.Error)
            {
                throw Ended(seen);
            }

            if (seen.Type == WatchEventType.Bookmark)
            {
                var metadata = JsonSerializer.Deserialize(seen.Object.Span, KubernetesJson.Default.WireMetadataOnly)!.Metadata;
                if (metadata.Annotations?.GetValueOrDefault(EndOfAll) != "true")
                {
                    throw new InvalidDataException("it does not say where the objects end");
                }

                await ListedAsync([.. items.Values], cancellation);
                _failedStreams = 0;
                return metadata.ResourceVersion ?? throw new InvalidDataException("the bookmark after the objects has no version");
            }

            switch (ChangeOf(seen))
            {
                case Observation.Updated<T> { Item: var item }:
                    items[kind.Key(item)] = item;
                    break;
                case Observation.Deleted<T> { Item: var item }:
                    items.Remove(kind.Key(item));
                    break;
            }

            // A server that does not know what it was asked for goes on with changes, for ever.
            if (clock.GetElapsedTime(began) > ApiRequests.ListLimits.Whole)
            {
                throw new TimeoutException($"not all objects came within {ApiRequests.ListLimits.Whole.TotalSeconds} s");
            }
        }

        throw new InvalidDataException("it ended before it had sent all objects");
    }

    [LoggerMessage(202, LogLevel.Debug, "The API server does not stream the list of {Resource}, so it is read page by page: {Reason}")]
    private partial void DoesNotStream(string resource, string reason);

    /// <summary>The API server did not begin the watch with all objects.</summary>
    private sealed class NoStreamedListException(Exception reason) : Exception(reason.Message, reason)
    {
        /// <summary>Whether it refused to, so that it will again.</summary>
        public bool IsRefusal => InnerException is KubernetesException { Status: HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity };
    }
}
