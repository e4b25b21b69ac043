using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>What the command line asks for.</summary>
internal abstract record Command
{
    private Command()
    {
    }

    public sealed record Run(Settings Settings) : Command;

    public sealed record WaitUntilApiOnline : Command;

    /// <summary>Prints what a recording contains.</summary>
    /// <param name="File">The recording.</param>
    /// <param name="Change">What the flags change of the recorded settings.</param>
    /// <param name="Resource">Prints only what concerns this LINSTOR resource; null for all.</param>
    /// <param name="Pod">Prints only what concerns this pod; null for all.</param>
    public sealed record Replay(string File, Func<Settings, Settings> Change, ResourceName? Resource, ObjectKey? Pod) : Command;

    /// <summary>Help and versions go to standard output with 0, complaints of one line to standard error with 2.</summary>
    public sealed record ShowText(string Text, int ExitCode) : Command;
}
