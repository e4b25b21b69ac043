using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Telemetry;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Records this program's own errors, wherever they are caught: each is counted, and logged with its stack. None of them ends the process.</summary>
/// <remarks>Thread-safe. An error that repeats in every turn must not fill the log, so the same type from the same method is logged once a minute.</remarks>
internal sealed partial class InternalErrors(Instruments instruments, TimeProvider provider, ILogger<InternalErrors> logger)
{
    /// <summary>How long the same error is only counted after it was logged.</summary>
    public static readonly TimeSpan LoggedEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _logging = new();
    private readonly Dictionary<(Type Type, string? Method), long> _loggedAt = [];

    /// <summary>Counts an error, and logs it if it is new. Never throws.</summary>
    public void Note(Exception error)
    {
        instruments.FailedInternally();
        try
        {
            if (IsNews(error))
            {
                Failed(error);
            }
        }
        catch (Exception)
        {
            // The log has failed, too: only the counter is left.
        }
    }

    /// <summary>Records several errors.</summary>
    public void Note(IEnumerable<Exception> all)
    {
        foreach (var error in all)
        {
            Note(error);
        }
    }

    /// <summary>Runs code that only explains or follows: an error in it is recorded, and stops nothing else.</summary>
    public void Isolate(Action explain)
    {
        try
        {
            explain();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Note(error);
        }
    }

    private bool IsNews(Exception error)
    {
        var key = (error.GetType(), TopMethod(error));
        lock (_logging)
        {
            if (_loggedAt.TryGetValue(key, out var logged) && provider.GetElapsedTime(logged) < LoggedEvery)
            {
                return false;
            }

            _loggedAt[key] = provider.GetTimestamp();
            return true;
        }
    }

    private static string? TopMethod(Exception error) =>
        new StackTrace(error, fNeedFileInfo: false).GetFrame(0) is { } frame && DiagnosticMethodInfo.Create(frame) is { } method ? $"{method.DeclaringTypeName}.{method.Name}" : null;

    [LoggerMessage(130, LogLevel.Error, "An error of this program was caught; everything that it does not concern goes on. Please report it with this stack trace.")]
    private partial void Failed(Exception error);
}
