using System.Net.Http.Headers;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Sends GET requests to the given LINSTOR controller: the one place where a request is sent, measured and ended at its deadline.</summary>
internal sealed class LinstorRequests(LinstorSettings settings, TimeProvider clock, RequestLatency latency) : IDisposable
{
    private const int LargestBody = 64 << 20;

    private readonly HttpClient _http = Client(settings);

    /// <summary>How long each request may take, its body included. A stream has no deadline.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Sends one request, once.</summary>
    /// <exception cref="LinstorException">There was no answer. A status is an answer.</exception>
    public async Task<LinstorReply> AskAsync(ControllerAddress at, string path, CancellationToken cancellation)
    {
        using var request = Request(at, path, "application/json");
        var began = clock.GetTimestamp();
        try
        {
            var reply = await WithinDeadlineAsync(at, path, ReplyAsync, cancellation);
            latency.Answered(clock.GetElapsedTime(began), reply.Status);
            return reply;
        }
        catch (LinstorException failure)
        {
            latency.Failed(clock.GetElapsedTime(began), failure.Failure);
            throw;
        }

        async Task<LinstorReply> ReplyAsync(CancellationToken token)
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, token);
            return new LinstorReply(at, path, response.StatusCode, await response.Content.ReadAsByteArrayAsync(token));
        }
    }

    /// <summary>Opens a stream without any deadline: LINSTOR may withhold even the response's head until the first event.</summary>
    /// <exception cref="LinstorException">The answer is not a stream, or there was none.</exception>
    public async Task<HttpResponseMessage> OpenAsync(ControllerAddress at, string path, CancellationToken cancellation)
    {
        using var request = Request(at, path, "text/event-stream");
        request.Headers.Add("Last-Event-ID", "current"); // asks LINSTOR to begin with the present state
        var response = await TryAsync(at, path, token => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), cancellation);
        if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType is "text/event-stream")
        {
            return response;
        }

        using (response)
        {
            var reply = await WithinDeadlineAsync(at, path, ReplyAsync, cancellation);
            reply.ThrowUnlessSuccess();
            throw reply.Unreadable("no stream of events");
        }

        async Task<LinstorReply> ReplyAsync(CancellationToken token)
        {
            await response.Content.LoadIntoBufferAsync(LargestBody, token); // the client's own limit does not apply to an answer whose head is read first
            return new LinstorReply(at, path, response.StatusCode, await response.Content.ReadAsByteArrayAsync(token));
        }
    }

    public void Dispose() => _http.Dispose();

    // Nothing is asked for compressed: after a loss there are thousands of answers of some kilobytes, and packing and unpacking them costs both sides more than sending them.
    private static HttpClient Client(LinstorSettings settings)
    {
        var transport = HttpTransport.Create(settings.Tls);
        var client = new HttpClient(settings.Token is { } token ? new Authentication(token, transport) : transport)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestBody,
        };
        client.DefaultRequestHeaders.UserAgent.Add(ProgramVersion.UserAgent);
        return client;
    }

    private HttpRequestMessage Request(ControllerAddress at, string path, string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(at.Root, path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        request.Headers.Authorization = (settings.Login ?? at.Login)?.Header; // A bearer token, if there is one, replaces it.
        return request;
    }

    private async Task<T> WithinDeadlineAsync<T>(ControllerAddress at, string path, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Deadline, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        return await TryAsync(at, path, _ => attempt(either.Token), cancellation);
    }

    /// <summary>Turns the network's exceptions into a <see cref="LinstorException"/>; only the caller's own cancellation is not converted.</summary>
    private static async Task<T> TryAsync<T>(ControllerAddress at, string path, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellation)
    {
        try
        {
            return await attempt(cancellation);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw LinstorException.TimedOut(at, path);
        }
        catch (HttpRequestException excess) when (excess.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new LinstorException(LinstorFailure.Unreadable, $"LINSTOR controller {at} answered {path} with more than {LargestBody >> 20} MiB.", excess);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            throw LinstorException.Unreachable(at, path, broken);
        }
    }
}
