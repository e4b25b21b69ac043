using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Controller.Tests.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>What decides and acts, in front of canned APIs and under a clock that a test moves.</summary>
internal sealed class ControlFixture : IAsyncDisposable
{
    public static readonly Pod App = new(new("shop", "app-0"), new("u-pod"), new("a")) { Claims = [new("data")], OptedIn = true };
    public static readonly Attachment Csi1 = new("csi-1", new("u-va"), "pv", new("a"));
    public static readonly ResourceName Resource = new("rd");
    public static readonly LossEvidence Evidence = new(Resource, new("a"), new("b"), Instant.Start, Instant.Start);
    public static readonly Decision Delete = new Decision.DeletePod(App, Evidence);
    public static readonly Decision Detach = new Decision.DeleteAttachment(Csi1, new("shop", "data"), Evidence);

    /// <summary>Kubernetes' answer to a list of the pods on node a.</summary>
    public const string PodsOnA = """{"metadata":{},"items":[{"metadata":{"namespace":"shop","name":"app-0","uid":"u-pod"},"spec":{"nodeName":"a","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]}}]}""";

    private readonly LinstorConnection _connection;

    private ControlFixture(CannedKubernetes kubernetes, CannedLinstor linstor, bool dryRun, bool contested, FailoverSettings settings, ILogger<Reporter>? reporting, int conditions)
    {
        (Kubernetes, Linstor) = (kubernetes, linstor);
        Clock = new(Time);
        Instruments = new(Told.CreateLogger<Instruments>(), Meter);
        Hold = new(Clock, "me") { IsUncontested = !contested };
        _connection = new(new LinstorSettings([linstor.Address]), TimeProvider.System, Told);
        var http = kubernetes.Connection.CreateClient();
        Client = new(http, new Controller.Kubernetes.KubernetesTranslation("linstor.csi.linbit.com", LabelSelector.Parse("")), Time);
        DecisionLog = new(Clock, Time);
        Status = new(new() { LeaderElection = contested, DryRun = dryRun }, new(settings), () => Control!.Cluster, Hold, DecisionLog, Clock, Time);
        Errors = new(Instruments, Time, Told.CreateLogger<InternalErrors>());
        Events = new(Client, Hold, RequestGate, Time, Errors, dryRun, Told.CreateLogger<EventRecorder>()) { Remembered = 3 };
        var nodes = new NodeClient(http, Time);
        var queries = new QueryRunner(Client, nodes, new(_connection, Clock), Instruments, Clock, Told.CreateLogger<QueryRunner>());
        Actuator = new(queries, new(Client, nodes, Events, Errors, dryRun, Time, Told.CreateLogger<MutationRunner>()) { MostConditions = conditions }, Hold, RequestGate, Inbox.Writer, Errors, Clock);
        Control = new(Inbox, settings, Actuator, new(Events, webhook: null, Instruments, DecisionLog, Errors, reporting ?? Told.CreateLogger<Reporter>()), Errors, Clock, Time);
    }

    public TestTime Time { get; } = new();

    public MonotonicClock Clock { get; }

    public LogCapture Told { get; } = new();

    public Channel<Observation> Inbox { get; } = Tests.Inbox.Create();

    public CannedKubernetes Kubernetes { get; }

    public CannedLinstor Linstor { get; }

    public LeadershipStatus Hold { get; }

    public KubernetesClient Client { get; }

    public InternalErrors Errors { get; }

    /// <summary>Its own meters: listeners receive the measurements of the whole process.</summary>
    public string Meter { get; } = $"Tests.{Guid.NewGuid()}";

    public Instruments Instruments { get; }

    public EventRecorder Events { get; }

    public Actuator Actuator { get; }

    public ControlLoop Control { get; }

    public DecisionLog DecisionLog { get; }

    public StatusEndpoint Status { get; }

    /// <summary>Every action and every Event passes here; a test may close it.</summary>
    public RequestGate RequestGate { get; } = new();

