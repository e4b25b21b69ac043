using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>What <c>--help</c> shows, in the columns of Go's help.</summary>
internal static class HelpText
{
    public static string Of(IReadOnlyList<CommandLineFlag> flags)
    {
        var left = flags.Select(flag => flag.StandsAlone ? $"--{flag.Name}" : $"--{flag.Name} {flag.Type}").ToList();
        var width = left.Max(text => text.Length);
        var lines = flags.Zip(left, (flag, name) => $"  {name.PadRight(width)}   {flag.Description}{(flag.Default.Length == 0 ? "" : $" (default {flag.Default})")}");
        return $"""
            Moves pods whose LINSTOR storage was lost to nodes that still have it.

            Usage:
              {ProgramVersion.Name} [flags]
              {ProgramVersion.Name} wait-until api-online
              {ProgramVersion.Name} replay FILE [flags]

            Flags:
            {string.Join('\n', lines)}

            The command replay tells what a file of --record contains, and what was decided and why. It narrows
            that down with --resource NAME and --pod NAMESPACE/NAME, and takes {string.Join(", ", flags.Where(flag => flag.IsOfPolicy).Select(flag => $"--{flag.Name}"))}
            to tell what would have been decided with other values.

            Durations are written like 45s, 1m30s or 500ms. Without --kubeconfig, the files of KUBECONFIG
            are used if it is set, else the service account of the pod. The connection to LINSTOR is
            configured with the variables of golinstor, of which LS_CONTROLLERS comes first.
            """;
    }
}
