using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>On which LINSTOR controller the stream opens, and when it ends there.</summary>
public sealed class PromotionStreamFailoverTests
{
    private const string First = "event: may-promote-change\ndata: {\"resource_name\":\"pvc-1\",\"node_name\":\"node-a\",\"may_promote\":true}\n\n";

    private static readonly PromotionEvent Promotable = new(new ResourceName("pvc-1"), new NodeName("node-a"), Promotability.MayPromote);

    [Fact]
    public async Task It_opens_on_a_LINSTOR_controller_that_proved_to_live()
    {
        await using var mute = CannedLinstor.Mute();
        await using var second = Streaming(First);
        using var client = new LinstorFixture(new LinstorSettings([mute.Address, second.Address]), TimeSpan.FromMilliseconds(500));
        Assert.Equal([Promotable], await client.Stream.ReadAsync(default).ToListAsync());
    }

    [Fact]
    public async Task Where_a_request_moved_to_the_stream_opens_too()
    {
        await using var second = Streaming(First);
        using var client = LinstorFixture.Of(CannedLinstor.ClosedPort(), second.Address);

        await client.Linstor.VersionAsync(default);

        Assert.Equal([Promotable], await client.Stream.ReadAsync(default).ToListAsync());
        Assert.Single(client.Told.Lines, line => line.Contains("is used from now on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_a_request_moves_the_stream_that_was_open_ends()
    {
        var isGone = false;
        await using var first = new CannedLinstor(async exchange =>
        {
            if (exchange.Path == LinstorConnection.NodesPath && !isGone)
            {
                await exchange.AnswerAsync(CannedLinstor.Online);
            }
            else if (exchange.Path.Contains("events", StringComparison.Ordinal))
            {
                await exchange.OpenStreamAsync();
                await exchange.SendAsync(First);
                await exchange.HangAsync();
            }
        });
        await using var second = CannedLinstor.With();
        using var client = LinstorFixture.Of(first.Address, second.Address);
        await using var events = client.Stream.ReadAsync(default).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());

        isGone = true;
        await client.Linstor.SatellitesAsync(default); // The first hangs up on this one.

        var left = await Assert.ThrowsAsync<LinstorException>(async () => await events.MoveNextAsync());
        Assert.Equal($"LINSTOR controller {first.Address} was left for another, and its stream with it.", left.Message);
    }

    [Fact]
    public async Task The_stream_opens_on_the_LINSTOR_controller_that_reaches_its_satellites()
    {
        await using var first = CannedLinstor.With((LinstorConnection.NodesPath, """[{"name":"a","type":"SATELLITE","connection_status":"OTHER_CONTROLLER"}]"""));
        await using var second = Streaming(First);
        using var client = LinstorFixture.Of(first.Address, second.Address);
        Assert.Equal([Promotable], await client.Stream.ReadAsync(default).ToListAsync());
        Assert.DoesNotContain(first.Requests, request => request.Path.Contains("events", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_no_LINSTOR_controller_answers_the_first_failure_is_reported()
    {
        var unreachable = CannedLinstor.ClosedPort();
        using var client = LinstorFixture.Of(unreachable);
        var failure = await Assert.ThrowsAsync<LinstorException>(async () => await client.Stream.ReadAsync(default).ToListAsync());
        Assert.StartsWith($"LINSTOR controller {unreachable} cannot be reached for /v1/nodes: ", failure.Message, StringComparison.Ordinal);
    }

    private static CannedLinstor Streaming(string bytes) => CannedLinstor.Alive(async exchange =>
    {
        await exchange.OpenStreamAsync();
        await exchange.SendAsync(bytes);
    });
}
