using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Tests;

/// <summary>What --help and --version print.</summary>
public sealed class HelpTests
{
    [Theory]
    [InlineData("--version")]
    [InlineData("-version")]
    public void The_version_is_printed_with_the_name(string argument) =>
        Assert.Equal(new Command.ShowText($"piraeus-ha-controller {ProgramVersion.Version}", 0), CommandLineParser.Parse([argument]));

    [Theory]
    [InlineData("--help")]
    [InlineData("-help")]
    [InlineData("-h")]
    [InlineData("--dry-run", "--help")]
    [InlineData("wait-until", "--help")]
    [InlineData("wait-until", "api-online", "-h")]
    public void Help_is_shown_wherever_it_is_asked_for(params string[] arguments) =>
        Assert.Equal(0, Assert.IsType<Command.ShowText>(CommandLineParser.Parse(arguments)).ExitCode);

    [Theory]
    [InlineData("replay", "--resource", "--leader-election")]
    [InlineData("wait-until", "LS_CONTROLLERS", "--dry-run")]
    [InlineData("explain", "--url", "--dry-run")]
    [InlineData("doctor", "--node", "--leader-election")]
    [InlineData("rehearse-node", "--move", "--lease")]
    public void The_help_of_a_command_shows_its_own_flags_and_no_others(string command, string own, string other)
    {
        var help = Assert.IsType<Command.ShowText>(CommandLineParser.Parse([command, "--help"])).Text;
        Assert.Contains(own, help, StringComparison.Ordinal);
        Assert.DoesNotContain(other, help, StringComparison.Ordinal);
    }

    [Fact]
    public void The_help_reads_like_the_documentation()
    {
        var help = Assert.IsType<Command.ShowText>(CommandLineParser.Parse(["--help"])).Text;

        Assert.Contains(
            """
              --attacher-name string                   name of the attacher to consider (default "linstor.csi.linbit.com")
              --bind-address string                    address to serve probes, metrics and status on, all if empty
              --disable-node-taints                    do not taint nodes that have lost their storage
              --dry-run                                decide and report, but change nothing
              --incident-webhook string                address to post to how each incident ended, none if empty
              --kube-api-burst int                     changes to the cluster that may be requested at once (default 1000)
              --kube-api-qps float                     changes to the cluster that may be requested per second (default 500)
              --kubeconfig string                      path to kubeconfig file
              --known-resource-grace-period duration   grace period for known resources after which promotable resources will be considered lost (default 45s)
              --leader-election                        use kubernetes leader election
              --leader-election-healtz-port int        port to use for serving the /healthz endpoint (default 8080)
              --leader-election-lease-name string      name for leader election lease (unique for each pod)
              --leader-election-namespace string       namespace for leader election
              --leader-election-resource-name string   name of the lease that all pods compete for (default "piraeus-ha-controller")
              --log-format string                      format of the log, text or json (default "text")
              --new-resource-grace-period duration     grace period for newly created resources after which promotable resources will be considered lost (default 45s)
              --pod-label-selector string              labels selector for pods to consider (default "linstor.csi.linbit.com/on-storage-lost=remove")
              --reconcile-interval duration            time between reconciliation runs (default 10s)
              --record string                          file to which observations and decisions are recorded, for the command replay
              --storm-threshold percentage             share of all satellites that may look lost at once before everything is held (default 50%)
              --v int32                                set log level (default 4)
            """,
            help,
            StringComparison.Ordinal);
    }
}
