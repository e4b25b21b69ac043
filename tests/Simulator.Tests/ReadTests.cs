using System.Net;
using System.Text.Json;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Simulator.World;
using static Piraeus.HighAvailability.Simulator.Tests.LinstorTest;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class ReadTests
{
    [Fact]
    public async Task A_replica_in_use_reads_as_LINSTOR_shows_it()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        var replica = await linstor.GetReplicaAsync("node-a");
        Assert.Equal("{\"in_use\":true}", replica.GetProperty("state").GetRawText());
        Assert.False(replica.Has("flags"));
        Assert.False(replica.Has("volumes"));
        var drbd = replica.Drbd();
        Assert.Equal(10103, drbd.GetProperty("promotion_score").GetInt32());
        Assert.False(drbd.GetProperty("may_promote").GetBoolean());
        Assert.Equal("""{"connected":true,"message":"Connected"}""", drbd.GetProperty("connections").GetProperty("node-b").GetRawText());
        Assert.NotEmpty(drbd.GetProperty("drbd_resource_definition").GetProperty("secret").GetString()!);
        Assert.Equal("STORAGE", replica.GetProperty("layer_object").GetProperty("children")[0].GetProperty("type").GetString());
    }

    [Fact]
    public async Task Without_live_data_state_score_promotability_and_connections_are_absent()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        linstor.Do(world => world.StopSatellite("node-a"));
        var replica = await linstor.GetReplicaAsync("node-a");
        Assert.False(replica.Has("state"));
        Assert.All(["may_promote", "promotion_score", "connections"], absent => Assert.False(replica.Drbd().Has(absent)));
        Assert.Equal("OFFLINE", (await linstor.GetJsonAsync("/v1/nodes/node-a")).GetProperty("connection_status").GetString());
        Assert.True((await linstor.GetReplicaAsync("node-b")).Drbd().GetProperty("connections").GetProperty("node-a").GetProperty("connected").GetBoolean());
    }

    [Fact]
    public async Task Layers_without_DRBD_know_less_about_use()
    {
        var world = EmptyWorld();
        world.AddResource("luks", ["node-a"], layers: ["LUKS", "STORAGE"]);
        world.AddResource("plain", ["node-a"], layers: ["STORAGE"]);
        await using var linstor = await LinstorServer.StartAsync(world);
        Assert.Equal("""{"in_use":false}""", (await linstor.GetReplicaAsync("node-a", "luks")).GetProperty("state").GetRawText());
        Assert.Equal("{}", (await linstor.GetReplicaAsync("node-a", "plain")).GetProperty("state").GetRawText());
    }

    [Fact]
    public async Task A_replica_can_be_seen_in_use_and_promotable_for_one_read()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        linstor.Hazards.SkewNextRead("pvc-1", "node-a");
        var skewed = (await linstor.GetJsonAsync("/v1/resource-definitions/pvc-1/resources"))[0];
        Assert.True(skewed.GetProperty("state").GetProperty("in_use").GetBoolean() && skewed.Drbd().GetProperty("may_promote").GetBoolean());
        Assert.False((await linstor.GetReplicaAsync("node-a")).Drbd().GetProperty("may_promote").GetBoolean());
    }

    [Fact]
    public async Task Resources_are_read_from_memory_while_the_view_hangs_and_then_fails_with_its_satellite()
    {
        var world = UsedWorld();
        world.Timings = world.Timings with { SatelliteLoss = TimeSpan.FromDays(1) };
        await using var linstor = await LinstorServer.StartAsync(world);
        linstor.Do(w => w.PowerOff("node-c"));
        var view = linstor.GetAsync("/v1/view/resources");
        await linstor.WhenHangingAsync();
        Assert.Equal(3, (await linstor.GetJsonAsync("/v1/resource-definitions/pvc-1/resources")).GetArrayLength());
        Assert.False(view.IsCompleted);
        linstor.Do(w => w.PowerOn("node-c"));
        using var failed = await view;
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.Contains("\"ret_code\":-4611686018427386906", await failed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_view_answers_once_a_hanging_satellite_resumes_and_can_be_requested_without_a_query()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        linstor.Do(world => world.HangSatellite("node-c"));
        var view = linstor.GetJsonAsync("/v1/view/resources");
        await linstor.WhenHangingAsync();
        linstor.Hazards.ViewAsksSatellites = false;
        Assert.Equal(3, (await linstor.GetJsonAsync("/v1/view/resources")).GetArrayLength());
        Assert.False(view.IsCompleted);
        linstor.Do(world => world.ResumeSatellite("node-c"));
        Assert.Equal(3, (await view).GetArrayLength());
    }

    [Fact]
    public async Task The_view_has_volumes_with_their_state_and_omits_resources_without_volumes()
    {
        var world = UsedWorld();
        world.AddResource("empty", ["node-a"], volumes: 0);
        await using var linstor = await LinstorServer.StartAsync(world);
        var view = await linstor.GetJsonAsync("/v1/view/resources?nodes=NODE-A");
        Assert.Equal("pvc-1", Assert.Single(view.EnumerateArray()).GetProperty("name").GetString());
        var state = view[0].GetProperty("volumes")[0].GetProperty("state");
        Assert.Equal("UpToDate", state.GetProperty("disk_state").GetString());
        Assert.Equal("Established", state.GetProperty("replication_states").GetProperty("node-b").GetProperty("replication_state").GetString());
    }

    [Theory]
    [InlineData("/v1/resource-definitions/nope", -4611686018427387603)]
    [InlineData("/v1/resource-definitions/nope/resources", -4611686018427387603)]
    [InlineData("/v1/resource-definitions/pvc-1/resources/nope", -4611686018427387604)]
    [InlineData("/v1/resource-definitions/small/resources/node-b", -4611686018427387602)]
    [InlineData("/v1/nodes/nope", -4611686018427387604)]
    [InlineData("/v1/view/resources?nodes=nope", -4611686018427387604)]
    public async Task What_is_unknown_is_a_404_with_an_array_of_return_codes(string path, long code)
    {
        var world = UsedWorld();
        world.AddResource("small", ["node-a"]);
        await using var linstor = await LinstorServer.StartAsync(world);
        using var answer = await linstor.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        var error = Assert.Single(JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.EnumerateArray());
        Assert.Equal(code, error.GetProperty("ret_code").GetInt64());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
    }

    [Fact]
    public async Task A_definition_without_resources_has_an_empty_list()
    {
        var world = EmptyWorld();
        world.AddDefinition("bare");
        await using var linstor = await LinstorServer.StartAsync(world);
        using var answer = await linstor.GetAsync("/v1/resource-definitions/bare/resources");
        Assert.Equal("[]", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Names_match_without_case_and_read_as_created()
    {
        var world = EmptyWorld();
        world.AddNode("Node-X");
        world.AddResource("PVC-Big", ["node-x"]);
        await using var linstor = await LinstorServer.StartAsync(world);
        var replica = await linstor.GetReplicaAsync("NODE-X", "pvc-big");
        Assert.Equal("PVC-Big", replica.GetProperty("name").GetString());
        Assert.Equal("Node-X", replica.GetProperty("node_name").GetString());
        Assert.Equal("Node-X", Assert.Single((await linstor.GetJsonAsync("/v1/nodes?nodes=NODE-x")).EnumerateArray()).GetProperty("name").GetString());
        Assert.Single((await linstor.GetJsonAsync("/v1/resource-definitions?resource_definitions=pvc-BIG")).EnumerateArray());
        Assert.Single((await linstor.GetJsonAsync("/v1/view/resources?resources=pvc-BIG")).EnumerateArray());
    }

    [Fact]
    public async Task An_offset_counts_only_together_with_a_limit()
    {
        await using var linstor = await LinstorServer.StartAsync(EmptyWorld());
        Assert.Equal(["node-b"], await NamesAsync("?limit=1&offset=1"));
        Assert.Equal(["node-a", "node-b", "node-c"], await NamesAsync("?offset=1"));

        async Task<string[]> NamesAsync(string query) =>
            [.. (await linstor.GetJsonAsync("/v1/nodes" + query)).EnumerateArray().Select(node => node.GetProperty("name").GetString()!)];
    }

    [Fact]
    public async Task Connections_are_named_by_uname_and_diskless_pairs_have_none()
    {
        var world = new StorageWorld(StorageTimings.Quick);
        world.AddNode("a", uname: "a.example.com");
        world.AddNodes("b", "c", "d");
        world.AddResource("pvc-1", ["a", "b"], tieBreaker: "c", diskless: ["d"]);
        await using var linstor = await LinstorServer.StartAsync(world);
        Assert.Equal(["a.example.com", "c", "d"], (await ConnectionsAsync("b")).Order());
        Assert.Equal(["a.example.com", "b"], (await ConnectionsAsync("c")).Order());
        var tieBreaker = await linstor.GetReplicaAsync("c");
        Assert.Equal(["DISKLESS", "DRBD_DISKLESS", "TIE_BREAKER"], tieBreaker.GetProperty("flags").Strings());
        Assert.False(tieBreaker.GetProperty("layer_object").Has("children"));

        async Task<string[]> ConnectionsAsync(string node) =>
            [.. (await linstor.GetReplicaAsync(node)).Drbd().GetProperty("connections").EnumerateObject().Select(connection => connection.Name)];
    }

    [Fact]
    public async Task Properties_of_definition_group_and_controller_are_each_read_at_their_level()
    {
        var world = UsedWorld();
        world.SetGroupProperty("DfltRscGrp", QuorumSetting.Key, "all");
        await using var linstor = await LinstorServer.StartAsync(world);
        var definition = await linstor.GetJsonAsync("/v1/resource-definitions/pvc-1");
        Assert.False(definition.Has("props"));
        Assert.Equal("DfltRscGrp", definition.GetProperty("resource_group_name").GetString());
        Assert.Equal("all", (await linstor.GetJsonAsync("/v1/resource-groups/dfltrscgrp")).GetProperty("props").GetProperty(QuorumSetting.Key).GetString());
        Assert.Equal("suspend-io", (await linstor.GetJsonAsync("/v1/controller/properties")).GetProperty(QuorumSetting.OnNoQuorumKey).GetString());
    }

    [Fact]
    public async Task Volume_definitions_come_only_when_asked_for()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        Assert.False((await linstor.GetJsonAsync("/v1/resource-definitions"))[0].Has("volume_definitions"));
        var definition = (await linstor.GetJsonAsync("/v1/resource-definitions?with_volume_definitions=true"))[0];
        Assert.Equal(0, Assert.Single(definition.GetProperty("volume_definitions").EnumerateArray()).GetProperty("volume_number").GetInt32());
    }

    [Fact]
    public async Task An_unknown_path_is_404_with_return_codes_and_a_wrong_method_is_405()
    {
        await using var linstor = await LinstorServer.StartAsync(EmptyWorld());
        Assert.Equal(JsonValueKind.Array, (await linstor.GetJsonAsync("/v1/no/such/thing")).ValueKind);
        using var http = new HttpClient();
        using var posted = await http.PostAsync(new Uri(linstor.Url, "/v1/nodes"), null, Deadline.Soon());
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    [Fact]
    public async Task Only_a_long_body_is_compressed_and_only_when_asked()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        Assert.Contains("Content-Encoding: gzip", await HeadAsync("/v1/resource-definitions/pvc-1/resources", "Accept-Encoding: gzip"), StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Encoding", await HeadAsync("/v1/resource-definitions/pvc-1/resources", "Accept: */*"), StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Encoding", await HeadAsync("/v1/controller/version", "Accept-Encoding: gzip"), StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Encoding", await HeadAsync(RawConnection.Promotion, "Accept-Encoding: gzip", "Last-Event-ID: current"), StringComparison.Ordinal);

        async Task<string> HeadAsync(string path, params string[] headers)
        {
            await using var wire = await RawConnection.GetAsync(linstor.Url, path, headers);
            return await wire.TakeHeadAsync();
        }
    }

    [Fact]
    public async Task A_delayed_answer_comes_when_its_time_has_come_and_not_before()
    {
        var clock = new TestTime();
        await using var linstor = await LinstorServer.StartAsync(EmptyWorld(), new LinstorOptions { Time = clock });
        linstor.Hazards.AnswerDelay = TimeSpan.FromMinutes(1);
        var answer = linstor.GetJsonAsync("/v1/controller/version");
        await clock.RestingAsync(TimeSpan.FromMinutes(1));
        Assert.False(answer.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(1));
        await answer.SoonAsync();
    }

    [Fact]
    public async Task Health_has_an_empty_body()
    {
        await using var linstor = await LinstorServer.StartAsync(EmptyWorld());
        using var answer = await linstor.GetAsync("/health");
        Assert.Equal((HttpStatusCode.OK, ""), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }
}
