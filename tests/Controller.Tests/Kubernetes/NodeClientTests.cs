using System.Text.Json;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed class NodeClientTests : IAsyncDisposable
{
    private const string Tainted = """
        {"metadata":{"name":"a","resourceVersion":"7","annotations":{"drbd.linbit.com/lost-quorum-tainted-by":"piraeus-ha-controller"}},
         "spec":{"taints":[{"key":"other","value":"x","effect":"NoExecute"},{"key":"drbd.linbit.com/lost-quorum","effect":"NoSchedule"}]}}
        """;

    private static readonly NodeName A = new("a");

    private CannedKubernetes? _kubernetes;

    private JsonNode Patch => JsonNode.Parse(_kubernetes!.Calls.Last().Body)!;

    [Fact]
    public async Task The_volumes_in_use_are_those_that_the_kubelet_reported_and_none_if_it_reported_nothing()
    {
        var nodes = await ServeAsync("""{"status":{"volumesInUse":["kubernetes.io/csi/other^x",null,"kubernetes.io/csi/linstor.csi.linbit.com^pvc-1"]}}""");
        Assert.Equal(["kubernetes.io/csi/other^x", "kubernetes.io/csi/linstor.csi.linbit.com^pvc-1"], (await nodes.StateAsync(A, default)).VolumesInUse);
        Assert.Empty((await (await ServeAsync("{}")).StateAsync(A, default)).VolumesInUse);
    }

    [Theory]
    [InlineData("""[{"type":"DiskPressure","status":"False"},null,{"type":"Ready","status":"True"}]""", true)]
    [InlineData("""[{"type":"Ready","status":"False"}]""", false)]
    [InlineData("""[{"type":"Ready","status":"Unknown"}]""", false)]
    [InlineData("""[{"type":"DiskPressure","status":"True"}]""", null)]
    [InlineData("null", null)]
    public async Task A_node_is_ready_if_its_condition_says_True_and_nothing_is_known_without_that_condition(string conditions, bool? ready)
    {
        var nodes = await ServeAsync($$$"""{"status":{"conditions":{{{conditions}}}}}""");
        Assert.Equal(ready, (await nodes.StateAsync(A, default)).Ready);
    }

    [Theory]
    [InlineData("""[{"key":"other","effect":"NoExecute"},null,{"key":"drbd.linbit.com/lost-quorum","effect":"NoSchedule"}]""", true)]
    [InlineData("""[{"key":"other","effect":"NoExecute"}]""", false)]
    [InlineData("null", false)]
    public async Task A_node_is_tainted_if_the_taint_is_present_regardless_of_its_owner(string taints, bool tainted)
    {
        var nodes = await ServeAsync($$$"""{"metadata":{"annotations":{"drbd.linbit.com/lost-quorum-tainted-by":"piraeus-ha-controller"}},"spec":{"taints":{{{taints}}}}}""");
        Assert.Equal(tainted, (await nodes.StateAsync(A, default)).Tainted);
    }

    [Fact]
    public async Task A_node_that_there_is_not_is_neither_ready_nor_tainted_and_uses_nothing()
    {
        _kubernetes = await CannedKubernetes.StartAsync(call => call.RefuseAsync(404, "not found"));
        var state = await Client().StateAsync(A, default);
        Assert.Equal((false, false), (state.Ready, state.Tainted));
        Assert.Empty(state.VolumesInUse);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("<html>")]
    [InlineData("""{"status":{"conditions":7}}""")]
    public async Task What_is_no_node_is_an_error_and_says_nothing_of_one(string answer) =>
        await Assert.ThrowsAnyAsync<JsonException>(async () => await (await ServeAsync(answer)).StateAsync(A, default));

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"metadata":{"resourceVersion":7},"spec":{}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"7"},"spec":"none"}""")]
    [InlineData("""{"metadata":{"resourceVersion":"7"},"spec":{"taints":[{"key":1}]}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"7"},"spec":{},"spec":{}}""")]
    public async Task What_is_no_node_is_not_changed_and_the_outcome_is_a_refusal(string answer)
    {
        Assert.Equal(MutationOutcome.Refused, (await (await ServeAsync(answer)).TaintAsync(A, () => false, default)).Answer);
        Assert.Equal("GET", Assert.Single(_kubernetes!.Calls).Method);
    }

    [Fact]
    public async Task A_taint_that_another_client_removed_while_our_annotation_remains_is_put_back()
    {
        var nodes = await ServeAsync("""{"metadata":{"name":"a","resourceVersion":"7","annotations":{"drbd.linbit.com/lost-quorum-tainted-by":"piraeus-ha-controller"}},"spec":{}}""");
        Assert.Equal(MutationOutcome.Accepted, (await nodes.TaintAsync(A, () => false, default)).Answer);
        Assert.Equal("""[{"key":"drbd.linbit.com/lost-quorum","effect":"NoSchedule"}]""", Patch["spec"]!["taints"]!.ToJsonString());
    }

    [Fact]
    public async Task A_taint_is_added_to_those_that_are_there_marked_as_ours_and_bound_to_the_version_that_was_read()
    {
        var nodes = await ServeAsync("""{"metadata":{"name":"a","resourceVersion":"7"},"spec":{"taints":[{"key":"other","value":"x","effect":"NoExecute"}]}}""");
        Assert.Equal(MutationOutcome.Accepted, (await nodes.TaintAsync(A, () => false, default)).Answer);

        var call = _kubernetes!.Calls.Last();
        Assert.Equal(("PATCH", "/api/v1/nodes/a", "application/merge-patch+json"), (call.Method, call.Path, call.ContentType));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            {"metadata":{"annotations":{"drbd.linbit.com/lost-quorum-tainted-by":"piraeus-ha-controller"},"resourceVersion":"7"},
             "spec":{"taints":[{"key":"other","value":"x","effect":"NoExecute"},{"key":"drbd.linbit.com/lost-quorum","effect":"NoSchedule"}]}}
            """), Patch), call.Body);
    }

    [Fact]
    public async Task A_change_that_may_not_leave_any_more_when_there_is_a_connection_is_not_sent()
    {
        var nodes = await ServeAsync("""{"metadata":{"name":"a","resourceVersion":"7"},"spec":{},"status":{"volumesInUse":["csi^1"]}}""");
        Assert.Equal(MutationOutcome.NotSent, (await nodes.TaintAsync(A, () => true, default)).Answer);
        Assert.Equal(MutationOutcome.NotSent, (await nodes.ReleaseAsync(A, new HashSet<string> { "csi^1" }, () => true, default)).Answer);
        Assert.All(_kubernetes!.Calls, call => Assert.Equal("GET", call.Method));
    }

    [Fact]
    public async Task A_node_that_is_tainted_already_is_not_written()
    {
        var nodes = await ServeAsync(Tainted);
        Assert.Equal(MutationOutcome.Unchanged, (await nodes.TaintAsync(A, () => false, default)).Answer);
        Assert.Equal("GET", Assert.Single(_kubernetes!.Calls).Method);
    }

    [Fact]
    public async Task Only_our_taint_is_taken_back()
    {
        var nodes = await ServeAsync(Tainted);
        await nodes.UntaintAsync(A, () => false, default);
        Assert.Equal("""[{"key":"other","value":"x","effect":"NoExecute"}]""", Patch["spec"]!["taints"]!.ToJsonString());
        Assert.True(Patch["metadata"]!["annotations"]!.AsObject().ContainsKey("drbd.linbit.com/lost-quorum-tainted-by"));
        Assert.Null(Patch["metadata"]!["annotations"]!["drbd.linbit.com/lost-quorum-tainted-by"]);
    }

    [Fact]
    public async Task The_same_taint_without_our_mark_is_left_alone()
    {
        var nodes = await ServeAsync("""{"metadata":{"name":"a","resourceVersion":"7"},"spec":{"taints":[{"key":"drbd.linbit.com/lost-quorum","effect":"NoSchedule"}]}}""");
        Assert.Equal(MutationOutcome.Unchanged, (await nodes.UntaintAsync(A, () => false, default)).Answer);
        Assert.Equal("GET", Assert.Single(_kubernetes!.Calls).Method);
    }

    [Fact]
    public async Task Released_volumes_leave_the_list_and_others_stay()
    {
        var nodes = await ServeAsync("""{"metadata":{"name":"a","resourceVersion":"7"},"status":{"volumesInUse":["csi^1","csi^2","csi^3"]}}""");
        await nodes.ReleaseAsync(A, new HashSet<string> { "csi^1", "csi^3" }, () => false, default);
        Assert.Equal("/api/v1/nodes/a/status", _kubernetes!.Calls.Last().Path);
        Assert.Equal("application/json-patch+json", _kubernetes.Calls.Last().ContentType);
        Assert.Equal(
            """[{"op":"test","path":"/status/volumesInUse","value":["csi^1","csi^2","csi^3"]},{"op":"replace","path":"/status/volumesInUse","value":["csi^2"]}]""",
            Patch.ToJsonString().Replace("\\u005E", "^", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_list_of_volumes_in_use_that_has_changed_since_it_was_read_is_read_again()
    {
        var reads = 0;
        _kubernetes = await CannedKubernetes.StartAsync(call => call.Method == "GET"
            ? call.AnswerAsync($$$"""{"metadata":{"name":"a"},"status":{"volumesInUse":["csi^1","csi^{{{++reads}}}"]}}""")
            : reads < 3 ? call.RefuseAsync(422, "testing value /status/volumesInUse failed") : call.AnswerAsync("{}"));
        Assert.Equal(MutationOutcome.Accepted, (await Client().ReleaseAsync(A, new HashSet<string> { "csi^1" }, () => false, default)).Answer);
        Assert.Equal(3, reads);
    }

    [Fact]
    public async Task A_conflict_with_another_client_makes_the_controller_read_the_node_again()
    {
        var reads = 0;
        _kubernetes = await CannedKubernetes.StartAsync(call => call.Method == "GET"
            ? call.AnswerAsync($$$"""{"metadata":{"name":"a","resourceVersion":"{{{++reads}}}"},"spec":{}}""")
            : reads < 3 ? call.RefuseAsync(409, "the object has been modified") : call.AnswerAsync("{}"));
        Assert.Equal(MutationOutcome.Accepted, (await Client().TaintAsync(A, () => false, default)).Answer);
        Assert.Equal("3", Patch["metadata"]!["resourceVersion"]!.GetValue<string>());
    }

    [Fact]
    public async Task Repeated_conflicts_with_another_client_make_the_controller_give_up_for_now()
    {
        _kubernetes = await CannedKubernetes.StartAsync(call => call.Method == "GET"
            ? call.AnswerAsync("""{"metadata":{"name":"a","resourceVersion":"1"},"spec":{}}""")
            : call.RefuseAsync(409, "the object has been modified"));
        Assert.Equal(MutationOutcome.Replaced, (await Client().TaintAsync(A, () => false, default)).Answer);
        Assert.Equal(5, _kubernetes.Calls.Count(call => call.Method == "PATCH"));
    }

    [Theory]
    [InlineData(403, MutationOutcome.Forbidden, """add the rule {apiGroups: [""], resources: ["nodes"], verbs: ["get", "patch"]}""")]
    [InlineData(404, MutationOutcome.AlreadyGone, "said the server")]
    [InlineData(500, MutationOutcome.Refused, "said the server")]
    public async Task A_refusal_is_an_outcome_that_says_why(int status, object answer, string why)
    {
        _kubernetes = await CannedKubernetes.StartAsync(call => call.RefuseAsync(status, """said the server: User "ha" cannot get resource "nodes" at the cluster scope"""));
        var outcome = await Client().TaintAsync(A, () => false, default);
        Assert.Equal(answer, outcome.Answer);
        Assert.Contains(why, outcome.Message, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _kubernetes?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<NodeClient> ServeAsync(string node)
    {
        _kubernetes = await CannedKubernetes.StartAsync(call => call.AnswerAsync(node));
        return Client();
    }

    private NodeClient Client() => new(_kubernetes!.Connection.CreateClient(), TimeProvider.System);
}
