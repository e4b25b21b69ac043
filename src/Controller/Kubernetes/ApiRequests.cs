using System.Net;
using System.Text.Json;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Sends a request to the Kubernetes API, reads its answer, and explains its refusal. Every deadline is enforced here.</summary>
internal static class ApiRequests
{
    /// <summary>The deadline for the answer to an ordinary request, and for the head of a watch's answer.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a list may take. The API server itself ends a request after 60 s (its <c>--request-timeout</c>), so this cuts off no list that would have been complete.
    /// </summary>
    public static readonly RequestLimits ListLimits = new(Whole: TimeSpan.FromSeconds(60), Silence: Deadline);

    /// <summary>Sends a request and reads its answer, all within the same deadline.</summary>
    /// <param name="http">The client.</param>
    /// <param name="request">The request.</param>
    /// <param name="limits">The deadline.</param>
    /// <param name="read">Reads the body of a success; it passes the token on to every read.</param>
    /// <param name="clock">Measures the deadline.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="KubernetesException">The answer was not a success.</exception>
    /// <exception cref="TimeoutException">The answer, or a part of it, did not arrive in time.</exception>
    /// <exception cref="HttpRequestException">There was no connection, or no credential to send.</exception>
    public static async Task<T> SendAsync<T>(
        this HttpClient http, HttpRequestMessage request, RequestLimits limits, Func<Stream, CancellationToken, Task<T>> read, TimeProvider clock, CancellationToken cancellation)
    {
        using var deadline = new RequestDeadline(limits, clock, cancellation);
        try
        {
            using var response = await AnswerAsync(http, request, deadline.Token);
            await using var body = deadline.Limit(await response.Content.ReadAsStreamAsync(deadline.Token));
            return await read(body, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            throw deadline.Missed(request);
        }
    }

    /// <summary>Sends a request and ignores the answer's body.</summary>
    /// <inheritdoc cref="SendAsync{T}"/>
    public static async Task SendAsync(this HttpClient http, HttpRequestMessage request, RequestLimits limits, TimeProvider clock, CancellationToken cancellation)
    {
        using var _ = await http.OpenAsync(request, limits, clock, cancellation);
    }

    /// <summary>Opens a watch. Its body has no deadline, because it does not end: <see cref="WatchStream"/> decides when a watch is dead.</summary>
    /// <inheritdoc cref="SendAsync{T}"/>
    public static async Task<HttpResponseMessage> OpenAsync(
        this HttpClient http, HttpRequestMessage request, RequestLimits limits, TimeProvider clock, CancellationToken cancellation)
    {
        using var deadline = new RequestDeadline(limits, clock, cancellation);
        try
        {
            return await AnswerAsync(http, request, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            throw deadline.Missed(request);
        }
    }

    /// <summary>A successful answer, whose body is still to be read.</summary>
    private static async Task<HttpResponseMessage> AnswerAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                throw await RefusalAsync(response, cancellation);
            }
        }
        catch (SettingsException problem)
        {
            // A source that was valid at the start, and is not now (for example, a plugin that reaches no server), may be valid again.
            throw new HttpRequestException(problem.Message, problem);
        }
    }

    private static async Task<KubernetesException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = await StatusAsync(response, cancellation);
        var retryAfter = response.Headers.RetryAfter?.Delta
            ?? (status?.Details?.RetryAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        return new(response.StatusCode, status?.Message ?? $"the server answered {(int)response.StatusCode} {response.ReasonPhrase}", retryAfter) { IsOfServer = status?.Kind == "Status" };
    }

    // The body of a refusal is a Status, unless a proxy wrote it.
    private static async Task<WireStatus?> StatusAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            return await JsonSerializer.DeserializeAsync(body, KubernetesJson.Default.WireStatus, cancellation);
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException or HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>The outcome of a failed request for the policy; null for an unforeseen failure.</summary>
    /// <param name="failed">The failure.</param>
    /// <param name="group">The API group of the requested resource.</param>
    /// <param name="resource">The plural of the requested resource, and the subresource.</param>
    /// <param name="verbs">The verbs that the permission has to allow.</param>
    public static MutationAnswer? OutcomeOf(Exception failed, string group, string resource, params IEnumerable<string> verbs) => failed switch
    {
        KubernetesException { Status: HttpStatusCode.Forbidden } refused => new(MutationOutcome.Forbidden, RefusalText.Explain(refused, RefusalText.Missing(group, resource, verbs)), refused.RetryAfter),
        KubernetesException refused => new(
            refused.Status switch
            {
                HttpStatusCode.NotFound when refused.IsMissing => MutationOutcome.AlreadyGone,
                HttpStatusCode.Conflict => MutationOutcome.Replaced,
                HttpStatusCode.Unauthorized => MutationOutcome.Forbidden,
                _ => MutationOutcome.Refused,
            },
            refused.Message,
            refused.RetryAfter),
        TimeoutException late => new(MutationOutcome.TimedOut, late.Message),
        HttpRequestException or IOException or JsonException => new(MutationOutcome.Refused, failed.Message),
        _ => null,
    };
}
