using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Endpoints;

/// <summary>Serves <c>/explain</c>: what this replica believes of one pod, volume or node, and what it would do now.</summary>
internal sealed class ExplainEndpoint(
    Settings settings, FailoverPolicy policy, Func<ClusterSnapshot> cluster, LeadershipStatus hold, DecisionLog journal, MonotonicClock clock, TimeProvider provider)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/explain/pods/{space}/{name}", context => Answer(context, explainer => explainer.Pod(new(Part(context, "space"), Part(context, "name"))),
            $"no pod {Part(context, "space")}/{Part(context, "name")} with labels {settings.PodSelector} is known: it does not exist, or its labels do not match, so it is never moved"));
        routes.MapGet("/explain/volumes/{name}", context => Answer(context, explainer => explainer.Volume(Part(context, "name")), $"no PersistentVolume {Part(context, "name")} is known"));
        routes.MapGet("/explain/nodes/{name}", context => Answer(context, explainer => explainer.Node(new(Part(context, "name"))), $"no node {Part(context, "name")} is known"));
    }

    private Task Answer(HttpContext context, Func<Explainer, WireExplanation?> explain, string otherwise)
    {
        var (known, now) = (cluster(), clock.Now);
        var verdict = policy.Decide(known, now);
        var found = explain(new(settings, known, verdict, hold, journal, new(known, verdict, now, provider.GetUtcNow())));
        context.Response.StatusCode = found is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return found is null ? Write(new(otherwise), StatusJson.Default.WireProblem) : Write(found, StatusJson.Default.WireExplanation);

        Task Write<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }

    private static string Part(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;
}
