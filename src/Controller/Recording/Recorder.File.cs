using System.Text;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <content>The file, which is continued after its last whole line.</content>
internal sealed partial class Recorder
{
    /// <summary>Opens a file to record to. An existing recording is continued after its last whole line, so that a restart does not lose the events that led to it.</summary>
    /// <exception cref="SettingsException">It cannot be written, or is not a recording.</exception>
    public static Recorder Open(Settings settings, MonotonicClock clock, TimeProvider provider, ILogger<Recorder> logger)
    {
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Read,
                BufferSize = 0, // no buffer, so that written lines survive this process
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            var file = new FileStream(settings.Record, options);
            if (file.CanSeek && !IsContinued(file))
            {
                file.Dispose();
                throw new SettingsException($"cannot record to {settings.Record}: there is a file that is no recording");
            }

            return new(file, settings, clock, provider, logger);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SettingsException($"cannot record to {settings.Record}: {refused.Message}");
        }
    }

    /// <summary>Seeks to the end of the last whole line, if the file is a recording or empty.</summary>
    private static bool IsContinued(FileStream file)
    {
        var magic = Encoding.UTF8.GetBytes(RecordingLine.Magic);
        var begin = new byte[magic.Length];
        var length = file.ReadAtLeast(begin, begin.Length, throwOnEndOfStream: false);
        if (!magic.AsSpan().StartsWith(begin.AsSpan(0, length)))
        {
            return false;
        }

        CutOff(file, EndOfLine(file, file.Length));
        return true;
    }

    /// <summary>The end of the last whole line before a position; 0 if there is none.</summary>
    private static long EndOfLine(Stream file, long before)
    {
        Span<byte> block = stackalloc byte[4096];
        while (before > 0)
        {
            var size = (int)Math.Min(block.Length, before);
            file.Position = before - size;
            file.ReadExactly(block[..size]);
            var newline = block[..size].LastIndexOf((byte)'\n');
            before -= size - newline - 1;
            if (newline >= 0)
            {
                return before;
            }
        }

        return 0;
    }

    private static void CutOff(Stream file, long end)
    {
        if (end < file.Length)
        {
            file.SetLength(end);
        }

        file.Position = end;
    }
}
