using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>One line of a recording: a header, or an instant and what was observed, decided or said then.</summary>
internal sealed record RecordingLine
{
    /// <summary>With this the first line of every recording begins, and that of no other file.</summary>
    public const string Magic = "{\"recording\":";

    /// <summary>A program has started; everything before it was told to another one.</summary>
    public Header? Recording { get; init; }

    public Instant? At { get; init; }

    /// <summary>What was observed.</summary>
    public Observation? Saw { get; init; }

    /// <summary>What the policy said when it was asked.</summary>
    public Turn? Turn { get; init; }

    /// <summary>Why nothing more was recorded.</summary>
    public string? Ended { get; init; }
}

/// <summary>Who recorded, from when on, and what it went by.</summary>
/// <param name="Format">The version of the format. It changes with every type of the core that is recorded, unless only something that may be null was added.</param>
/// <param name="Version">The version of the program.</param>
/// <param name="Identity">The name under which it competes for the lease.</param>
/// <param name="Start">The time of day at <see cref="Instant.Start"/>.</param>
/// <param name="DryRun">Whether it changed nothing.</param>
/// <param name="Settings">What the policy went by.</param>
internal sealed record Header(int Format, string Version, string Identity, DateTimeOffset Start, bool DryRun, FailoverSettings Settings)
{
    public const int CurrentFormat = 3;
}

/// <summary>What the policy decided in one turn, as the difference to the turn before.</summary>
/// <param name="Begun">What it had not decided then, by its <see cref="DecisionFingerprint"/>, in a sentence; null if nothing.</param>
/// <param name="Over">The gist of what it decides no longer; null if nothing.</param>
internal sealed record Turn(Dictionary<string, string>? Begun, List<string>? Over);
