using System.Globalization;
using System.Net;
using Piraeus.HighAvailability.Controller.Kubernetes;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>All flags, sorted by name. Names, types and defaults are those of 0.3.0; newer flags are additions.</summary>
internal static class CommandLineFlags
{
    private static readonly Settings Defaults = new();

    public static IReadOnlyList<CommandLineFlag> All { get; } =
    [
        CommandLineFlag.Text("attacher-name", "name of the attacher to consider", Defaults.AttacherName,
            (settings, name) => settings with { AttacherName = NotEmpty(name) }),
        CommandLineFlag.Text("bind-address", "address to serve probes, metrics and status on, all if empty", "",
            (settings, address) => settings with { BindAddress = Address(address) }),
        CommandLineFlag.Switch("disable-node-taints", "do not taint nodes that have lost their storage",
            (settings, on) => settings with { DisableNodeTaints = on }) with { IsOfPolicy = true },
        CommandLineFlag.Switch("dry-run", "decide and report, but change nothing",
            (settings, on) => settings with { DryRun = on }),
        CommandLineFlag.Text("incident-webhook", "address to post to how each incident ended, none if empty", "",
            (settings, address) => settings with { IncidentWebhook = Webhook(address) }) with { IsSecret = true },
        CommandLineFlag.Integer("kube-api-burst", "int", "changes to the cluster that may be requested at once", Defaults.KubeApiBurst, 1, int.MaxValue,
            (settings, burst) => settings with { KubeApiBurst = burst }),
        new("kube-api-qps", "float", "changes to the cluster that may be requested per second", $"{Defaults.KubeApiQps}",
            (settings, text) => settings with { KubeApiQps = Positive(text) }),
        CommandLineFlag.Text("kubeconfig", "path to kubeconfig file", Defaults.KubeConfig,
            (settings, path) => settings with { KubeConfig = path }),
        CommandLineFlag.Duration("known-resource-grace-period", "grace period for known resources after which promotable resources will be considered lost",
            Defaults.KnownResourceGracePeriod, TimeSpan.Zero, (settings, grace) => settings with { KnownResourceGracePeriod = grace }) with { IsOfPolicy = true },
        CommandLineFlag.Switch("leader-election", "use kubernetes leader election",
            (settings, on) => settings with { LeaderElection = on }),
        // Existing deployments use this name, in which a letter is missing.
        CommandLineFlag.Integer("leader-election-healtz-port", "int", "port to use for serving the /healthz endpoint", Defaults.HealthPort, 0, 65535,
            (settings, port) => settings with { HealthPort = port }) with { Alias = "leader-election-healthz-port" },
        CommandLineFlag.Text("leader-election-lease-name", "name for leader election lease (unique for each pod)", "",
            (settings, name) => settings with { LeaseIdentity = NotEmpty(name) }),
        CommandLineFlag.Text("leader-election-namespace", "namespace for leader election", Defaults.LeaseNamespace,
            (settings, name) => settings with { LeaseNamespace = name }),
        CommandLineFlag.Text("leader-election-resource-name", "name of the lease that all pods compete for", Defaults.LeaseName,
            (settings, name) => settings with { LeaseName = NotEmpty(name) }),
        CommandLineFlag.Text("log-format", "format of the log, text or json", "text",
            (settings, format) => settings with { LogFormat = Format(format) }),
        CommandLineFlag.Duration("new-resource-grace-period", "grace period for newly created resources after which promotable resources will be considered lost",
            Defaults.NewResourceGracePeriod, TimeSpan.Zero, (settings, grace) => settings with { NewResourceGracePeriod = grace }) with { IsOfPolicy = true },
        CommandLineFlag.Text("pod-label-selector", "labels selector for pods to consider", Defaults.PodSelector.ToString(),
            (settings, selector) => settings with { PodSelector = LabelSelector.Parse(selector) }),
        CommandLineFlag.Duration("reconcile-interval", "time between reconciliation runs", Defaults.ReconcileInterval, TimeSpan.FromMilliseconds(1),
            (settings, interval) => settings with { ReconcileInterval = interval }, atMost: TimeSpan.FromHours(1)) with { IsOfPolicy = true },
        CommandLineFlag.Text("record", "file to which observations and decisions are recorded, for the command replay", Defaults.Record,
            (settings, path) => settings with { Record = path }),
        new("storm-threshold", "percentage", "share of all satellites that may look lost at once before everything is held", "50%",
            (settings, text) => settings with { StormThreshold = Share(text) }) { IsOfPolicy = true },
        CommandLineFlag.Integer("v", "int32", "set log level", Defaults.Verbosity, 0, int.MaxValue,
            (settings, level) => settings with { Verbosity = level }),
    ];

    private static string NotEmpty(string text) => text.Length > 0 ? text : throw new FormatException("must not be empty");

    private static IPAddress? Address(string text) => text.Length == 0 ? null
        : (text.Contains(':') || text.Split('.').Length == 4) && IPAddress.TryParse(text, out var address) ? address // an abbreviation such as 127.1 is hardly meant
        : throw new FormatException("must be an IP address, for example 127.0.0.1 or ::1");

    private static Uri? Webhook(string text) => text.Length == 0 ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { Scheme: "http" or "https", UserInfo: "" } ? address
        : throw new FormatException("must be an address that begins with http:// or https://, without a user");

    private static double Positive(string text) => Number(text) is > 0 and var number ? number : throw new FormatException("must be a number above 0");

    private static double Share(string text) => Number(text.EndsWith('%') ? text[..^1] : text) is >= 0 and <= 100 and var percentage
        ? percentage / 100
        : throw new FormatException("must be a percentage from 0% to 100%");

    /// <summary>A plain decimal; any other text is not a number, and neither above nor below any.</summary>
    private static double Number(string text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
        ? number
        : double.NaN;

    private static LogFormat Format(string text) => text switch
    {
        "text" => LogFormat.Text,
        "json" => LogFormat.Json,
        _ => throw new FormatException("must be text or json"),
    };
}
