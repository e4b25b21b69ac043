namespace Piraeus.HighAvailability.Bench;

/// <summary>What moves the pods.</summary>
internal enum FailoverMethod
{
    /// <summary>The bare loop.</summary>
    Floor,

    /// <summary>The controller.</summary>
    Controller,

    /// <summary>Another build of the controller.</summary>
    Beside,
}

/// <summary>One crash of a node, with the times of its steps in seconds after zero.</summary>
/// <param name="Volumes">How many volumes were lost.</param>
/// <param name="Mover">What moved the pods.</param>
/// <param name="FirstEvent">When LINSTOR reported the first loss.</param>
/// <param name="LastEvent">When LINSTOR reported the last loss; zero is this time plus the grace period.</param>
/// <param name="FirstPodGone">When the first lost pod was gone.</param>
/// <param name="AllPodsGone">When all lost pods were gone.</param>
/// <param name="AllAttachmentsGone">When all their attachments were gone.</param>
/// <param name="FirstRuns">When the first replacement ran.</param>
/// <param name="AllRun">When all replacements ran.</param>
/// <param name="Requests">The time from the first to the last of the mover's requests that write pods, attachments and nodes.</param>
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
    /// <summary>The longest time without a renewal of the controller's Lease, which it renews every 2 s; null for the floor.</summary>
    public double? LeaseGap { get; init; }

    /// <summary>The longest response time of the controller's /healthz; null for the floor.</summary>
    public double? Probe { get; init; }

    /// <summary>The controller's processor time in seconds, from the crash until nothing was written any more; null for the floor.</summary>
    public double? Processor { get; init; }

    /// <summary>MiB of the controller's private memory at the end; null for the floor.</summary>
    public double? Private { get; init; }

    /// <summary>The figures that are printed and compared.</summary>
    public static readonly IReadOnlyList<(string Name, Func<Round, double> Of)> Measures =
    [
        ("first pod gone", round => round.FirstPodGone),
        ("all pods gone", round => round.AllPodsGone),
        ("all attachments gone", round => round.AllAttachmentsGone),
        ("first runs", round => round.FirstRuns),
        ("all run", round => round.AllRun),
        ("requests", round => round.Requests),
    ];

    /// <summary>The figures that the floor does not have.</summary>
    public static readonly IReadOnlyList<(string Name, Func<Round, double?> Of)> Duties =
    [
        ("processor time", round => round.Processor),
        ("private memory (MiB)", round => round.Private),
        ("longest without renewal", round => round.LeaseGap),
        ("longest /healthz", round => round.Probe),
    ];

    public static string Name(FailoverMethod mover) => mover switch { FailoverMethod.Floor => "floor", FailoverMethod.Controller => "controller", _ => "beside" };

    public static string Figure(int volumes, FailoverMethod mover, string measure) => $"N={volumes}, {Name(mover)}: {measure} (s)";
}
