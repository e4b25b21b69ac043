using Microsoft.Extensions.Logging;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>Runs one connection again and again, with a growing pause in between.</summary>
/// <param name="what">The purpose of the connection, for the log.</param>
/// <param name="ended">Called whenever the connection has ended, before the pause.</param>
/// <param name="clock">Measures the pauses.</param>
/// <param name="logger">Logs why each connection ended.</param>
internal sealed partial class ReconnectLoop(string what, Func<CancellationToken, ValueTask> ended, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan Healthy = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);

    /// <summary>The longest <c>Retry-After</c> that is honoured, because we have no fresh data meanwhile.</summary>
    private static readonly TimeSpan LongestPatience = TimeSpan.FromMinutes(1);

    /// <summary>Returns only on a cancellation or a bug.</summary>
    /// <param name="connection">Connects and stays connected for as long as it can.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Func<CancellationToken, Task> connection, CancellationToken cancellation)
    {
        string? told = null;
        for (var failures = 0; ;)
        {
            var began = clock.GetTimestamp();
            var broke = await TryAsync(connection, cancellation);
            (failures, told) = clock.GetElapsedTime(began) > Healthy ? (0, null) : (failures + 1, told);
            if (broke is not null)
            {
                Broke(told == broke.Message ? LogLevel.Debug : LogLevel.Warning, what, broke.Message);
                told = broke.Message;
            }

            await ended(cancellation);
            var patience = (broke as RemoteException)?.RetryAfter ?? TimeSpan.Zero;
            await Task.Delay(Longer(BackOff(failures, Random.Shared.NextDouble()), Shorter(patience, LongestPatience)), clock, cancellation);
        }
    }

    /// <returns>Why the connection ended; null if the other side closed it properly.</returns>
    private static async Task<Exception?> TryAsync(Func<CancellationToken, Task> connection, CancellationToken cancellation)
    {
        try
        {
            await connection(cancellation);
            return null;
        }
        catch (Exception failed) when ((failed.IsTransient() || failed is OperationCanceledException) && !cancellation.IsCancellationRequested)
        {
            return failed;
        }
    }

    /// <summary>Doubles from a fifth of a second to a quarter of a minute. Jitter separates connections that broke together.</summary>
    private static TimeSpan BackOff(int failures, double chance)
    {
        var delay = FirstDelay * Math.Pow(2, Math.Min(failures, 10));
        return Shorter(delay, LongestDelay) * (0.5 + (chance / 2));
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    [LoggerMessage(EventId = 210, Message = "Lost the connection for {What}, and trying again: {Reason}")]
    private partial void Broke(LogLevel level, string what, string reason);
}
