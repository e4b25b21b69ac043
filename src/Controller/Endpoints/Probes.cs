using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Endpoints;

/// <summary>Answers the kubelet's probes: whether the process is healthy, and whether it has seen the whole cluster once.</summary>
internal sealed class Probes(ControlLoop control)
{
    /// <summary>A loop that has not turned for this long hangs.</summary>
    private static readonly TimeSpan LongestTurn = 3 * ControlLoop.LongestRest;

    private bool _wasReady;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", Alive);
        routes.MapGet("/livez", Alive);
        routes.MapGet("/readyz", Ready);
    }

    // An outage of LINSTOR or Kubernetes is not our failure: restarting us would not end it.
    private Task Alive(HttpContext context) =>
        Answer(context, control.Age < LongestTurn ? null : $"the control loop has not turned for {control.Age.TotalSeconds:0} s");

    private Task Ready(HttpContext context)
    {
        var missing = Enum.GetValues<Source>().Except(control.Cluster.SyncedSources).ToList();
        _wasReady |= missing.Count == 0;
        return Answer(context, _wasReady ? null : $"not yet heard of: {string.Join(", ", missing)}");
    }

    private static async Task Answer(HttpContext context, string? trouble)
    {
        context.Response.StatusCode = trouble is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync((trouble ?? "ok") + "\n", context.RequestAborted);
    }
}
