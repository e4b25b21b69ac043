using Piraeus.HighAvailability.Controller.Recording;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>What the command line asks for.</summary>
internal abstract record Command
{
    private Command()
    {
    }

    public sealed record Run(Settings Settings) : Command;

    public sealed record WaitUntilApiOnline : Command;

    /// <summary>Tells what a recording contains.</summary>
    /// <param name="File">The recording.</param>
    /// <param name="Change">What the flags change of the recorded settings.</param>
    /// <param name="Narrowing">What is to be told of it.</param>
    public sealed record Replay(string File, Func<Settings, Settings> Change, ReplayFilter Narrowing) : Command;

    /// <summary>Help and versions go to standard output with 0, complaints of one line to standard error with 2.</summary>
    public sealed record ShowText(string Text, int ExitCode) : Command;
}
