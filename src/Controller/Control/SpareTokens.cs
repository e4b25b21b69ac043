using System.Threading.RateLimiting;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>The tokens that actions leave: what only reports on actions never queues for one.</summary>
internal static class SpareTokens
{
    public static async Task TakeSpareAsync(this RateLimiter limit, TimeProvider clock, CancellationToken cancellation)
    {
        while (!limit.AttemptAcquire().IsAcquired)
        {
            await Task.Delay(Actuator.Breath, clock, cancellation);
        }
    }
}
