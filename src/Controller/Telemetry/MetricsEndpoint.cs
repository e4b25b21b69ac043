using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Telemetry;

/// <summary>What Prometheus asks: our own instruments, and the .NET runtime's.</summary>
/// <param name="meter">The name of our own meter.</param>
/// <param name="logger">Where it tells what could not be observed.</param>
internal sealed partial class MetricsEndpoint(string meter, ILogger<MetricsEndpoint> logger) : IDisposable
{
    private const string Runtime = "System.Runtime";

    private readonly Measurements _measurements = new(meter, Runtime);
    private readonly MetricFamily[] _constants =
    [
        new("piraeus_ha_build_info", MetricType.Gauge, "Which version of the controller this is.", [new(PrometheusNames.Labels([new("version", ProgramVersion.Version)]), 1)]),
        new("process_start_time_seconds", MetricType.Gauge, "When the process started, in seconds since 1970.", [new("", Started())]),
    ];

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/metrics", Answer);

    public void Dispose() => _measurements.Dispose();

    private async Task Answer(HttpContext context)
    {
        context.Response.ContentType = PrometheusText.ContentType;
        await context.Response.WriteAsync(PrometheusText.Write([.. _constants, .. _measurements.Read(NotObserved)]), context.RequestAborted);
    }

    private static double Started()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0;
    }

    [LoggerMessage(510, LogLevel.Warning, "Some metrics could not be observed, and are missing. This is a bug.")]
    private partial void NotObserved(Exception bug);
}
