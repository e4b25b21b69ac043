using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class PromotionStreamTests
{
    private const string First = "event: may-promote-change\ndata: {\"resource_name\":\"pvc-1\",\"node_name\":\"node-a\",\"may_promote\":true}\n\n";

    private static readonly PromotionEvent Promotable = new(new ResourceName("pvc-1"), new NodeName("node-a"), Promotability.MayPromote);

    [Fact]
    public async Task It_asks_for_the_present_state_uncompressed()
    {
        await using var server = CannedLinstor.Alive(exchange => exchange.OpenStreamAsync());
        using var client = LinstorFixture.Of(server.Address);

        Assert.Empty(await client.Stream.ReadAsync(default).ToListAsync());

        var request = Assert.Single(server.Requests, request => request.Path == "/v1/events/drbd/promotion");
        Assert.Equal(("current", "text/event-stream", null), (request.Header("Last-Event-ID"), request.Header("Accept"), request.Header("Accept-Encoding")));
    }

    [Fact]
    public async Task Events_are_reported_until_LINSTOR_ends_the_stream()
    {
        await using var server = Streaming(First + First.Replace("true", "false", StringComparison.Ordinal));
        using var client = LinstorFixture.Of(server.Address);
        Assert.Equal([Promotable, Promotable with { Promotability = Promotability.MayNotPromote }], await client.Stream.ReadAsync(default).ToListAsync());
    }

    [Fact]
    public async Task An_event_is_reported_while_the_stream_is_still_open()
    {
        await using var server = CannedLinstor.Alive(async exchange =>
        {
            await exchange.OpenStreamAsync();
            await exchange.SendAsync(First);
            await exchange.HangAsync();
        });
        using var client = LinstorFixture.Of(server.Address);
        Assert.Equal(Promotable, await client.Stream.ReadAsync(default).FirstAsync());
    }

    [Fact]
    public async Task The_head_may_be_withheld_longer_than_any_deadline()
    {
        var (asked, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = new CannedLinstor(async exchange =>
        {
            if (exchange.Path == LinstorConnection.NodesPath)
            {
                await exchange.AnswerAsync(CannedLinstor.Online);
                return;
            }

            if (!exchange.Path.Contains("events", StringComparison.Ordinal))
            {
                await exchange.HangAsync();
                return;
            }

            asked.SetResult();
            await release.Task;
            await exchange.OpenStreamAsync();
            await exchange.SendAsync(First);
        });
        using var client = new LinstorFixture(new LinstorSettings([server.Address]), TimeSpan.FromSeconds(1));

        var events = client.Stream.ReadAsync(default).ToListAsync();
        await asked.Task;
        await Assert.ThrowsAsync<LinstorException>(() => client.Linstor.VersionAsync(default)); // A whole deadline passes.
        release.SetResult();

        Assert.Equal([Promotable], await events);
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_for_a_withheld_head()
    {
        using var caller = new CancellationTokenSource();
        await using var server = CannedLinstor.Alive(async exchange =>
        {
            await caller.CancelAsync();
            await exchange.HangAsync();
        });
        using var client = LinstorFixture.Of(server.Address);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.Stream.ReadAsync(caller.Token).ToListAsync());
    }

    [Fact]
    public async Task Leaving_early_hangs_up_at_once()
    {
        var hungUp = new TaskCompletionSource();
        await using var server = CannedLinstor.Alive(async exchange =>
        {
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n{First.Length:x}\r\n{First}\r\n");
            await exchange.HangAsync();
            hungUp.SetResult();
        });
        using var client = LinstorFixture.Of(server.Address);

        await client.Stream.ReadAsync(default).FirstAsync();

        await hungUp.Task.WaitAsync(TimeSpan.FromSeconds(1)); // By default .NET would drain the response for two seconds first.
    }

    [Fact]
    public async Task A_chunked_stream_that_breaks_off_is_a_broken_connection_after_the_events_before_it()
    {
        await using var server = CannedLinstor.Alive(exchange =>
            exchange.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n{First.Length:x}\r\n{First}\r\n40\r\nevent: may"));
        using var client = LinstorFixture.Of(server.Address);
        var received = new List<PromotionEvent>();

        var broken = await Assert.ThrowsAsync<LinstorException>(async () =>
        {
            await foreach (var seen in client.Stream.ReadAsync(default))
            {
                received.Add(seen);
            }
        });

        Assert.Equal(LinstorFailure.Unreachable, broken.Failure);
        Assert.Equal([Promotable], received);
    }

    [Fact]
    public async Task An_error_event_ends_the_stream_with_LINSTORs_message()
    {
        await using var server = Streaming("event: error\ndata: [{\"ret_code\":-4611686018427386906,\"message\":\"Exception thrown.\",\"error_report_ids\":[\"6A1B\"]}]\n\n");
        using var client = LinstorFixture.Of(server.Address);

        var failed = await Assert.ThrowsAsync<LinstorException>(async () => await client.Stream.ReadAsync(default).ToListAsync());

        Assert.Equal($"LINSTOR controller {server.Address} ended /v1/events/drbd/promotion with an error. It says: Exception thrown.", failed.Message);
    }

    [Fact]
    public async Task An_invalid_event_is_skipped_and_logged_without_its_payload()
    {
        await using var server = Streaming("event: may-promote-change\ndata: hunter2\n\nevent: may-promote-change\ndata: {\"node_name\":\"hunter2\"}\n\n" + First);
        using var client = LinstorFixture.Of(server.Address);

        Assert.Equal([Promotable], await client.Stream.ReadAsync(default).ToListAsync());
        Assert.Equal(
            [
                $"Skipped a promotion event of LINSTOR controller {server.Address}: its 7 bytes of data are not the expected JSON at $.",
                $"Skipped a promotion event of LINSTOR controller {server.Address}: it has no resource_name.",
            ],
            client.Told.Lines.Where(line => line.StartsWith("Skipped", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_event_without_end_is_a_clear_failure()
    {
        await using var server = Streaming($"event: may-promote-change\ndata: {new string('x', 2 << 20)}");
        using var client = LinstorFixture.Of(server.Address);

        var oversized = await Assert.ThrowsAsync<LinstorException>(async () => await client.Stream.ReadAsync(default).ToListAsync());

        Assert.Equal($"LINSTOR controller {server.Address} sent no stream of events on /v1/events/drbd/promotion: an event is longer than 1048576 bytes.", oversized.Message);
    }

    [Theory]
    [InlineData("401 Unauthorized", "application/json", nameof(LinstorFailure.Unauthorized))]
    [InlineData("302 Found", "text/html", nameof(LinstorFailure.Redirected))]
    [InlineData("500 Internal Server Error", "text/plain", nameof(LinstorFailure.ServerError))]
    [InlineData("200 OK", "text/html", nameof(LinstorFailure.Unreadable))]
    public async Task An_answer_that_is_no_stream_is_a_failure_as_elsewhere(string status, string type, string failure)
    {
        await using var server = CannedLinstor.Alive(exchange => exchange.AnswerAsync("[]", status, type));
        using var client = LinstorFixture.Of(server.Address);
        Assert.Equal(failure, (await Assert.ThrowsAsync<LinstorException>(async () => await client.Stream.ReadAsync(default).ToListAsync())).Failure.ToString());
    }

    [Fact]
    public async Task The_answer_to_a_refused_stream_may_not_grow_without_bound()
    {
        await using var server = CannedLinstor.Alive(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n");
            for (var piece = new string('x', 1 << 20); ;)
            {
                await exchange.SendAsync(piece);
            }
        });
        using var client = LinstorFixture.Of(server.Address);
        var endless = await Assert.ThrowsAsync<LinstorException>(async () => await client.Stream.ReadAsync(default).ToListAsync());
        Assert.Equal((LinstorFailure.Unreadable, $"LINSTOR controller {server.Address} answered /v1/events/drbd/promotion with more than 64 MiB."), (endless.Failure, endless.Message));
    }

    private static CannedLinstor Streaming(string bytes) => CannedLinstor.Alive(async exchange =>
    {
        await exchange.OpenStreamAsync();
        await exchange.SendAsync(bytes);
    });
}
