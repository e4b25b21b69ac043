using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Controller.Tests.Control;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

public sealed class MetricsEndpointTests
{
    private const string SyncedSources = "Now listening on: ";

    [Fact]
    public async Task Metrics_are_served_on_the_port_of_the_probes()
    {
        using var meter = new Meter($"Tests.{Guid.NewGuid()}");
        await using var fixture = await ControlFixture.OpenAsync();
        using var stop = new CancellationTokenSource();
        using var metrics = new MetricsEndpoint(meter.Name, _ => null);
        using var instruments = new Instruments(fixture.Told.CreateLogger<Instruments>(), meter.Name);
        var endpoints = new EndpointServer(address: null, port: 0, new Probes(fixture.Control), fixture.Status, metrics, fixture.Told);
        await using var daemon = new Daemon(
            [("0", cancellation => Task.Delay(Timeout.Infinite, cancellation))], fixture.Actuator, fixture.Control, endpoints, fixture.Told.CreateLogger<Daemon>());
        meter.CreateCounter<int>("ha.acts", "{act}", "What was done.").Add(1, new KeyValuePair<string, object?>("pod", "a \"b\"\\\n"));
        meter.CreateHistogram<double>("ha.wait", "s").Record(3, new KeyValuePair<string, object?>("of", "pod"));
        meter.CreateObservableGauge("broken", int () => throw new InvalidOperationException("a bug of ours"));
        var running = daemon.RunAsync(stop.Token);

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{await PortAsync(fixture.Told)}") };
        Assert.Equal("ok\n", await http.GetStringAsync("/livez"));
        using var answer = await http.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        var document = Exposition.Parse(await answer.Content.ReadAsStringAsync());

        Assert.Equal(1, document.Samples[$$"""piraeus_ha_build_info{version="{{ProgramVersion.Version}}"}"""]);
        Assert.InRange(document.Samples["process_start_time_seconds"], 1.7e9, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        Assert.Equal(1, document.Samples["""ha_acts_total{pod="a \"b\"\\\n"}"""]);
        Assert.Equal(1, document.Samples["""ha_wait_seconds_bucket{of="pod",le="5"}"""]);
        Assert.Equal(("counter", "gauge", "histogram"), (document.TypeOf["ha_acts_total"], document.TypeOf["process_start_time_seconds"], document.TypeOf["ha_wait_seconds"]));

        // The runtime's.
        Assert.True(document.Samples["dotnet_gc_heap_total_allocated_bytes_total"] > 0);
        Assert.True(document.Samples["dotnet_process_memory_working_set_bytes"] > 0);
        Assert.True(document.Samples["""dotnet_process_cpu_time_seconds_total{cpu_mode="user"}"""] > 0);
        Assert.DoesNotContain(document.Samples.Keys, sample => sample.StartsWith("dotnet_thread_pool_thread_count", StringComparison.Ordinal)); // a counter that falls

        await stop.CancelAsync();
        Assert.Equal(0, await running.SoonAsync());
    }

    private static async Task<int> PortAsync(LogCapture log)
    {
        while (true)
        {
            if (log.Lines.FirstOrDefault(line => line.StartsWith(SyncedSources, StringComparison.Ordinal)) is { } line)
            {
                return new Uri(line[SyncedSources.Length..]).Port;
            }

            await Task.Yield();
        }
    }
}
