using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

public sealed class ProbesTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private ControlFixture _room = null!;
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/livez")]
    public async Task A_process_is_well_while_its_loop_turns(string path)
    {
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await AskAsync(path));
        _room.Time.Advance(TimeSpan.FromSeconds(14));
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await AskAsync(path));
        _room.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the control loop has not turned for 15 s\n"), await AskAsync(path));
    }

    [Fact]
    public async Task A_loop_that_turns_again_is_well_again()
    {
        _room.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync("/healthz")).Status);
        await TurnAsync(new Observation.Tick());
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("/healthz")).Status);
    }

    [Fact]
    public async Task A_process_is_ready_once_all_sources_are_synced_and_transient_errors_do_not_change_that()
    {
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "not yet heard of: Linstor, Pods, Volumes, Attachments, Nodes, CsiNodes\n"), await AskAsync("/readyz"));

        await TurnAsync(
            new Observation.SatellitesListed([], Instant.Start), new Observation.Listed<Volume>([]), new Observation.Listed<Attachment>([]),
            new Observation.Listed<ClusterNode>([]), new Observation.Listed<CsiNode>([]));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "not yet heard of: Pods\n"), await AskAsync("/readyz"));

        await TurnAsync(new Observation.Listed<Pod>([]));
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await AskAsync("/readyz"));

        await TurnAsync(new Observation.SourceLost(Source.Linstor), new Observation.SourceLost(Source.Pods));
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await AskAsync("/readyz"));
    }

    [Fact]
    public async Task Nothing_else_is_served() => Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("/")).Status);

    public async ValueTask InitializeAsync()
    {
        _room = await ControlFixture.OpenAsync();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.UseRouting();
        new Probes(_room.Control).Map(_app);
        await _app.StartAsync();
        _http = new() { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        await _room.DisposeAsync();
        _stop.Dispose();
    }

    private async Task<(HttpStatusCode Status, string Text)> AskAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Lets the loop take these in, and stops it.</summary>
    private async Task TurnAsync(params Observation[] seen)
    {
        foreach (var each in seen)
        {
            Assert.True(_room.Inbox.Writer.TryWrite(each));
        }

        using var stop = new CancellationTokenSource();
        var turns = _room.Time.Rests(Controller.Control.ControlLoop.LongestRest);
        var running = _room.Control.RunAsync(stop.Token);
        await _room.Time.RestingAsync(Controller.Control.ControlLoop.LongestRest, turns + 1);
        await stop.CancelAsync();
        await running.CancelledAsync();
    }
}
