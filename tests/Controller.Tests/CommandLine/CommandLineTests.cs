using System.Net;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;

namespace Piraeus.HighAvailability.Controller.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void Without_flags_the_defaults_are_those_of_the_documentation()
    {
        var settings = Settings();

        Assert.Equal("linstor.csi.linbit.com", settings.AttacherName);
        Assert.Equal(TimeSpan.FromSeconds(45), settings.KnownResourceGracePeriod);
        Assert.Equal(TimeSpan.FromSeconds(45), settings.NewResourceGracePeriod);
        Assert.Equal("", settings.KubeConfig);
        Assert.False(settings.LeaderElection);
        Assert.Equal(8080, settings.HealthPort);
        Assert.Equal(Dns.GetHostName(), settings.LeaseIdentity);
        Assert.Equal("", settings.LeaseNamespace);
        Assert.Equal("piraeus-ha-controller", settings.LeaseName);
        Assert.Equal("linstor.csi.linbit.com/on-storage-lost=remove", settings.PodSelector.ToString());
        Assert.Equal(TimeSpan.FromSeconds(10), settings.ReconcileInterval);
        Assert.Equal(LogLevel.Information, settings.LogLevel);
        Assert.Equal(LogFormat.Text, settings.LogFormat);
        Assert.Equal("", settings.Record);
        Assert.False(settings.DryRun);
        Assert.False(settings.DisableNodeTaints);
        Assert.Equal(0.5, settings.StormThreshold);
        Assert.Equal(500, settings.KubeApiQps);
        Assert.Equal(1000, settings.KubeApiBurst);
    }

    [Fact]
    public void Every_flag_reaches_its_setting()
    {
        var settings = Settings(
            "--attacher-name=a", "--bind-address=::1", "--known-resource-grace-period=1s", "--new-resource-grace-period=2s", "--kubeconfig=k", "--leader-election",
            "--leader-election-healtz-port=1", "--leader-election-lease-name=me", "--leader-election-namespace=ns", "--leader-election-resource-name=lock",
            "--pod-label-selector=x in (b,a)", "--reconcile-interval=3s", "--v=6", "--dry-run", "--disable-node-taints", "--storm-threshold=25%",
            "--kube-api-qps=0.5", "--kube-api-burst=7", "--log-format=json", "--record=r", "--incident-webhook=https://chat.example/hook");

        Assert.Equal("a", settings.AttacherName);
        Assert.Equal(System.Net.IPAddress.IPv6Loopback, settings.BindAddress);
        Assert.Equal(TimeSpan.FromSeconds(1), settings.KnownResourceGracePeriod);
        Assert.Equal(TimeSpan.FromSeconds(2), settings.NewResourceGracePeriod);
        Assert.Equal("k", settings.KubeConfig);
        Assert.True(settings.LeaderElection);
        Assert.Equal(1, settings.HealthPort);
        Assert.Equal("me", settings.LeaseIdentity);
        Assert.Equal("ns", settings.LeaseNamespace);
        Assert.Equal("lock", settings.LeaseName);
        Assert.Equal("x in (a,b)", settings.PodSelector.ToString());
        Assert.Equal(TimeSpan.FromSeconds(3), settings.ReconcileInterval);
        Assert.Equal(LogLevel.Trace, settings.LogLevel);
        Assert.Equal(LogFormat.Json, settings.LogFormat);
        Assert.Equal(new("https://chat.example/hook"), settings.IncidentWebhook);
        Assert.True(settings.DryRun);
        Assert.True(settings.DisableNodeTaints);
        Assert.Equal(0.25, settings.StormThreshold);
        Assert.Equal(0.5, settings.KubeApiQps);
        Assert.Equal(7, settings.KubeApiBurst);
        Assert.Equal("r", settings.Record);
    }

    [Theory]
    [InlineData("--v=5")]
    [InlineData("--v", "5")]
    [InlineData("-v=5")]
    [InlineData("-v", "5")]
    [InlineData("--v=3", "-v", "5")]
    public void A_flag_may_have_one_dash_or_two_and_its_value_behind_a_sign_or_a_space(params string[] arguments) =>
        Assert.Equal(5, Settings(arguments).Verbosity);

    [Theory]
    [InlineData("--leader-election", true)]
    [InlineData("-leader-election", true)]
    [InlineData("--leader-election=true", true)]
    [InlineData("--leader-election=1", true)]
    [InlineData("--leader-election=t", true)]
    [InlineData("--leader-election=TRUE", true)]
    [InlineData("--leader-election=false", false)]
    [InlineData("--leader-election=0", false)]
    [InlineData("--leader-election=F", false)]
    public void A_boolean_is_bare_or_has_one_of_the_values_of_Go(string argument, bool on) =>
        Assert.Equal(on, Settings(argument).LeaderElection);

    [Fact]
    public void A_bare_boolean_does_not_swallow_what_follows() =>
        AssertRefused("unexpected argument: false", "--leader-election", "false");

    [Fact]
    public void The_last_of_repeated_flags_counts()
    {
        Assert.Equal("b", Settings("--attacher-name=a", "--attacher-name", "b").AttacherName);
        Assert.False(Settings("--dry-run", "--dry-run=false").DryRun);
    }

    [Fact]
    public void The_misspelt_health_port_has_a_well_spelt_twin()
    {
        Assert.Equal(9, Settings("--leader-election-healthz-port=9").HealthPort);
        Assert.Equal(8, Settings("--leader-election-healtz-port=9", "--leader-election-healthz-port", "8").HealthPort);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.1")]
    [InlineData("127.0.0.1:8080")]
    public void The_address_to_listen_on_is_an_IP_address(string address) =>
        AssertRefused($"invalid value \"{address}\" for --bind-address: must be an IP address, for example 127.0.0.1 or ::1", $"--bind-address={address}");

    [Fact]
    public void An_empty_address_means_all() => Assert.Null(Settings("--bind-address=").BindAddress);

    [Theory]
    [InlineData("--kubeconfig", "@file")]
    [InlineData("--kubeconfig=@file")]
    public void A_value_that_begins_with_an_at_sign_is_a_value(params string[] arguments) => Assert.Equal("@file", Settings(arguments).KubeConfig);

    [Theory]
    [InlineData("-strange")]
    [InlineData("--v=4")]
    [InlineData("a=b:c")]
    [InlineData("C:\\config")]
    [InlineData("\"quoted\"")]
    [InlineData("")]
    public void A_value_is_taken_as_it_stands(string value)
    {
        Assert.Equal(value, Settings("--kubeconfig", value).KubeConfig);
        Assert.Equal(value, Settings($"--kubeconfig={value}").KubeConfig);
    }

    [Fact]
    public void An_empty_selector_selects_every_pod() =>
        Assert.True(Settings("--pod-label-selector=").PodSelector.Matches(new Dictionary<string, string>()));

    [Theory]
    [InlineData("50%", 0.5)]
    [InlineData("50", 0.5)]
    [InlineData("12.5%", 0.125)]
    [InlineData("0", 0)]
    [InlineData("100%", 1)]
    public void A_percentage_may_go_without_its_sign(string text, double share) => Assert.Equal(share, Settings($"--storm-threshold={text}").StormThreshold);

    [Theory]
    [InlineData(0, LogLevel.Critical)]
    [InlineData(2, LogLevel.Error)]
    [InlineData(3, LogLevel.Warning)]
    [InlineData(4, LogLevel.Information)]
    [InlineData(5, LogLevel.Debug)]
    [InlineData(10, LogLevel.Trace)]
    public void Verbosity_counts_from_panic_to_trace(int verbosity, LogLevel level) => Assert.Equal(level, Settings($"--v={verbosity}").LogLevel);

    [Theory]
    [InlineData("unknown flag: --known-resource-grace", "--known-resource-grace=1s")]
    [InlineData("unknown flag: --leader-elect", "--leader-elect")]
    [InlineData("unknown flag: -x", "-x")]
    [InlineData("unknown flag: ---v", "---v=4")]
    [InlineData("unexpected argument: run", "run")]
    [InlineData("unexpected argument: @file", "@file")]
    [InlineData("flag needs a value: --kubeconfig", "--dry-run", "--kubeconfig")]
    [InlineData("invalid value \"45\" for --known-resource-grace-period: the unit is missing, for example 45s", "--known-resource-grace-period", "45")]
    [InlineData("invalid value \"-1s\" for --new-resource-grace-period: must be at least 0s", "--new-resource-grace-period=-1s")]
    [InlineData("invalid value \"0\" for --reconcile-interval: must be at least 1ms", "--reconcile-interval=0")]
    [InlineData("invalid value \"61m\" for --reconcile-interval: must be at most 1h0m0s", "--reconcile-interval=61m")]
    [InlineData("invalid value \"yes\" for --dry-run: must be true or false", "--dry-run=yes")]
    [InlineData("invalid value \"\" for --dry-run: must be true or false", "--dry-run=")]
    [InlineData("invalid value \"65536\" for --leader-election-healtz-port: must be a whole number from 0 to 65535", "--leader-election-healthz-port=65536")]
    [InlineData("invalid value \"http\" for --leader-election-healtz-port: must be a whole number from 0 to 65535", "--leader-election-healtz-port=http")]
    [InlineData("invalid value \"-1\" for --v: must be a whole number of at least 0", "-v", "-1")]
    [InlineData("invalid value \"101%\" for --storm-threshold: must be a percentage from 0% to 100%", "--storm-threshold=101%")]
    [InlineData("invalid value \"half\" for --storm-threshold: must be a percentage from 0% to 100%", "--storm-threshold=half")]
    [InlineData("invalid value \"0\" for --kube-api-qps: must be a number above 0", "--kube-api-qps=0")]
    [InlineData("invalid value \"NaN\" for --kube-api-qps: must be a number above 0", "--kube-api-qps=NaN")]
    [InlineData("invalid value \"0\" for --kube-api-burst: must be a whole number of at least 1", "--kube-api-burst=0")]
    [InlineData("invalid value for --incident-webhook: must be an address that begins with http:// or https://, without a user", "--incident-webhook=chat.example/hook")]
    [InlineData("invalid value for --incident-webhook: must be an address that begins with http:// or https://, without a user", "--incident-webhook=https://me:secret@chat.example")]
    [InlineData("invalid value \"xml\" for --log-format: must be text or json", "--log-format=xml")]
    [InlineData("invalid value \"\" for --attacher-name: must not be empty", "--attacher-name=")]
    [InlineData("invalid value \"a=b=c\" for --pod-label-selector: \"=\" is not expected there", "--pod-label-selector=a=b=c")]
    [InlineData("invalid value \"45\" for --reconcile-interval: the unit is missing, for example 45s", "--reconcile-interval=45", "--reconcile-interval=45s")]
    [InlineData("wait-until must be told what to wait for: api-online", "wait-until")]
    [InlineData("rehearse-node must be told which node: rehearse-node NODE", "rehearse-node")]
    [InlineData("unexpected argument: another", "rehearse-node", "node-a", "another")]
    [InlineData("--yes says yes to --move, which is missing", "rehearse-node", "node-a", "--yes")]
    [InlineData("invalid value \"db-0\" for --move: must be a namespace and a name, for example default/app-0", "rehearse-node", "node-a", "--move=db-0")]
    [InlineData("invalid value \"0s\" for --timeout: must be above zero", "rehearse-node", "node-a", "--timeout=0s")]
    [InlineData("invalid value \"5\" for --timeout: the unit is missing, for example 5s", "rehearse-node", "node-a", "--timeout", "5")]
    [InlineData("unknown flag: --lease", "rehearse-node", "node-a", "--lease=l")]
    [InlineData("unexpected argument: pods", "wait-until", "pods")]
    [InlineData("replay must be told what to replay: a file that --record has written", "replay")]
    [InlineData("unexpected argument: another", "replay", "file", "another")]
    [InlineData("unknown flag: --kubeconfig", "replay", "file", "--kubeconfig=k")]
    [InlineData("unknown flag: --dry-run", "replay", "file", "--dry-run")]
    [InlineData("invalid value \"50\" for --new-resource-grace-period: the unit is missing, for example 50s", "replay", "file", "--new-resource-grace-period=50")]
    [InlineData("invalid value \"app-0\" for --pod: must be a namespace and a name, for example default/app-0", "replay", "file", "--pod=app-0")]
    public void Bad_usage_is_refused_in_one_line(string complaint, params string[] arguments) => AssertRefused(complaint, arguments);

    [Fact]
    public void The_init_container_waits_for_the_api() =>
        Assert.IsType<Command.WaitUntilApiOnline>(CommandLineParser.Parse(["wait-until", "api-online"]));

    [Fact]
    public void A_replay_takes_the_flags_that_the_policy_goes_by_and_leaves_the_others_as_recorded()
    {
        var replay = Assert.IsType<Command.Replay>(CommandLineParser.Parse(
            ["replay", "file", "--known-resource-grace-period=1s", "-new-resource-grace-period", "2s", "--reconcile-interval=3s", "--disable-node-taints", "--storm-threshold=25%", "-resource", "pvc-1", "--pod", "shop/db-0"]));
        Assert.Equal("file", replay.File);
        Assert.Equal((new Core.ResourceName("pvc-1"), new Core.ObjectKey("shop", "db-0")), (replay.Resource, replay.Pod));
        Assert.Equal(
            new Settings { KnownResourceGracePeriod = TimeSpan.FromSeconds(1), NewResourceGracePeriod = TimeSpan.FromSeconds(2), ReconcileInterval = TimeSpan.FromSeconds(3), DisableNodeTaints = true, StormThreshold = 0.25 }.Policy,
            replay.Change(new Settings()).Policy);

        var recorded = new Settings { KnownResourceGracePeriod = TimeSpan.FromSeconds(9), DisableNodeTaints = true };
        var plain = Assert.IsType<Command.Replay>(CommandLineParser.Parse(["replay", "file"]));
        Assert.Equal(recorded, plain.Change(recorded));
        Assert.Equal((null, null), (plain.Resource, plain.Pod));
    }

    private static Settings Settings(params string[] arguments) => Assert.IsType<Command.Run>(CommandLineParser.Parse(arguments)).Settings;

    private static void AssertRefused(string complaint, params string[] arguments) =>
        Assert.Equal(new Command.ShowText($"piraeus-ha-controller: {complaint}", 2), CommandLineParser.Parse(arguments));
}
