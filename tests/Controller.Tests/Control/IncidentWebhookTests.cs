using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class IncidentWebhookTests
{
    [Fact]
    public async Task It_posts_how_everything_that_was_moved_together_ended()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        await using var hook = await CannedKubernetes.StartAsync(call => call.AnswerAsync("ok"));
        fixture.Time.Advance(TimeSpan.FromSeconds(60));
        var call = await PostAsync(fixture, hook);

        Assert.Equal(("POST", "/hook/secret", "application/json"), (call.Method, call.Path, call.ContentType));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            {
              "text": "Everything runs.", "node": "a", "lost": "2030-01-01T00:00:00+00:00", "began": "2030-01-01T00:00:20+00:00",
              "pods": [{ "namespace": "shop", "name": "app-0", "resource": "rd", "ending": "Runs", "replacement": "app-0", "runsOn": "b", "seconds": 30, "text": "SENTENCE" }]
            }
            """.Replace("SENTENCE", DecisionText.Of(Moved()), StringComparison.Ordinal)), JsonNode.Parse(call.Body)), call.Body);
        Assert.Empty(fixture.Told.Lines);
    }

    [Fact]
    public async Task A_message_that_is_refused_is_posted_again_and_the_log_does_not_contain_the_secret_part_of_the_address()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        await using var hook = await CannedKubernetes.StartAsync(call => call.AnswerAsync("no", 503));
        using var stop = new CancellationTokenSource();
        var running = Run(fixture, hook, stop.Token);
        foreach (var pause in IncidentWebhook.Pauses)
        {
            await hook.ArrivalAsync();
            await fixture.Time.RestingAsync(pause);
            fixture.Time.Advance(pause);
        }

        await hook.ArrivalAsync();
        await stop.CancelAsync();
        await running.SoonAsync();
        Assert.Equal($"How the incident on node a ended could not be posted to {hook.Url.GetLeftPart(UriPartial.Authority)}: answer 503.", Assert.Single(fixture.Told.Lines));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_asked_again_after_the_deadline()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        var posts = 0;
        await using var hook = await CannedKubernetes.StartAsync(call => posts++ == 0 ? call.HangAsync() : call.AnswerAsync("ok"));
        using var stop = new CancellationTokenSource();
        var running = Run(fixture, hook, stop.Token);
        await hook.ArrivalAsync();
        fixture.Time.Advance(IncidentWebhook.Deadline);
        await fixture.Time.RestingAsync(IncidentWebhook.Pauses[0]);
        fixture.Time.Advance(IncidentWebhook.Pauses[0]);
        await hook.ArrivalAsync();
        await stop.CancelAsync();
        await running.SoonAsync();
        Assert.Empty(fixture.Told.Lines);
    }

    [Fact]
    public async Task A_connection_that_is_not_made_in_time_is_tried_again_and_is_no_bug()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        using var client = new HttpClient(new UnreachableServer());
        using var stop = new CancellationTokenSource();
        var running = Run(new(new("https://hook.example/secret"), client, fixture.Clock, fixture.Time, fixture.Errors, fixture.Told.CreateLogger<IncidentWebhook>()), stop.Token);
        foreach (var pause in IncidentWebhook.Pauses)
        {
            await fixture.Time.RestingAsync(pause);
            fixture.Time.Advance(pause);
        }

        await stop.CancelAsync();
        await running.SoonAsync();
        Assert.Equal("How the incident on node a ended could not be posted to https://hook.example: no connection within 5 s.", Assert.Single(fixture.Told.Lines));
    }

    [Fact]
    public async Task Every_message_that_is_not_posted_is_logged()
    {
        await using var fixture = await ControlFixture.OpenAsync();
        await using var hook = await CannedKubernetes.StartAsync(call => call.HangAsync());
        using var client = IncidentWebhook.CreateClient();
        var webhook = new IncidentWebhook(hook.Url, client, fixture.Clock, fixture.Time, fixture.Errors, fixture.Told.CreateLogger<IncidentWebhook>());
        for (var count = 0; count < 149; count++)
        {
            webhook.Ended([Moved()], "Everything runs.");
        }

        Assert.Equal(49, fixture.Told.Lines.Count); // a hundred wait
        using var stop = new CancellationTokenSource();
        var running = Run(webhook, stop.Token);
        await hook.ArrivalAsync();
        await stop.CancelAsync();
        fixture.Time.Advance(TimeSpan.FromSeconds(3));
        await running.SoonAsync();
        Assert.Equal(150, fixture.Told.Lines.Count);
        Assert.EndsWith(": the controller stops.", fixture.Told.Lines.Last(), StringComparison.Ordinal);
    }

    private static async Task<Call> PostAsync(ControlFixture fixture, CannedKubernetes hook)
    {
        using var stop = new CancellationTokenSource();
        var running = Run(fixture, hook, stop.Token);
        var call = await hook.ArrivalAsync();
        await stop.CancelAsync();
        await running.SoonAsync();
        return call;
    }

    private static Task Run(ControlFixture fixture, CannedKubernetes hook, CancellationToken stop) =>
        Run(new(new(hook.Url, "/hook/secret"), IncidentWebhook.CreateClient(), fixture.Clock, fixture.Time, fixture.Errors, fixture.Told.CreateLogger<IncidentWebhook>()), stop);

    private static Task Run(IncidentWebhook webhook, CancellationToken stop)
    {
        webhook.Ended([Moved()], "Everything runs.");
        return webhook.RunAsync(stop);
    }

    // Lost at once, moved after 20 s, running after 30 s.
    private static Failover Moved()
    {
        var replacement = ControlFixture.App with { Uid = new("u-new"), Node = new("b"), Running = true };
        var (decided, ended) = (At(20), At(30));
        return ((Observation[])
        [
            new Observation.Updated<Volume>(new("pv", new("shop", "data")) { Resource = ControlFixture.Resource }),
            new Observation.Updated<Pod>(ControlFixture.App),
            new Observation.MutationAnswered(new Decision.DeletePod(ControlFixture.App with { Owner = new("apps/v1", "StatefulSet", "app", new("u-set")) }, ControlFixture.Evidence), new(MutationOutcome.Accepted), decided),
        ]).Aggregate(ClusterSnapshot.Empty, (cluster, seen) => cluster.Apply(seen, decided)).Apply(new Observation.Updated<Pod>(replacement), ended).Failovers.All.Single().Item;

        static Instant At(double seconds) => Instant.Start + TimeSpan.FromSeconds(seconds);
    }
}
