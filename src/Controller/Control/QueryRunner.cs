using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Sends the policy's queries to LINSTOR and to Kubernetes. Each gets an answer, even if that is a failure.</summary>
internal sealed partial class QueryRunner(KubernetesClient kubernetes, NodeClient nodes, LinstorClient linstor, Instruments instruments, MonotonicClock clock, ILogger logger)
{
    private string? _complaint;

    /// <param name="question">The query.</param>
    /// <param name="decided">When the query was decided.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<Observation> AnswerAsync(Decision question, Instant decided, CancellationToken cancellation)
    {
        try
        {
            Observation answer = question switch
            {
                Decision.QueryResource o => new Observation.ResourceReported(await linstor.ReportAsync(o.Resource, cancellation)),
                Decision.QuerySatellites => await linstor.SatellitesAsync(cancellation),
                Decision.ListPodsOnNode o => await SurveyAsync(o, cancellation),
                Decision.QueryWarnings o => new Observation.WarningsListed(o.About, await kubernetes.WarningAboutAsync(o.Namespace, o.About, cancellation), decided),
                _ => throw new ArgumentOutOfRangeException(nameof(question)),
            };
            instruments.Asked(question, isAnswered: true);
            return answer;
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            // Warnings are queried for as long as something is stuck, so the same failure is logged only once.
            var repeats = question is Decision.QueryWarnings && Interlocked.Exchange(ref _complaint, failed.Message) == failed.Message;
            instruments.Asked(question, isAnswered: false);
            CouldNotAsk(repeats ? LogLevel.Debug : LogLevel.Warning, question, failed.Message);
            return new Observation.MutationAnswered(question, new(MutationOutcome.Refused, failed.Message), decided);
        }
    }

    private async Task<Observation> SurveyAsync(Decision.ListPodsOnNode survey, CancellationToken cancellation)
    {
        var asked = clock.Now; // not before: it may have waited for its turn
        var state = StateAsync(survey, cancellation);
        var pods = await kubernetes.PodsOnAsync(survey.Node, cancellation);
        var node = await state;
        return new Observation.PodsOnNodeListed(survey.Node, pods, node.VolumesInUse, asked) { Ready = node.Ready, Tainted = node.Tainted };
    }

    // The pods on the node must be known. The node itself need not be: its missing values stay unknown.
    private async Task<NodeState> StateAsync(Decision.ListPodsOnNode survey, CancellationToken cancellation)
    {
        try
        {
            return await nodes.StateAsync(survey.Node, cancellation);
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            CouldNotAsk(LogLevel.Warning, survey, failed.Message);
            return NodeState.Unknown;
        }
    }

    private void CouldNotAsk(LogLevel level, Decision question, string reason) =>
        logger.Write(level, LogLines.NoAnswer, LogLine.Of(question, $"{DecisionText.Of(question)} There was no answer: {reason}", MutationOutcome.Refused, reason));
}
