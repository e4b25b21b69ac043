using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Tests.Endpoints;
using Piraeus.HighAvailability.Controller.Tests.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>How queries are sent and answered.</summary>
public sealed class ActuatorQueryTests
{
    [Fact]
    public async Task The_pods_of_a_node_are_as_old_as_their_request_and_not_as_its_wait_for_a_turn()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.AnswerAsync("{}"));
        var decided = fixture.Clock.Now;
        fixture.Time.Advance(TimeSpan.FromSeconds(20));
        fixture.Actuator.Offer(new Decision.ListPodsOnNode(new("a")), decided, () => true);
        Assert.Equal(decided + TimeSpan.FromSeconds(20), (await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>()).AskedAt);
    }

    [Fact]
    public async Task A_question_about_a_resource_is_answered_by_LINSTOR()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        Assert.Equal(OfferResult.Taken, fixture.Offer(new Decision.QueryResource(ControlFixture.Resource)));
        Assert.False((await fixture.Inbox.NextAsync<Observation.ResourceReported>()).Report.Exists);
    }

    [Fact]
    public async Task Questions_are_counted_by_whether_they_were_answered()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.RefuseAsync(500, "etcd is away"));
        await using var metrics = new MetricsReader(fixture.Meter);
        fixture.Offer(new Decision.QuerySatellites());
        await fixture.Inbox.NextAsync<Observation.SatellitesListed>();
        fixture.Offer(new Decision.ListPodsOnNode(new("a")));
        await fixture.ActedAsync();
        Assert.Equal(
            ["""piraeus_ha_queries_total{outcome="answered",query="query_satellites"}""", """piraeus_ha_queries_total{outcome="failed",query="list_pods_on_node"}"""],
            (await metrics.SamplesAsync()).Keys.Where(sample => sample.StartsWith("piraeus_ha_queries", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_count_is_as_old_as_the_decision_to_ask()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Time.Advance(TimeSpan.FromSeconds(7));
        fixture.Offer(new Decision.ListPodsOnNode(new("a")));
        Assert.Equal(Instant.Start + TimeSpan.FromSeconds(7), (await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>()).AskedAt);
    }

    [Fact]
    public async Task The_answer_to_ListPodsOnNode_has_the_pods_and_the_volumes_in_use()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.AnswerAsync(call.Path == "/api/v1/nodes/a"
            ? """{"status":{"volumesInUse":["kubernetes.io/csi/driver^pvc-1"]}}"""
            : """{"items":[{"metadata":{"name":"app-0","uid":"u"},"spec":{"nodeName":"a"}}]}"""));
        fixture.Offer(new Decision.ListPodsOnNode(new("a")));
        var surveyed = await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>();
        Assert.Equal(["kubernetes.io/csi/driver^pvc-1"], surveyed.VolumesInUse);
        Assert.Equal(new Uid("u"), Assert.Single(surveyed.Pods).Uid);
    }

    [Fact]
    public async Task The_answer_to_ListPodsOnNode_has_whether_the_node_is_ready_and_tainted()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.AnswerAsync(call.Path == "/api/v1/nodes/a"
            ? """{"spec":{"taints":[{"key":"drbd.linbit.com/lost-quorum","effect":"NoSchedule"}]},"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}"""
            : "{}"));
        fixture.Offer(new Decision.ListPodsOnNode(new("a")));
        var surveyed = await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>();
        Assert.Equal((false, true), (surveyed.Ready, surveyed.Tainted));
    }

    [Fact]
    public async Task A_survey_of_a_node_that_cannot_be_read_does_not_know_whether_it_is_ready_or_tainted()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.Path == "/api/v1/nodes/a" ? call.RefuseAsync(500, "etcd is away") : call.AnswerAsync("{}"));
        fixture.Offer(new Decision.ListPodsOnNode(new("a")));
        var surveyed = await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>();
        Assert.Equal((null, null), (surveyed.Ready, surveyed.Tainted));
    }

    [Fact]
    public async Task ListPodsOnNode_without_the_right_to_read_nodes_answers_with_the_pods_and_the_log_names_the_rule()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.Path == "/api/v1/nodes/a" ? call.RefuseAsync(403, """User "ha" cannot get resource "nodes" at the cluster scope""") : call.AnswerAsync("""{"metadata":{}}"""));
        fixture.Offer(new Decision.ListPodsOnNode(new("a")));
        Assert.Empty((await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>()).VolumesInUse);
        Assert.Contains(fixture.Told.Lines, line => line.Contains("""resources: ["nodes"], verbs: ["get"]""", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_question_that_gets_no_answer_is_answered_all_the_same()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.RefuseAsync(500, "etcd is away"), new CannedLinstor(exchange => exchange.AnswerAsync("no", "503 Service Unavailable")));
        foreach (var question in (Decision[])[new Decision.QueryResource(ControlFixture.Resource), new Decision.ListPodsOnNode(new("a"))])
        {
            fixture.Offer(question);
            var acted = await fixture.ActedAsync();
            Assert.Equal((question, MutationOutcome.Refused), (acted.Decision, acted.Outcome.Answer));
        }
    }
}
