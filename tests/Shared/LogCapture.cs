using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Piraeus.HighAvailability.Tests;

/// <summary>Keeps every log line, exceptions included.</summary>
internal sealed class LogCapture : ILoggerFactory, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = [];

    /// <summary>Those of the lines that are warnings or worse.</summary>
    public ConcurrentQueue<string> Warnings { get; } = [];

    ILogger ILoggerFactory.CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = $"{formatter(state, exception)}{exception}";
        Lines.Enqueue(line);
        if (logLevel >= LogLevel.Warning)
        {
            Warnings.Enqueue(line);
        }
    }

    public void Dispose()
    {
    }
}
