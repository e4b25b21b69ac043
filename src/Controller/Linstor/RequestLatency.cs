using System.Net;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Telemetry;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Measures how long LINSTOR takes to answer. Warns once when answers become slow, and again only after they became fast.</summary>
/// <remarks>A failover waits for fresh answers, so a slow LINSTOR slows every failover, without any other sign.</remarks>
internal sealed partial class RequestLatency(Instruments? instruments, ILogger<RequestLatency> logger)
{
    /// <summary>Above this, answers are slow: they come from LINSTOR's memory, and usually take milliseconds.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    /// <summary>Below this, they are fast again.</summary>
    public static readonly TimeSpan Fast = Slow / 2;

    /// <summary>The weight of the latest answer in the mean: a single delay of less than four seconds causes no warning.</summary>
    private const double Share = 0.25;

    private readonly Lock _lock = new();
    private TimeSpan? _mean;
    private bool _isSlow;

    /// <summary>LINSTOR answered.</summary>
    public void Answered(TimeSpan took, HttpStatusCode status)
    {
        instruments?.AskedLinstor(took, (int)status switch
        {
            < 300 => "ok",
            404 => "not_found",
            < 500 => "refused",
            _ => "server_error",
        });

        lock (_lock)
        {
            var mean = _mean is { } before ? before + ((took - before) * Share) : took;
            _mean = mean;
            if (mean > Slow && !_isSlow)
            {
                _isSlow = true;
                BecameSlow(mean.TotalSeconds);
            }
            else if (mean < Fast && _isSlow)
            {
                _isSlow = false;
                BecameFast(mean.TotalSeconds);
            }
        }
    }

    /// <summary>LINSTOR did not answer, which differs from a slow answer: it is counted here, and reported elsewhere.</summary>
    public void Failed(TimeSpan took, LinstorFailure failure) => instruments?.AskedLinstor(took, failure switch
    {
        LinstorFailure.TimedOut => "timed_out",
        LinstorFailure.Unreachable => "unreachable",
        _ => "unreadable",
    });

    [LoggerMessage(324, LogLevel.Warning, "LINSTOR is slow: its answers take {Seconds:0.0} s on average. Failovers wait for them, and take as much longer.")]
    private partial void BecameSlow(double seconds);

    [LoggerMessage(325, LogLevel.Information, "LINSTOR is no longer slow: its answers take {Seconds:0.00} s on average.")]
    private partial void BecameFast(double seconds);
}
