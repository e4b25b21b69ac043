using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Telemetry;

namespace Piraeus.HighAvailability.Controller;

/// <summary>The running controller.</summary>
/// <param name="settings">The user's settings.</param>
/// <param name="supporting">The loops that feed the inbox, record, and hold the lease.</param>
/// <param name="actuator">Carries out decisions.</param>
/// <param name="control">Makes decisions.</param>
/// <param name="probes">Answers the kubelet's probes.</param>
/// <param name="status">Serves <c>/status</c>.</param>
/// <param name="metrics">Serves <c>/metrics</c>.</param>
/// <param name="logs">The log.</param>
internal sealed partial class Daemon(
    Settings settings,
    IReadOnlyList<(string Name, Func<CancellationToken, Task> Run)> supporting,
    Actuator actuator,
    ControlLoop control,
    Probes probes,
    StatusEndpoint status,
    MetricsEndpoint metrics,
    ILoggerFactory logs) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = logs.CreateLogger<Daemon>();
    private readonly WebApplication _endpoints = Endpoints(settings, probes, status, metrics, logs);

    /// <summary>Called once it listens: if the start fails, the log contains only the error message.</summary>
    public Action Started { get; init; } = () => { };

    /// <summary>Runs until it is stopped, or until a loop ends that should not.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="SettingsException">The port is not available.</exception>
    public async Task<int> RunAsync(CancellationToken stopping)
    {
        await ListenAsync();
        HasStarted(ProgramVersion.Version);
        Started();

        // The acting part stops first. Only then is the lease given up, and the sources are needed until then.
        using var acting = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var feeding = new CancellationTokenSource();
        var feeders = LoopSupervisor.RunAsync(supporting, feeding.Token);
        var deciders = LoopSupervisor.RunAsync([("control", control.RunAsync)], acting.Token);

        await Task.WhenAny(feeders, deciders);
        Stopping();
        await acting.CancelAsync();
        await actuator.StopAsync(Patience);
        await Task.WhenAny(deciders, Task.Delay(Patience, CancellationToken.None));
        await feeding.CancelAsync();
        await Task.WhenAny(feeders, Task.Delay(Patience, CancellationToken.None));
        await _endpoints.StopAsync(CancellationToken.None);

        if ((feeders.Exception ?? deciders.Exception)?.InnerException is { } bug)
        {
            Ended(bug);
            return 1;
        }

        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        await _endpoints.DisposeAsync();
        metrics.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            await _endpoints.StartAsync();
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            throw new SettingsException($"cannot serve /healthz on port {settings.HealthPort}: {refused.GetBaseException().Message}");
        }
    }

    private static WebApplication Endpoints(Settings settings, Probes probes, StatusEndpoint status, MetricsEndpoint metrics, ILoggerFactory logs)
    {
        // The empty builder reads no configuration, so only the code below configures the host.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton(logs);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(settings.HealthPort, listen => listen.Protocols = HttpProtocols.Http1));

        var app = builder.Build();
        app.UseRouting();
        probes.Map(app);
        status.Map(app);
        metrics.Map(app);
        return app;
    }

    [LoggerMessage(1, LogLevel.Information, "Piraeus High Availability Controller {Version} has started.")]
    private partial void HasStarted(string version);

    [LoggerMessage(2, LogLevel.Information, "Stopping.")]
    private partial void Stopping();

    [LoggerMessage(3, LogLevel.Critical, "A loop that must not end has ended. This is a bug; the process ends so that it is restarted.")]
    private partial void Ended(Exception bug);
}
