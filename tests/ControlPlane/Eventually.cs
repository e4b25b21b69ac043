using System.Diagnostics;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>Waits for a condition; a failure reports the actual state.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    public static Task<TimeSpan> TrueAsync(Func<bool> condition, TimeSpan within, Func<string> describe, CancellationToken cancellation) =>
        TrueAsync(() => Task.FromResult(condition()), within, () => Task.FromResult(describe()), cancellation);

    /// <summary>Returns how long it took.</summary>
    public static async Task<TimeSpan> TrueAsync(
        Func<Task<bool>> condition, TimeSpan within, Func<Task<string>> describe, CancellationToken cancellation, TimeSpan? pause = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > within)
            {
                throw new TimeoutException($"Not within {within.TotalSeconds:0.##} s: {await describe()}");
            }
            await Task.Delay(pause ?? Pause, cancellation);
        }
        return watch.Elapsed;
    }
}
