using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.History;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.History;

/// <summary>What is stored of what was done, and how.</summary>
public sealed class ActionHistoryTests : HistoryFixture
{
    [Fact]
    public async Task The_first_action_creates_the_ConfigMap_and_later_ones_replace_it()
    {
        await StartAsync();
        Accept(ControlFixture.Delete);
        await GatherAsync(1);
        Assert.Equal(["GET " + Map, "POST " + Maps], await CallsAsync(2));
        Accept(ControlFixture.Detach);
        await GatherAsync(2);
        Assert.Equal(["GET " + Map, "PUT " + Map], await CallsAsync(2));

        Assert.Equal([("DeletePod", "pod shop/app-0", "ha-0"), ("DeleteAttachment", "attachment csi-1", "ha-0")], Stored().Select(entry => (entry.Kind, entry.About, entry.Replica)));
        Assert.Equal(("controller-history", "ha"), ((string?)Kept!["metadata"]!["name"], (string?)Kept["metadata"]!["namespace"]));
    }

    [Fact]
    public async Task A_burst_is_one_write()
    {
        await StartAsync();
        for (var number = 0; number < 100; number++)
        {
            Accept(new Decision.DeletePod(ControlFixture.App with { Uid = new($"u-{number}") }, ControlFixture.Evidence));
        }

        await GatherAsync(1);
        Assert.Equal(["GET " + Map, "POST " + Maps], await CallsAsync(2));
        Assert.Equal(100, Stored().Length);
    }

    [Fact]
    public async Task Only_what_may_have_happened_and_how_it_ended_is_stored()
    {
        await StartAsync();
        foreach (var outcome in Enum.GetValues<MutationOutcome>())
        {
            Fixture.DecisionLog.Answered(ControlFixture.Delete, new(outcome));
        }

        Fixture.DecisionLog.Held(ClusterSnapshot.Empty, new(ControlFixture.Resource, new("a"), HoldReason.GraceNotOver, HoldDetail.None, [ControlFixture.App], Instant.Start, Overdue: false));
        Fixture.DecisionLog.Followed("pod shop/app-0", "It runs elsewhere.");
        Flush();
        await GatherAsync(1);
        await CallsAsync(2);
        Assert.Equal([("DeletePod", "Accepted"), ("DeletePod", "Refused"), ("Failover", null)], Stored().Select(entry => (entry.Kind, entry.Answer)));
    }

    [Fact]
    public async Task What_is_refused_again_and_again_is_stored_once()
    {
        await StartAsync();
        for (var times = 0; times < 5; times++)
        {
            Fixture.DecisionLog.Answered(ControlFixture.Delete, new(MutationOutcome.Refused, "the webhook is away"));
            Fixture.DecisionLog.Answered(new Decision.DeletePod(ControlFixture.App with { Uid = new("another") }, ControlFixture.Evidence), new(MutationOutcome.Refused));
        }

        Flush();
        await GatherAsync(1);
        await CallsAsync(2);
        Assert.Equal(["u-pod", "another"], Stored().Select(entry => entry.Uid));
    }

