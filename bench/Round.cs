namespace Piraeus.HighAvailability.Bench;

/// <summary>Who moves the pods.</summary>
internal enum FailoverMethod
{
    /// <summary>The bare loop.</summary>
    Floor,

    /// <summary>The controller.</summary>
    Controller,
}

/// <summary>One crash of a node: what happened when, in seconds after zero.</summary>
/// <param name="Volumes">How many volumes were lost.</param>
/// <param name="Mover">Who moved the pods.</param>
/// <param name="FirstEvent">When LINSTOR told of the first loss.</param>
/// <param name="LastEvent">When LINSTOR told of the last loss: zero is this and the grace period.</param>
/// <param name="FirstPodGone">The first lost pod was gone.</param>
/// <param name="AllPodsGone">All of them were.</param>
/// <param name="AllAttachmentsGone">All their attachments were.</param>
/// <param name="FirstRuns">The first replacement ran.</param>
/// <param name="AllRun">All of them did.</param>
/// <param name="Requests">From the first to the last of the mover's requests that write pods, attachments and nodes.</param>
internal sealed record Round(
    int Volumes,
    FailoverMethod Mover,
    double FirstEvent,
    double LastEvent,
    double FirstPodGone,
    double AllPodsGone,
    double AllAttachmentsGone,
    double FirstRuns,
    double AllRun,
    double Requests)
{
    /// <summary>The longest time without a renewal of the controller's Lease, which it renews every 2 s; the floor has none.</summary>
    public double? LeaseGap { get; init; }

    /// <summary>The longest time that the controller's /healthz took; the floor has none.</summary>
    public double? Probe { get; init; }

    /// <summary>What is printed, and compared.</summary>
    public static readonly IReadOnlyList<(string Name, Func<Round, double> Of)> Measures =
    [
        ("first pod gone", round => round.FirstPodGone),
        ("all pods gone", round => round.AllPodsGone),
        ("all attachments gone", round => round.AllAttachmentsGone),
        ("first runs", round => round.FirstRuns),
        ("all run", round => round.AllRun),
        ("requests", round => round.Requests),
    ];

    /// <summary>The same, of the controller alone.</summary>
    public static readonly IReadOnlyList<(string Name, Func<Round, double?> Of)> Duties =
    [
        ("longest without renewal", round => round.LeaseGap),
        ("longest /healthz", round => round.Probe),
    ];

    public static string Name(FailoverMethod mover) => mover == FailoverMethod.Floor ? "floor" : "controller";

    public static string Figure(int volumes, FailoverMethod mover, string measure) => $"N={volumes}, {Name(mover)}: {measure} (s)";
}
