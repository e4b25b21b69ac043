using System.Threading.Channels;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Forecasting;
using Piraeus.HighAvailability.Controller.History;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Recording;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller;

/// <summary>Composes the program by hand, from top to bottom.</summary>
internal static partial class Composition
{
    /// <exception cref="SettingsException">A setting of the user cannot be used.</exception>
    public static Daemon Build(Settings settings, Func<string, string?> environment, TimeProvider provider, ILoggerFactory logs)
    {
        var clock = new MonotonicClock(provider);
        var inbox = Channel.CreateBounded<Observation>(1024); // a slow loop slows its feeders, and nothing is dropped

        var cluster = KubernetesConnection.Open(settings.KubeConfig, environment, provider, logs.CreateLogger<KubernetesConnection>());
        var linstorSettings = LinstorSettings.FromEnvironment(environment, provider, logs.CreateLogger<LinstorSettings>());
        var metrics = new MetricsEndpoint(ProgramVersion.Meter, environment); // before the first count
        var instruments = new Instruments(logs.CreateLogger<Instruments>());
        var linstorConnection = new LinstorConnection(linstorSettings, provider, logs, instruments);
        var kubernetesTranslation = new Kubernetes.KubernetesTranslation(settings.AttacherName, settings.PodSelector);
        var watchedKinds = new WatchedKinds(kubernetesTranslation, settings.PodSelector);

        // One client for each role, so that requests of one role do not delay those of another.
        var watching = cluster.CreateClient();
        var acting = cluster.CreateClient(acts: true);
        var kubernetes = new KubernetesClient(acting, kubernetesTranslation, provider);
        var nodes = new NodeClient(acting, provider);
        var electing = new KubernetesClient(cluster.CreateClient(acts: true), kubernetesTranslation, provider);
        var linstor = new LinstorClient(linstorConnection, clock);

        var shared = new ObjectKey(settings.LeaseNamespace.Length > 0 ? settings.LeaseNamespace : cluster.Namespace, settings.LeaseName);
        var lease = settings.LeaderElection ? shared : (ObjectKey?)null;
        var hold = new LeadershipStatus(clock, settings.LeaseIdentity) { IsUncontested = !settings.LeaderElection };
        var limit = Limit(settings);
        var errors = new InternalErrors(instruments, provider, logs.CreateLogger<InternalErrors>());
        var events = new EventRecorder(kubernetes, hold, limit, provider, errors, settings.DryRun, logs.CreateLogger<EventRecorder>());
        instruments.ObserveLeadership(() => hold.Covers(TimeSpan.Zero), hold.IsKeptFromDecidingBy);
        var readiness = new Readiness(hold, clock, provider, logs.CreateLogger<Readiness>());
        var recorder = settings.Record.Length == 0 ? null : Recorder.Open(settings, clock, provider, logs.CreateLogger<Recorder>());
        var queries = new QueryRunner(kubernetes, nodes, linstor, instruments, clock, logs.CreateLogger<QueryRunner>());
        var mutations = new MutationRunner(kubernetes, nodes, events, errors, settings.DryRun, provider, logs.CreateLogger<MutationRunner>());
        var actuator = new Actuator(queries, mutations, hold, limit, inbox.Writer, errors, clock);
        var history = new ActionHistory(kubernetes, HistoryText.ConfigMapOf(shared), settings.LeaseIdentity, limit, clock, provider, errors, logs.CreateLogger<ActionHistory>());
        var decisionLog = new DecisionLog(clock, provider) { Written = settings.DryRun ? null : history.Add };
        var webhook = settings is { IncidentWebhook: { } address, DryRun: false } ? new IncidentWebhook(address, IncidentWebhook.CreateClient(), clock, provider, errors, logs.CreateLogger<IncidentWebhook>()) : null;
        var reporter = new Reporter(events, webhook, instruments, decisionLog, errors, logs.CreateLogger<Reporter>());
        var control = new ControlLoop(inbox, settings.Policy, actuator, reporter, errors, clock, provider, recorder, readiness.Observe);
        var forecasts = new ForecastLoop(new(settings.Policy), () => control.Cluster, errors.Isolate, clock, provider);
        instruments.ObserveLinstor(() => clock.Now - control.Cluster.Linstor.AnsweredAt);
        instruments.ObserveForecast(() => forecasts.Pods);
        var status = new StatusEndpoint(settings, new(settings.Policy), () => control.Cluster, hold, decisionLog, clock, provider, () => linstorConnection.InUse, history.ReadAsync);
        var resync = new Resync(linstor, () => control.Cluster, inbox.Writer, settings.ReconcileInterval, provider, logs.CreateLogger<Resync>());
        var feed = new PromotionFeed(new PromotionStream(linstorConnection, logs.CreateLogger<PromotionStream>()), inbox.Writer, resync.StreamSpoke);

        List<(string, Func<CancellationToken, Task>)> supporting =
        [
            ("events", events.RunAsync),
            ("history", history.RunAsync),
            ("sweep", resync.RunAsync),
            ("forecast", forecasts.RunAsync),
            ("promotion", cancellation => Persist("LINSTOR's promotion events", resync.Nudge).RunAsync(feed.FollowAsync, cancellation)),
            Follow(watchedKinds.Pods),
            Follow(watchedKinds.Volumes),
            Follow(watchedKinds.Attachments),
            Follow(watchedKinds.Nodes),
            Follow(watchedKinds.CsiNodes),
        ];

        if (recorder is not null)
        {
            supporting.Add(("recorder", recorder.RunAsync));
        }

        if (webhook is not null)
        {
            supporting.Add(("incident webhook", webhook.RunAsync));
        }

        if (lease is { } key)
        {
            supporting.Add(("lease", new LeaseLoop(electing, key, hold, inbox.Writer, clock, provider, logs.CreateLogger<LeaseLoop>()).RunAsync));
        }

        var endpoints = new EndpointServer(settings.BindAddress, settings.HealthPort, new Probes(control), status, metrics, logs);
        return new Daemon(supporting, actuator, control, endpoints, logs.CreateLogger<Daemon>())
        {
            Started = () => Describe(logs.CreateLogger(nameof(Composition)), settings, environment, linstorSettings, cluster, lease),
        };

        ReconnectLoop Persist(string what, Action ended) => new(what, _ => { ended(); return ValueTask.CompletedTask; }, provider, logs.CreateLogger<ReconnectLoop>());

        (string, Func<CancellationToken, Task>) Follow<TWire, T>(WatchedKind<TWire, T> kind)
            where TWire : class
            where T : class
        {
            var reflector = new Reflector<TWire, T>(watching, kind, inbox.Writer, provider, logs.CreateLogger("Reflector"));
            var reconnectLoop = new ReconnectLoop(kind.Resource, stop => inbox.Writer.WriteAsync(new Observation.SourceLost(kind.Source), stop), provider, logs.CreateLogger<ReconnectLoop>());
            return (kind.Resource, cancellation => reconnectLoop.RunAsync(reflector.FollowAsync, cancellation));
        }
    }