    [Fact]
    public async Task What_others_have_stored_stays_also_if_they_write_at_the_same_moment()
    {
        await StartAsync();
        Kept = Content(HistoryText.Append("a line of another version\n", [HistoryTextTests.Entry(7)]));
        var conflicts = 1;
        Refuse = call => call.Method == "PUT" && conflicts-- > 0 ? call.RefuseAsync(409, "the object has been modified") : null;
        Accept(ControlFixture.Delete);
        await GatherAsync(1);
        await CallsAsync(2);
        await Fixture.Time.RestingAsync(TimeSpan.FromSeconds(1));
        Fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["GET " + Map, "PUT " + Map], await CallsAsync(2));
        Assert.Equal([7, 1], Stored().Select(entry => entry.Number));
        Assert.StartsWith("a line of another version\n", (string)Kept!["data"]!["actions"]!, StringComparison.Ordinal);
        Assert.Equal(("team", "AA==", "kept"), ((string?)Kept["metadata"]!["labels"]!["x"], (string?)Kept["binaryData"]!["b"], (string?)Kept["data"]!["other"]));
        Assert.Empty(Fixture.Told.Lines);
    }

    [Fact]
    public async Task A_refusal_is_logged_once_with_the_missing_rule_and_tried_again_with_what_came_meanwhile()
    {
        await StartAsync();
        var mayNot = true;
        Refuse = call => mayNot ? call.RefuseAsync(403, """configmaps "controller-history" is forbidden: User "ha" cannot get resource "configmaps" in API group "" in the namespace "ha" """.TrimEnd()) : null;
        Accept(ControlFixture.Delete);
        await GatherAsync(1);
        await CallsAsync(1);
        foreach (var pause in (int[])[1, 2, 4])
        {
            await Fixture.Time.RestingAsync(TimeSpan.FromSeconds(pause));
            Accept(ControlFixture.Detach);
            mayNot = pause < 4;
            Fixture.Time.Advance(TimeSpan.FromSeconds(pause));
            await CallsAsync(mayNot ? 1 : 2);
        }

        Assert.Equal(4, Stored().Length);
        Assert.Equal(
            """Could not record in ConfigMap ha/controller-history what was done: configmaps "controller-history" is forbidden: User "ha" cannot get resource "configmaps" in API group "" in the namespace "ha" (missing permission: add the rule {apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "update"]} to a Role in namespace ha that is bound to this service account)""",
            Assert.Single(Fixture.Told.Lines));
    }

    [Fact]
    public async Task A_write_takes_only_what_the_actions_leave()
    {
        await StartAsync();
        Fixture.RequestGate.IsOpen = false;
        Accept(ControlFixture.Delete);
        await GatherAsync(1);
        await Fixture.Time.RestingAsync(Actuator.Breath);
        Assert.Empty(Fixture.Kubernetes.Calls);
        Fixture.RequestGate.IsOpen = true;
        Fixture.Time.Advance(Actuator.Breath);
        Assert.Equal(2, (await CallsAsync(2)).Count);
    }

    [Fact]
    public async Task A_stop_writes_what_is_gathered_at_once()
    {
        await StartAsync();
        Accept(ControlFixture.Delete);
        await Fixture.Time.RestingAsync(ActionHistory.Gathering);
        await Stop.CancelAsync();
        await Running.SoonAsync();
        Assert.Equal("pod shop/app-0", Assert.Single(Stored()).About);
    }

    [Fact]
    public async Task A_stop_tries_once_more_although_the_pause_after_failures_is_long()
    {
        await FailAsync();
        foreach (var pause in (int[])[1, 2, 4, 8])
        {
            await Fixture.Time.RestingAsync(TimeSpan.FromSeconds(pause));
            Fixture.Time.Advance(TimeSpan.FromSeconds(pause));
            await CallsAsync(1);
        }

        await Fixture.Time.RestingAsync(TimeSpan.FromSeconds(16));
        Refuse = _ => null;
        await Stop.CancelAsync();
        await Running.SoonAsync();
        Assert.Single(Stored());
    }

    [Fact]
    public async Task A_stop_that_fails_to_write_tries_again_after_the_shortest_pause()
    {
        await FailAsync();
        await Fixture.Time.RestingAsync(TimeSpan.FromSeconds(1));
        await Stop.CancelAsync(); // the next pause would last two seconds, and the one after that outlasts the stop
        await CallsAsync(1);
        await Fixture.Time.RestingAsync(TimeSpan.FromSeconds(1));
        Refuse = _ => null;
        Fixture.Time.Advance(TimeSpan.FromSeconds(1));
        await Running.SoonAsync();
        Assert.Single(Stored());
    }

    [Fact]
    public async Task Proof_is_stored_with_the_pod_only()
    {
        await StartAsync();
        var cluster = ClusterSnapshot.Empty.Apply(new Observation.Updated<Volume>(new("pv", new("shop", "data")) { Resource = ControlFixture.Resource }), Instant.Start).Apply(ControlFixture.Loss(Instant.Start), Instant.Start);
        foreach (var decision in (Decision[])[ControlFixture.Delete, ControlFixture.Detach])
        {
            Fixture.DecisionLog.Acting(cluster, decision);
            Accept(decision);
        }

        await GatherAsync(1);
        await CallsAsync(2);
        Assert.Equal([(true, 3), (true, null)], Stored().Select(entry => (entry.Evidence is { Resource: "rd", Lost: "a", Peer: "b" }, entry.Linstor?.Replicas.Count)));
    }

    [Fact]
    public async Task A_reader_gets_what_is_stored_and_the_API_server_is_asked_every_five_seconds_at_most()
    {
        await StartAsync();
        Kept = Content(HistoryText.Append(null, [HistoryTextTests.Entry(7)]));
        Assert.Equal(7, Assert.Single((await History.ReadAsync(default)).Entries).Number);
        Fixture.Time.Advance(ActionHistory.Fresh - TimeSpan.FromTicks(1));
        await History.ReadAsync(default);
        Assert.Single(Fixture.Kubernetes.Calls);

        Refuse = call => call.RefuseAsync(500, "etcd is on fire");
        Fixture.Time.Advance(TimeSpan.FromTicks(1));
        var (entries, problem) = await History.ReadAsync(default);
        Assert.Equal((1, "What was done earlier cannot be read: etcd is on fire"), (entries.Length, problem));
        Assert.Equal(2, Fixture.Kubernetes.Calls.Count);
    }

    [Fact]
    public async Task Without_a_ConfigMap_nothing_was_done()
    {
        await StartAsync();
        var (entries, problem) = await History.ReadAsync(default);
        Assert.Equal((true, null), (entries.IsEmpty, problem));
    }

    // The first write of an action has failed, and so does every later one.
    private async Task FailAsync()
    {
        await StartAsync();
        Refuse = call => call.RefuseAsync(500, "etcd is away");
        Accept(ControlFixture.Delete);
        await GatherAsync(1);
        await CallsAsync(1);
    }
}
