using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Controller.Tests.Control;

namespace Piraeus.HighAvailability.Controller.Tests;

public sealed class DaemonTests
{
    [Fact]
    public async Task Being_asked_to_stop_is_success()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        await using var daemon = Build(fixture, Forever);
        using var stop = new CancellationTokenSource();
        var running = daemon.RunAsync(stop.Token);
        await stop.CancelAsync();
        Assert.Equal(0, await running.SoonAsync());
    }

    [Fact]
    public async Task A_loop_that_returns_is_a_failure_that_is_logged()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        await using var daemon = Build(fixture, Forever, _ => Task.CompletedTask);
        Assert.Equal(1, await daemon.RunAsync(default).SoonAsync());
        Assert.Contains(fixture.Told.Lines, line => line.Contains("the loop \"1\" ended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_loop_that_throws_is_a_failure_that_is_logged()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        await using var daemon = Build(fixture, Forever, _ => throw new InvalidOperationException("a bug of ours"));
        Assert.Equal(1, await daemon.RunAsync(default).SoonAsync());
        Assert.Contains(fixture.Told.Lines, line => line.Contains("a bug of ours", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_action_that_fails_with_an_unexpected_exception_does_not_end_the_process()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        await using var daemon = Build(fixture, Forever);
        fixture.Offer(new Core.Decision.Hold(ControlFixture.Resource, new("a"), Core.HoldReason.Storm, Core.HoldDetail.None, [], Core.Instant.Start, true)); // which is no action
        using var stop = new CancellationTokenSource();
        var running = daemon.RunAsync(stop.Token);
        while (!fixture.Told.Lines.Any(line => line.StartsWith("An error of this program was caught", StringComparison.Ordinal)))
        {
            await Task.Yield();
        }

        await stop.CancelAsync();
        Assert.Equal(0, await running.SoonAsync());
    }

    [Fact]
    public async Task What_acts_has_stopped_before_the_lease_is_given_up()
    {
        var answer = new TaskCompletionSource();
        await using var fixture = await ControlFixture.OpenAsync(async call =>
        {
            await answer.Task;
            await call.AnswerAsync("{}");
        });
        var released = new TaskCompletionSource<bool>();
        await using var daemon = Build(fixture, async cancellation =>
        {
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            released.SetResult(answer.Task.IsCompleted && fixture.Offer(ControlFixture.Detach) != Controller.Control.OfferResult.Taken);
        });
        using var stop = new CancellationTokenSource();
        var running = daemon.RunAsync(stop.Token);
        fixture.Offer(ControlFixture.Delete);
        await fixture.Kubernetes.ArrivalAsync();

        await stop.CancelAsync();
        while (!fixture.Told.Lines.Contains("Stopping."))
        {
            await Task.Yield();
        }

        Assert.False(released.Task.IsCompleted); // the request is under way
        answer.SetResult();
        Assert.True(await released.Task.SoonAsync());
        Assert.Equal(0, await running.SoonAsync());
    }

    [Fact]
    public async Task Feeders_in_front_of_a_full_inbox_do_not_keep_the_process_from_stopping()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var full = new TaskCompletionSource();
        await using var daemon = Build(fixture, async cancellation =>
        {
            var inbox = Inbox.Create(1);
            while (true)
            {
                var write = inbox.Writer.WriteAsync(new Core.Observation.Tick(), cancellation);
                _ = !write.IsCompleted && full.TrySetResult();
                await write;
            }
        });
        using var stop = new CancellationTokenSource();
        var running = daemon.RunAsync(stop.Token);
        await full.Task.SoonAsync();
        await stop.CancelAsync();
        Assert.Equal(0, await running.SoonAsync());
    }

    [Fact]
    public async Task A_port_that_is_already_in_use_is_an_error_that_the_user_has_to_fix()
    {
        using var occupant = new TcpListener(IPAddress.IPv6Any, 0);
        occupant.Start();
        var port = ((IPEndPoint)occupant.LocalEndpoint).Port;
        await using var fixture = await ControlFixture.OpenAsync();
        await using var daemon = Build(fixture, port, Forever);
        var refused = await Assert.ThrowsAsync<SettingsException>(() => daemon.RunAsync(default));
        Assert.StartsWith($"cannot serve /healthz on port {port}: ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_listens_on_the_address_that_was_chosen_and_on_no_other()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        await using var endpoints = new EndpointServer(IPAddress.Loopback, 0, new Probes(fixture.Control), fixture.Status, new MetricsEndpoint(ProgramVersion.Meter, _ => null), fixture.Told);
        await endpoints.StartAsync();
        var address = new Uri(Assert.Single(fixture.Told.Lines, line => line.StartsWith("Now listening on: ", StringComparison.Ordinal))["Now listening on: ".Length..]);
        Assert.Equal("127.0.0.1", address.Host);
        using var http = new HttpClient();
        Assert.Equal("ok\n", await http.GetStringAsync(new Uri(address, "/healthz")));
        await endpoints.StopAsync();
    }

    private static Task Forever(CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);

    private static Daemon Build(ControlFixture fixture, params Func<CancellationToken, Task>[] loops) => Build(fixture, port: 0, loops);

    private static Daemon Build(ControlFixture fixture, int port, params Func<CancellationToken, Task>[] loops) =>
        new(
            [.. loops.Select((loop, index) => ($"{index}", loop))], fixture.Actuator, fixture.Control,
            new EndpointServer(null, port, new Probes(fixture.Control), fixture.Status, new MetricsEndpoint(ProgramVersion.Meter, _ => null), fixture.Told), fixture.Told.CreateLogger<Daemon>());
}
