using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Leadership;

/// <summary>When a replica gives the Lease up, and when it takes a free one.</summary>
public sealed class LeaseReleaseTests : LeaseLoopFixture
{
    [Fact]
    public async Task Being_asked_to_stop_gives_the_Lease_up_so_that_another_may_take_it_at_once()
    {
        await StartAsync();
        await PassAsync();
        await StopAsync();
        Assert.False(Status.Covers(TimeSpan.Zero));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""
            {
              "holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 0,
              "acquireTime": "2030-01-01T00:00:02.000000Z", "renewTime": "2030-01-01T00:00:02.000000Z"
            }
            """),
            Lease.Spec), Lease.Spec.ToJsonString());
        Assert.Equal("Gave lease ha/controller up.", Told.Lines.Last());
    }

    [Fact]
    public async Task A_renewal_that_was_cut_off_by_the_end_and_arrived_all_the_same_does_not_keep_the_Lease()
    {
        await StartAsync();
        var arrived = new TaskCompletionSource();
        Lease.Before = call =>
        {
            Lease.Before = _ => null;
            Lease.Apply(call);
            arrived.SetResult();
            return call.HangAsync(); // the answer never comes
        };
        Time.Advance(Retry);
        await arrived.Task.SoonAsync();
        await StopAsync();
        Assert.Equal("", Lease.Holder);
    }

    [Fact]
    public async Task A_replica_that_never_held_the_Lease_gives_nothing_up()
    {
        Lease.HeldBy("other");
        await StartAsync();
        await StopAsync();
        Assert.Empty(Lease.Written);
    }

    [Fact]
    public async Task A_release_that_gets_no_answer_is_given_up_after_three_seconds()
    {
        await StartAsync();
        Lease.Before = call => call.HangAsync();
        await Stop.CancelAsync();
        await Time.RestingAsync(TimeSpan.FromSeconds(3));
        Time.Advance(TimeSpan.FromSeconds(3));
        await Running.CancelledAsync();
        Assert.False(Status.Covers(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_leader_that_cannot_decide_for_15_s_gives_the_Lease_up_and_begins_nothing_that_would_outlast_it()
    {
        await StartAsync();
        var rests = Time.Rests(Retry);
        Status.Synced(Elections.AllSources.Remove(Source.Linstor));
        await Time.RestingAsync(Retry, rests + 1);
        for (var second = 0; second < 10; second += 2)
        {
            Assert.True(Status.Covers(TimeSpan.FromSeconds(5)));
            await PassAsync();
        }

        Assert.False(Status.Covers(TimeSpan.FromSeconds(5)));
        await PassAsync();
        Time.Advance(Retry);
        await Time.RestingAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("me", Lease.Holder);
        Time.Advance(TimeSpan.FromSeconds(1));
        await Time.RestingAsync(Retry, LongestRetry);
        Assert.Equal("", Lease.Holder);
        Assert.False(Status.Covers(TimeSpan.Zero));
        Assert.Equal(["Gave lease ha/controller up, because this replica cannot decide.", "No replica holds lease ha/controller."], Told.Lines.TakeLast(2));
    }

    [Fact]
    public async Task A_replica_that_can_decide_again_takes_a_free_Lease_at_once()
    {
        await StartAsync([]);
        Assert.Empty(Lease.Written);
        Status.Synced(Elections.AllSources);
        await Received.NextAsync<Observation.Tick>();
        Assert.Equal("me", Lease.Holder);
        Assert.Equal("This replica holds lease ha/controller.", Assert.Single(Told.Lines));
    }
}
