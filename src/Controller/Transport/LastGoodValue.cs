using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>Reads anew each time what others rotate, and gives the last good reading while there is no new one: a rotation may be half done.</summary>
internal sealed partial class LastGoodValue<T>(Func<T> read, ILogger logger)
    where T : class
{
    private volatile T? _last;

    /// <exception cref="SettingsException">There is no good reading yet.</exception>
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
