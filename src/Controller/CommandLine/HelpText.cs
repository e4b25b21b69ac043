using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>The output of <c>--help</c>: the usage of the program or of one command, and its flags in the columns of Go's help.</summary>
internal static class HelpText
{
    public static string OfProgram() => $"""
        Moves pods whose LINSTOR storage was lost to nodes that still have it.

        Usage:
          {ProgramVersion.Name} [flags]
          {ProgramVersion.Name} wait-until api-online
          {ProgramVersion.Name} replay FILE [flags]
          {ProgramVersion.Name} explain pod NAMESPACE/NAME | volume NAME | node NAME [flags]
          {ProgramVersion.Name} doctor [flags]
          {ProgramVersion.Name} rehearse-node NODE [flags]

        Flags:
        {Columns(CommandLineFlags.All)}

        Durations are written like 45s, 1m30s or 500ms. Without --kubeconfig, the files of KUBECONFIG
        are used if it is set, else the service account of the pod. The connection to LINSTOR is
        configured with the variables of golinstor, of which LS_CONTROLLERS comes first.

        "{ProgramVersion.Name} COMMAND --help" shows the flags of a command.
        """;

    public static string OfWaitUntil() => $"""
        Waits until LINSTOR answers, and ends with exit code 0: for an init container.

        Usage:
          {ProgramVersion.Name} wait-until api-online

        There are no flags. The connection to LINSTOR is configured with the variables of golinstor:
        LS_CONTROLLERS, LS_USERNAME, LS_PASSWORD, LS_ROOT_CA, LS_USER_CERTIFICATE and LS_USER_KEY.
        """;

    public static string OfReplay() => $"""
        Prints what a file of --record contains: what was observed and decided, and why.

        Usage:
          {ProgramVersion.Name} replay FILE [flags]

        Flags that narrow it down:
          --pod NAMESPACE/NAME                     print only what concerns this pod
          --resource NAME                          print only what concerns this LINSTOR resource

        Flags that show what would have been decided with other values than those recorded:
        {Columns([.. CommandLineFlags.All.Where(flag => flag.IsOfPolicy)], showDefaults: false)}

        Exit codes: 0 everything is decided as it was recorded, 1 it is not, 2 the file cannot be read.
        """;

    public static string OfExplain() => $"""
        Asks the leader why a pod was moved or not, and prints what it believes and what it would do now.

        Usage:
          {ProgramVersion.Name} explain pod NAMESPACE/NAME [flags]
          {ProgramVersion.Name} explain volume NAME [flags]
          {ProgramVersion.Name} explain node NAME [flags]

        Flags:
          --kubeconfig string                      path to kubeconfig file
          -n, --namespace string                   namespace of the controller (default "{ExplainRequest.DefaultNamespace}")
          --lease string                           name of the lease that its replicas compete for (default "{new Settings().LeaseName}")
          --port int                               port of its probes (default {new Settings().HealthPort})
          --url string                             ask this replica instead of the leader, for example http://localhost:8080
          --standalone                             ask no replica: read the cluster and LINSTOR, and judge without their memory
          -o, --output string                      text or json (default "text")

        Flags of the controller, for --standalone to be given as it has them:
        {Columns([.. CommandLineFlags.All.Where(flag => CommandLineParser.IsOfJudgement(flag) && flag.Name != "kubeconfig")])}

        It needs the rights to get the lease and pods/proxy in that namespace; with --url, it needs none.
        With --standalone, it needs those of the controller to list, and the variables of golinstor.

        Exit codes: 0 explained, 1 there is no such object or nobody to ask, 2 bad usage.
        """;

    public static string OfDoctor() => $"""
        Checks whether failovers would work, and forecasts for each node what would happen if it died now.
        It changes nothing.

        Usage:
          {ProgramVersion.Name} doctor [flags]

        Flags:
          -n, --namespace string                   namespace of the controller (default "{ExplainRequest.DefaultNamespace}")
          --lease string                           name of the lease that its replicas compete for (default "{new Settings().LeaseName}")
          --node string                            forecast the death of this node only, and name all its pods
          -o, --output string                      text or json (default "text")

        Flags of the controller, to be given as it has them:
        {Columns([.. CommandLineFlags.All.Where(CommandLineParser.IsOfJudgement)])}

        The connection to LINSTOR is configured with the variables of golinstor, of which LS_CONTROLLERS
        comes first. The rights that it reports are those of the account that it runs with.

        Exit codes: 0 no check has failed, 1 at least one has, 2 bad usage.
        """;

    public static string OfRehearseNode() => $"""
        Says what would happen to each pod with a LINSTOR volume if a node died now. If told to, it also moves
        one of these pods, gently, to prove that it can run elsewhere.

        Usage:
          {ProgramVersion.Name} rehearse-node NODE [flags]

        Flags:
          --move NAMESPACE/NAME                    cordon the node, evict this pod, wait until its replacement runs elsewhere, uncordon the node
          -y, --yes                                really do so; otherwise nothing is changed
          --timeout duration                       how long the replacement may take (default {Durations.ToText(RehearseNodeRequest.DefaultPatience)})

        Flags of the controller, to be given as it has them:
        {Columns([.. CommandLineFlags.All.Where(CommandLineParser.IsOfJudgement)])}

        The connection to LINSTOR is configured with the variables of golinstor, of which LS_CONTROLLERS
        comes first. To read, it needs the rights of the controller to list; to move a pod, those of
        "kubectl drain". A PodDisruptionBudget that forbids the eviction is respected.

        Exit codes: 0 rehearsed, 1 it cannot be, or the pod does not run elsewhere, 2 bad usage.
        """;

    private static string Columns(IReadOnlyList<CommandLineFlag> flags, bool showDefaults = true)
    {
        string Left(CommandLineFlag flag) => flag.StandsAlone ? $"--{flag.Name}" : $"--{flag.Name} {flag.Type}";
        var width = CommandLineFlags.All.Max(flag => Left(flag).Length);
        return string.Join('\n', flags.Select(flag => $"  {Left(flag).PadRight(width)}   {flag.Description}{(!showDefaults || flag.Default.Length == 0 ? "" : $" (default {flag.Default})")}"));
    }
}
