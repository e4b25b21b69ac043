using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Tests.Leadership;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>How mutations are sent, and what becomes of them.</summary>
public sealed class ActuatorTests
{
    private static readonly TimeSpan Ever = Timeout.InfiniteTimeSpan;

    [Fact]
    public async Task An_action_is_sent_and_its_outcome_comes_back_as_an_observation()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        Assert.Equal(OfferResult.Taken, fixture.Offer(ControlFixture.Delete));
        Assert.Equal(new Observation.MutationAnswered(ControlFixture.Delete, new(MutationOutcome.Accepted), Instant.Start), await fixture.ActedAsync());
        Assert.Equal("/api/v1/namespaces/shop/pods/app-0", Assert.Single(fixture.Kubernetes.Calls).Path);
    }

    [Fact]
    public async Task A_standby_sends_queries_but_no_mutations()
    {
        await using var fixture = await ControlFixture.OpenAsync(contested: true);
        Assert.Equal(OfferResult.NotOurs, fixture.Offer(ControlFixture.Delete));
        Assert.Equal(OfferResult.Taken, fixture.Offer(new Decision.QueryResource(ControlFixture.Resource)));
    }

    [Fact]
    public async Task A_lease_that_ends_before_the_request_would_does_not_cover_it()
    {
        await using var fixture = await ControlFixture.OpenAsync(contested: true);
        fixture.Hold.Lead();
        fixture.Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(OfferResult.Taken, fixture.Offer(ControlFixture.Delete));
        fixture.Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(OfferResult.NotOurs, fixture.Offer(ControlFixture.Delete));
    }

    [Theory]
    [InlineData(500, MutationOutcome.Accepted)]
    [InlineData(501, MutationOutcome.NotSent)]
    public async Task What_was_decided_before_a_suspension_is_not_sent_after_it(int milliseconds, MutationOutcome outcome)
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var decided = fixture.Clock.Now;
        fixture.Time.Sleep(TimeSpan.FromMilliseconds(milliseconds)); // between the decision and the offer
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(ControlFixture.Delete, decided, () => true));
        Assert.Equal(outcome, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Equal(outcome == MutationOutcome.Accepted ? 1 : 0, fixture.Kubernetes.Calls.Count);
    }

    [Fact]
    public async Task What_is_no_longer_upheld_is_not_sent()
    {
        await using var fixture = await ControlFixture.OpenAsync(conditions: 4);
        var isUpheld = true;
        fixture.RequestGate.Passing = () => isUpheld = false;
        Assert.Equal(OfferResult.Taken, fixture.Actuator.Offer(ControlFixture.Delete, fixture.Clock.Now, () => isUpheld));
        Assert.Equal(MutationOutcome.NotSent, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Empty(fixture.Kubernetes.Calls);
        Assert.StartsWith("Not done, because what was observed since speaks against it: Deleting pod", Assert.Single(fixture.Told.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taint_that_is_no_longer_upheld_is_not_sent_either()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Actuator.Offer(new Decision.TaintNode(new(new("a"), new("u-node")), ControlFixture.Evidence), fixture.Clock.Now, () => false);
        Assert.Equal(MutationOutcome.NotSent, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Empty(fixture.Kubernetes.Calls);
    }

    [Fact]
    public async Task Leadership_is_asked_once_more_at_the_moment_of_acting()
    {
        await using var fixture = await ControlFixture.OpenAsync(contested: true);
        fixture.Hold.Lead();
        fixture.RequestGate.Passing = () => fixture.Hold.Stop();
        Assert.Equal(OfferResult.Taken, fixture.Offer(ControlFixture.Delete));

        Assert.Equal(MutationOutcome.NotSent, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Empty(fixture.Kubernetes.Calls);
    }

    [Fact]
    public async Task A_dry_run_sends_nothing_and_says_what_it_would_have_done()
    {
        await using var fixture = await ControlFixture.OpenAsync(dryRun: true);
        fixture.Offer(ControlFixture.Delete);
        fixture.Offer(ControlFixture.Detach);
        Assert.Equal([MutationOutcome.DryRun, MutationOutcome.DryRun], [(await fixture.ActedAsync()).Outcome.Answer, (await fixture.ActedAsync()).Outcome.Answer]);
        Assert.Empty(fixture.Kubernetes.Calls);
        Assert.Contains(fixture.Told.Lines, line => line.StartsWith("Dry run, not done: Deleting pod shop/app-0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_is_logged_with_the_servers_message_and_passed_on_with_its_Retry_After()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.RefuseAsync(429, "slow down", retryAfter: 9));
        fixture.Offer(ControlFixture.Delete);
        Assert.Equal(new MutationAnswer(MutationOutcome.Refused, "slow down", TimeSpan.FromSeconds(9)), (await fixture.ActedAsync()).Outcome);
        Assert.Contains(fixture.Told.Lines, line => line.EndsWith("The answer was Refused: slow down", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_that_fails_with_an_unexpected_exception_is_logged_as_failed_and_the_next_one_is_sent()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Offer(new Decision.Hold(ControlFixture.Resource, new("a"), HoldReason.Storm, HoldDetail.None, [], Instant.Start, true)); // which is no action
        Assert.Equal(MutationOutcome.Refused, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Contains(fixture.Told.Lines, line => line.StartsWith("An error of this program was caught", StringComparison.Ordinal) && line.Contains("ArgumentOutOfRangeException", StringComparison.Ordinal));

        fixture.Offer(ControlFixture.Delete);
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
        fixture.Offer(ControlFixture.Delete);
        await fixture.Kubernetes.ArrivalAsync();

        var stopping = fixture.Actuator.StopAsync(Ever);
        Assert.Equal(OfferResult.NotOurs, fixture.Offer(ControlFixture.Detach));
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

        fixture.Offer(ControlFixture.Delete);
        await fixture.Kubernetes.ArrivalAsync();
        await fixture.Actuator.StopAsync(Ever).SoonAsync();
    }
}
