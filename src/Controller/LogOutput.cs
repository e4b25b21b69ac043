using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Piraeus.HighAvailability.Controller.CommandLine;

namespace Piraeus.HighAvailability.Controller;

/// <summary>The format of the log: one line for each entry, to standard error.</summary>
internal static class LogOutput
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public static ILoggerFactory Create(Settings settings) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(settings.LogLevel).AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // logs in thirty lines what we log in one
        logging.AddJsonConsole(json => (json.UseUtcTimestamp, json.TimestampFormat) = (true, TimeFormat));
        logging.AddConsole(console =>
        {
            console.FormatterName = settings.LogFormat == LogFormat.Json ? ConsoleFormatterNames.Json : OneLineFormatter.FormatterName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite; // a log reader that hangs must not stop a failover
        });
        logging.Services.AddSingleton<ConsoleFormatter, OneLineFormatter>();
    });

    /// <summary>Time, level, component, and message.</summary>
    private sealed class OneLineFormatter() : ConsoleFormatter(FormatterName)
    {
        public const string FormatterName = "one-line";

        public override void Write<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopes, TextWriter output)
        {
            var message = entry.Formatter(entry.State, entry.Exception);
            var speaker = entry.Category[(entry.Category.LastIndexOf('.') + 1)..];
            output.Write(DateTime.UtcNow.ToString(TimeFormat, CultureInfo.InvariantCulture));
            output.Write(Level(entry.LogLevel));
            output.Write(speaker);
            output.Write(": ");
            output.WriteLine(message.ReplaceLineEndings(" "));
            if (entry.Exception is { } exception)
            {
                output.WriteLine(exception);
            }
        }

        private static string Level(LogLevel level) => level switch
        {
            LogLevel.Trace => " TRACE ",
            LogLevel.Debug => " DEBUG ",
            LogLevel.Information => " INFO  ",
            LogLevel.Warning => " WARN  ",
            LogLevel.Error => " ERROR ",
            _ => " PANIC ",
        };
    }
}
