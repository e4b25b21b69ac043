using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Leadership;

public sealed class LeaseLoopTests : IAsyncLifetime
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(2.4);

    private readonly CannedLease _lease = new();
    private readonly TestTime _time = new();
    private readonly LogCapture _told = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<Observation> _inbox = Inbox.Create();
    private CannedKubernetes _kubernetes = null!;
    private LeadershipStatus _hold = null!;
    private Task _running = null!;

    [Fact]
    public async Task A_Lease_that_is_not_there_is_created_as_client_go_would()
    {
        await StartAsync();
        Assert.True(_hold.Covers(TimeSpan.FromSeconds(9)));
        Assert.False(_hold.Covers(TimeSpan.FromSeconds(10)));
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
            Assert.Single(_lease.Written)), _lease.Written[0].ToJsonString());
        Assert.Equal("This replica holds lease ha/controller.", Assert.Single(_told.Lines));
        await _inbox.NextAsync<Observation.Tick>();
    }

    [Fact]
    public async Task It_is_renewed_every_two_seconds_and_keeps_the_time_it_was_acquired()
    {
        await StartAsync();
        await PassAsync();
        await PassAsync();
        Assert.Equal(3, _lease.Written.Count);
        Assert.Equal(
            ("2030-01-01T00:00:00.000000Z", "2030-01-01T00:00:04.000000Z", 0),
            ((string?)_lease.Spec["acquireTime"], (string?)_lease.Spec["renewTime"], (int)_lease.Spec["leaseTransitions"]!));
        Assert.True(_hold.Covers(TimeSpan.FromSeconds(9)));
        Assert.Single(_told.Lines);
    }

    [Fact]
    public async Task Anothers_Lease_is_only_looked_at_until_it_was_not_renewed_for_its_duration()
    {
        _lease.HeldBy("other");
        await StartAsync();
        for (var second = 0.0; second < 14; second += 2.4)
        {
            Assert.Empty(_lease.Written);
            Assert.False(_hold.Covers(TimeSpan.Zero));
            await PassAsync(LongestRetry);
        }

        await PassAsync(LongestRetry);
        Assert.Equal(("me", 4), (_lease.Holder, (int)_lease.Spec["leaseTransitions"]!));
        Assert.True(_hold.Covers(TimeSpan.Zero));
        Assert.Equal(["other holds lease ha/controller.", "This replica holds lease ha/controller."], _told.Lines);
    }

    [Fact]
    public async Task Every_renewal_of_anothers_Lease_starts_the_wait_anew()
    {
        _lease.HeldBy("other");
        await StartAsync();
        for (var look = 0; look < 20; look++)
        {
            _lease.HeldBy("other");
            await PassAsync(LongestRetry);
        }

        Assert.Empty(_lease.Written);
    }

    [Fact]
    public async Task A_Lease_that_was_released_is_taken_at_once_and_counted_as_a_transition()
    {
        _lease.Put("""{"holderIdentity":"","leaseDurationSeconds":1,"leaseTransitions":7}""");
        await StartAsync();
        Assert.Equal(("me", 8, "2030-01-01T00:00:00.000000Z"), (_lease.Holder, (int)_lease.Spec["leaseTransitions"]!, (string?)_lease.Spec["acquireTime"]));
    }

    [Fact]
    public async Task A_replica_that_comes_back_under_the_same_name_goes_on_where_it_was()
    {
        _lease.HeldBy("me", transitions: 5);
        await StartAsync();
        Assert.Equal((5, "2020-01-01T00:00:00.000000Z"), ((int)_lease.Spec["leaseTransitions"]!, (string?)_lease.Spec["acquireTime"]));
        Assert.True(_hold.Covers(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_leader_that_finds_another_holder_on_its_Lease_stops_acting_at_once()
    {
        await StartAsync();
        _lease.HeldBy("other");
        await PassAsync();
        Assert.False(_hold.Covers(TimeSpan.Zero));
        Assert.Single(_lease.Written);
        Assert.Equal("other holds lease ha/controller.", _told.Lines.Last());
    }

    [Fact]
    public async Task Another_client_that_only_labels_the_Lease_does_not_end_the_leadership_and_keeps_its_labels()
    {
        await StartAsync();
        _lease.Put(_lease.Spec.ToJsonString(), """{"labels":{"team":"storage"},"annotations":{"note":"x"},"ownerReferences":[{"uid":"u"}]}""");
        await PassAsync(); // conflict, and a look
        Assert.True(_hold.Covers(TimeSpan.Zero));
        await PassAsync();
        var metadata = _lease.Written[^1]["metadata"]!;
        Assert.Equal(("storage", "x", "u"), ((string?)metadata["labels"]!["team"], (string?)metadata["annotations"]!["note"], (string?)metadata["ownerReferences"]![0]!["uid"]));
        Assert.True(_hold.Covers(TimeSpan.FromSeconds(9)));
    }

    [Fact]
    public async Task A_Lease_that_was_deleted_is_lost_at_once_and_created_anew()
    {
        await StartAsync();
        _lease.Delete();
        await PassAsync();
        Assert.False(_hold.Covers(TimeSpan.Zero));
        await PassAsync(LongestRetry);
        Assert.True(_hold.Covers(TimeSpan.Zero));
        Assert.Equal(2, _lease.Written.Count);
    }

    [Fact]
    public async Task A_leader_that_cannot_renew_acts_until_the_deadline_and_no_longer()
    {
        await StartAsync();
        _lease.Before = call => call.RefuseAsync(503, "etcd is away");
        for (var second = 2; second < 10; second += 2)
        {
            await PassAsync();
            Assert.True(_hold.Covers(TimeSpan.Zero));
        }

        await PassAsync();
        Assert.False(_hold.Covers(TimeSpan.Zero));
        Assert.Equal(
            ["This replica holds lease ha/controller.", "Could not read or write lease ha/controller: etcd is away", "No replica holds lease ha/controller."],
            _told.Lines.Distinct());
    }

    [Fact]
    public async Task A_leader_that_can_renew_again_leads_again()
    {
        await StartAsync();
        _lease.Before = call => call.BreakAsync();
        for (var second = 0; second < 12; second += 2)
        {
            await PassAsync(LongestRetry);
        }

        Assert.False(_hold.Covers(TimeSpan.Zero));
        _lease.Before = _ => null;
        await PassAsync(LongestRetry);
        Assert.True(_hold.Covers(TimeSpan.FromSeconds(9)));
    }

    [Fact]
    public async Task A_missing_permission_is_named_as_a_rule_of_a_Role_in_the_namespace()
    {
        _lease.Before = call => call.RefuseAsync(403, """leases is forbidden: User "ha" cannot get resource "leases" in the namespace ha""");
        await StartAsync();
        Assert.Equal(
            """Could not read or write lease ha/controller: leases is forbidden: User "ha" cannot get resource "leases" in the namespace ha (missing permission: add the rule {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"]} to a Role in namespace ha that is bound to this service account)""",
            _told.Lines.First());
    }

    [Fact]
    public async Task A_namespace_that_does_not_exist_is_logged()
    {
        _lease.Before = call => call.RefuseAsync(404, call.Method == "POST" ? "namespace ha not found" : "not found");
        await StartAsync();
        Assert.Contains("Could not read or write lease ha/controller: namespace ha not found", _told.Lines);
    }

    [Fact]
    public async Task Being_asked_to_stop_gives_the_Lease_up_so_that_another_may_take_it_at_once()
    {
        await StartAsync();
        await PassAsync();
        await StopAsync();
        Assert.False(_hold.Covers(TimeSpan.Zero));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""
            {
              "holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 0,
              "acquireTime": "2030-01-01T00:00:02.000000Z", "renewTime": "2030-01-01T00:00:02.000000Z"
            }
            """),
            _lease.Spec), _lease.Spec.ToJsonString());
        Assert.Equal("Gave lease ha/controller up.", _told.Lines.Last());
    }

    [Fact]
    public async Task A_renewal_that_was_cut_off_by_the_end_and_arrived_all_the_same_does_not_keep_the_Lease()
    {
        await StartAsync();
        var arrived = new TaskCompletionSource();
        _lease.Before = call =>
        {
            _lease.Before = _ => null;
            _lease.Apply(call);
            arrived.SetResult();
            return call.HangAsync(); // the answer never comes
        };
        _time.Advance(Retry);
        await arrived.Task.SoonAsync();
        await StopAsync();
        Assert.Equal("", _lease.Holder);
    }

    [Fact]
    public async Task A_replica_that_never_held_the_Lease_gives_nothing_up()
    {
        _lease.HeldBy("other");
        await StartAsync();
        await StopAsync();
        Assert.Empty(_lease.Written);
    }

    [Fact]
    public async Task A_release_that_gets_no_answer_is_given_up_after_three_seconds()
    {
        await StartAsync();
        _lease.Before = call => call.HangAsync();
        await _stop.CancelAsync();
        await _time.RestingAsync(TimeSpan.FromSeconds(3));
        _time.Advance(TimeSpan.FromSeconds(3));
        await _running.CancelledAsync();
        Assert.False(_hold.Covers(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_full_inbox_delays_no_renewal()
    {
        while (_inbox.Writer.TryWrite(new Observation.Tick()))
        {
        }

        await StartAsync();
        await PassAsync();
        Assert.Equal(2, _lease.Written.Count);
    }

    [Fact]
    public async Task A_Lease_of_a_dead_holder_is_taken_in_time_although_another_client_labels_it_again_and_again()
    {
        _lease.HeldBy("other");
        await StartAsync();
        for (var second = 0.0; second < 16.8; second += 2.4)
        {
            _lease.Put("""{"holderIdentity":"other","leaseDurationSeconds":15,"acquireTime":"2020-01-01T00:00:00.000000Z","renewTime":"2020-01-01T00:00:00.000000Z","leaseTransitions":3 }""", $$"""{"labels":{"second":"{{second}}"} }""");
            await PassAsync(LongestRetry);
        }

        _lease.Before = _ => null;
        await PassAsync(LongestRetry);
        Assert.Equal("me", _lease.Holder);
    }

    [Fact]
    public async Task A_leader_that_cannot_decide_for_15_s_gives_the_Lease_up_and_begins_nothing_that_would_outlast_it()
    {
        await StartAsync();
        var rests = _time.Rests(Retry);
        _hold.Synced(Elections.AllSources.Remove(Source.Linstor));
        await _time.RestingAsync(Retry, rests + 1);
        for (var second = 0; second < 10; second += 2)
        {
            Assert.True(_hold.Covers(TimeSpan.FromSeconds(5)));
            await PassAsync();
        }

        Assert.False(_hold.Covers(TimeSpan.FromSeconds(5)));
        await PassAsync();
        _time.Advance(Retry);
        await _time.RestingAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("me", _lease.Holder);
        _time.Advance(TimeSpan.FromSeconds(1));
        await _time.RestingAsync(Retry, LongestRetry);
        Assert.Equal("", _lease.Holder);
        Assert.False(_hold.Covers(TimeSpan.Zero));
        Assert.Equal(["Gave lease ha/controller up, because this replica cannot decide.", "No replica holds lease ha/controller."], _told.Lines.TakeLast(2));
    }

    [Fact]
    public async Task A_replica_that_can_decide_again_takes_a_free_Lease_at_once()
    {
        await StartAsync([]);
        Assert.Empty(_lease.Written);
        _hold.Synced(Elections.AllSources);
        await _inbox.NextAsync<Observation.Tick>();
        Assert.Equal("me", _lease.Holder);
        Assert.Equal("This replica holds lease ha/controller.", Assert.Single(_told.Lines));
    }

    public async ValueTask InitializeAsync()
    {
        _kubernetes = await CannedKubernetes.StartAsync(_lease.AnswerAsync);
        _hold = new(new(_time), "me");
    }

    public async ValueTask DisposeAsync()
    {
        _lease.Before = call => call.RefuseAsync(500, "the test is over");
        await StopAsync();
        await _kubernetes.DisposeAsync();
        _stop.Dispose();
    }

    private async Task StartAsync(ImmutableHashSet<Source>? sources = null)
    {
        var clock = new MonotonicClock(_time);
        _hold = new(clock, "me");
        _hold.Synced(sources ?? Elections.AllSources);
        var client = new KubernetesClient(_kubernetes.Connection.CreateClient(), new Controller.Kubernetes.KubernetesTranslation("", LabelSelector.Parse("")), _time);
        _running = new LeaseLoop(client, new("ha", "controller"), _hold, _inbox.Writer, clock, _time, new Logger<LeaseLoop>(_told)).RunAsync(_stop.Token);
        await _time.RestingAsync(Retry, LongestRetry);
    }

    /// <summary>Lets time pass until the next move, and waits until it was made.</summary>
    private async Task PassAsync(TimeSpan? by = null)
    {
        _time.Advance(by ?? Retry);
        await _time.RestingAsync(Retry, LongestRetry);
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running.SoonAsync());
    }
}
