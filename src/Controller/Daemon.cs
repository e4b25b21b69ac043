using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Control;

namespace Piraeus.HighAvailability.Controller;

/// <summary>The running controller.</summary>
/// <param name="supporting">The loops that feed the inbox, record, and hold the lease.</param>
/// <param name="actuator">Carries out decisions.</param>
/// <param name="control">Makes decisions.</param>
/// <param name="endpoints">Serves probes, status and metrics.</param>
/// <param name="logger">The log.</param>
internal sealed partial class Daemon(
    IReadOnlyList<(string Name, Func<CancellationToken, Task> Run)> supporting, Actuator actuator, ControlLoop control, EndpointServer endpoints, ILogger<Daemon> logger) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = logger;

    /// <summary>Called once it listens: if the start fails, the log contains only the error message.</summary>
    public Action Started { get; init; } = () => { };

    /// <summary>Runs until it is stopped, or until a loop ends that should not.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="SettingsException">The port is not available.</exception>
    public async Task<int> RunAsync(CancellationToken stopping)
    {
        await endpoints.StartAsync();
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
        await endpoints.StopAsync();

        if ((feeders.Exception ?? deciders.Exception)?.InnerException is { } bug)
        {
            Ended(bug);
            return 1;
        }

        return 0;
    }

    public ValueTask DisposeAsync() => endpoints.DisposeAsync();

    [LoggerMessage(1, LogLevel.Information, "Piraeus High Availability Controller {Version} has started.")]
    private partial void HasStarted(string version);

    [LoggerMessage(2, LogLevel.Information, "Stopping.")]
    private partial void Stopping();

    [LoggerMessage(3, LogLevel.Critical, "A loop that must not end has ended. This is a bug; the process ends so that it is restarted.")]
    private partial void Ended(Exception bug);
}
