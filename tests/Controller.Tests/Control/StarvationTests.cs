using System.Collections.Immutable;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>Requests that the server never answers keep no fixture from those that it answers.</summary>
public sealed class StarvationTests
{
    [Fact]
    public async Task More_than_130_deletions_that_are_never_answered_and_come_first_keep_the_others_for_seconds_only()
    {
        await using var fixture = await ControlFixture.OpenAsync(AnswerAllButHangingAsync);
        var (hanging, others) = (Deletions("hanging", 130), Deletions("app", 100));
        var offering = new Offering(fixture, [.. hanging, .. others]);

        // As many hang as may be under way, for a second; then the next have their turn.
        var second = 1;
        for (; second * Actuator.Actions < hanging.Length; second++)
        {
            await offering.OfferAsync(untilUnderWay: (second + 1) * Actuator.Actions);
            await HangingAsync(fixture, Actuator.Actions);
            await fixture.Time.RestingAsync(ConcurrencyLimiter.Prompt, second * Actuator.Actions);
            fixture.Time.Advance(ConcurrencyLimiter.Prompt);
            await offering.TooLateAsync(Actuator.Actions);
        }

        await offering.OfferAsync(untilUnderWay: (second + 1) * Actuator.Actions);
        await offering.AcceptedAsync(others.Length);
        Assert.Equal(Instant.Start + TimeSpan.FromSeconds(4), fixture.Clock.Now);
        Assert.Equal(hanging.Length, fixture.Kubernetes.Calls.Count(IsHanging));
    }

    [Fact]
    public async Task What_was_not_answered_the_last_time_gets_half_of_the_turns_until_it_is_answered()
    {
        var (hangs, mayAnswer) = (true, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var fixture = await ControlFixture.OpenAsync(async call =>
        {
            if (hangs)
            {
                await call.HangAsync();
            }

            await mayAnswer.Task;
            await call.AnswerAsync("{}");
        });
        var hanging = Deletions("hanging", Actuator.Actions);
        var offering = new Offering(fixture, hanging);
        await offering.OfferAsync(untilUnderWay: Actuator.Actions);
        await HangingAsync(fixture, Actuator.Actions);
        fixture.Time.Advance(KubernetesClient.ActDeadline);
        await offering.EndedAsync(Actuator.Actions, MutationOutcome.TimedOut);

        hangs = false;
        Assert.Equal(Actuator.Actions / 2, Take(fixture, hanging));
        Assert.Equal(OfferResult.Taken, fixture.Offer(ControlFixture.Detach));
        mayAnswer.SetResult(); // not before: an answer frees a place
        for (var answered = 0; answered <= Actuator.Actions / 2; answered++)
        {
            Assert.Equal(MutationOutcome.Accepted, (await fixture.ActedAsync()).Outcome.Answer);
        }

        Assert.Equal(Actuator.Actions, Take(fixture, hanging)); // those that were answered have no limit, and the others are half
    }

    [Fact]
    public async Task A_hanging_action_still_has_its_deadline_when_it_has_given_its_turn_back()
    {
        await using var fixture = await ControlFixture.OpenAsync(AnswerAllButHangingAsync);
        var hanging = Deletions("hanging", 1);
        fixture.Offer(hanging[0]);
        await HangingAsync(fixture, 1);
        await fixture.Time.RestingAsync(ConcurrencyLimiter.Prompt);
        fixture.Time.Advance(KubernetesClient.ActDeadline - TimeSpan.FromTicks(1));
        Assert.False(fixture.Inbox.Reader.TryRead(out _));
        fixture.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(MutationOutcome.TimedOut, (await fixture.ActedAsync()).Outcome.Answer);
    }

    [Fact]
    public async Task Questions_about_nodes_whose_answers_stop_arriving_hold_up_no_other_question_and_are_answered_without_the_node()
    {
        await using var fixture = await ControlFixture.OpenAsync(async call =>
        {
            if (call.Path == "/api/v1/pods")
            {
                await call.AnswerAsync("{}");
                return;
            }

            await call.SendAsync("""{"status":{"conditions":[""");
            await call.HangAsync();
        });
        for (var number = 0; number < Actuator.Questions; number++)
        {
            fixture.Offer(new Decision.ListPodsOnNode(new($"node-{number}")));
        }

        await HangingAsync(fixture, 2 * Actuator.Questions);
        await fixture.Time.RestingAsync(ConcurrencyLimiter.Prompt, Actuator.Questions);
        fixture.Offer(new Decision.QueryResource(ControlFixture.Resource));
        Assert.False(fixture.Inbox.Reader.TryRead(out _));

        fixture.Time.Advance(ConcurrencyLimiter.Prompt);
        await fixture.Inbox.NextAsync<Observation.ResourceReported>();
        fixture.Time.Advance(KubernetesClient.ActDeadline - ConcurrencyLimiter.Prompt);
        for (var number = 0; number < Actuator.Questions; number++)
        {
            var surveyed = await fixture.Inbox.NextAsync<Observation.PodsOnNodeListed>();
            Assert.Equal((null, null), (surveyed.Ready, surveyed.Tainted));
        }
    }

    private static bool IsHanging(Call call) => call.Path.Contains("hanging", StringComparison.Ordinal);

    private static Task AnswerAllButHangingAsync(Call call) => IsHanging(call) ? call.HangAsync() : call.AnswerAsync("{}");

    private static ImmutableArray<Decision> Deletions(string name, int count) =>
        [.. Enumerable.Range(0, count).Select(number => new Decision.DeletePod(ControlFixture.App with { Key = new("shop", $"{name}-{number}"), Uid = new($"u-{name}-{number}") }, ControlFixture.Evidence))];

    private static int Take(ControlFixture fixture, ImmutableArray<Decision> decisions) => decisions.Count(decision => fixture.Offer(decision) == OfferResult.Taken);

    private static async Task HangingAsync(ControlFixture fixture, int count)
    {
        for (var arrived = 0; arrived < count; arrived++)
        {
            await fixture.Kubernetes.ArrivalAsync();
        }
    }

    /// <summary>Offers decisions as the control loop does: the most important first, and none that is under way.</summary>
    private sealed class Offering(ControlFixture fixture, ImmutableArray<Decision> decisions)
    {
        private readonly HashSet<Decision> _underWay = [];
        private readonly HashSet<Decision> _done = [];

        /// <summary>Offers again and again, as the loop does, because a slot that becomes free is not announced.</summary>
        public async Task OfferAsync(int untilUnderWay)
        {
            using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            for (Offer(); _underWay.Count < untilUnderWay; Offer())
            {
                late.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        public Task TooLateAsync(int count) => EndedAsync(count, MutationOutcome.NotSent);

        public async Task AcceptedAsync(int count)
        {
            for (var accepted = 0; accepted < count; accepted++)
            {
                await EndedAsync(1, MutationOutcome.Accepted);
                Offer();
            }
        }

        public async Task EndedAsync(int count, MutationOutcome answer)
        {
            for (var ended = 0; ended < count; ended++)
            {
                var acted = await fixture.ActedAsync();
                Assert.Equal(answer, acted.Outcome.Answer);
                _underWay.Remove(acted.Decision);
                _ = answer == MutationOutcome.Accepted && _done.Add(acted.Decision);
            }
        }

        private void Offer()
        {
            foreach (var decision in decisions.Where(decision => !_underWay.Contains(decision) && !_done.Contains(decision)))
            {
                if (fixture.Offer(decision) != OfferResult.Taken)
                {
                    return;
                }

                _underWay.Add(decision);
            }
        }
    }
}
