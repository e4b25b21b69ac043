using System.Net;
using System.Text.Json;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>How a request to the Kubernetes API is sent, and its refusal read.</summary>
internal static class Requests
{
    /// <summary>How long the answer to an ordinary request may take, and the head of a watch's.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>Sends a request; the answer's body is still to be read.</summary>
    /// <exception cref="KubernetesException">The answer was no success.</exception>
    /// <exception cref="TimeoutException">There was no answer in time.</exception>
    /// <exception cref="HttpRequestException">There was no connection, or no credential to send.</exception>
    public static async Task<HttpResponseMessage> SendAsync(
        this HttpClient http, HttpRequestMessage request, TimeSpan deadline, TimeProvider clock, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(deadline, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                throw await RefusalAsync(response, either.Token);
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            // Without the query, which differs from time to time where the trouble is the same.
            throw new TimeoutException($"no answer to {request.Method} {request.RequestUri?.OriginalString.Split('?')[0]} within {deadline.TotalSeconds} s");
        }
        catch (SettingsException problem)
        {
            // What was right at the start, and is not now (a plugin that reaches nobody, say), may be right again.
            throw new HttpRequestException(problem.Message, problem);
        }
    }

    private static async Task<KubernetesException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = await StatusAsync(response, cancellation);
        var retryAfter = response.Headers.RetryAfter?.Delta
            ?? (status?.Details?.RetryAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        return new(response.StatusCode, status?.Message ?? $"the server answered {(int)response.StatusCode} {response.ReasonPhrase}", retryAfter);
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

    /// <summary>What a request that failed is to whoever decided it; null for a failure that nobody foresaw.</summary>
    /// <param name="failed">The failure.</param>
    /// <param name="group">The API group of what was asked for.</param>
    /// <param name="resource">The plural of what was asked for, and the subresource.</param>
    /// <param name="verbs">What the permission has to allow.</param>
    public static Outcome? OutcomeOf(Exception failed, string group, string resource, params IEnumerable<string> verbs) => failed switch
    {
        KubernetesException { Status: HttpStatusCode.Forbidden } refused => new(Answer.Forbidden, $"{Permission.Missing(group, resource, verbs)} ({refused.Message})"),
        KubernetesException refused => new(
            refused.Status switch
            {
                HttpStatusCode.NotFound => Answer.AlreadyGone,
                HttpStatusCode.Conflict => Answer.Replaced,
                HttpStatusCode.Unauthorized => Answer.Forbidden,
                _ => Answer.Refused,
            },
            refused.Message,
            refused.RetryAfter),
        TimeoutException late => new(Answer.TimedOut, late.Message),
        HttpRequestException or IOException or JsonException => new(Answer.Refused, failed.Message),
        _ => null,
    };
}
