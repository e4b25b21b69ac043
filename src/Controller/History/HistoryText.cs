using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.History;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WireEntry))]
internal sealed partial class HistoryJson : JsonSerializerContext;

/// <summary>The text of the history: one line of JSON for each entry, oldest first.</summary>
internal static class HistoryText
{
    /// <summary>The ConfigMap's key that has the text.</summary>
    public const string Key = "actions";

    /// <summary>The longest text: about 400 actions. Kubernetes allows a ConfigMap 1 MiB, and every write stores all of it again.</summary>
    public const int MostBytes = 256 * 1024;

    /// <summary>The ConfigMap that belongs to a Lease.</summary>
    public static ObjectKey ConfigMapOf(ObjectKey lease) => new(lease.Namespace, $"{lease.Name}-history");

    /// <summary>Adds entries, and leaves out the oldest lines if the text would become too long.</summary>
    /// <remarks>Lines are kept as they are, also those that another version wrote. An entry that is there already is not added: an earlier write of it may have gone unanswered.</remarks>
    public static string Append(string? text, IEnumerable<WireEntry> entries)
    {
        List<string> lines = [.. Lines(text).Concat(entries.Select(entry => JsonSerializer.Serialize(entry, HistoryJson.Default.WireEntry))).Distinct()];
        var (bytes, first) = (0, lines.Count);
        while (first > 0 && (bytes += Encoding.UTF8.GetByteCount(lines[first - 1]) + 1) <= MostBytes)
        {
            first--;
        }

        return string.Concat(lines.Skip(first).Select(line => line + "\n"));
    }

    /// <summary>The entries of a text. A line that is no entry is left out.</summary>
    public static ImmutableArray<WireEntry> Read(string? text) => [.. Lines(text).Select(Entry).OfType<WireEntry>()];

    private static string[] Lines(string? text) => (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static WireEntry? Entry(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, HistoryJson.Default.WireEntry) is { Kind: not null, About: not null, Sentence: not null } entry ? entry : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
