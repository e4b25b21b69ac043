using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>How a reflector reports errors, missing permissions and late answers.</summary>
public sealed class ReflectorErrorTests : ReflectorFixture
{
    [Fact]
    public async Task Any_other_error_within_the_watch_is_thrown_with_what_the_server_said_and_asked()
    {
        await ServeAsync(call => call.AnswerAsync(
            call.IsWatch ? Event("ERROR", """{"kind":"Status","code":429,"message":"storage is (re)initializing","details":{"retryAfterSeconds":7}}""") : List("1", null)));
        var error = await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Pods));
        Assert.Equal(("the watch of pods ended: storage is (re)initializing", TimeSpan.FromSeconds(7)), (error.Message, error.RetryAfter));
    }

    [Theory]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":"ADDED","object":null}""")]
    [InlineData("""{"type":"ADDED","object":"a pod"}""")]
    [InlineData("""{"type":"BOOKMARK","object":{"metadata":"none"}}""")]
    [InlineData("""{"type":"ERROR"}""")]
    [InlineData("""{"type":"ADDED","object":{"spec":{"volumes":7}}}""")]
    public async Task An_invalid_event_is_a_transient_error_and_no_bug_of_ours(string text)
    {
        await ServeAsync(call => call.AnswerAsync(call.IsWatch ? text : List("1", null)));
        await Assert.ThrowsAnyAsync<System.Text.Json.JsonException>(() => Follow(WatchedKinds.Pods));
    }

    [Fact]
    public async Task A_missing_permission_is_named_as_the_rule_to_be_added()
    {
        await ServeAsync(call => call.RefuseAsync(403, """volumeattachments is forbidden: User "ha" cannot list resource "volumeattachments" at the cluster scope"""));
        var refusal = await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Attachments));
        Assert.Equal(
            """volumeattachments is forbidden: User "ha" cannot list resource "volumeattachments" at the cluster scope (missing permission: add the rule {apiGroups: ["storage.k8s.io"], resources: ["volumeattachments"], verbs: ["list", "watch"]} to the role of this service account)""",
            refusal.Message);
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task What_a_failover_can_do_without_is_reported_once_as_an_empty_list_if_the_permission_is_missing()
    {
        await ServeAsync(call => call.RefuseAsync(403, "csinodes is forbidden"));
        var reflector = Reflector(WatchedKinds.CsiNodes);
        await Assert.ThrowsAsync<KubernetesException>(() => reflector.FollowAsync(default));
        await Assert.ThrowsAsync<KubernetesException>(() => reflector.FollowAsync(default));

        Assert.Empty((await Received.NextAsync<Observation.Listed<CsiNode>>()).Items);
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task What_was_listed_once_is_not_forgotten_when_the_permission_is_taken_away()
    {
        await ServeAsync(call => call.IsWatch ? call.RefuseAsync(403, "no") : call.AnswerAsync(List("1", null, """{"metadata":{"name":"a"}}""")));
        await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Nodes));
        Assert.Single((await Received.NextAsync<Observation.Listed<ClusterNode>>()).Items);
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_busy_servers_wish_for_patience_is_passed_on()
    {
        await ServeAsync(call => call.RefuseAsync(429, "too many requests", retryAfter: 12));
        var busy = await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Pods));
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(12)), (busy.Status, busy.RetryAfter));
    }

    [Fact]
    public async Task A_list_that_does_not_end_in_time_is_late_and_its_message_omits_the_query()
    {
        await ServeAsync(async call =>
        {
            await call.SendAsync("""{"items":[""");
            await call.HangAsync();
        });
        await LateAsync(Follow(WatchedKinds.Pods), deadline: 3, $"nothing of the answer to GET {Server.Connection.Server}api/v1/pods arrived for 10 s");
    }

    [Fact]
    public async Task A_server_that_accepts_and_does_not_answer_is_late_with_the_same_message_each_time()
    {
        await ServeAsync(call => call.HangAsync());
        await LateAsync(Follow(WatchedKinds.Pods), deadline: 2, $"nothing of the answer to GET {Server.Connection.Server}api/v1/pods arrived for 10 s");
    }

    [Fact]
    public async Task A_credential_that_is_not_available_is_a_transient_error()
    {
        using var http = new HttpClient(new Authentication((_, _) => throw new SettingsException("the plugin reaches no server"), new SocketsHttpHandler()))
        {
            BaseAddress = new Uri("http://localhost/"),
        };
        var reflector = new Reflector<WirePod, Pod>(http, WatchedKinds.Pods, Received.Writer, Time, NullLogger.Instance);
        Assert.Equal("the plugin reaches no server", (await Assert.ThrowsAsync<HttpRequestException>(() => reflector.FollowAsync(default))).Message);
    }

    // The refused stream has the first deadline, the head of an answer the second, its body the third.
    private async Task LateAsync(Task following, int deadline, string message)
    {
        await Time.RestingAsync(ApiRequests.Deadline, deadline);
        Time.Advance(ApiRequests.Deadline);
        Assert.Equal(message, (await Assert.ThrowsAsync<TimeoutException>(() => following.SoonAsync())).Message);
    }
}
