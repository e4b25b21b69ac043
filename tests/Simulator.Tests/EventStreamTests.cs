using Piraeus.HighAvailability.Simulator.Linstor;
using static Piraeus.HighAvailability.Simulator.Tests.LinstorTest;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class EventStreamTests
{
    [Fact]
    public async Task The_response_is_chunked_and_an_event_is_its_bytes_and_nothing_else()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        var head = await wire.TakeHeadAsync();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Content-Type: text/event-stream\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Transfer-Encoding: chunked\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Access-Control-Allow-Origin: *\r\n", head, StringComparison.Ordinal);
        Assert.Equal("64\r\n", await wire.TakeUntilAsync("\r\n"));
        Assert.Equal(NodeAUnpromotable + "\r\n", await wire.TakeUntilAsync("\n\n\r\n"));
    }

    [Fact]
    public async Task An_idle_hour_sends_no_byte()
    {
        var time = new TestTime();
        await using var linstor = await LinstorServer.StartAsync(SmallWorld(), new LinstorOptions { Time = time });
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        await wire.TakeHeadAsync();
        Assert.Equal(NodeAPromotable, await wire.TakeChunkAsync());
        for (var minute = 0; minute < 60; minute++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            linstor.Do(_ => { });
        }

        linstor.Do(world => world.Promote("pvc-1", "node-a"));
        linstor.CutStreams();
        Assert.Equal($"64\r\n{NodeAUnpromotable}\r\n", await wire.TakeAllAsync());
    }

    [Fact]
    public async Task An_unknown_value_is_absent_and_false_is_present()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        linstor.Do(world => world.StopSatellite("node-a"));
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        await wire.TakeHeadAsync();
        Assert.Equal([NodeAUnknown, NodeAUnpromotable.Replace("node-a", "node-b", StringComparison.Ordinal)], await wire.TakeChunksAsync(2));
    }

    [Fact]
    public async Task A_replay_is_one_event_for_each_replica_with_DRBD_on_top_also_if_unknown()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        linstor.Do(world =>
        {
            world.AddResource("luks", ["node-a"], layers: ["LUKS", "STORAGE"]);
            world.AddResource("pvc-2", ["node-a"], layers: ["DRBD", "LUKS", "STORAGE"]);
            world.StopSatellite("node-a");
        });
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        await wire.TakeHeadAsync();
        var replay = await wire.TakeChunksAsync(4);
        Assert.Equal(NodeAUnknown, replay[0]);
        Assert.Equal(NodeAUnknown.Replace("pvc-1", "pvc-2", StringComparison.Ordinal), replay[3]);
        linstor.CutStreams();
        Assert.Empty(await wire.TakeAllAsync());
    }

    [Theory]
    [InlineData("Last-Event-ID: Current")]
    [InlineData("Last-Event-ID: 0")]
    [InlineData("X-Nothing: current")]
    public async Task Without_exactly_the_word_current_there_is_no_replay(string header)
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld());
        await using var wire = await RawConnection.GetAsync(linstor.Url, RawConnection.Promotion, header);
        await linstor.WhenSubscribedAsync(1);
        linstor.Do(world => world.Promote("pvc-1", "node-a"));
        await wire.TakeHeadAsync();
        Assert.Equal(NodeAUnpromotable, await wire.TakeChunkAsync());
    }

    [Fact]
    public async Task A_second_subscriber_makes_the_first_receive_the_full_replay_too()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        await using var first = await RawConnection.SubscribeAsync(linstor.Url);
        await first.TakeHeadAsync();
        var replay = await first.TakeChunksAsync(3);
        await using var second = await RawConnection.SubscribeAsync(linstor.Url);
        await second.TakeHeadAsync();
        Assert.Equal(replay, await second.TakeChunksAsync(3));
        Assert.Equal(replay, await first.TakeChunksAsync(3));
    }

    [Fact]
    public async Task With_nothing_to_replay_not_even_the_response_head_is_sent()
    {
        await using var linstor = await LinstorServer.StartAsync(EmptyWorld());
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        await linstor.WhenSubscribedAsync(1);
        linstor.CutStreams();
        Assert.Empty(await wire.TakeAllAsync());
    }

    [Fact]
    public async Task The_response_head_can_be_sent_at_once()
    {
        await using var linstor = await LinstorServer.StartAsync(EmptyWorld());
        linstor.Hazards.HoldsBackResponseHead = false;
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await wire.TakeHeadAsync(), StringComparison.Ordinal);
        linstor.CutStreams();
        Assert.Empty(await wire.TakeAllAsync());
    }

    [Fact]
    public async Task A_change_during_a_replay_is_followed_by_its_own_stale_value_while_REST_is_right()
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld());
        linstor.Hazards.DuringNextReplay(world => world.Promote("pvc-1", "node-a"));
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        await wire.TakeHeadAsync();
        Assert.Equal([NodeAUnpromotable, NodeAPromotable], await wire.TakeChunksAsync(2));
        Assert.False((await linstor.GetReplicaAsync("node-a")).Drbd().GetProperty("may_promote").GetBoolean());
    }

    [Fact]
    public async Task A_read_after_an_event_sees_the_new_value()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        await wire.TakeHeadAsync();
        await wire.TakeChunksAsync(3);
        linstor.Do(world => world.PowerOff("node-a"));
        Assert.Contains(NodeAPromotable.Replace("node-a", "node-b", StringComparison.Ordinal), await wire.TakeChunksAsync(3));
        Assert.True((await linstor.GetReplicaAsync("node-b")).Drbd().GetProperty("may_promote").GetBoolean());
    }

    [Fact]
    public async Task A_failed_registration_is_one_error_event_and_a_proper_end()
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld());
        linstor.Hazards.FailsRegistration = true;
        await using var wire = await RawConnection.GetAsync(linstor.Url, RawConnection.Promotion, "Last-Event-ID: current", "Connection: close");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await wire.TakeHeadAsync(), StringComparison.Ordinal);
        var error = await wire.TakeChunkAsync();
        Assert.StartsWith("event: error\ndata: [{\"ret_code\":-4611686018427386906,\"message\":", error, StringComparison.Ordinal);
        Assert.EndsWith("}]\n\n", error, StringComparison.Ordinal);
        Assert.Equal("0\r\n\r\n", await wire.TakeAllAsync());
    }

    [Fact]
    public async Task A_subscriber_that_does_not_read_keeps_nothing_from_the_others()
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld());
        await using var asleep = await RawConnection.GetAsync(linstor.Url, RawConnection.Promotion);
        await using var awake = await RawConnection.GetAsync(linstor.Url, RawConnection.Promotion);
        await linstor.WhenSubscribedAsync(2);
        const int Moves = 20_000;
        linstor.Do(world =>
        {
            for (var i = 0; i < Moves; i++)
            {
                world.Promote("pvc-1", "node-a");
                world.Demote("pvc-1", "node-a");
            }
        });
        await awake.TakeHeadAsync();
        Assert.Equal(Moves, (await awake.TakeChunksAsync(2 * Moves)).Count(chunk => chunk == NodeAPromotable));
        await asleep.TakeHeadAsync();
        Assert.Equal(Moves, (await asleep.TakeChunksAsync(2 * Moves)).Count(chunk => chunk == NodeAPromotable));
    }

    [Fact]
    public async Task Node_events_carry_the_node_and_before_and_after_of_a_change()
    {
        await using var linstor = await LinstorServer.StartAsync(EmptyWorld());
        await using var wire = await RawConnection.GetAsync(linstor.Url, "/v1/events/nodes", "Last-Event-ID: current");
        await linstor.WhenSubscribedAsync(1);
        linstor.Do(world => world.StopSatellite("node-a"));
        linstor.Do(world => world.AddNode("Node-D"));
        linstor.Do(world => world.SetNodeProperty("node-d", "Aux/zone", "1"));
        await wire.TakeHeadAsync();
        Assert.StartsWith("event: node-create\ndata: {\"node\":{\"name\":\"Node-D\",\"type\":\"SATELLITE\",", await wire.TakeChunkAsync(), StringComparison.Ordinal);
        var modified = await wire.TakeChunkAsync();
        Assert.StartsWith("event: node-modified\ndata: {\"old_node\":{\"name\":\"Node-D\",", modified, StringComparison.Ordinal);
        Assert.Contains("\"new_node\":{\"name\":\"Node-D\",\"type\":\"SATELLITE\",\"props\":{\"Aux/zone\":\"1\"}", modified, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cut_stream_delivers_the_events_so_far_ends_without_a_final_chunk_and_is_forgotten()
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld());
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        await wire.TakeHeadAsync();
        await wire.TakeChunkAsync();
        linstor.Do(world => world.Promote("pvc-1", "node-a"));
        linstor.CutStreams();
        Assert.Equal($"64\r\n{NodeAUnpromotable}\r\n", await wire.TakeAllAsync());
        await linstor.WhenSubscribedAsync(0);
        await using var next = await RawConnection.SubscribeAsync(linstor.Url);
        await next.TakeHeadAsync();
        Assert.Equal(NodeAUnpromotable, await next.TakeChunkAsync());
    }

    [Fact]
    public async Task A_half_open_stream_stays_connected_and_sends_nothing_more()
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld());
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        await wire.TakeHeadAsync();
        await wire.TakeChunkAsync();
        linstor.Hazards.StreamsAreDeaf = true;
        linstor.Do(world => world.Promote("pvc-1", "node-a"));
        Assert.Equal(1, linstor.Subscribers);
        linstor.Hazards.StreamsAreDeaf = false;
        linstor.Do(world => world.Demote("pvc-1", "node-a"));
        Assert.Equal(NodeAPromotable, await wire.TakeChunkAsync());
    }

    [Fact]
    public async Task Garbage_reaches_streams_and_reads()
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld());
        linstor.Hazards.Garbage = true;
        await using var wire = await RawConnection.SubscribeAsync(linstor.Url);
        await wire.TakeHeadAsync();
        Assert.Equal("event: may-promote-change\ndata: <html>502 Bad Gateway\n\n", await wire.TakeChunkAsync());
        using var answer = await linstor.GetAsync("/v1/nodes");
        Assert.StartsWith("<html>", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
