using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Piraeus.HighAvailability.Controller.Telemetry;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

/// <summary>Collects the metrics of one meter from its creation on, and reads them as Prometheus would.</summary>
internal sealed class MetricsReader : IAsyncDisposable
{
    private readonly MetricsEndpoint _endpoint;
    private readonly WebApplication _server;
    private readonly Task _started;

    public MetricsReader(string meter)
    {
        _endpoint = new(meter, _ => null);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.UseRouting();
        _endpoint.Map(_server);
        _started = _server.StartAsync();
    }

    public async Task<IReadOnlyDictionary<string, double>> SamplesAsync()
    {
        await _started;
        using var http = new HttpClient();
        return Exposition.Parse(await http.GetStringAsync(new Uri($"{_server.Urls.Single()}/metrics"))).Samples;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _endpoint.Dispose();
    }
}
