using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Posts how each incident ended to an address of the user's choice: one POST for everything that was moved away from a node together. No other work waits for it, or fails with it.</summary>
/// <param name="address">Where to post.</param>
/// <param name="client">The client.</param>
/// <param name="clock">The clock of the failovers.</param>
/// <param name="provider">The wall time, and the pauses.</param>
/// <param name="errors">Takes this program's own errors.</param>
/// <param name="logger">The log.</param>
internal sealed partial class IncidentWebhook(Uri address, HttpClient client, MonotonicClock clock, TimeProvider provider, InternalErrors errors, ILogger<IncidentWebhook> logger)
{
    /// <summary>How long one attempt may take, body included.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    /// <summary>The pauses between the attempts; after the last one, the incident is given up.</summary>
    public static readonly ImmutableArray<TimeSpan> Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1)];

    private const int MostWaiting = 100;

    private readonly Channel<IncidentMessage> _queue = Channel.CreateBounded<IncidentMessage>(new BoundedChannelOptions(MostWaiting));

    /// <summary>A client that trusts the system's certificates, follows no redirect and uses no proxy.</summary>
    public static HttpClient CreateClient() => new(HttpTransport.Create(new TlsSettings())) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>An incident has ended.</summary>
    /// <param name="incident">All failovers of one node and one time; at least one.</param>
    /// <param name="summary">How it ended, in a sentence.</param>
    public void Ended(IReadOnlyCollection<Failover> incident, string summary)
    {
        var message = MessageOf(incident, summary);
        if (!_queue.Writer.TryWrite(message))
        {
            GiveUp(message, "too many others wait, or the controller stops");
        }
    }

    private IncidentMessage MessageOf(IReadOnlyCollection<Failover> incident, string summary) => new()
    {
        Text = summary,
        Node = incident.First().Evidence.Lost.Value,
        Began = WallTime(incident.First().Incident),
        Lost = WallTime(incident.Min(failover => failover.Evidence.Since)),
        Pods = [.. incident.Select(failover => new IncidentPod
        {
            Namespace = failover.Pod.Key.Namespace,
            Name = failover.Pod.Key.Name,
            Resource = failover.Evidence.Resource.Value,
            Ending = $"{failover.Ending}",
            Replacement = failover.Replacement?.Key.Name,
            RunsOn = failover.Ending == FailoverResult.Runs ? failover.Replacement?.Node?.Value : null,
            Seconds = Math.Round(failover.Took.TotalSeconds, 2),
            Text = DecisionText.Of(failover),
        })],
    };

    public async Task RunAsync(CancellationToken cancellation)
    {
        // On a stop, pending messages are still posted, unless that takes too long.
        await using var farewell = new Farewell(provider, () => _queue.Writer.TryComplete(), cancellation);
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (_queue.Reader.TryRead(out var message))
            {
                try
                {
                    await DeliverAsync(message, cancellation, farewell.Token);
                }
                catch (Exception bug)
                {
                    errors.Note(bug);
                    GiveUp(message, bug.Message);
                }
            }
        }
    }

    private async Task DeliverAsync(IncidentMessage message, CancellationToken stopping, CancellationToken stopped)
    {
        for (var attempt = 0; ; attempt++)
        {
            var refusal = await PostAsync(message, stopped);
            if (refusal is null)
            {
                return;
            }

            if (attempt == Pauses.Length || stopping.IsCancellationRequested)
            {
                GiveUp(message, refusal);
                return;
            }

            await Task.Delay(Pauses[attempt], provider, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<string?> PostAsync(IncidentMessage message, CancellationToken stopped)
    {
        using var deadline = new CancellationTokenSource(Deadline, provider);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopped);
        try
        {
            using var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(message, IncidentJson.Default.IncidentMessage));
            body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = body };
            request.Headers.UserAgent.Add(ProgramVersion.UserAgent);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ended.Token);
            return response.IsSuccessStatusCode ? null : $"answer {(int)response.StatusCode}";
        }
        catch (OperationCanceledException)
        {
            return stopped.IsCancellationRequested ? "the controller stops"
                : deadline.IsCancellationRequested ? $"no answer within {Deadline.TotalSeconds:0} s"
                : $"no connection within {HttpTransport.ConnectTimeout.TotalSeconds:0} s";
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            return failed.Message;
        }
    }

    // The rest of an address is often a secret.
    private void GiveUp(IncidentMessage message, string why) => NotPosted(message.Node, address.GetLeftPart(UriPartial.Authority), why);

    private DateTimeOffset WallTime(Instant at) => provider.GetUtcNow() - (clock.Now - at);

    [LoggerMessage(117, LogLevel.Warning, "How the incident on node {Node} ended could not be posted to {Address}: {Why}.")]
    private partial void NotPosted(string node, string address, string why);
}

/// <summary>How an incident ended, as it is posted. Chat programs show <see cref="Text"/>.</summary>
internal sealed record IncidentMessage
{
    /// <summary>The summary, as the log and the Event have it.</summary>
    public required string Text { get; init; }

    /// <summary>The Kubernetes node that lost its storage.</summary>
    public required string Node { get; init; }

    /// <summary>When the storage of the first pod was found to be lost.</summary>
    public required DateTimeOffset Lost { get; init; }

    /// <summary>When the first request for the node was sent.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>What became of each pod.</summary>
    public required ImmutableArray<IncidentPod> Pods { get; init; }
}

/// <summary>What became of one pod in an incident.</summary>
internal sealed record IncidentPod
{
    /// <summary>The namespace of the pod that was moved.</summary>
    public required string Namespace { get; init; }

    /// <summary>The name of the pod that was moved.</summary>
    public required string Name { get; init; }

    /// <summary>The LINSTOR resource that it had lost.</summary>
    public required string Resource { get; init; }

    /// <summary>A <see cref="FailoverResult"/>.</summary>
    public required string Ending { get; init; }

    /// <summary>The name of its replacement; null if there is none.</summary>
    public string? Replacement { get; init; }

    /// <summary>The node on which the replacement runs; null if it does not.</summary>
    public string? RunsOn { get; init; }

    /// <summary>The seconds from the loss of the storage to the last progress.</summary>
    public required double Seconds { get; init; }

    /// <summary>How the failover ended, in one sentence.</summary>
    public required string Text { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IncidentMessage))]
internal sealed partial class IncidentJson : JsonSerializerContext;
