using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.History;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Surveying;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Explaining;

/// <summary>Explains without a replica: reads the cluster and LINSTOR once, and lets the policy judge.</summary>
internal sealed class StandaloneExplanation(ExplainRequest request, Func<string, string?> environment, TimeProvider provider, ILoggerFactory logs)
{
    private const string NoMemory = "No replica was asked: this command has just read the cluster and LINSTOR. It has no memory, so grace periods begin now.";

    /// <returns>A <see cref="WireExplanation"/> as JSON.</returns>
    /// <exception cref="KubernetesException">The Kubernetes API does not list everything, or has no such object.</exception>
    /// <exception cref="LinstorException">LINSTOR does not answer.</exception>
    public async Task<string> JudgeAsync(CancellationToken cancellation)
    {
        var settings = request.Settings with { LeaseIdentity = "this command" };
        using var survey = new ClusterSurvey(settings, environment, provider, logs);
        await survey.ListAsync(cancellation);
        if (survey.Failures.FirstOrDefault() is { } failure)
        {
            throw new KubernetesException(HttpStatusCode.ServiceUnavailable, failure);
        }

        await survey.AskAsync(await survey.Linstor.SatellitesAsync(cancellation), cancellation);
        var (cluster, now, leadership) = (survey.Cluster, survey.Clock.Now, new LeadershipStatus(survey.Clock));
        leadership.Synced(cluster.SyncedSources);
        var verdict = new FailoverPolicy(settings.Policy).Decide(cluster, now);
        var (history, problem) = await HistoryAsync(survey.Kubernetes, cancellation);
        var explainer = new Explainer(settings, cluster, verdict, leadership, new(survey.Clock, provider), new(cluster, verdict, now, provider.GetUtcNow()), history);
        var (found, missing) = explainer.Find([.. request.Path.Split('/').Select(Uri.UnescapeDataString)]);
        return found is null
            ? throw new KubernetesException(HttpStatusCode.NotFound, problem is null ? missing : $"{missing}. {problem}")
            : JsonSerializer.Serialize(found with { Facts = [.. found.Facts, NoMemory, .. problem is null ? (string[])[] : [problem]] }, StatusJson.Default.WireExplanation);
    }

    private async Task<(ImmutableArray<WireEntry> Entries, string? Problem)> HistoryAsync(KubernetesClient kubernetes, CancellationToken cancellation)
    {
        var key = HistoryText.ConfigMapOf(request.Lease);
        try
        {
            return await kubernetes.GetConfigMapAsync(key, cancellation) is { } stored
                ? (HistoryText.Read(stored.Data.GetValueOrDefault(HistoryText.Key)), null)
                : ([], $"There is no ConfigMap {key}, so nothing was done yet, or the controller is elsewhere: see --namespace and --lease.");
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            return ([], $"What was done earlier cannot be read: {RefusalText.Explain(failed, RefusalText.MissingIn(key.Namespace, "", "configmaps", "get"))}");
        }
    }
}
