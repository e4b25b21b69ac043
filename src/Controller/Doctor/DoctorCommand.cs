using System.Text.Json;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Forecasting;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Surveying;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Doctor;

/// <summary>The command <c>doctor</c>: checks on a quiet day whether failovers would work, and forecasts what would happen if a node died. It changes nothing.</summary>
/// <param name="request">What to check.</param>
/// <param name="environment">The environment.</param>
/// <param name="provider">The time.</param>
/// <param name="logs">The log.</param>
/// <param name="output">Takes the report.</param>
internal sealed class DoctorCommand(DoctorRequest request, Func<string, string?> environment, TimeProvider provider, ILoggerFactory logs, TextWriter output)
{
    /// <returns>The exit code: 0 if no check has failed.</returns>
    /// <exception cref="SettingsException">A setting cannot be used.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        try
        {
            var diagnosis = await DiagnoseAsync(cancellation);
            await output.WriteAsync(request.AsJson ? JsonSerializer.Serialize(diagnosis, DoctorJson.Default.WireDiagnosis) + "\n" : DiagnosisText.Of(diagnosis, request.Node));
            return diagnosis.Healthy ? 0 : 1;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 1;
        }
    }

    private async Task<WireDiagnosis> DiagnoseAsync(CancellationToken cancellation)
    {
        var settings = request.Settings;
        using var survey = new ClusterSurvey(settings, environment, provider, logs);
        var (ofKubernetes, ofController, ofLinstor, ofVolumes, ofPods) = (new Findings(Section.Kubernetes), new Findings(Section.Controller), new Findings(Section.Linstor), new Findings(Section.Volumes), new Findings(Section.Pods));
        var kubernetesChecks = new KubernetesChecks(survey.Kubernetes, request.Lease, provider);
        var hasKubernetes = await kubernetesChecks.AnswersAsync(ofKubernetes, cancellation);
        if (hasKubernetes)
        {
            await kubernetesChecks.RightsAsync(ofKubernetes, cancellation);
            await kubernetesChecks.ReplicasAsync(ofController, cancellation);
            await kubernetesChecks.AgentsAsync(ofController, cancellation);
            await survey.ListAsync(cancellation);
            foreach (var failure in survey.Failures)
            {
                ofKubernetes.Fail(failure);
            }
        }

        var linstorChecks = new LinstorChecks(survey.Connection, survey.Linstor, new(survey.Connection, logs.CreateLogger<PromotionStream>()), provider);
        if (await linstorChecks.AnswersAsync(ofLinstor, cancellation) is { } satellites)
        {
            await linstorChecks.EventsAsync(ofLinstor, cancellation);
            await survey.AskAsync(satellites, cancellation);
            LinstorChecks.Nodes(ofLinstor, survey.Cluster);
            if (hasKubernetes)
            {
                VolumeChecks.Volumes(ofVolumes, survey.Cluster, survey.Zones, survey.Options, survey.Unread);
            }
        }

        if (hasKubernetes)
        {
            VolumeChecks.Pods(ofPods, survey.Cluster, settings.PodSelector.ToString());
        }

        if (hasKubernetes && request.Node is { } only && !survey.Cluster.Nodes.ContainsKey(only) && !survey.Cluster.CsiNodes.ContainsKey(only))
        {
            ofKubernetes.Fail($"There is no node {only}.", "Check --node: kubectl get nodes.");
        }

        List<WireCheck> checks = [.. new[] { ofKubernetes, ofController, ofLinstor, ofVolumes, ofPods }.SelectMany(findings => findings.Checks)];
        return new(!checks.Exists(check => check.Outcome == CheckOutcome.Failed), checks, [.. Forecasts(survey.Cluster, survey.Clock.Now).Select(Translate)]);
    }

    private IEnumerable<NodeForecast> Forecasts(ClusterSnapshot cluster, Instant now)
    {
        var forecaster = new NodeForecaster(request.Settings.Policy);
        return request.Node is { } node ? [forecaster.Of(cluster, node, now)] : NodeForecaster.Nodes(cluster).Select(each => forecaster.Of(cluster, each, now));
    }

    private static WireNodeForecast Translate(NodeForecast forecast)
    {
        var moves = forecast.Pods.Count(pod => pod.MovedAfter is not null);
        return new(forecast.Node.Value, moves, forecast.Pods.Count - moves, [.. forecast.Pods.Select(pod =>
            new WirePodForecast(pod.Pod.Key.Namespace, pod.Pod.Key.Name, pod.MovedAfter is { } after ? Math.Round(after.TotalSeconds, 1) : null, pod.Reason?.ToString(), pod.Sentence))]);
    }
}
