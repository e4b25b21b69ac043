namespace Piraeus.HighAvailability.Bench;

/// <summary>One start of the controller in a large cluster.</summary>
/// <param name="Ready">Seconds from the start of the process until it has synced.</param>
/// <param name="CpuUntilReady">Seconds of processor time until then.</param>
/// <param name="ResidentAtReady">MiB of memory then, including memory shared with other processes.</param>
/// <param name="PrivateAtReady">MiB of private memory then.</param>
internal sealed record ScaleStart(double Ready, double CpuUntilReady, double ResidentAtReady, double PrivateAtReady)
{
    public const string Allocation = "allocated while idle (KiB/s)";

    /// <summary>Whether it was the other build.</summary>
    public bool IsBeside { get; init; }

    /// <summary>The figures after that; measured for the last start only.</summary>
    public Idling? Idle { get; init; }

    /// <summary>The figures that are printed and compared.</summary>
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

    public static string Figure(string name, bool isBeside) => isBeside ? $"{name}, beside" : name;
}

/// <summary>A controller that only watches.</summary>
/// <param name="Resident">MiB of memory at the end, including memory shared with other processes.</param>
/// <param name="Private">MiB of private memory.</param>
/// <param name="MostResident">The peak of <paramref name="Resident"/>.</param>
/// <param name="CpuPercent">Processor time, in percent of one core.</param>
/// <param name="KibPerSecond">KiB allocated per second; null if the controller does not report it.</param>
internal sealed record Idling(double Resident, double Private, double MostResident, double CpuPercent, double? KibPerSecond);
