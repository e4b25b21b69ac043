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
/// <param name="settings">What the user asked for.</param>
/// <param name="supporting">The loops that feed, record and lead.</param>
/// <param name="actuator">Acts.</param>
/// <param name="control">Decides.</param>
/// <param name="probes">Answers the kubelet.</param>
/// <param name="status">Answers people.</param>
/// <param name="metrics">Answers Prometheus.</param>
/// <param name="logs">Where everybody logs.</param>
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

    /// <summary>Called once it listens: what cannot start leaves one line in the log, the complaint.</summary>
    public Action Started { get; init; } = () => { };

    /// <summary>Runs until asked to stop, or until a loop ends that should not.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="SettingsException">The port cannot be listened on.</exception>
    public async Task<int> RunAsync(CancellationToken stopping)
    {
        await ListenAsync();
        HasStarted(ProgramVersion.Version);
        Started();

        // What acts stops first. The lease is given up only after that, and what feeds is needed until then.
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
        // The empty builder reads no configuration: what is here is what runs.
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
