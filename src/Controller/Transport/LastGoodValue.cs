using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>Reads a rotated source again each time, and returns the last good value if that fails: a rotation may be incomplete.</summary>
internal sealed partial class LastGoodValue<T>(Func<T> read, ILogger logger)
    where T : class
{
    private volatile T? _last;

    /// <exception cref="SettingsException">There is no good value yet.</exception>
    public T Read()
    {
        try
        {
            return _last = read();
        }
        catch (SettingsException unusable) when (_last is { } last)
        {
            KeptLast(unusable.Message);
            return last;
        }
    }

    [LoggerMessage(211, LogLevel.Warning, "What was read before stays in use: {Reason}.")]
    private partial void KeptLast(string reason);
}
