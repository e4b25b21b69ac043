using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Controller.Tests.Leadership;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>The condition that a pod gets before it is deleted. No deletion depends on it.</summary>
public sealed class DisruptionTests
{
    private const string Pod = "/api/v1/namespaces/shop/pods/app-0";

    [Fact]
    public async Task A_pod_is_marked_and_then_deleted()
    {
        await using var fixture = await ControlFixture.OpenAsync(conditions: 4);
        fixture.Offer(ControlFixture.Delete);
        Assert.Equal(MutationOutcome.Accepted, (await fixture.ActedAsync()).Outcome.Answer);

        Assert.Equal([("PATCH", Pod + "/status"), ("DELETE", Pod)], fixture.Kubernetes.Calls.Select(call => (call.Method, call.Path)));
        var patch = fixture.Kubernetes.Calls.First();
        Assert.StartsWith("application/strategic-merge-patch+json", patch.ContentType, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["uid"] = "u-pod" },
                ["status"] = new JsonObject
                {
                    ["conditions"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "DisruptionTarget",
                        ["status"] = "True",
                        ["reason"] = "DeletionByPiraeusHAController",
                        ["message"] = DecisionText.Of(ControlFixture.Delete),
                        ["lastTransitionTime"] = "2030-01-01T00:00:00Z",
                    }),
                },
            },
            JsonNode.Parse(patch.Body)), patch.Body);
    }

    [Fact]
    public async Task A_condition_without_an_answer_delays_the_deletion_by_a_tenth_of_a_second()
    {
        await using var fixture = await ControlFixture.OpenAsync(HangOnPatchesAsync, conditions: 4);
        fixture.Offer(ControlFixture.Delete);
        Assert.Equal("PATCH", (await fixture.Kubernetes.ArrivalAsync()).Method);
        await fixture.Time.RestingAsync(MutationRunner.ConditionPatience);
        Assert.Single(fixture.Kubernetes.Calls);
        fixture.Time.Advance(MutationRunner.ConditionPatience);
        Assert.Equal(MutationOutcome.Accepted, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Equal(["PATCH", "DELETE"], fixture.Kubernetes.Calls.Select(call => call.Method));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_the_wait_for_the_condition_it_is_asked_again_whether_the_deletion_may_be_sent(bool isSuspended)
    {
        await using var fixture = await ControlFixture.OpenAsync(HangOnPatchesAsync, contested: true, conditions: 4);
        fixture.Hold.Lead();
        fixture.Offer(ControlFixture.Delete);
        await fixture.Kubernetes.ArrivalAsync();
        await fixture.Time.RestingAsync(MutationRunner.ConditionPatience);
        if (isSuspended)
        {
            fixture.Time.Sleep(TimeSpan.FromSeconds(1));
        }
        else
        {
            fixture.Hold.Stop(); // another replica may lead by now
        }

        fixture.Time.Advance(MutationRunner.ConditionPatience);
        Assert.Equal(MutationOutcome.NotSent, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Equal("PATCH", Assert.Single(fixture.Kubernetes.Calls).Method);
    }

    [Fact]
    public async Task While_many_pods_are_moved_most_are_deleted_without()
    {
        await using var fixture = await ControlFixture.OpenAsync(HangOnPatchesAsync, conditions: 2);
        foreach (var number in Enumerable.Range(0, 5))
        {
            fixture.Offer(new Decision.DeletePod(ControlFixture.App with { Key = new("shop", $"app-{number}"), Uid = new($"u-{number}") }, ControlFixture.Evidence));
        }

        foreach (var _ in Enumerable.Range(0, 3))
        {
            await fixture.ActedAsync(); // at once, while the conditions of the first two are still on their way
        }

        await fixture.Time.RestingAsync(MutationRunner.ConditionPatience, 2);
        fixture.Time.Advance(MutationRunner.ConditionPatience);
        await fixture.ActedAsync();
        await fixture.ActedAsync();
        Assert.Equal((2, 5), (fixture.Kubernetes.Calls.Count(call => call.Method == "PATCH"), fixture.Kubernetes.Calls.Count(call => call.Method == "DELETE")));
    }

    [Fact]
    public async Task A_pod_that_is_deleted_beside_many_others_gets_none_even_if_no_condition_is_under_way()
    {
        var hanging = new TaskCompletionSource();
        await using var fixture = await ControlFixture.OpenAsync(
            async call =>
            {
                await (call.Method == "DELETE" && !call.Path.EndsWith("app-2", StringComparison.Ordinal) ? hanging.Task : Task.CompletedTask);
                await call.AnswerAsync("{}");
            },
            conditions: 2);
        foreach (var number in Enumerable.Range(0, 3))
        {
            fixture.Offer(new Decision.DeletePod(ControlFixture.App with { Key = new("shop", $"app-{number}"), Uid = new($"u-{number}") }, ControlFixture.Evidence));
            while (fixture.Kubernetes.Calls.Count(call => call.Method == "DELETE") <= number)
            {
                await fixture.Kubernetes.ArrivalAsync();
            }
        }

        Assert.Equal(2, fixture.Kubernetes.Calls.Count(call => call.Method == "PATCH"));
        hanging.SetResult();
        await fixture.ActedAsync();
        await fixture.ActedAsync();
        await fixture.ActedAsync();
    }

    [Fact]
    public async Task A_missing_right_is_logged_once_and_the_pods_are_deleted()
    {
        await using var fixture = await ControlFixture.OpenAsync(
            call => call.Method == "PATCH" ? call.RefuseAsync(403, """pods "app-0" is forbidden: User "ha" cannot patch resource "pods/status" in API group "" in the namespace "shop" """.TrimEnd()) : call.AnswerAsync("{}"), conditions: 4);
        foreach (var uid in (string[])["u-1", "u-2"])
        {
            fixture.Offer(new Decision.DeletePod(ControlFixture.App with { Uid = new(uid) }, ControlFixture.Evidence));
            Assert.Equal(MutationOutcome.Accepted, (await fixture.ActedAsync()).Outcome.Answer);
        }

        Assert.Equal(4, fixture.Kubernetes.Calls.Count);
        Assert.Single(fixture.Told.Lines, line => line ==
            """Pods are deleted without the condition DisruptionTarget: pods "app-0" is forbidden: User "ha" cannot patch resource "pods/status" in API group "" in the namespace "shop" (missing permission: add the rule {apiGroups: [""], resources: ["pods/status"], verbs: ["patch"]} to the role of this service account)""");
    }

    [Fact]
    public async Task A_pod_that_was_deleted_already_gets_none()
    {
        await using var fixture = await ControlFixture.OpenAsync(conditions: 4);
        fixture.Offer(new Decision.DeletePod(ControlFixture.App with { Terminating = true }, ControlFixture.Evidence));
        await fixture.ActedAsync();
        Assert.Equal("DELETE", Assert.Single(fixture.Kubernetes.Calls).Method);
    }

    [Fact]
    public async Task A_deletion_whose_connection_takes_too_long_does_not_leave_this_process()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var asked = 0;
        Assert.Equal(MutationOutcome.NotSent, (await fixture.Client.DeleteAsync(ControlFixture.App, () => ++asked > 0, default)).Answer);
        Assert.Equal(MutationOutcome.NotSent, (await fixture.Client.DeleteAsync(ControlFixture.Csi1, () => ++asked > 0, default)).Answer);
        Assert.Equal(MutationOutcome.Accepted, (await fixture.Client.DeleteAsync(ControlFixture.App, () => false, default)).Answer);
        Assert.Equal((2, 1), (asked, fixture.Kubernetes.Calls.Count));
    }

    [Fact]
    public async Task A_deletion_is_logged_when_it_leaves_and_not_before()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var late = fixture.Clock.Now;
        fixture.Time.Sleep(TimeSpan.FromSeconds(1));
        fixture.Actuator.Offer(ControlFixture.Delete, late, () => true);
        await fixture.ActedAsync();
        Assert.StartsWith("Not done, because its turn came too late: Deleting pod", Assert.Single(fixture.Told.Lines), StringComparison.Ordinal);
        fixture.Offer(ControlFixture.Delete);
        await fixture.ActedAsync();
        Assert.StartsWith("Deleting pod", fixture.Told.Lines.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deletion_that_is_withheld_when_there_is_a_connection_is_not_logged_as_done()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var asked = 0; // before the request, and when there is a connection
        fixture.Actuator.Offer(ControlFixture.Delete, fixture.Clock.Now, () => ++asked < 2);
        Assert.Equal(MutationOutcome.NotSent, (await fixture.ActedAsync()).Outcome.Answer);
        Assert.Equal(2, asked);
        Assert.Empty(fixture.Kubernetes.Calls);
        Assert.StartsWith("Not done, because what was observed since speaks against it: Deleting pod", Assert.Single(fixture.Told.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_twentieth_deletion_in_a_row_that_comes_too_late_is_a_warning()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var late = fixture.Clock.Now;
        fixture.Time.Sleep(TimeSpan.FromSeconds(1));
        await ComeLateAsync(19);
        fixture.Offer(ControlFixture.Delete); // one that is sent begins a new row
        await fixture.ActedAsync();
        await ComeLateAsync(19);
        Assert.Empty(fixture.Told.Warnings);
        await ComeLateAsync(1);
        Assert.StartsWith("Not done, because its turn came too late: Deleting pod", Assert.Single(fixture.Told.Warnings), StringComparison.Ordinal);
        await ComeLateAsync(20);
        Assert.Equal(2, fixture.Told.Warnings.Count);

        async Task ComeLateAsync(int count)
        {
            for (; count > 0; count--)
            {
                fixture.Actuator.Offer(ControlFixture.Delete, late, () => true);
                Assert.Equal(MutationOutcome.NotSent, (await fixture.ActedAsync()).Outcome.Answer);
            }
        }
    }

    private static Task HangOnPatchesAsync(Call call) => call.Method == "PATCH" ? call.HangAsync() : call.AnswerAsync("{}");
}
