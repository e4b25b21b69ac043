using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>How many mutations are sent at a time, and how many queries.</summary>
public sealed class ActuatorLimitTests
{
    [Fact]
    public async Task What_the_token_bucket_has_no_token_for_is_not_taken_on_and_waits_nowhere()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.RequestGate.IsOpen = false;
        for (var times = 0; times < 100; times++)
        {
            Assert.Equal(OfferResult.NoRoom, fixture.Offer(ControlFixture.Delete));
        }

        fixture.RequestGate.IsOpen = true;
        Assert.Equal(OfferResult.Taken, fixture.Offer(ControlFixture.Delete));
        await fixture.ActedAsync();
        Assert.Equal(1, fixture.RequestGate.Passed);
        Assert.Single(fixture.Kubernetes.Calls);
    }

    [Fact]
    public async Task Questions_and_dry_runs_take_no_token()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.AnswerAsync("""{"metadata":{}}"""), dryRun: true);
        fixture.RequestGate.IsOpen = false;
        Assert.Equal(OfferResult.Taken, fixture.Offer(new Decision.ListPodsOnNode(new("a"))));
        Assert.Equal(OfferResult.Taken, fixture.Offer(ControlFixture.Delete));
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
        var offers = Enumerable.Range(0, (2 * Actuator.Actions) + 10).Select(number => fixture.Offer(new Decision.DeletePod(ControlFixture.App with { Uid = new($"u-{number}") }, ControlFixture.Evidence))).ToList();
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
        Assert.Equal(OfferResult.Taken, fixture.Offer(ControlFixture.Detach));
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
            fixture.Offer(new Decision.DeletePod(ControlFixture.App with { Uid = new($"u-{number}") }, ControlFixture.Evidence));
            await fixture.Kubernetes.ArrivalAsync();
        }

        fixture.Offer(ControlFixture.Detach);
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
            offered = fixture.Offer(new Decision.ListPodsOnNode(new($"node-{number}")));
        }

        Assert.Equal(OfferResult.NoRoom, offered);
        Assert.Equal(OfferResult.Taken, fixture.Offer(ControlFixture.Delete));
        answer.SetResult();
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
            fixture.Offer(new Decision.ListPodsOnNode(new($"node-{number}")));
        }

        await all.Task.SoonAsync();
    }
}
