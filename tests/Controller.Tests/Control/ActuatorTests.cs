using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Tests.Leadership;
using Piraeus.HighAvailability.Controller.Tests.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class ActuatorTests
{
    private static readonly TimeSpan Ever = Timeout.InfiniteTimeSpan;

    [Fact]
    public async Task An_action_is_sent_and_its_outcome_comes_back_as_an_observation()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(ControlFixture.Delete));
        Assert.Equal(new Observation.MutationAnswered(ControlFixture.Delete, new(MutationOutcome.Accepted), Instant.Start), await fixture.ActedAsync());
        Assert.Equal("/api/v1/namespaces/shop/pods/app-0", Assert.Single(fixture.Kubernetes.Calls).Path);
    }

    [Fact]
    public async Task A_question_about_a_resource_is_answered_by_LINSTOR()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(new Decision.QueryResource(ControlFixture.Resource)));
        Assert.False((await fixture.Inbox.NextAsync<Observation.ResourceReported>()).Report.Exists);
    }

    [Fact]
    public async Task A_count_is_as_old_as_the_decision_to_ask()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Time.Advance(TimeSpan.FromSeconds(7));
        fixture.Actuator.Offer(new Decision.ListPodsOnNode(new("a")));
        Assert.Equal(Instant.Start + TimeSpan.FromSeconds(7), (await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>()).AskedAt);
    }

    [Fact]
    public async Task The_answer_to_ListPodsOnNode_has_the_pods_and_the_volumes_in_use()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.AnswerAsync(call.Path == "/api/v1/nodes/a"
            ? """{"status":{"volumesInUse":["kubernetes.io/csi/driver^pvc-1"]}}"""
            : """{"items":[{"metadata":{"name":"app-0","uid":"u"},"spec":{"nodeName":"a"}}]}"""));
        fixture.Actuator.Offer(new Decision.ListPodsOnNode(new("a")));
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
        fixture.Actuator.Offer(new Decision.ListPodsOnNode(new("a")));
        var surveyed = await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>();
        Assert.Equal((false, true), (surveyed.Ready, surveyed.Tainted));
    }

    [Fact]
    public async Task A_survey_of_a_node_that_cannot_be_read_does_not_know_whether_it_is_ready_or_tainted()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.Path == "/api/v1/nodes/a" ? call.RefuseAsync(500, "etcd is away") : call.AnswerAsync("{}"));
        fixture.Actuator.Offer(new Decision.ListPodsOnNode(new("a")));
        var surveyed = await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>();
        Assert.Equal((null, null), (surveyed.Ready, surveyed.Tainted));
    }

    [Fact]
    public async Task ListPodsOnNode_without_the_right_to_read_nodes_answers_with_the_pods_and_the_log_names_the_rule()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.Path == "/api/v1/nodes/a" ? call.RefuseAsync(403, """User "ha" cannot get resource "nodes" at the cluster scope""") : call.AnswerAsync("""{"metadata":{}}"""));
        fixture.Actuator.Offer(new Decision.ListPodsOnNode(new("a")));
        Assert.Empty((await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>()).VolumesInUse);
        Assert.Contains(fixture.Told.Lines, line => line.Contains("""resources: ["nodes"], verbs: ["get"]""", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_question_that_gets_no_answer_is_answered_all_the_same()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.RefuseAsync(500, "etcd is away"), new CannedLinstor(exchange => exchange.AnswerAsync("no", "503 Service Unavailable")));
        foreach (var question in (Decision[])[new Decision.QueryResource(ControlFixture.Resource), new Decision.ListPodsOnNode(new("a"))])
        {
            fixture.Actuator.Offer(question);
            var acted = await fixture.ActedAsync();
            Assert.Equal((question, MutationOutcome.Refused), (acted.Decision, acted.Outcome.Answer));
        }
    }

    [Fact]
    public async Task A_standby_sends_queries_but_no_mutations()
    {
        await using var fixture = await ControlFixture.OpenAsync(contested: true);
        Assert.Equal(OfferResult.NotOurs, fixture.Actuator.Offer(ControlFixture.Delete));
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(new Decision.QueryResource(ControlFixture.Resource)));
    }

    [Fact]
    public async Task A_lease_that_ends_before_the_request_would_does_not_cover_it()
    {
        await using var fixture = await ControlFixture.OpenAsync(contested: true);
        fixture.Hold.Lead();
        fixture.Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(ControlFixture.Delete));
        fixture.Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(OfferResult.NotOurs, fixture.Actuator.Offer(ControlFixture.Delete));
    }

    [Fact]
    public async Task Leadership_is_asked_once_more_at_the_moment_of_acting()
    {
        await using var fixture = await ControlFixture.OpenAsync(contested: true);
        fixture.Hold.Lead();
        fixture.RequestGate.Passing = () => fixture.Hold.Stop();
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(ControlFixture.Delete));

        Assert.Equal(MutationOutcome.NotSent, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Empty(fixture.Kubernetes.Calls);
    }

    [Fact]
    public async Task What_the_token_bucket_has_no_token_for_is_not_taken_on_and_waits_nowhere()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.RequestGate.IsOpen = false;
        for (var times = 0; times < 100; times++)
        {
            Assert.Equal(OfferResult.NoRoom, fixture.Actuator.Offer(ControlFixture.Delete));
        }

        fixture.RequestGate.IsOpen = true;
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(ControlFixture.Delete));
        await fixture.ActedAsync();
        Assert.Equal(1, fixture.RequestGate.Passed);
        Assert.Single(fixture.Kubernetes.Calls);
    }

    [Fact]
    public async Task Questions_and_dry_runs_take_no_token()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.AnswerAsync("""{"metadata":{}}"""), dryRun: true);
        fixture.RequestGate.IsOpen = false;
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(new Decision.ListPodsOnNode(new("a"))));
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(ControlFixture.Delete));
    }

    [Fact]
    public async Task So_many_actions_are_under_way_as_many_wait_for_their_turn_and_no_token_is_spent_on_those_that_find_no_room()
    {
        var answer = new TaskCompletionSource();
        await using var fixture = await ControlFixture.OpenAsync(async call =>
        {
            await answer.Task;
            await call.AnswerAsync("{}");
        });
        var offers = Enumerable.Range(0, (2 * Actuator.Actions) + 10).Select(number => fixture.Actuator.Offer(new Decision.DeletePod(ControlFixture.App with { Uid = new($"u-{number}") }, ControlFixture.Evidence))).ToList();
        Assert.Equal(2 * Actuator.Actions, offers.Count(offered => offered == OfferResult.Taken));
        Assert.Equal(10, offers.Count(offered => offered == OfferResult.NoRoom));
        Assert.Equal(2 * Actuator.Actions, fixture.RequestGate.Passed);
        for (var arrived = 0; arrived < Actuator.Actions; arrived++)
        {
            await fixture.Kubernetes.ArrivalAsync();
        }

        Assert.Equal(Actuator.Actions, fixture.Kubernetes.Calls.Count);
        answer.SetResult();
        await fixture.ActedAsync();
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(ControlFixture.Detach));
    }

    [Fact]
    public async Task An_action_that_waited_for_its_turn_for_too_long_is_decided_anew_instead_of_carried_out()
    {
        var answer = new TaskCompletionSource();
        await using var fixture = await ControlFixture.OpenAsync(async call =>
        {
            await answer.Task;
            await call.AnswerAsync("{}");
        });
        for (var number = 0; number < Actuator.Actions; number++)
        {
            fixture.Actuator.Offer(new Decision.DeletePod(ControlFixture.App with { Uid = new($"u-{number}") }, ControlFixture.Evidence));
            await fixture.Kubernetes.ArrivalAsync();
        }

        fixture.Actuator.Offer(ControlFixture.Detach);
        fixture.Time.Advance(TimeSpan.FromSeconds(0.6));
        answer.SetResult();
        var outcomes = new List<Observation.MutationAnswered>();
        while (outcomes.Count <= Actuator.Actions)
        {
            outcomes.Add(await fixture.ActedAsync());
        }

        Assert.Equal(MutationOutcome.NotSent, outcomes.Single(acted => acted.Decision == ControlFixture.Detach).Outcome.Answer);
        Assert.Equal(Actuator.Actions, fixture.Kubernetes.Calls.Count);
        Assert.StartsWith("Not done, because its turn came too late", Assert.Single(fixture.Told.Lines, line => line.Contains("Deleting attachment", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Questions_do_not_take_the_place_of_actions()
    {
        var answer = new TaskCompletionSource();
        await using var fixture = await ControlFixture.OpenAsync(async call =>
        {
            await answer.Task;
            await call.AnswerAsync("""{"metadata":{}}""");
        });
        var offered = OfferResult.Taken;
        for (var number = 0; offered == OfferResult.Taken; number++)
        {
            offered = fixture.Actuator.Offer(new Decision.ListPodsOnNode(new($"node-{number}")));
        }

        Assert.Equal(OfferResult.NoRoom, offered);
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(ControlFixture.Delete));
        answer.SetResult();
    }

    [Fact]
    public async Task A_dry_run_sends_nothing_and_says_what_it_would_have_done()
    {
        await using var fixture = await ControlFixture.OpenAsync(dryRun: true);
        fixture.Actuator.Offer(ControlFixture.Delete);
        fixture.Actuator.Offer(ControlFixture.Detach);
        Assert.Equal([MutationOutcome.DryRun, MutationOutcome.DryRun], [(await fixture.ActedAsync()).Outcome.Answer, (await fixture.ActedAsync()).Outcome.Answer]);
        Assert.Empty(fixture.Kubernetes.Calls);
        Assert.Contains(fixture.Told.Lines, line => line.StartsWith("Dry run, not done: Deleting pod shop/app-0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_is_logged_with_the_servers_message_and_passed_on_with_its_Retry_After()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.RefuseAsync(429, "slow down", retryAfter: 9));
        fixture.Actuator.Offer(ControlFixture.Delete);
        Assert.Equal(new MutationAnswer(MutationOutcome.Refused, "slow down", TimeSpan.FromSeconds(9)), (await fixture.ActedAsync()).Outcome);
        Assert.Contains(fixture.Told.Lines, line => line.EndsWith("The answer was Refused: slow down", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Many_actions_are_under_way_at_a_time()
    {
        var (all, count) = (new TaskCompletionSource(), 0);
        await using var fixture = await ControlFixture.OpenAsync(async call =>
        {
            if (Interlocked.Increment(ref count) == 8)
            {
                all.SetResult();
            }

            await all.Task;
            await call.AnswerAsync("""{"metadata":{}}""");
        });
        for (var number = 0; number < 8; number++)
        {
            fixture.Actuator.Offer(new Decision.ListPodsOnNode(new($"node-{number}")));
        }

        await all.Task.SoonAsync();
    }

    [Fact]
    public async Task A_request_that_fails_with_an_unexpected_exception_is_logged_as_failed_and_the_next_one_is_sent()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Actuator.Offer(new Decision.Hold(ControlFixture.Resource, new("a"), HoldReason.Storm, HoldDetail.None, [], Instant.Start, true)); // which is no action
        Assert.Equal(MutationOutcome.Refused, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Contains(fixture.Told.Lines, line => line.StartsWith("An error of this program was caught", StringComparison.Ordinal) && line.Contains("ArgumentOutOfRangeException", StringComparison.Ordinal));

        fixture.Actuator.Offer(ControlFixture.Delete);
        Assert.Equal(ControlFixture.Delete, (await fixture.ActedAsync()).Decision);
    }

    [Fact]
    public async Task Stopping_waits_for_what_is_under_way_and_takes_nothing_more_on()
    {
        var answer = new TaskCompletionSource();
        await using var fixture = await ControlFixture.OpenAsync(async call =>
        {
            await answer.Task;
            await call.AnswerAsync("{}");
        });
        fixture.Actuator.Offer(ControlFixture.Delete);
        await fixture.Kubernetes.ArrivalAsync();

        var stopping = fixture.Actuator.StopAsync(Ever);
        Assert.Equal(OfferResult.NotOurs, fixture.Actuator.Offer(ControlFixture.Detach));
        Assert.False(stopping.IsCompleted);
        answer.SetResult();
        await stopping.SoonAsync();
        Assert.Single(fixture.Kubernetes.Calls);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_an_inbox_without_a_reader()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        while (fixture.Inbox.Writer.TryWrite(new Observation.Tick()))
        {
        }

        fixture.Actuator.Offer(ControlFixture.Delete);
        await fixture.Kubernetes.ArrivalAsync();
        await fixture.Actuator.StopAsync(Ever).SoonAsync();
    }
}
