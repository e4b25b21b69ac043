using System.Text.Json;
using Piraeus.HighAvailability.Controller.Linstor.Wire;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Finds LINSTOR's own message in the body of an error.</summary>
internal static class ReturnCodes
{
    private const int Longest = 500;

    /// <summary>The message of the first error, which also decided the status; null if the body is not LINSTOR's.</summary>
    public static string? Message(ReadOnlySpan<byte> body)
    {
        try
        {
            var entries = (JsonSerializer.Deserialize(body, LinstorJson.Default.ListWireApiCallRc) ?? []).OfType<WireApiCallRc>().ToList();
            var first = entries.Find(entry => entry.RetCode < 0) ?? entries.FirstOrDefault();
            return first is null ? null : OneLine(first.Message ?? "no message");
        }
        catch (JsonException)
        {
            return null; // A proxy's page, or plain text.
        }
    }

    /// <summary>Makes text from outside fit for a log line.</summary>
    public static string OneLine(string text)
    {
        var line = string.Concat(text.Take(Longest).Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        return text.Length > Longest ? $"{line}…" : line;
    }
}
