using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.History;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.History;

/// <summary>What is stored of what was done, and how.</summary>
public sealed class ActionHistoryTests : IAsyncDisposable
{
    private const string Maps = "/api/v1/namespaces/ha/configmaps";
    private const string Map = Maps + "/controller-history";

    private readonly CancellationTokenSource _stop = new();
    private ControlFixture? _fixture;
    private ActionHistory? _history;
    private Task _running = Task.CompletedTask;
    private JsonObject? _stored;
    private Func<Call, Task?> _refuse = _ => null;
    private readonly Channel<string> _answered = Channel.CreateUnbounded<string>();

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
        Assert.Equal(("controller-history", "ha"), ((string?)_stored!["metadata"]!["name"], (string?)_stored["metadata"]!["namespace"]));
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
            _fixture!.DecisionLog.Answered(ControlFixture.Delete, new(outcome));
        }

        _fixture!.DecisionLog.Held(ClusterSnapshot.Empty, new(ControlFixture.Resource, new("a"), HoldReason.GraceNotOver, HoldDetail.None, [ControlFixture.App], Instant.Start, Overdue: false));
        _fixture.DecisionLog.Followed("pod shop/app-0", "It runs elsewhere.");
        Flush();
        await GatherAsync(1);
        await CallsAsync(2);
        Assert.Equal([("DeletePod", "Accepted"), ("DeletePod", "Refused"), ("DeletePod", "TimedOut"), ("Failover", null)], Stored().Select(entry => (entry.Kind, entry.Answer)));
    }

    [Fact]
    public async Task What_others_have_stored_stays_also_if_they_write_at_the_same_moment()
    {
        await StartAsync();
        _stored = Content(HistoryText.Append("a line of another version\n", [HistoryTextTests.Entry(7)]));
        var conflicts = 1;
        _refuse = call => call.Method == "PUT" && conflicts-- > 0 ? call.RefuseAsync(409, "the object has been modified") : null;
        Accept(ControlFixture.Delete);
        await GatherAsync(1);
        await CallsAsync(2);
        await _fixture!.Time.RestingAsync(TimeSpan.FromSeconds(1));
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["GET " + Map, "PUT " + Map], await CallsAsync(2));
        Assert.Equal([7, 1], Stored().Select(entry => entry.Number));
        Assert.StartsWith("a line of another version\n", (string)_stored!["data"]!["actions"]!, StringComparison.Ordinal);
        Assert.Equal(("team", "AA==", "kept"), ((string?)_stored["metadata"]!["labels"]!["x"], (string?)_stored["binaryData"]!["b"], (string?)_stored["data"]!["other"]));
        Assert.Empty(_fixture.Told.Lines);
    }

    [Fact]
    public async Task A_refusal_is_logged_once_with_the_missing_rule_and_tried_again_with_what_came_meanwhile()
    {
        await StartAsync();
        var mayNot = true;
        _refuse = call => mayNot ? call.RefuseAsync(403, """configmaps "controller-history" is forbidden: User "ha" cannot get resource "configmaps" in API group "" in the namespace "ha" """.TrimEnd()) : null;
        Accept(ControlFixture.Delete);
        await GatherAsync(1);
        await CallsAsync(1);
        foreach (var pause in (int[])[1, 2, 4])
        {
            await _fixture!.Time.RestingAsync(TimeSpan.FromSeconds(pause));
            Accept(ControlFixture.Detach);
            mayNot = pause < 4;
            _fixture.Time.Advance(TimeSpan.FromSeconds(pause));
            await CallsAsync(mayNot ? 1 : 2);
        }

        Assert.Equal(4, Stored().Length);
        Assert.Equal(
            """Could not record in ConfigMap ha/controller-history what was done: configmaps "controller-history" is forbidden: User "ha" cannot get resource "configmaps" in API group "" in the namespace "ha" (missing permission: add the rule {apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "update"]} to a Role in namespace ha that is bound to this service account)""",
            Assert.Single(_fixture!.Told.Lines));
    }

    [Fact]
    public async Task A_write_takes_only_what_the_actions_leave()
    {
        await StartAsync();
        _fixture!.RequestGate.IsOpen = false;
        Accept(ControlFixture.Delete);
        await GatherAsync(1);
        await _fixture.Time.RestingAsync(Actuator.Breath);
        Assert.Empty(_fixture.Kubernetes.Calls);
        _fixture.RequestGate.IsOpen = true;
        _fixture.Time.Advance(Actuator.Breath);
        Assert.Equal(2, (await CallsAsync(2)).Count);
    }

    [Fact]
    public async Task A_stop_writes_what_is_gathered_at_once()
    {
        await StartAsync();
        Accept(ControlFixture.Delete);
        await _fixture!.Time.RestingAsync(ActionHistory.Gathering);
        await _stop.CancelAsync();
        await _running.SoonAsync();
        Assert.Equal("pod shop/app-0", Assert.Single(Stored()).About);
    }

    [Fact]
    public async Task A_stop_tries_once_more_although_the_pause_after_failures_is_long()
    {
        await StartAsync();
        var isAway = true;
        _refuse = call => isAway ? call.RefuseAsync(500, "etcd is away") : null;
        Accept(ControlFixture.Delete);
        await GatherAsync(1);
        await CallsAsync(1);
        foreach (var pause in (int[])[1, 2, 4, 8])
        {
            await _fixture!.Time.RestingAsync(TimeSpan.FromSeconds(pause));
            _fixture.Time.Advance(TimeSpan.FromSeconds(pause));
            await CallsAsync(1);
        }

        await _fixture!.Time.RestingAsync(TimeSpan.FromSeconds(16));
        isAway = false;
        await _stop.CancelAsync();
        await _running.SoonAsync();
        Assert.Single(Stored());
    }

    [Fact]
    public async Task Proof_is_stored_with_the_pod_only()
    {
        await StartAsync();
        var cluster = ClusterSnapshot.Empty.Apply(new Observation.Updated<Volume>(new("pv", new("shop", "data")) { Resource = ControlFixture.Resource }), Instant.Start).Apply(ControlFixture.Loss(Instant.Start), Instant.Start);
        foreach (var decision in (Decision[])[ControlFixture.Delete, ControlFixture.Detach])
        {
            _fixture!.DecisionLog.Acting(cluster, decision);
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
        _stored = Content(HistoryText.Append(null, [HistoryTextTests.Entry(7)]));
        Assert.Equal(7, Assert.Single((await _history!.ReadAsync(default)).Entries).Number);
        _fixture!.Time.Advance(ActionHistory.Fresh - TimeSpan.FromTicks(1));
        await _history.ReadAsync(default);
        Assert.Single(_fixture.Kubernetes.Calls);

        _refuse = call => call.RefuseAsync(500, "etcd is on fire");
        _fixture.Time.Advance(TimeSpan.FromTicks(1));
        var (entries, problem) = await _history.ReadAsync(default);
        Assert.Equal((1, "What was done earlier cannot be read: etcd is on fire"), (entries.Length, problem));
        Assert.Equal(2, _fixture.Kubernetes.Calls.Count);
    }

    [Fact]
    public async Task Without_a_ConfigMap_nothing_was_done()
    {
        await StartAsync();
        var (entries, problem) = await _history!.ReadAsync(default);
        Assert.Equal((true, null), (entries.IsEmpty, problem));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        if (_fixture is not null)
        {
            await _fixture.DisposeAsync();
        }
    }

    private async Task StartAsync()
    {
        _fixture = await ControlFixture.OpenAsync(AnswerAsync);
        _history = new(
            _fixture.Client, new("ha", "controller-history"), "ha-0", entry => new StatusReader(ClusterSnapshot.Empty, new([], null), _fixture.Clock.Now, _fixture.Time.GetUtcNow()).Entry(entry),
            _fixture.RequestGate, _fixture.Time, _fixture.Errors, _fixture.Told.CreateLogger<ActionHistory>());
        _running = _history.RunAsync(_stop.Token);
    }

    private async Task AnswerAsync(Call call)
    {
        if (_refuse(call) is { } refused)
        {
            _answered.Writer.TryWrite($"{call.Method} {call.Path}");
            await refused;
            return;
        }

        if (call.Method != "GET")
        {
            _stored = JsonNode.Parse(call.Body)!.AsObject();
            _stored["metadata"]!["resourceVersion"] = "1";
        }

        var answer = _stored?.ToJsonString();
        _answered.Writer.TryWrite($"{call.Method} {call.Path}");
        await (answer is null ? call.RefuseAsync(404, "not found") : call.AnswerAsync(answer));
    }

    private void Accept(Decision decision)
    {
        _fixture!.DecisionLog.Answered(decision, new(MutationOutcome.Accepted));
        Flush(1);
    }

    // Hands over what the decision log has written.
    private void Flush(int last = int.MaxValue)
    {
        foreach (var entry in _fixture!.DecisionLog.Entries.TakeLast(last))
        {
            _history!.Add(entry);
        }
    }

    private async Task GatherAsync(int times)
    {
        await _fixture!.Time.RestingAsync(ActionHistory.Gathering, times);
        _fixture.Time.Advance(ActionHistory.Gathering);
    }

    private async Task<List<string>> CallsAsync(int count)
    {
        List<string> calls = [];
        while (calls.Count < count)
        {
            calls.Add(await _answered.Reader.ReadAsync().AsTask().SoonAsync());
        }

        return calls;
    }

    private ImmutableArray<WireEntry> Stored() => HistoryText.Read((string?)_stored?["data"]?["actions"]);

    private static JsonObject Content(string actions) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "controller-history", ["resourceVersion"] = "5", ["labels"] = new JsonObject { ["x"] = "team" } },
        ["data"] = new JsonObject { ["actions"] = actions, ["other"] = "kept" },
        ["binaryData"] = new JsonObject { ["b"] = "AA==" },
    };
}
