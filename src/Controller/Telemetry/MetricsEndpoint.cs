using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Telemetry;

/// <summary>Collects the metrics of our own instruments and of the .NET runtime, for Prometheus and, if one is configured, for an OpenTelemetry collector.</summary>
internal sealed class MetricsEndpoint : IDisposable
{
    /// <summary>.NET 10 declares these as counters although they decrease (dotnet/runtime#126167).</summary>
    private static readonly string[] Falling = ["dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length"];

    /// <summary>How many combinations of attribute values one metric may have. OpenTelemetry reserves memory for all of them, for its default of 2,000 about 5 MB in all; no metric here has more than 70.</summary>
    private const int MostSeries = 200;

    private readonly MeterProvider _provider;

    /// <summary>Collects from now on: earlier counts are lost.</summary>
    /// <param name="meter">The name of our own meter.</param>
    /// <param name="environment">Environment variables. Those of OpenTelemetry's specification configure the export; without an endpoint there is none.</param>
    public MetricsEndpoint(string meter, Func<string, string?> environment)
    {
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService("piraeus-ha-controller", serviceVersion: ProgramVersion.Version))
            .AddMeter(meter, "System.Runtime")
            .AddView(instrument => Falling.Contains(instrument.Name) ? MetricStreamConfiguration.Drop : new() { CardinalityLimit = MostSeries })
            .AddPrometheusExporter(prometheus => (prometheus.ScopeInfoEnabled, prometheus.TargetInfoEnabled, prometheus.ScrapeResponseCacheDurationMilliseconds) = (false, false, 0));
        var isExported = environment("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 } || environment("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") is { Length: > 0 };
        _provider = (isExported ? builder.AddOtlpExporter() : builder).Build();
    }

    public void Map(IEndpointRouteBuilder routes) => routes.MapPrometheusScrapingEndpoint("/metrics", _provider, configureBranchedPipeline: null, optionsName: null);

    public void Dispose() => _provider.Dispose();
}
