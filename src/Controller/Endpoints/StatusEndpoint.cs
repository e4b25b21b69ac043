using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
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

/// <summary>Serves the status as JSON and as a page: which consumers are in doubt and why, and the current and past actions; and explains one pod, volume or node.</summary>
/// <remarks>The policy is stateless, so its current verdict can be computed at any time, without effect on the control loop.</remarks>
internal sealed class StatusEndpoint(
    Settings settings, FailoverPolicy policy, Func<ClusterSnapshot> cluster, LeadershipStatus hold, DecisionLog decisionLog, MonotonicClock clock, TimeProvider provider,
    Func<ControllerInUse>? linstor = null, Func<CancellationToken, Task<(ImmutableArray<WireEntry> Entries, string? Problem)>>? history = null)
{
    /// <summary>The longest list in an answer; for larger numbers there are the metrics.</summary>
    private const int Most = 500;

    private readonly DateTimeOffset _started = provider.GetUtcNow();

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", Show);
        routes.MapGet("/status", context => Answer(context, Read(), StatusJson.Default.WireStatus));
        routes.MapGet("/explain/pods/{space}/{name}", context => Explain(context, "pods", Part(context, "space"), Part(context, "name")));
        routes.MapGet("/explain/volumes/{name}", context => Explain(context, "volumes", Part(context, "name")));
        routes.MapGet("/explain/nodes/{name}", context => Explain(context, "nodes", Part(context, "name")));
    }

    /// <summary>The current status.</summary>
    public WireStatus Read()
    {
        var (known, verdict, reader) = Judge();
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
            [.. decisionLog.Entries.Select(reader.Statements.Entry)]);
    }

    private Task Show(HttpContext context)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.ContentSecurityPolicy = StatusPage.ContentSecurityPolicy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(StatusPage.Of(Read()), context.RequestAborted);
    }

    private async Task Explain(HttpContext context, params string[] path)
    {
        var (earlier, problem) = history is null ? ([], null) : await history(context.RequestAborted);
        var (known, verdict, reader) = Judge();
        var (found, missing) = new Explainer(settings, known, verdict, hold, decisionLog, reader, earlier).Find(path);
        if (found is not null)
        {
            await Answer(context, problem is null ? found : found with { Facts = [.. found.Facts, problem] }, StatusJson.Default.WireExplanation);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        await Answer(context, new(problem is null ? missing : $"{missing}. {problem}"), StatusJson.Default.WireProblem);
    }

    private (ClusterSnapshot Known, Verdict Verdict, StatusReader Reader) Judge()
    {
        var (known, now) = (cluster(), clock.Now);
        var verdict = policy.Decide(known, now);
        return (known, verdict, new(known, verdict, now, provider.GetUtcNow()));
    }

    private static Task Answer<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }

    private static string Part(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;
}
