using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>What a report says about the properties of its definition, and when it says that it does not know.</summary>
public sealed class PropertyTests
{
    private const string Definition = "/v1/resource-definitions/pvc-1";
    private const string Resources = Definition + "/resources";
    private const string Group = "/v1/resource-groups/sc%20xyz";
    private const string Controller = "/v1/controller/properties";
    private const string Inherits = """{"uuid":"u-1","resource_group_name":"sc xyz","props":{"drbdoptions/resource/quorum":"off"}}""";
    private const string Replica = """[{"node_name":"a"}]""";

    [Theory]
    [InlineData("majority", "majority")]
    [InlineData(" Majority ", "majority")]
    [InlineData("off", "off")]
    public async Task The_definitions_own_quorum_policy_counts(string value, string policy) =>
        await IsPolicyAsync(new(policy, null), (Resources, "[]"), (Definition, Quorum(value)), (Group, Quorum("all")), (Controller, """{"DrbdOptions/Resource/quorum":"1"}"""));

    [Fact]
    public async Task Else_its_groups() =>
        await IsPolicyAsync(new("majority", null), (Resources, "[]"), (Definition, Inherits), (Group, Quorum("majority")), (Controller, """{"DrbdOptions/Resource/quorum":"1"}"""));

    [Fact]
    public async Task Else_the_LINSTOR_controllers() =>
        await IsPolicyAsync(new(null, "all"), (Resources, "[]"), (Definition, Inherits), (Group, """{"props":{}}"""), (Controller, """{"DrbdOptions/Resource/quorum":"all"}"""));

    [Fact]
    public async Task Else_there_is_none_and_that_is_known() =>
        await IsPolicyAsync(new(null, null), (Resources, "[]"), (Definition, "{}"), (Controller, "{}"));

    [Fact]
    public async Task A_replicas_own_quorum_policy_is_reported_with_it()
    {
        await using var server = CannedLinstor.With((Resources, $"[{Own("a", " Off ")},{Own("b")}]"), (Definition, Quorum("majority")));
        Assert.Equal(["off", null], (await ReportAsync(server)).Replicas.Select(replica => replica.QuorumPolicy));
    }

    [Fact]
    public async Task A_group_that_LINSTOR_does_not_have_leaves_the_policy_unknown() =>
        await IsPolicyAsync(null, (Resources, Replica), (Definition, Inherits), (Controller, "{}"));

    [Fact]
    public async Task A_definition_that_vanished_after_its_resources_were_read_leaves_the_policy_unknown() =>
        await IsPolicyAsync(null, (Resources, Replica), (Controller, "{}"));

    [Theory]
    [InlineData(Definition)]
    [InlineData(Group)]
    [InlineData(Controller)]
    public async Task A_level_that_could_set_the_policy_and_answers_with_an_error_leaves_it_unknown(string level)
    {
        await using var server = new CannedLinstor(exchange => exchange.Path == level ? exchange.AnswerAsync("down", "500 Internal Server Error")
            : exchange.AnswerAsync(exchange.Path == Resources ? Replica : exchange.Path == Definition ? Inherits : "{}"));
        await IsPolicyAsync(server, null);
    }

    [Fact]
    public async Task A_definition_that_does_not_answer_in_time_leaves_the_policy_unknown_and_its_replicas_known()
    {
        await using var server = new CannedLinstor(exchange => exchange.Path == Definition ? exchange.HangAsync() : exchange.AnswerAsync(exchange.Path == Resources ? Replica : "{}"));
        using var client = new LinstorFixture(new LinstorSettings([server.Address]), TimeSpan.FromSeconds(1));
        var report = await client.Linstor.ReportAsync(new("pvc-1"), default);
        Assert.Equal((true, null, "a"), (report.Exists, report.QuorumProperties, Assert.Single(report.Replicas).Node.Value));
    }

    [Fact]
    public async Task A_definition_without_resources_is_unknown_and_not_gone()
    {
        await using var server = CannedLinstor.With((Definition, Inherits));
        var failure = await Assert.ThrowsAsync<LinstorException>(() => ReportAsync(server));
        Assert.Equal(
            (LinstorFailure.Contradictory, "LINSTOR has resource definition pvc-1, but answered 404 for its resources: it is being created or deleted, and is asked about again."),
            (failure.Failure, failure.Message));
    }

