using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class ReportTests
{
    private const string List = "/v1/resource-definitions";
    private const string Definition = List + "/pvc-1";
    private const string Resources = Definition + "/resources";
    private const string Group = "/v1/resource-groups/sc%20xyz";
    private const string Properties = "/v1/controller/properties";

    private static readonly string Majority = Quorum("majority");

    [Fact]
    public async Task A_healthy_user_its_peer_and_the_tie_breaker()
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

    [Theory]
    [InlineData("""{"node_name":"a","layer_object":{"type":"DRBD","drbd":{}}}""")]
    [InlineData("""{"node_name":"a","layer_object":{"type":"DRBD","drbd":{"may_promote":null,"connections":null}},"state":{"in_use":null},"flags":null}""")]
    [InlineData("""{"node_name":"a","layer_object":{"type":"DRBD"},"state":{}}""")]
    [InlineData("""{"node_name":"a","layer_object":{"type":"DRBD","drbd":{"connections":{"b":{},"c":null}}},"state":null}""")]
    [InlineData("""{"node_name":"a","layer_object":{"type":"LUKS","children":[{"type":"STORAGE"},null]},"state":{"in_use":false}}""")]
    [InlineData("""{"node_name":"a","layer_object":null,"state":{"in_use":false}}""")]
    [InlineData("""{"node_name":"a"}""")]
    public async Task What_nobody_said_is_unknown(string resource)
    {
        var replica = Assert.Single((await ReportAsync($"[{resource}]")).Replicas);
        Assert.Equal((Promotability.Unknown, Usage.Unknown), (replica.Promotability, replica.Usage));
        Assert.Empty(replica.Connections);
    }

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

    [Theory]
    [InlineData("majority", "majority")]
    [InlineData(" Majority ", "majority")]
    [InlineData("off", "off")]
    public async Task The_definitions_own_quorum_counts_and_nobody_else_is_asked(string value, string policy)
    {
        await using var server = CannedLinstor.With((Resources, "[]"), (Definition, Quorum(value)));
        Assert.Equal(policy, (await ReportAsync(server)).Quorum.Policy);
        Assert.Equal([Definition, Resources], server.Requests.Select(request => request.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Else_the_groups_quorum_counts()
    {
        await using var server = CannedLinstor.With((Resources, "[]"), (Definition, """{"resource_group_name":"sc xyz","props":{"drbdoptions/resource/quorum":"off"}}"""), (Group, Majority));
        Assert.Equal("majority", (await ReportAsync(server)).Quorum.Policy);
    }

    [Fact]
    public async Task Else_the_LINSTOR_controllers()
    {
        await using var server = CannedLinstor.With(
            (Resources, "[]"), (Definition, """{"resource_group_name":"sc xyz"}"""), (Group, """{"props":{}}"""), (Properties, """{"DrbdOptions/Resource/quorum":"all"}"""));
        Assert.Equal("all", (await ReportAsync(server)).Quorum.Policy);
    }

    [Fact]
    public async Task Else_there_is_none()
    {
        await using var server = CannedLinstor.With((Resources, "[]"), (Definition, "{}"), (Properties, "{}"));
        Assert.Equal(new Core.Quorum(null), (await ReportAsync(server)).Quorum);
    }

    [Theory]
    [InlineData("majority", "off", "off")]
    [InlineData("majority", " Off ", "off")]
    [InlineData("majority", "nonsense", "nonsense")]
    [InlineData("all", "2", "2")]
    [InlineData("3", "2", "2")]
    [InlineData("2", "3", "2")]
    [InlineData("off", "majority", "off")]
    public async Task A_replicas_own_quorum_counts_where_it_fences_less_than_the_definitions(string definition, string own, string policy) =>
        Assert.Equal(policy, await PolicyAsync(definition, $"[{Replica("a", own)},{Replica("b")}]"));

    [Fact]
    public async Task Where_every_replica_has_its_own_quorum_the_definitions_counts_for_none() =>
        Assert.Equal("2", await PolicyAsync("off", $"[{Replica("a", "2")},{Replica("b", "majority")}]"));

    [Fact]
    public async Task What_fences_least_is_found_among_any_number_of_replicas() =>
        Assert.Equal("off", await PolicyAsync("majority", $"[{Replica("a", "all")},{Replica("b", "2")},{Replica("c", "off")},{Replica("d")}]"));

    [Fact]
    public async Task Both_questions_are_asked_at_once()
    {
        var (asked, both) = (0, new TaskCompletionSource());
        await using var server = new CannedLinstor(async exchange =>
        {
            if (Interlocked.Increment(ref asked) == 2)
            {
                both.SetResult();
            }

            await Task.WhenAny(both.Task, exchange.HangAsync());
            await exchange.AnswerAsync(exchange.Path == Resources ? "[]" : Majority);
        });
        Assert.True((await ReportAsync(server)).Exists);
    }

    [Fact]
    public async Task Quorum_is_read_afresh_each_time()
    {
        var policy = "off";
        await using var server = new CannedLinstor(exchange => exchange.AnswerAsync(
            exchange.Path == Resources ? "[]" : Quorum(policy)));
        using var client = Client.Of(server.Address);

        Assert.Equal("off", (await client.Linstor.ReportAsync(new ResourceName("pvc-1"), default)).Quorum.Policy);
        policy = "majority";
        Assert.Equal("majority", (await client.Linstor.ReportAsync(new ResourceName("pvc-1"), default)).Quorum.Policy);
    }

    [Fact]
    public async Task A_definition_that_LINSTOR_does_not_know_does_not_exist()
    {
        await using var server = CannedLinstor.With();
        Assert.False((await ReportAsync(server)).Exists);
    }

    [Fact]
    public async Task A_definition_that_vanishes_between_the_questions_does_not_exist()
    {
        await using var server = CannedLinstor.With((Resources, """[{"node_name":"a"}]"""));
        var report = await ReportAsync(server);
        Assert.False(report.Exists);
        Assert.Empty(report.Replicas);
    }

    [Fact]
    public async Task A_definition_whose_resources_vanished_first_does_not_exist()
    {
        await using var server = CannedLinstor.With((Definition, Majority));
        Assert.False((await ReportAsync(server)).Exists);
    }

    [Fact]
    public async Task A_404_that_is_not_LINSTORs_proves_nothing()
    {
        await using var server = new CannedLinstor(exchange => exchange.AnswerAsync("default backend - 404", "404 Not Found", "text/plain"));
        Assert.Equal(LinstorFailure.NotFound, (await Assert.ThrowsAsync<LinstorException>(() => ReportAsync(server))).Failure);
    }

    [Fact]
    public async Task A_report_is_as_old_as_its_question()
    {
        var clock = new ManualClock();
        clock.Advance(TimeSpan.FromHours(1));
        await using var server = new CannedLinstor(exchange =>
        {
            clock.Advance(TimeSpan.FromSeconds(3));
            return exchange.AnswerAsync(exchange.Path == Resources ? "[]" : Majority);
        });
        using var client = new Client(new LinstorSettings([server.Address]), clock: clock);

        Assert.Equal(Instant.Start, (await client.Linstor.ReportAsync(new ResourceName("pvc-1"), default)).AskedAt);
    }

    [Fact]
    public async Task Policies_that_are_asked_for_together_cost_one_request_and_each_group_without_one_another()
    {
        await using var server = CannedLinstor.With(
            (List + "?resource_definitions=own&resource_definitions=inherits&resource_definitions=too&resource_definitions=gone", """
                [{"name":"Own","resource_group_name":"sc xyz","props":{"DrbdOptions/Resource/quorum":"off"}},
                 {"name":"inherits","resource_group_name":"sc xyz"},{"name":"too","resource_group_name":"sc xyz"},{"name":null},null]
                """),
            (Group, Majority));
        using var client = Client.Of(server.Address);

        var policies = await client.Linstor.PoliciesAsync([new("own"), new("inherits"), new("too"), new("gone")], default);

        Assert.Equal(("off", "majority", "majority"), (policies[new("own")].Value, policies[new("inherits")].Value, policies[new("too")].Value));
        Assert.Equal((3, 2), (policies.Count, server.Requests.Count));
    }

    [Fact]
    public async Task However_many_policies_are_asked_for_together_the_address_stays_short()
    {
        await using var server = new CannedLinstor(exchange => exchange.AnswerAsync("[]"));
        using var client = Client.Of(server.Address);
        await client.Linstor.PoliciesAsync(Enumerable.Range(0, 120).Select(number => new ResourceName($"{number:d48}")), default);
        Assert.Equal(3, server.Requests.Count);
        Assert.All(server.Requests, request => Assert.True(request.Path.Length < 4096));
    }

    [Fact]
    public async Task A_report_is_as_old_as_the_policy_in_it()
    {
        await using var server = CannedLinstor.With((Resources, """[{"node_name":"a"}]"""));
        using var client = Client.Of(server.Address);
        var (asked, resource) = (Instant.Start + TimeSpan.FromSeconds(7), new ResourceName("pvc-1"));

        var report = await client.Linstor.ReportAsync(resource, new QuorumPolicy("all", asked), default);

        Assert.Equal((true, "all", asked, "a"), (report.Exists, report.Quorum.Policy, report.AskedAt, Assert.Single(report.Replicas).Node.Value));
        Assert.False((await client.Linstor.ReportAsync(new("gone"), new QuorumPolicy("all", asked), default)).Exists);
    }

    [Fact]
    public async Task A_name_cannot_leave_its_place_in_the_path()
    {
        await using var server = CannedLinstor.With();
        using var client = Client.Of(server.Address);
        await client.Linstor.ReportAsync(new ResourceName("a/b?c#d e%2F"), default);
        Assert.Equal(
            ["/v1/resource-definitions/a%2Fb%3Fc%23d%20e%252F", "/v1/resource-definitions/a%2Fb%3Fc%23d%20e%252F/resources"],
            server.Requests.Select(request => request.Path).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""[{"node_name":"a","layer_object":{"type":"DRBD","drbd":{"may_promote":"yes, hunter2"}}}]""", "something else at $[0].layer_object.drbd.may_promote (")]
    [InlineData("""{"node_name":"a"}""", "something else at $ (")]
    [InlineData("""[{"flags":[]}]""", "a resource without a node_name.")]
    public async Task A_wrong_type_is_told_by_endpoint_and_place_but_not_quoted(string resources, string place)
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
        using var client = Client.Of(CannedLinstor.Nobody(), server.Address);

        await client.Linstor.ReportAsync(new ResourceName("pvc-1"), default);

        Assert.NotEmpty(client.Told.Lines);
        Assert.DoesNotContain(client.Told.Lines, line => line.Contains("hunter2", StringComparison.Ordinal));
    }

    private static string Quorum(string policy) =>
        """{"resource_group_name":"sc xyz","props":{"DrbdOptions/Resource/quorum":"POLICY"}}""".Replace("POLICY", policy, StringComparison.Ordinal);

    private static string Replica(string node, string? quorum = null) =>
        quorum is null ? $$"""{"node_name":"{{node}}"}""" : $$$"""{"node_name":"{{{node}}}","props":{"StorPoolName":"thin","DrbdOptions/Resource/quorum":"{{{quorum}}}"}}""";

    private static async Task<string?> PolicyAsync(string definition, string resources)
    {
        await using var server = CannedLinstor.With((Resources, resources), (Definition, Quorum(definition)));
        return (await ReportAsync(server)).Quorum.Policy;
    }

    private static async Task<ResourceReport> ReportAsync(string resources)
    {
        await using var server = CannedLinstor.With((Resources, resources), (Definition, Majority));
        return await ReportAsync(server);
    }

    private static async Task<ResourceReport> ReportAsync(CannedLinstor server)
    {
        using var client = Client.Of(server.Address);
        return await client.Linstor.ReportAsync(new ResourceName("pvc-1"), default);
    }
}
