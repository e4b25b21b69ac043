using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class ReportTests
{
    private const string Definition = "/v1/resource-definitions/pvc-1";
    private const string Resources = Definition + "/resources";
    private const string Properties = "/v1/controller/properties";

    private const string Majority = """{"props":{"DrbdOptions/Resource/quorum":"majority"}}""";

    [Fact]
    public async Task A_healthy_consumer_its_peer_and_the_tie_breaker()
    {
        var report = await ReportAsync("""
            [
             {"name":"pvc-1","node_name":"node-a","props":{"StorPoolName":"thin"},
              "layer_object":{"type":"DRBD","children":[{"type":"STORAGE","storage":{}}],
                "drbd":{"drbd_resource_definition":{"secret":"hunter2"},"connections":{"host-b":{"connected":true,"message":"Connected"},"host-c":{"connected":false,"message":"Connecting"}},
                        "promotion_score":10103,"may_promote":false}},
              "state":{"in_use":true},"uuid":"…"},
             {"name":"pvc-1","node_name":"node-c","flags":["DISKLESS","DRBD_DISKLESS","TIE_BREAKER"],
              "layer_object":{"type":"DRBD","drbd":{"node_id":2,"promotion_score":2,"may_promote":true}},"state":{"in_use":false}}
            ]
            """);

        Assert.True(report.Exists);
        Assert.Equal(["node-a", "node-c"], report.Replicas.Select(replica => replica.Node.Value));
        var (user, breaker) = (report.Replicas[0], report.Replicas[1]);
        Assert.Equal((Promotability.MayNotPromote, Usage.InUse, false, false), (user.Promotability, user.Usage, user.Diskless, user.Leaving));
        Assert.Equal([new Connection("host-b", true), new Connection("host-c", false)], user.Connections);
        Assert.Equal((Promotability.MayPromote, Usage.Unused, true, false), (breaker.Promotability, breaker.Usage, breaker.Diskless, breaker.Leaving));
        Assert.Empty(breaker.Connections);
    }

    [Fact]
    public async Task A_replica_has_a_uuid_a_number_of_DRBD_volumes_and_perhaps_a_quorum_policy_of_its_own()
    {
        var replicas = (await ReportAsync("""
            [{"node_name":"a","uuid":"u-1","props":{"DrbdOptions/Resource/quorum":" Off "},
              "layer_object":{"type":"DRBD","drbd":{"drbd_volumes":[{"device_path":"/dev/drbd1000","drbd_volume_definition":{"volume_number":0}},{}]}}},
             {"node_name":"b","layer_object":{"type":"DRBD","drbd":{}}}]
            """)).Replicas;
        Assert.Equal(("u-1", 2, "off"), (replicas[0].Uuid, replicas[0].VolumeCount, replicas[0].QuorumPolicy));
        Assert.Equal((null, null, null), (replicas[1].Uuid, replicas[1].VolumeCount, replicas[1].QuorumPolicy));
    }

    [Theory]
    [InlineData("""{"node_name":"a","layer_object":{"type":"DRBD","drbd":{}}}""")]
    [InlineData("""{"node_name":"a","layer_object":{"type":"DRBD","drbd":{"may_promote":null,"connections":null}},"state":{"in_use":null},"flags":null}""")]
    [InlineData("""{"node_name":"a","layer_object":{"type":"DRBD"},"state":{}}""")]
    [InlineData("""{"node_name":"a","layer_object":{"type":"DRBD","drbd":{"connections":{"b":{},"c":null}}},"state":null}""")]
    [InlineData("""{"node_name":"a","layer_object":null,"state":{"in_use":false}}""")]
    [InlineData("""{"node_name":"a"}""")]
    public async Task What_LINSTOR_did_not_report_is_unknown(string resource)
    {
        var replica = Assert.Single((await ReportAsync($"[{resource}]")).Replicas);
        Assert.Equal((Promotability.Unknown, Usage.Unknown), (replica.Promotability, replica.Usage));
        Assert.Empty(replica.Connections);
    }

    [Theory]
    [InlineData("""{"node_name":"a","layer_object":{"type":"STORAGE"},"state":{"in_use":false}}""")]
    [InlineData("""{"node_name":"a","layer_object":{"type":"LUKS","children":[{"type":"STORAGE"},null]},"state":{"in_use":false}}""")]
    public async Task A_resource_without_DRBD_is_not_replicated_so_it_has_no_replicas(string resource) => Assert.Empty((await ReportAsync($"[{resource}]")).Replicas);

    [Fact]
    public async Task DRBD_is_found_at_any_depth()
    {
        var resource = """{"node_name":"a","layer_object":{"type":"X","children":[{"type":"Y"},{"type":"Z","children":[{"type":"DRBD","drbd":{"may_promote":true}}]}]}}""";
        Assert.Equal(Promotability.MayPromote, Assert.Single((await ReportAsync($"[{resource}]")).Replicas).Promotability);
    }

    [Theory]
    [InlineData("Connected", true)]
    [InlineData("connected", false)]
    [InlineData("StandAlone", false)]
    [InlineData("Connecting", false)]
    public async Task A_connection_is_up_only_in_the_state_Connected(string message, bool up)
    {
        var resource = """{"node_name":"a","layer_object":{"type":"DRBD","drbd":{"connections":{"b":{"connected":true,"message":"MESSAGE"}}}}}"""
            .Replace("MESSAGE", message, StringComparison.Ordinal);
        Assert.Equal([new Connection("b", up)], Assert.Single((await ReportAsync($"[{resource}]")).Replicas).Connections);
    }

    [Theory]
    [InlineData("DISKLESS", true, false)]
    [InlineData("DISKLESS,DRBD_DISKLESS", true, false)]
    [InlineData("DISKLESS,DRBD_DISKLESS,TIE_BREAKER", true, false)]
    [InlineData("DISKLESS,NVME_INITIATOR", false, false)]
    [InlineData("DISKLESS,EBS_INITIATOR", false, false)]
    [InlineData("DELETE", false, true)]
    [InlineData("DRBD_DELETE", false, true)]
    [InlineData("INACTIVE", false, true)]
    [InlineData("INACTIVATING", false, true)]
    [InlineData("INACTIVE,EVICTED", false, true)]
    [InlineData("EVACUATE", false, false)]
    [InlineData("SOMETHING_NEW", false, false)]
    public async Task Flags_say_whether_a_replica_is_diskless_or_leaving(string flags, bool diskless, bool leaving)
    {
        var replica = Assert.Single((await ReportAsync($$"""[{"node_name":"a","flags":["{{flags.Replace(",", "\",\"", StringComparison.Ordinal)}}"]}]""")).Replicas);
        Assert.Equal((diskless, leaving), (replica.Diskless, replica.Leaving));
    }

    [Fact]
    public async Task A_definition_that_LINSTOR_does_not_know_does_not_exist()
    {
        await using var server = CannedLinstor.With();
        Assert.False((await ReportAsync(server)).Exists);
    }

    [Fact]
    public async Task A_404_that_is_not_LINSTORs_proves_nothing()
    {
        await using var server = new CannedLinstor(exchange => exchange.AnswerAsync("default backend - 404", "404 Not Found", "text/plain"));
        Assert.Equal(LinstorFailure.NotFound, (await Assert.ThrowsAsync<LinstorException>(() => ReportAsync(server))).Failure);
    }

    [Fact]
    public async Task A_name_cannot_leave_its_place_in_the_path()
    {
        await using var server = CannedLinstor.With();
        using var client = LinstorFixture.Of(server.Address);
        await client.Linstor.ReportAsync(new ResourceName("a/b?c#d e%2F"), default);
        const string Definition = "/v1/resource-definitions/a%2Fb%3Fc%23d%20e%252F";
        var asked = server.Requests.Select(request => request.Path).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(new HashSet<string>([Properties, Definition, $"{Definition}/resources"]), asked); // what is not found calls off what is still to be asked
        Assert.Contains(asked, path => path.StartsWith(Definition, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""[{"node_name":"a","layer_object":{"type":"DRBD","drbd":{"may_promote":"yes, hunter2"}}}]""", "something else at $[0].layer_object.drbd.may_promote (")]
    [InlineData("""{"node_name":"a"}""", "something else at $ (")]
    [InlineData("""[{"flags":[]}]""", "a resource without a node_name.")]
    public async Task A_wrong_type_is_reported_by_endpoint_and_place_but_not_quoted(string resources, string place)
    {
        var unreadable = await Assert.ThrowsAsync<LinstorException>(() => ReportAsync(resources));

        Assert.Equal(LinstorFailure.Unreadable, unreadable.Failure);
        Assert.Contains($"{Resources} not with the expected JSON but with {place}", unreadable.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", unreadable.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_of_a_body_is_ever_logged()
    {
        await using var server = CannedLinstor.With((Definition, Majority), (Resources, """[{"node_name":"a","layer_object":{"type":"DRBD","drbd":{"drbd_resource_definition":{"secret":"hunter2"}}}}]"""));
        using var client = LinstorFixture.Of(CannedLinstor.ClosedPort(), server.Address);

        await client.Linstor.ReportAsync(new ResourceName("pvc-1"), default);

        Assert.NotEmpty(client.Told.Lines);
        Assert.DoesNotContain(client.Told.Lines, line => line.Contains("hunter2", StringComparison.Ordinal));
    }

    private static async Task<ResourceReport> ReportAsync(string resources)
    {
        await using var server = CannedLinstor.With((Resources, resources), (Definition, Majority));
        return await ReportAsync(server);
    }

    private static async Task<ResourceReport> ReportAsync(CannedLinstor server)
    {
        using var client = LinstorFixture.Of(server.Address);
        return await client.Linstor.ReportAsync(new ResourceName("pvc-1"), default);
    }
}
