namespace Piraeus.HighAvailability.Bench;

/// <summary>One start of the controller in a large cluster.</summary>
/// <param name="Ready">Seconds from the start of the process until it has seen everything.</param>
/// <param name="CpuUntilReady">Seconds of processor time until then.</param>
/// <param name="ResidentAtReady">MiB of memory then, what it shares with others included.</param>
/// <param name="PrivateAtReady">MiB of memory that is its own.</param>
internal sealed record ScaleStart(double Ready, double CpuUntilReady, double ResidentAtReady, double PrivateAtReady)
{
    public const string Allocation = "allocated while idle (KiB/s)";

    /// <summary>What it did after that; only the last start is watched.</summary>
    public Idling? Idle { get; init; }

    /// <summary>What is printed, and compared.</summary>
    public static readonly IReadOnlyList<(string Name, Func<ScaleStart, double?> Of)> Figures =
    [
        ("ready after (s)", start => start.Ready),
        ("processor time until ready (s)", start => start.CpuUntilReady),
        ("resident memory when ready (MiB)", start => start.ResidentAtReady),
        ("private memory when ready (MiB)", start => start.PrivateAtReady),
        ("resident memory after idling (MiB)", start => start.Idle?.Resident),
        ("private memory after idling (MiB)", start => start.Idle?.Private),
        ("most resident memory (MiB)", start => start.Idle?.MostResident),
        ("processor while idle (% of a core)", start => start.Idle?.CpuPercent),
        (Allocation, start => start.Idle?.KibPerSecond),
    ];
}

/// <summary>A controller that has nothing to do but to watch.</summary>
/// <param name="Resident">MiB of memory at the end, what it shares with others included.</param>
/// <param name="Private">MiB of memory that is its own.</param>
/// <param name="MostResident">The most that <paramref name="Resident"/> ever was.</param>
/// <param name="CpuPercent">Processor time, in hundredths of one core.</param>
/// <param name="KibPerSecond">What it allocated; null if it does not tell.</param>
internal sealed record Idling(double Resident, double Private, double MostResident, double CpuPercent, double? KibPerSecond);