    public static async Task<ControlFixture> OpenAsync(Func<Call, Task>? kubernetes = null, CannedLinstor? linstor = null, bool dryRun = false, bool contested = false, FailoverSettings? settings = null, ILogger<Reporter>? reporting = null, int conditions = 0) => new(
        await CannedKubernetes.StartAsync(kubernetes ?? (call => call.AnswerAsync("{}"))), linstor ?? CannedLinstor.With(("/v1/nodes", "[]")), dryRun, contested, settings ?? new(), reporting, conditions);

    /// <summary>Offers a decision that was just made.</summary>
    public OfferResult Offer(Decision decision) => Actuator.Offer(decision, Clock.Now, () => true);

    public async Task<Observation.MutationAnswered> ActedAsync() => await Inbox.NextAsync<Observation.MutationAnswered>();

    /// <summary>Node a uses a resource, and the replicas on b and c may promote: LINSTOR is to be asked.</summary>
    public static ImmutableArray<Observation> Suspicion =>
    [
        Satellites(Instant.Start, "a"),
        new Observation.Listed<Volume>([new("pv", new("shop", "data")) { Resource = Resource }]),
        new Observation.Listed<Attachment>([Csi1]),
        new Observation.Listed<Pod>([App]),
        new Observation.Listed<ClusterNode>([]),
        new Observation.Listed<CsiNode>([]),
        new Observation.PromotionChanged(Resource, new("b"), Promotability.MayPromote),
        new Observation.PromotionChanged(Resource, new("c"), Promotability.MayPromote),
    ];

    /// <summary>LINSTOR lists satellites a, b and c, of which some are offline.</summary>
    public static Observation Satellites(Instant asked, params string[] offline) => new Observation.SatellitesListed(
        [.. ((string[])["a", "b", "c"]).Select(name => new Satellite(new(name), offline.Contains(name) ? SatelliteState.Offline : SatelliteState.Online))], asked);

    /// <summary>LINSTOR answers that node a has lost what it uses.</summary>
    public static Observation Loss(Instant asked)
    {
        Replica lost = new(new("a")) { Promotability = Promotability.Unknown };
        Replica peer = new(new("b")) { Promotability = Promotability.MayPromote, Score = 10102, Connections = [new("a", Up: false), new("c", Up: true)] };
        Replica third = new(new("c")) { Promotability = Promotability.MayPromote, Score = 10102, Connections = [new("a", Up: false), new("b", Up: true)] };
        return new Observation.ResourceReported(new(Resource, true, [lost, peer, third], asked) { QuorumProperties = new("majority", null), AllowsTwoPrimaries = false });
    }

    /// <summary>LINSTOR answers that node a is connected to the others again.</summary>
    public static Observation Recovery(Instant asked) => new Observation.ResourceReported(new(Resource, true, [Connected("a", "b", "c"), Connected("b", "a", "c"), Connected("c", "a", "b")], asked) { QuorumProperties = new("majority", null), AllowsTwoPrimaries = false });

    private static Replica Connected(string name, string one, string other) =>
        new(new(name)) { Promotability = Promotability.MayNotPromote, Score = 10103, Usage = name == "a" ? Usage.InUse : Usage.Unused, Connections = [new(one, Up: true), new(other, Up: true)] };

    /// <summary>Tells the loop of a resource that node a may have lost.</summary>
    public void ReportSuspicion() => Assert.All(Suspicion, seen => Assert.True(Inbox.Writer.TryWrite(seen)));

    /// <summary>Tells the loop that node a has lost what it uses, as LINSTOR confirms.</summary>
    public void ReportLoss()
    {
        ReportSuspicion();
        Assert.True(Inbox.Writer.TryWrite(Loss(Clock.Now + TimeSpan.FromTicks(1))));
    }

    public async ValueTask DisposeAsync()
    {
        _connection.Dispose();
        Instruments.Dispose();
        await Kubernetes.DisposeAsync();
        await Linstor.DisposeAsync();
        await RequestGate.DisposeAsync();
    }
}
