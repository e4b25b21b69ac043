using System.Text.Json;
using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Bench;

/// <summary>All results of a run and its environment, as one JSON file.</summary>
internal sealed record Report
{
    /// <summary>Changes when a figure of the same name changes its meaning.</summary>
    private const int CurrentSchema = 2;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter() } };

    public int Schema { get; init; } = CurrentSchema;

    public DateTimeOffset Date { get; init; } = DateTimeOffset.UtcNow;

    public required Machine Machine { get; init; }

    public required string Kubernetes { get; init; }

    public required string Program { get; init; }

    /// <summary>The other build that was measured; null if there was none.</summary>
    public string? Beside { get; init; }

    /// <summary>The settings of the run.</summary>
    public required List<string> Settings { get; init; }

    public List<Round> Rounds { get; init; } = [];

    public List<ScaleStart> Starts { get; init; } = [];

    /// <summary>The medians, which are printed and compared with an earlier run.</summary>
    public OrderedDictionary<string, double?> Figures { get; init; } = [];

    /// <exception cref="UsageException">The file cannot be read.</exception>
    public static Report Read(string file)
    {
        try
        {
            var report = JsonSerializer.Deserialize<Report>(File.ReadAllBytes(file), Format);
            return report is { Schema: CurrentSchema } ? report : throw new UsageException($"--baseline {file} is not of schema {CurrentSchema}");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new UsageException($"--baseline {file} cannot be read: {unreadable.Message}");
        }
    }

    public void Write(string file) => File.WriteAllBytes(file, [.. JsonSerializer.SerializeToUtf8Bytes(this, Format), (byte)'\n']);
}

/// <summary>The machine of a run; figures from different machines are hardly comparable.</summary>
internal sealed record Machine(int Cores, string Cpu, string Memory)
{
    public static Machine This => new(Environment.ProcessorCount, Field("/proc/cpuinfo", "model name"), Field("/proc/meminfo", "MemTotal"));

    private static string Field(string file, string name) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "not known";
}