    [Fact]
    public async Task Resources_that_are_gone_prove_nothing_while_the_definition_cannot_be_read()
    {
        await using var server = new CannedLinstor(exchange => exchange.Path == Resources
            ? exchange.AnswerAsync("""[{"ret_code":-4611686018427387603,"message":"Not found."}]""", "404 Not Found")
            : exchange.AnswerAsync("down", "503 Service Unavailable"));
        Assert.Equal(LinstorFailure.ServerError, (await Assert.ThrowsAsync<LinstorException>(() => ReportAsync(server))).Failure);
    }

    [Theory]
    [InlineData("yes", "no", "no", true)]
    [InlineData(" No ", "yes", "yes", false)]
    [InlineData(null, "yes", "no", true)]
    [InlineData(null, null, "yes", true)]
    [InlineData(null, null, null, false)]
    [InlineData("perhaps", "yes", "yes", null)]
    public async Task Two_Primaries_are_allowed_by_the_definition_else_the_group_else_the_LINSTOR_controller(string? own, string? groups, string? controllers, bool? allowed)
    {
        await using var server = CannedLinstor.With(
            (Resources, Replica), (Definition, $$$"""{"resource_group_name":"sc xyz","props":{{{Option(own)}}}}"""), (Group, $$$"""{"props":{{{Option(groups)}}}}"""), (Controller, Option(controllers)));
        Assert.Equal(allowed, (await ReportAsync(server)).AllowsTwoPrimaries);

        static string Option(string? value) => value is null ? "{}" : $$"""{"DrbdOptions/Net/allow-two-primaries":"{{value}}"}""";
    }

    [Fact]
    public async Task Whether_two_Primaries_are_allowed_is_unknown_where_a_level_could_not_be_read()
    {
        await using var server = CannedLinstor.With((Resources, Replica), (Definition, Quorum("majority")), (Controller, "{}")); // no group
        var report = await ReportAsync(server);
        Assert.Equal((new QuorumProperties("majority", null), (bool?)null), (report.QuorumProperties, report.AllowsTwoPrimaries));
    }

    [Fact]
    public async Task The_definitions_uuid_is_read()
    {
        await using var server = CannedLinstor.With((Resources, Replica), (Definition, Inherits));
        Assert.Equal("u-1", (await ReportAsync(server)).Uuid);
    }

    [Fact]
    public async Task A_definitions_properties_are_read_afresh_each_time()
    {
        var policy = "off";
        await using var server = new CannedLinstor(exchange => exchange.AnswerAsync(exchange.Path == Resources ? "[]" : Quorum(policy)));
        using var client = LinstorFixture.Of(server.Address);

        Assert.Equal("off", (await client.Linstor.ReportAsync(new("pvc-1"), default)).QuorumProperties?.Definition);
        policy = "majority";
        Assert.Equal("majority", (await client.Linstor.ReportAsync(new("pvc-1"), default)).QuorumProperties?.Definition);
    }

    private static string Quorum(string policy) => $$$"""{"resource_group_name":"sc xyz","props":{"DrbdOptions/Resource/quorum":"{{{policy}}}"}}""";

    private static string Own(string node, string? quorum = null) =>
        quorum is null ? $$"""{"node_name":"{{node}}"}""" : $$$"""{"node_name":"{{{node}}}","props":{"StorPoolName":"thin","DrbdOptions/Resource/quorum":"{{{quorum}}}"}}""";

    private static async Task IsPolicyAsync(QuorumProperties? properties, params (string, string)[] answers)
    {
        await using var server = CannedLinstor.With(answers);
        await IsPolicyAsync(server, properties);
    }

    private static async Task IsPolicyAsync(CannedLinstor server, QuorumProperties? properties)
    {
        var report = await ReportAsync(server);
        Assert.Equal((true, properties), (report.Exists, report.QuorumProperties));
    }

    private static async Task<ResourceReport> ReportAsync(CannedLinstor server)
    {
        using var client = LinstorFixture.Of(server.Address);
        return await client.Linstor.ReportAsync(new ResourceName("pvc-1"), default);
    }
}
