using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>One line of a recording: a header, or an instant with an observation, a turn or the end of the recording.</summary>
internal sealed record RecordingLine
{
    /// <summary>The first line of every recording begins with this, and that of no other file does.</summary>
    public const string Magic = "{\"recording\":";

    /// <summary>A program has started; everything before belongs to another one.</summary>
    public Header? Recording { get; init; }

    public Instant? At { get; init; }

    /// <summary>The observation.</summary>
    public Observation? Saw { get; init; }

    /// <summary>The decisions of one turn.</summary>
    public Turn? Turn { get; init; }

    /// <summary>Why nothing more was recorded.</summary>
    public string? Ended { get; init; }
}

/// <summary>The program that recorded, its start, and its settings.</summary>
/// <param name="Format">The version of the format. It changes with every type of the core that is recorded, unless only something that may be null was added.</param>
/// <param name="Version">The version of the program.</param>
/// <param name="Identity">The name under which it competes for the lease.</param>
/// <param name="Start">The time of day at <see cref="Instant.Start"/>.</param>
/// <param name="DryRun">Whether it was a dry run.</param>
/// <param name="Settings">The settings of the policy.</param>
internal sealed record Header(int Format, string Version, string Identity, DateTimeOffset Start, bool DryRun, FailoverSettings Settings)
{
    public const int CurrentFormat = 3;
}

/// <summary>The policy's decisions in one turn, as the difference to the previous turn.</summary>
/// <param name="Begun">The new decisions, by their <see cref="DecisionFingerprint"/>, each with its sentence; null if none.</param>
/// <param name="Over">The fingerprints of decisions that it no longer makes; null if none.</param>
internal sealed record Turn(Dictionary<string, string>? Begun, List<string>? Over);
