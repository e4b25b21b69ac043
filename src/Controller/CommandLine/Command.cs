using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>The command that the command line selects.</summary>
internal abstract record Command
{
    private Command()
    {
    }

    public sealed record Run(Settings Settings) : Command;

    public sealed record WaitUntilApiOnline : Command;

    /// <summary>Prints what a recording contains.</summary>
    /// <param name="File">The recording.</param>
    /// <param name="Change">The flags' changes to the recorded settings.</param>
    /// <param name="Resource">Prints only what concerns this LINSTOR resource; null for all.</param>
    /// <param name="Pod">Prints only what concerns this pod; null for all.</param>
    public sealed record Replay(string File, Func<Settings, Settings> Change, ResourceName? Resource, ObjectKey? Pod) : Command;

    /// <summary>Asks the leader why it does, or does not do, something about one object.</summary>
    public sealed record Explain(ExplainRequest Request) : Command;

    /// <summary>Checks whether failovers would work, and forecasts them.</summary>
    public sealed record Doctor(DoctorRequest Request) : Command;

    /// <summary>Forecasts the death of one node, and moves a pod away from it if told to.</summary>
    public sealed record RehearseNode(RehearseNodeRequest Request) : Command;

    /// <summary>Help and versions go to standard output with exit code 0, one-line error messages to standard error with 2.</summary>
    public sealed record ShowText(string Text, int ExitCode) : Command;
}
