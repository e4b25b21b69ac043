using Microsoft.Extensions.Logging;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The command <c>wait-until api-online</c>: holds back an init container until LINSTOR answers, however long that takes.</summary>
internal sealed partial class WaitUntilApiOnline(LinstorClient client, TimeProvider clock, ILogger<WaitUntilApiOnline> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <returns>The exit code: 0 when LINSTOR is ready, 1 when stopped before.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        try
        {
            for (var pause = FirstPause; !await IsReadyAsync(cancellation); pause = Longer(pause))
            {
                await Task.Delay(pause, clock, cancellation);
            }

            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Stopped();
            return 1;
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => 2 * pause < LongestPause ? 2 * pause : LongestPause;

    private async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            Ready(await client.VersionAsync(cancellation));
            return true;
        }
        catch (LinstorException unready)
        {
            NotReady(unready.Message);
            return false;
        }
    }

    [LoggerMessage(310, LogLevel.Information, "The LINSTOR API is ready: version {Version}.")]
    private partial void Ready(string version);

    [LoggerMessage(311, LogLevel.Information, "The LINSTOR API is not ready: {Reason}")]
    private partial void NotReady(string reason);

    [LoggerMessage(312, LogLevel.Information, "Stopped before the LINSTOR API was ready.")]
    private partial void Stopped();
}
