using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Leadership;

/// <summary>How a replica takes, renews and loses the Lease.</summary>
public sealed class LeaseLoopTests : LeaseLoopFixture
{
    [Fact]
    public async Task A_Lease_that_is_not_there_is_created_as_client_go_would()
    {
        await StartAsync();
        Assert.True(Status.Covers(TimeSpan.FromSeconds(9)));
        Assert.False(Status.Covers(TimeSpan.FromSeconds(10)));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""
            {
              "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "controller", "namespace": "ha" },
              "spec": {
                "holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": 0,
                "acquireTime": "2030-01-01T00:00:00.000000Z", "renewTime": "2030-01-01T00:00:00.000000Z"
              }
            }
            """),
            Assert.Single(Lease.Written)), Lease.Written[0].ToJsonString());
        Assert.Equal("This replica holds lease ha/controller.", Assert.Single(Told.Lines));
        await Received.NextAsync<Observation.Tick>();
    }

    [Fact]
    public async Task It_is_renewed_every_two_seconds_and_keeps_the_time_it_was_acquired()
    {
        await StartAsync();
        await PassAsync();
        await PassAsync();
        Assert.Equal(3, Lease.Written.Count);
        Assert.Equal(
            ("2030-01-01T00:00:00.000000Z", "2030-01-01T00:00:04.000000Z", 0),
            ((string?)Lease.Spec["acquireTime"], (string?)Lease.Spec["renewTime"], (int)Lease.Spec["leaseTransitions"]!));
        Assert.True(Status.Covers(TimeSpan.FromSeconds(9)));
        Assert.Single(Told.Lines);
    }

    [Fact]
    public async Task Anothers_Lease_is_only_looked_at_until_it_was_not_renewed_for_its_duration()
    {
        Lease.HeldBy("other");
        await StartAsync();
        for (var second = 0.0; second < 14; second += 2.4)
        {
            Assert.Empty(Lease.Written);
            Assert.False(Status.Covers(TimeSpan.Zero));
            await PassAsync(LongestRetry);
        }

        await PassAsync(LongestRetry);
        Assert.Equal(("me", 4), (Lease.Holder, (int)Lease.Spec["leaseTransitions"]!));
        Assert.True(Status.Covers(TimeSpan.Zero));
        Assert.Equal(["other holds lease ha/controller.", "This replica holds lease ha/controller."], Told.Lines);
    }

    [Fact]
    public async Task Every_renewal_of_anothers_Lease_starts_the_wait_anew()
    {
        Lease.HeldBy("other");
        await StartAsync();
        for (var look = 0; look < 20; look++)
        {
            Lease.HeldBy("other");
            await PassAsync(LongestRetry);
        }

        Assert.Empty(Lease.Written);
    }

    [Fact]
    public async Task A_Lease_that_was_released_is_taken_at_once_and_counted_as_a_transition()
    {
        Lease.Put("""{"holderIdentity":"","leaseDurationSeconds":1,"leaseTransitions":7}""");
        await StartAsync();
        Assert.Equal(("me", 8, "2030-01-01T00:00:00.000000Z"), (Lease.Holder, (int)Lease.Spec["leaseTransitions"]!, (string?)Lease.Spec["acquireTime"]));
    }

    [Fact]
    public async Task A_replica_that_comes_back_under_the_same_name_goes_on_where_it_was()
    {
        Lease.HeldBy("me", transitions: 5);
        await StartAsync();
        Assert.Equal((5, "2020-01-01T00:00:00.000000Z"), ((int)Lease.Spec["leaseTransitions"]!, (string?)Lease.Spec["acquireTime"]));
        Assert.True(Status.Covers(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_leader_that_finds_another_holder_on_its_Lease_stops_acting_at_once()
    {
        await StartAsync();
        Lease.HeldBy("other");
        await PassAsync();
        Assert.False(Status.Covers(TimeSpan.Zero));
        Assert.Single(Lease.Written);
        Assert.Equal("other holds lease ha/controller.", Told.Lines.Last());
    }

    [Fact]
    public async Task Another_client_that_only_labels_the_Lease_does_not_end_the_leadership_and_keeps_its_labels()
    {
        await StartAsync();
        Lease.Put(Lease.Spec.ToJsonString(), """{"labels":{"team":"storage"},"annotations":{"note":"x"},"ownerReferences":[{"uid":"u"}]}""");
        await PassAsync(); // conflict, and a look
        Assert.True(Status.Covers(TimeSpan.Zero));
        await PassAsync();
        var metadata = Lease.Written[^1]["metadata"]!;
        Assert.Equal(("storage", "x", "u"), ((string?)metadata["labels"]!["team"], (string?)metadata["annotations"]!["note"], (string?)metadata["ownerReferences"]![0]!["uid"]));
        Assert.True(Status.Covers(TimeSpan.FromSeconds(9)));
    }

    [Fact]
    public async Task A_Lease_that_was_deleted_is_lost_at_once_and_created_anew()
    {
        await StartAsync();
        Lease.Delete();
        await PassAsync();
        Assert.False(Status.Covers(TimeSpan.Zero));
        await PassAsync(LongestRetry);
        Assert.True(Status.Covers(TimeSpan.Zero));
        Assert.Equal(2, Lease.Written.Count);
    }

    [Fact]
    public async Task A_leader_that_cannot_renew_acts_until_the_deadline_and_no_longer()
    {
        await StartAsync();
        Lease.Before = call => call.RefuseAsync(503, "etcd is away");
        for (var second = 2; second < 10; second += 2)
        {
            await PassAsync();
            Assert.True(Status.Covers(TimeSpan.Zero));
        }

        await PassAsync();
        Assert.False(Status.Covers(TimeSpan.Zero));
        Assert.Equal(
            ["This replica holds lease ha/controller.", "Could not read or write lease ha/controller: etcd is away", "No replica holds lease ha/controller."],
            Told.Lines.Distinct());
    }

    [Fact]
    public async Task A_leader_that_can_renew_again_leads_again()
    {
        await StartAsync();
        Lease.Before = call => call.BreakAsync();
        for (var second = 0; second < 12; second += 2)
        {
            await PassAsync(LongestRetry);
        }

        Assert.False(Status.Covers(TimeSpan.Zero));
        Lease.Before = _ => null;
        await PassAsync(LongestRetry);
        Assert.True(Status.Covers(TimeSpan.FromSeconds(9)));
    }

    [Fact]
    public async Task A_missing_permission_is_named_as_a_rule_of_a_Role_in_the_namespace()
    {
        Lease.Before = call => call.RefuseAsync(403, """leases is forbidden: User "ha" cannot get resource "leases" in the namespace ha""");
        await StartAsync();
        Assert.Equal(
            """Could not read or write lease ha/controller: leases is forbidden: User "ha" cannot get resource "leases" in the namespace ha (missing permission: add the rule {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"]} to a Role in namespace ha that is bound to this service account)""",
            Told.Lines.First());
    }

    [Fact]
    public async Task A_namespace_that_does_not_exist_is_logged()
    {
        Lease.Before = call => call.RefuseAsync(404, call.Method == "POST" ? "namespace ha not found" : "not found");
        await StartAsync();
        Assert.Contains("Could not read or write lease ha/controller: namespace ha not found", Told.Lines);
    }

    [Fact]
    public async Task A_full_inbox_delays_no_renewal()
    {
        while (Received.Writer.TryWrite(new Observation.Tick()))
        {
        }

        await StartAsync();
        await PassAsync();
        Assert.Equal(2, Lease.Written.Count);
    }

    [Fact]
    public async Task A_Lease_of_a_dead_holder_is_taken_in_time_although_another_client_labels_it_again_and_again()
    {
        Lease.HeldBy("other");
        await StartAsync();
        for (var second = 0.0; second < 16.8; second += 2.4)
        {
            Lease.Put("""{"holderIdentity":"other","leaseDurationSeconds":15,"acquireTime":"2020-01-01T00:00:00.000000Z","renewTime":"2020-01-01T00:00:00.000000Z","leaseTransitions":3 }""", $$"""{"labels":{"second":"{{second}}"} }""");
            await PassAsync(LongestRetry);
        }

        Lease.Before = _ => null;
        await PassAsync(LongestRetry);
        Assert.Equal("me", Lease.Holder);
    }
}
