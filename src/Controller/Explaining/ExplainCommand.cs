using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Explaining;

/// <summary>The command <c>explain</c>: asks the leader about one pod, volume or node, or judges by itself, and prints the answer.</summary>
/// <remarks>It reads the Lease, and reaches the leader through the API server's proxy, so it works from wherever kubectl works.</remarks>
internal sealed class ExplainCommand(ExplainRequest request, Func<string, string?> environment, TimeProvider clock, ILoggerFactory logs, TextWriter output, TextWriter errors)
{
    /// <returns>The exit code: 0 when it was explained, 1 when it was not.</returns>
    /// <exception cref="SettingsException">There is no usable kubeconfig.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        try
        {
            await PrintAsync(
                request.IsStandalone ? await new StandaloneExplanation(request, environment, clock, logs).JudgeAsync(cancellation)
                : request.Replica is { } replica ? await AskReplicaAsync(replica, cancellation)
                : await AskLeaderAsync(cancellation));
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 1;
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            await errors.WriteLineAsync($"{ProgramVersion.Name}: {failed.Message.TrimEnd('.')}");
            return 1;
        }
    }

    private async Task<string> AskReplicaAsync(Uri replica, CancellationToken cancellation)
    {
        using var http = new HttpClient(HttpTransport.Create(new(), proxy: null)) { Timeout = Timeout.InfiniteTimeSpan };
        using var question = new HttpRequestMessage(HttpMethod.Get, $"{replica.AbsoluteUri.TrimEnd('/')}/explain/{request.Path}");
        return await http.SendAsync(question, ApiRequests.Deadline, ReadAsync, clock, cancellation);
    }

    private async Task<string> AskLeaderAsync(CancellationToken cancellation)
    {
        var cluster = KubernetesConnection.OpenForUser(request.Settings.KubeConfig, environment, clock, logs.CreateLogger<KubernetesConnection>());
        using var http = cluster.CreateClient();
        var leader = await LeaderAsync(http, cancellation);
        using var question = new HttpRequestMessage(HttpMethod.Get, $"api/v1/namespaces/{request.Lease.Namespace}/pods/{leader}:{request.Port}/proxy/explain/{request.Path}");
        try
        {
            return await http.SendAsync(question, ApiRequests.Deadline, ReadAsync, clock, cancellation);
        }
        catch (KubernetesException forbidden) when (forbidden.Status == HttpStatusCode.Forbidden)
        {
            throw new KubernetesException(forbidden.Status, RefusalText.Explain(forbidden, RefusalText.MissingIn(request.Lease.Namespace, "", "pods/proxy", "get")));
        }
        catch (KubernetesException failed) when (failed.Status is not HttpStatusCode.NotFound)
        {
            throw new KubernetesException(failed.Status, $"the leader, pod {request.Lease.Namespace}/{leader}, cannot be reached on port {request.Port}: {failed.Message}");
        }
    }

    private async Task<string> LeaderAsync(HttpClient http, CancellationToken cancellation)
    {
        try
        {
            var lease = await new KubernetesClient(http, new("", LabelSelector.Parse("")), clock).GetLeaseAsync(request.Lease, cancellation)
                ?? throw new KubernetesException(HttpStatusCode.NotFound, $"there is no Lease {request.Lease}: give the controller's namespace with --namespace, or one replica's address with --url");
            return lease.Spec?.HolderIdentity is { Length: > 0 } holder
                ? holder
                : throw new KubernetesException(HttpStatusCode.NotFound, $"nobody holds the Lease {request.Lease}, so no replica acts: read their logs, or ask one of them with --url");
        }
        catch (KubernetesException forbidden) when (forbidden.Status == HttpStatusCode.Forbidden)
        {
            throw new KubernetesException(forbidden.Status, RefusalText.Explain(forbidden, RefusalText.MissingIn(request.Lease.Namespace, "coordination.k8s.io", "leases", "get")));
        }
    }

    private static async Task<string> ReadAsync(Stream answer, CancellationToken cancellation)
    {
        using var reader = new StreamReader(answer);
        return await reader.ReadToEndAsync(cancellation);
    }

    private async Task PrintAsync(string json)
    {
        if (request.AsJson)
        {
            await output.WriteLineAsync(json);
        }
        else
        {
            await output.WriteAsync(ExplanationText.Of(JsonSerializer.Deserialize(json, StatusJson.Default.WireExplanation) ?? throw new JsonException("the answer is null")));
        }
    }
}
