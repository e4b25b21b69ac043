using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Endpoints;

/// <summary>Serves the status: which consumers are in doubt and why, and the current and past actions.</summary>
/// <remarks>The policy is stateless, so its current verdict can be computed at any time, without effect on the control loop.</remarks>
internal sealed class StatusEndpoint(
    Settings settings, FailoverPolicy policy, Func<ClusterSnapshot> cluster, LeadershipStatus hold, DecisionLog decisionLog, MonotonicClock clock, TimeProvider provider,
    Func<ControllerInUse>? linstor = null)
{
    /// <summary>The longest list in an answer; for larger numbers there are the metrics.</summary>
    private const int Most = 500;

    private readonly DateTimeOffset _started = provider.GetUtcNow();

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/status", Answer);

    /// <summary>The current status.</summary>
    public WireStatus Read()
    {
        var (known, now) = (cluster(), clock.Now);
        var verdict = policy.Decide(known, now);
        var reader = new StatusReader(known, verdict, now, provider.GetUtcNow());
        return new(
            ProgramVersion.Version,
            settings.LeaseIdentity,
            _started,
            reader.Wall,
            reader.Leadership(settings.LeaderElection, hold),
            reader.Sources(linstor?.Invoke()),
            new(
                settings.KnownResourceGracePeriod.TotalSeconds, settings.NewResourceGracePeriod.TotalSeconds, settings.ReconcileInterval.TotalSeconds,
                settings.StormThreshold, !settings.DisableNodeTaints, settings.DryRun, settings.PodSelector.ToString(), settings.AttacherName),
            reader.Storm,
            [.. verdict.Consumers.Take(Most).Select(reader.Consumer)],
            [.. reader.Taints.Take(Most)],
            [.. known.Failovers.All.Select(held => held.Item).OrderBy(failover => failover.Incident).Take(Most).Select(StatusReader.Failover)],
            [.. decisionLog.Entries.Select(reader.Entry)]);
    }

    private Task Answer(HttpContext context)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(context.Response.Body, Read(), StatusJson.Default.WireStatus, context.RequestAborted);
    }
}
