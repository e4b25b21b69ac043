using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Forecasting;
using Piraeus.HighAvailability.Controller.Surveying;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Rehearsing;

/// <summary>The command <c>rehearse-node</c>: says what would happen if a node died now, and, if told to, moves one of its pods as a failover would: to prove that it can run elsewhere.</summary>
/// <param name="request">What to rehearse.</param>
/// <param name="environment">The environment.</param>
/// <param name="provider">The time.</param>
/// <param name="logs">The log.</param>
/// <param name="output">Takes the report.</param>
/// <param name="errors">Takes one line if it fails.</param>
internal sealed class RehearseNodeCommand(RehearseNodeRequest request, Func<string, string?> environment, TimeProvider provider, ILoggerFactory logs, TextWriter output, TextWriter errors)
{
    /// <returns>The exit code: 0 if everything was rehearsed.</returns>
    /// <exception cref="SettingsException">A setting cannot be used.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        try
        {
            using var survey = new ClusterSurvey(request.Settings, environment, provider, logs);
            var forecast = await ForecastAsync(survey, cancellation);
            await output.WriteLineAsync($"If node {request.Node} died now:");
            await output.WriteLineAsync(forecast.Pods is [] ? "  No pod with a LINSTOR volume runs there." : string.Join('\n', forecast.Pods.Select(pod => $"  {pod.Sentence}")));
            await output.WriteLineAsync();
            if (request.Moved is not { } name)
            {
                await output.WriteLineAsync(forecast.Pods.Any(pod => pod.MovedAfter is not null) ? "Nothing was changed. To really move one of them: --move NAMESPACE/NAME" : "Nothing was changed.");
                return 0;
            }

            var pod = Movable(forecast, name);
            if (!request.IsConfirmed)
            {
                await output.WriteLineAsync($"Nothing was changed. With --yes, node {request.Node} is cordoned and pod {name} is evicted, which means that it is down until its replacement runs elsewhere. Then the node is uncordoned.");
                return 0;
            }

            return await new PodMove(survey, pod, request.Patience, provider, output, errors).RunAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 1;
        }
        catch (Exception failed) when (failed.IsTransient() || failed is RehearsalException)
        {
            await errors.WriteLineAsync($"{ProgramVersion.Name}: {failed.Message.TrimEnd('.')}");
            return 1;
        }
    }

    private async Task<NodeForecast> ForecastAsync(ClusterSurvey survey, CancellationToken cancellation)
    {
        await survey.ListAsync(cancellation);
        if (survey.Failures.FirstOrDefault() is { } failure)
        {
            throw new RehearsalException(failure);
        }

        if (!survey.Cluster.Nodes.ContainsKey(request.Node) && !survey.Cluster.CsiNodes.ContainsKey(request.Node))
        {
            throw new RehearsalException($"there is no node {request.Node}");
        }

        await survey.AskAsync(await survey.Linstor.SatellitesAsync(cancellation), cancellation);
        return new NodeForecaster(request.Settings.Policy).Of(survey.Cluster, request.Node, survey.Clock.Now);
    }

    // Moving a pod that a failover would leave alone proves nothing, and a pod without a controller would not come back.
    private Pod Movable(NodeForecast forecast, ObjectKey name)
    {
        if (forecast.Pods.FirstOrDefault(pod => pod.Pod.Key == name) is not { } chosen)
        {
            throw new RehearsalException($"no pod {name} with a LINSTOR volume runs on node {request.Node}");
        }

        return chosen switch
        {
            { MovedAfter: null } => throw new RehearsalException($"the controller would not move it, so nothing was changed: {chosen.Sentence}"),
            { Pod: { Owner: null } } => throw new RehearsalException($"no controller would bring pod {name} back, so nothing was changed"),
            { Pod: var pod } => pod,
        };
    }
}

/// <summary>Why a rehearsal cannot go on, in words for its user.</summary>
internal sealed class RehearsalException(string message) : Exception(message);