    private static TokenBucketRateLimiter Limit(Settings settings)
    {
        // Tokens come about ten times a second, or one at a time if the rate is lower.
        var tokens = Math.Max(1, (int)(settings.KubeApiQps / 10));
        return new(new()
        {
            TokenLimit = settings.KubeApiBurst,
            ReplenishmentPeriod = TimeSpan.FromSeconds(tokens / settings.KubeApiQps),
            TokensPerPeriod = tokens,
            QueueLimit = 0, // no request waits in a queue: a decision without a token is decided again
            AutoReplenishment = true,
        });
    }

    // The log needs these to be understood later; the warnings are about settings that were probably not meant.
    private static void Describe(ILogger logger, Settings settings, Func<string, string?> environment, LinstorSettings linstor, KubernetesConnection cluster, ObjectKey? lease)
    {
        var selector = settings.PodSelector.ToString();
        Connects(logger, string.Join(", ", linstor.Controllers), cluster.Server, lease is { } key ? $"{key}" : "none");
        Moves(logger, selector.Length > 0 ? selector : "every pod", settings.KnownResourceGracePeriod.TotalSeconds, settings.NewResourceGracePeriod.TotalSeconds);
        if (selector.Length == 0)
        {
            SelectsAll(logger, settings.AttacherName);
        }

        if (environment("LS_PASSWORD") is { Length: > 0 } && linstor.Login is null)
        {
            PasswordWithoutUser(logger);
        }
    }

    [LoggerMessage(4, LogLevel.Information, "LINSTOR: {Linstor}. Kubernetes: {Kubernetes}. Lease: {Lease}.")]
    private static partial void Connects(ILogger logger, string linstor, Uri kubernetes, string lease);

    [LoggerMessage(5, LogLevel.Information, "Selected pods: {Selector}. Grace period: {KnownGrace} s, or {NewGrace} s for what was lost already when first seen.")]
    private static partial void Moves(ILogger logger, string selector, double knownGrace, double newGrace);

    [LoggerMessage(6, LogLevel.Warning, "--pod-label-selector is empty: every pod that uses a volume of {Driver} may be deleted.")]
    private static partial void SelectsAll(ILogger logger, string driver);

    [LoggerMessage(7, LogLevel.Warning, "LS_PASSWORD is set and LS_USERNAME is not: LS_PASSWORD is ignored.")]
    private static partial void PasswordWithoutUser(ILogger logger);
}
