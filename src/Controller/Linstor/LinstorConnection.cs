using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Net;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The way to LINSTOR: sends GET requests to the current LINSTOR controller, and moves to another when it does not answer.</summary>
internal sealed class LinstorConnection : IDisposable
{
    public const string VersionPath = "/v1/controller/version";

    private const int LargestBody = 64 << 20;

    private readonly HttpClient _requests;
    private readonly HttpClient _streams;
    private readonly LinstorControllers _controllers;
    private readonly LinstorSettings _settings;
    private readonly TimeProvider _clock;

    public LinstorConnection(LinstorSettings settings, TimeProvider clock, ILoggerFactory logs)
    {
        (_settings, _clock) = (settings, clock);
        _requests = Client(settings, DecompressionMethods.GZip);
        _streams = Client(settings, DecompressionMethods.None);
        _controllers = new LinstorControllers(settings.Controllers, ProveAsync, logs.CreateLogger<LinstorControllers>());
    }

    /// <summary>How long each request may take, its body included. A stream has no deadline.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The session with the LINSTOR controller that requests go to.</summary>
    public Seat Current => _controllers.Current;

    /// <summary>Asks the current LINSTOR controller, and if the network fails, once more whichever other one answers.</summary>
    /// <exception cref="LinstorException">There was no answer. A status is an answer.</exception>
    public async Task<Reply> GetAsync(string path, CancellationToken cancellation)
    {
        var seat = _controllers.Current;
        try
        {
            return await AskAsync(seat.Address, path, cancellation);
        }
        catch (LinstorException lost) when (lost.IsNetwork)
        {
            if (await _controllers.LeaveAsync(seat, cancellation) is not { } next)
            {
                throw;
            }

            return await AskAsync(next.Address, path, cancellation);
        }
    }

    /// <summary>A LINSTOR controller that just proved to be alive: the current one, or else another, which becomes current.</summary>
    /// <exception cref="LinstorException">None is; says what is wrong with the current one.</exception>
    public async Task<Seat> LivingAsync(CancellationToken cancellation)
    {
        var seat = _controllers.Current;
        try
        {
            await ProveAsync(seat.Address, cancellation);
            return seat;
        }
        catch (LinstorException)
        {
            if (await _controllers.LeaveAsync(seat, cancellation) is { } next)
            {
                return next;
            }

            throw;
        }
    }

    /// <summary>Opens a stream without any deadline: LINSTOR may withhold even the response's head until the first event.</summary>
    /// <exception cref="LinstorException">The answer is not a stream, or there was none.</exception>
    public async Task<HttpResponseMessage> OpenAsync(ControllerAddress at, string path, CancellationToken cancellation)
    {
        using var request = Request(at, path, "text/event-stream");
        request.Headers.Add("Last-Event-ID", "current"); // LINSTOR's word for: begin with the present state.
        var response = await TryAsync(at, path, token => _streams.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), cancellation);
        if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType is "text/event-stream")
        {
            return response;
        }

        using (response)
        {
            var body = await WithinDeadlineAsync(at, path, token => response.Content.ReadAsByteArrayAsync(token), cancellation);
            var reply = new Reply(at, path, response.StatusCode, body);
            reply.ThrowUnlessSuccess();
            throw reply.Unreadable("no stream of events");
        }
    }

    public void Dispose()
    {
        _requests.Dispose();
        _streams.Dispose();
        _controllers.Dispose();
    }

    private static HttpClient Client(LinstorSettings settings, DecompressionMethods compression)
    {
        var transport = Transport.Create(settings.Tls, compression: compression);
        var client = new HttpClient(settings.Token is { } token ? new Authentication(token, transport) : transport)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestBody,
        };
        client.DefaultRequestHeaders.UserAgent.Add(Release.UserAgent);
        return client;
    }

    private async Task<Reply> AskAsync(ControllerAddress at, string path, CancellationToken cancellation)
    {
        using var request = Request(at, path, "application/json");
        return await WithinDeadlineAsync(at, path, ReplyAsync, cancellation);

        async Task<Reply> ReplyAsync(CancellationToken token)
        {
            using var response = await _requests.SendAsync(request, HttpCompletionOption.ResponseContentRead, token);
            return new Reply(at, path, response.StatusCode, await response.Content.ReadAsByteArrayAsync(token));
        }
    }

    private async Task ProveAsync(ControllerAddress address, CancellationToken cancellation)
    {
        var reply = await AskAsync(address, VersionPath, cancellation);
        if (!reply.RefusesCredentials)
        {
            _ = reply.Read(LinstorJson.Default.WireVersion);
        }
    }

    private HttpRequestMessage Request(ControllerAddress at, string path, string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(at.Root, path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        request.Headers.Authorization = (_settings.Login ?? at.Login)?.Header; // A bearer token, if there is one, replaces it.
        return request;
    }

    private async Task<T> WithinDeadlineAsync<T>(ControllerAddress at, string path, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Deadline, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        return await TryAsync(at, path, _ => attempt(either.Token), cancellation);
    }

    /// <summary>Turns what the network throws into a <see cref="LinstorException"/>; only the caller's own cancellation stays one.</summary>
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
