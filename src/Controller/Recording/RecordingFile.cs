using System.Text.Json;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>Reads a recording line by line, and rejects any other file.</summary>
internal static class RecordingFile
{
    /// <summary>The lines with their numbers; null stands for a last line that was cut off.</summary>
    /// <exception cref="SettingsException">The file cannot be read; the message names the place and the reason.</exception>
    public static IEnumerable<(int Number, RecordingLine? Line)> Read(string path)
    {
        using var file = Open(path);
        foreach (var (number, text, isWhole) in Lines(path, file))
        {
            if (number == 1)
            {
                CheckHeader(path, text.Span, isWhole);
            }

            if (!isWhole)
            {
                yield return (number, null);
                yield break;
            }

            yield return (number, Parse(path, number, text.Span));
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            // Another process may still be writing the file.
            return new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SettingsException($"cannot replay {path}: {refused.Message}");
        }
    }

    // Lines may be as long as a list of everything, so the buffer grows with them.
    private static IEnumerable<(int Number, ReadOnlyMemory<byte> Text, bool IsWhole)> Lines(string path, FileStream file)
    {
        var (buffer, filled, number) = (new byte[1 << 16], 0, 0);
        while (true)
        {
            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * buffer.Length);
            }

            var read = Fill(path, file, buffer.AsSpan(filled));
            if (read == 0)
            {
                break;
            }

            // The data from before contains no end of line.
            var (begin, searched) = (0, filled);
            filled += read;
            for (int length; (length = buffer.AsSpan(searched, filled - searched).IndexOf((byte)'\n')) >= 0; searched = begin)
            {
                yield return (++number, buffer.AsMemory(begin, searched + length - begin), true);
                begin = searched + length + 1;
            }

            buffer.AsSpan(begin, filled - begin).CopyTo(buffer);
            filled -= begin;
        }

        if (filled > 0 || number == 0)
        {
            yield return (number + 1, buffer.AsMemory(0, filled), false);
        }
    }

    private static int Fill(string path, FileStream file, Span<byte> buffer)
    {
        try
        {
            return file.Read(buffer);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"cannot replay {path}: {refused.Message}"); // a folder, say
        }
    }

    private static void CheckHeader(string path, ReadOnlySpan<byte> text, bool isWhole)
    {
        var isRecording = text.StartsWith(System.Text.Encoding.UTF8.GetBytes(RecordingLine.Magic));
        if (!isRecording || !isWhole)
        {
            throw new SettingsException($"cannot replay {path}: {(isRecording ? "line 1 is cut off" : "it is no recording, because line 1 is not the header of one")}");
        }
    }

    private static RecordingLine Parse(string path, int number, ReadOnlySpan<byte> text)
    {
        try
        {
            // The header of another format may contain anything.
            if (text.StartsWith(System.Text.Encoding.UTF8.GetBytes(RecordingLine.Magic)) && FormatOf(text) is var format && format != Header.CurrentFormat)
            {
                throw new JsonException($"the recording is of format {format}, and this version reads format {Header.CurrentFormat} only: {(format < Header.CurrentFormat ? "an older" : "a newer")} version recorded it, so replay it with that one");
            }

            var line = JsonSerializer.Deserialize(text, RecordingJson.OfLine);
            return line is { Recording: not null } or { At: not null, Saw: not null } or { At: not null, Turn: not null } or { At: not null, Ended: not null }
                ? line
                : throw new JsonException("it says nothing");
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException or OverflowException or KeyNotFoundException)
        {
            // The message's path and line number refer to this one line, but would be read as the file's.
            throw new SettingsException($"cannot replay {path}: line {number}: {problem.Message.Split(" Path: ")[0].Split(" LineNumber: ")[0].ReplaceLineEndings(" ")}");
        }
    }

    private static int FormatOf(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text);
        using var line = JsonDocument.ParseValue(ref reader);
        return line.RootElement.GetProperty("recording").GetProperty("format").GetInt32();
    }
}
