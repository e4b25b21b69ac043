using System.Text;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Controller.Tests.Leadership;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class EventRecorderTests
{
    [Fact]
    public async Task A_deleted_pod_gets_the_Event_that_its_owner_looks_for()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Events.Happened(ControlFixture.Delete);
        var (call, written) = Assert.Single(await WrittenAsync(fixture));

        Assert.Equal(("POST", "/api/v1/namespaces/shop/events"), (call.Method, call.Path));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""
            {
              "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "ForceDeleted", "count": 1,
              "message": "pod deleted because a used volume is marked as failing",
              "involvedObject": { "apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "app-0", "uid": "u-pod" },
              "source": { "component": "piraeus-ha-controller" },
              "firstTimestamp": "2030-01-01T00:00:00Z", "lastTimestamp": "2030-01-01T00:00:00Z"
            }
            """),
            Without(written, "metadata")), written.ToJsonString());
        Assert.Equal("shop", (string?)written["metadata"]!["namespace"]);
        Assert.Matches("^app-0\\.[0-9a-f]{19}$", (string?)written["metadata"]!["name"]);
    }

    [Fact]
    public async Task A_deleted_attachment_gets_one_too_where_Events_on_objects_without_a_namespace_are()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Events.Happened(ControlFixture.Detach);
        var (call, written) = Assert.Single(await WrittenAsync(fixture));

        Assert.Equal("/api/v1/namespaces/default/events", call.Path);
        Assert.Equal(("ForceDetached", "volume detached because it is marked as failing"), ((string?)written["reason"], (string?)written["message"]));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"apiVersion":"storage.k8s.io/v1","kind":"VolumeAttachment","name":"csi-1","uid":"u-va"}"""), written["involvedObject"]));
    }

    [Fact]
    public async Task Events_take_only_what_the_actions_leave_of_the_token_bucket()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.RequestGate.IsOpen = false;
        fixture.Events.Happened(ControlFixture.Delete);
        using var stop = new CancellationTokenSource();
        var running = fixture.Events.RunAsync(stop.Token);
        await fixture.Time.RestingAsync(Controller.Control.Actuator.Breath);
        Assert.Empty(fixture.Kubernetes.Calls);

        fixture.RequestGate.IsOpen = true;
        fixture.Time.Advance(Controller.Control.Actuator.Breath);
        Assert.Equal("POST", (await fixture.Kubernetes.ArrivalAsync()).Method);
        await stop.CancelAsync();
        await running.SoonAsync();
    }

    [Fact]
    public async Task An_action_that_had_to_be_repeated_gets_one_Event()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Events.Happened(ControlFixture.Delete);
        fixture.Events.Happened(ControlFixture.Delete);
        fixture.Events.Happened(ControlFixture.Detach);
        Assert.Equal(2, (await WrittenAsync(fixture)).Count);
    }

    [Fact]
    public async Task Only_so_many_actions_are_remembered()
    {
        await using var fixture = await ControlFixture.OpenAsync(); // three, here
        fixture.Events.Happened(ControlFixture.Delete);
        fixture.Events.Happened(DeletionOf("app-1"));
        fixture.Events.Happened(DeletionOf("app-2"));
        fixture.Events.Happened(ControlFixture.Delete); // still known
        fixture.Events.Happened(DeletionOf("app-3")); // the fourth
        fixture.Events.Happened(ControlFixture.Delete);
        Assert.Equal(["app-0", "app-1", "app-2", "app-3", "app-0"], (await WrittenAsync(fixture)).Select(each => (string?)each.Event["involvedObject"]!["name"]));
    }

    [Fact]
    public async Task Each_pod_that_is_left_alone_gets_an_Event_with_the_reason()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Events.Held(Holding(HoldReason.OptedOut, null, ControlFixture.App, ControlFixture.App with { Key = new("shop", "app-1") }));
        var written = await WrittenAsync(fixture);

        Assert.Equal(["app-0", "app-1"], written.Select(each => (string?)each.Event["involvedObject"]!["name"]));
        Assert.All(written, each => Assert.Equal(
            ("FailoverHeld", "not moved away from node a: it carries the annotation drbd.linbit.com/ignore-fail-over."),
            ((string?)each.Event["reason"], (string?)each.Event["message"])));
    }

    [Fact]
    public async Task Only_the_leader_reports_why_it_does_not_act()
    {
        await using var fixture = await ControlFixture.OpenAsync(contested: true);
        fixture.Events.Held(Holding(HoldReason.OptedOut, null, ControlFixture.App));
        fixture.Hold.Lead();
        fixture.Events.Held(Holding(HoldReason.OptedOut, null, ControlFixture.App with { Key = new("shop", "app-1") }));
        Assert.Equal("app-1", (string?)Assert.Single(await WrittenAsync(fixture)).Event["involvedObject"]!["name"]);
    }

    [Fact]
    public async Task A_dry_run_writes_no_Events()
    {
        await using var fixture = await ControlFixture.OpenAsync(dryRun: true);
        fixture.Events.Held(Holding(HoldReason.OptedOut, null, ControlFixture.App));
        fixture.Events.Happened(ControlFixture.Delete);
        Assert.Empty(await WrittenAsync(fixture));
    }

    [Theory]
    [InlineData("x", 1024)]
    [InlineData("ä", 1024)]
    [InlineData("€", 1024)]
    [InlineData("😀", 1024)]
    public async Task A_message_is_cut_to_what_the_API_server_takes_and_never_within_a_character(string letter, int longest)
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Events.Held(Holding(HoldReason.WritesToSharedStorage, string.Concat(Enumerable.Repeat(letter, 2000)), ControlFixture.App));
        var message = (string)Assert.Single(await WrittenAsync(fixture)).Event["message"]!;
        Assert.InRange(Encoding.UTF8.GetByteCount(message), longest - 3, longest);
        Assert.EndsWith(letter, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_Event_of_a_pod_with_the_longest_name_has_a_name_that_the_API_server_takes()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        fixture.Events.Happened(DeletionOf($"{new string('x', 231)}.-{new string('y', 20)}"));
        var name = (string)Assert.Single(await WrittenAsync(fixture)).Event["metadata"]!["name"]!;
        Assert.InRange(name.Length, 1, 253);
        Assert.Matches("^x{231}\\.[0-9a-f]{19}$", name);
    }

    [Fact]
    public async Task An_Event_that_cannot_be_written_harms_none_after_it()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.Body.Contains("app-0", StringComparison.Ordinal) ? call.RefuseAsync(403, "namespace is terminating")
            : call.Body.Contains("app-1", StringComparison.Ordinal) ? call.BreakAsync()
            : call.AnswerAsync("{}"));
        fixture.Events.Happened(ControlFixture.Delete);
        fixture.Events.Happened(DeletionOf("app-1"));
        fixture.Events.Happened(DeletionOf("app-2"));
        Assert.Contains("app-2", (await WrittenAsync(fixture))[^1].Call.Body, StringComparison.Ordinal);
        Assert.Contains("Could not write the Event ForceDeleted on Pod app-0: namespace is terminating", fixture.Told.Lines);
        Assert.Contains(fixture.Told.Lines, line => line.StartsWith("Could not write the Event ForceDeleted on Pod app-1: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_end_of_the_process_waits_for_Events_but_not_for_ever()
    {
        await using var fixture = await ControlFixture.OpenAsync(call => call.HangAsync());
        fixture.Events.Happened(ControlFixture.Delete);
        fixture.Events.Happened(ControlFixture.Detach);
        using var stop = new CancellationTokenSource();
        var running = fixture.Events.RunAsync(stop.Token);
        await fixture.Kubernetes.ArrivalAsync();
        await stop.CancelAsync();
        Assert.False(running.IsCompleted);
        fixture.Time.Advance(TimeSpan.FromSeconds(3));
        await running.CancelledAsync();
    }

    private static Decision.DeletePod DeletionOf(string name) => new(new(new("shop", name), new($"u-{name}"), new("a")), ControlFixture.Evidence);

    private static Decision.Hold Holding(HoldReason reason, string? detail, params Pod[] pods) =>
        new(ControlFixture.Resource, new("a"), reason, new() { Storage = detail }, [.. pods], Instant.Start, Overdue: true);

    private static JsonNode Without(JsonNode written, string property)
    {
        var rest = written.DeepClone();
        rest.AsObject().Remove(property);
        return rest;
    }

    /// <summary>Everything that is written when the process is asked to stop.</summary>
    internal static async Task<List<(Call Call, JsonNode Event)>> WrittenAsync(ControlFixture fixture)
    {
        await fixture.Events.RunAsync(new CancellationToken(true)).SoonAsync();
        return [.. fixture.Kubernetes.Calls.Select(call => (call, JsonNode.Parse(call.Body)!))];
    }
}
