using System.Collections.Concurrent;
using System.Text;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>Metrics, as a collector of OpenTelemetry's receives them.</summary>
public sealed class MetricsTests(SharedControlPlane shared)
{
    [Fact]
    public async Task Metrics_are_sent_to_the_collector_that_the_environment_names()
    {
        var sent = new ConcurrentQueue<(string Path, string Body)>();
        await using var collector = await TestServer.StartAsync(certificate: null);
        collector.Answer = async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            sent.Enqueue((context.Request.Path, Encoding.Latin1.GetString(body.ToArray())));
        };
        await using var cluster = await TestCluster.SetAsync(shared);
        cluster.ControllerEnvironment = cluster.ControllerEnvironment
            .Add("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{collector.Port}").Add("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf").Add("OTEL_METRIC_EXPORT_INTERVAL", "200");
        await cluster.StartControllerAsync();
        await cluster.EventuallyAsync(
            () => sent.Any(one => one.Path == "/v1/metrics" && one.Body.Contains("piraeus.ha.leader", StringComparison.Ordinal) && one.Body.Contains("piraeus-ha-controller", StringComparison.Ordinal)),
            "the collector has received our metrics");
    }
}
