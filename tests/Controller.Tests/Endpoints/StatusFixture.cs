using System.Collections.Immutable;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

/// <summary>The status over HTTP, of a snapshot that a test makes from observations.</summary>
public abstract class StatusFixture : IAsyncLifetime
{
    private static readonly Settings Settings = new() { LeaderElection = true, LeaseIdentity = "me", KnownResourceGracePeriod = TimeSpan.FromSeconds(20), NewResourceGracePeriod = TimeSpan.FromSeconds(20) };
    private static readonly FailoverPolicy Policy = new(new() { KnownResourceGrace = TimeSpan.FromSeconds(20), NewResourceGrace = TimeSpan.FromSeconds(20), StormThreshold = 1 });

    private WebApplication _app = null!;

    private protected TestTime Time { get; } = new();

    private protected MonotonicClock Clock { get; private set; } = null!;

    private protected DecisionLog DecisionLog { get; private set; } = null!;

    private protected LeadershipStatus Hold { get; private set; } = null!;

    private protected ClusterSnapshot Cluster { get; private set; } = ClusterSnapshot.Empty;

    private protected ControllerInUse Linstor { get; set; } = new("http://linstor:3370", null);

    private protected (ImmutableArray<WireEntry> Entries, string? Problem) History { get; set; } = ([], null);

    private protected HttpClient Http { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Clock = new(Time);
        DecisionLog = new(Clock, Time);
        Hold = new(Clock, "me");
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.UseRouting();
        new StatusEndpoint(Settings, Policy, () => Cluster, Hold, DecisionLog, Clock, Time, () => Linstor, _ => Task.FromResult(History)).Map(_app);
        await _app.StartAsync();
        Http = new() { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Pods of node a, each of which uses the volume, and what LINSTOR says of it.</summary>
    private protected void Place(Observation satellites, Observation report, params Pod[] pods) => Apply(
        satellites,
        new Observation.Listed<Volume>([new("pv", new("shop", "data")) { Resource = ControlFixture.Resource }]),
        new Observation.Listed<Attachment>([ControlFixture.Csi1]),
        new Observation.Listed<Pod>([.. pods]),
        new Observation.Listed<CsiNode>([]),
        report);

    private protected void ReportLoss(params Pod[] pods) => Place(ControlFixture.Satellites(Clock.Now, "a"), Report(), pods is [] ? [ControlFixture.App] : pods);

    private protected Observation Report() => ControlFixture.Loss(Clock.Now);

    private protected void Apply(params Observation[] seen) => Cluster = seen.Aggregate(Cluster, (cluster, each) => cluster.Apply(each, Clock.Now));
}
