using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Telemetry;

namespace Piraeus.HighAvailability.Controller;

/// <summary>Serves the controller's endpoints over plain HTTP.</summary>
internal sealed class EndpointServer : IAsyncDisposable
{
    private readonly string _endpoint;
    private readonly MetricsEndpoint _metrics;
    private readonly WebApplication _app;

    /// <param name="address">The address to listen on; null for all.</param>
    /// <param name="port">The TCP port; 0 for a free one.</param>
    /// <param name="probes">Answers the kubelet's probes.</param>
    /// <param name="status">Serves <c>/status</c> and <c>/explain</c>.</param>
    /// <param name="metrics">Serves <c>/metrics</c>; disposed with the server.</param>
    /// <param name="logs">The log.</param>
    public EndpointServer(IPAddress? address, int port, Probes probes, StatusEndpoint status, MetricsEndpoint metrics, ILoggerFactory logs)
    {
        // The empty builder reads no configuration, so only the code below configures the host.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton(logs);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (address is null)
            {
                kestrel.ListenAnyIP(port, Configure);
            }
            else
            {
                kestrel.Listen(address, port, Configure);
            }

            static void Configure(ListenOptions listen) => listen.Protocols = HttpProtocols.Http1;
        });

        (_endpoint, _metrics, _app) = (address is null ? $"port {port}" : $"{new IPEndPoint(address, port)}", metrics, builder.Build());
        _app.UseRouting();
        probes.Map(_app);
        status.Map(_app);
        metrics.Map(_app);
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SettingsException">The address or the port is not available.</exception>
    public async Task StartAsync()
    {
        try
        {
            await _app.StartAsync();
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            throw new SettingsException($"cannot serve /healthz on {_endpoint}: {refused.GetBaseException().Message}");
        }
    }

    /// <summary>Ends the requests under way, and stops listening.</summary>
    public Task StopAsync() => _app.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _metrics.Dispose();
    }
}
