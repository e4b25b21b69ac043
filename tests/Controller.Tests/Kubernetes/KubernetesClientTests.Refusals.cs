using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <content>What each answer means that is not a success.</content>
public sealed partial class KubernetesClientTests
{
    [Theory]
    [InlineData(200, MutationOutcome.Accepted)]
    [InlineData(202, MutationOutcome.Accepted)]
    [InlineData(404, MutationOutcome.AlreadyGone)]
    [InlineData(409, MutationOutcome.Replaced)]
    [InlineData(401, MutationOutcome.Forbidden)]
    [InlineData(403, MutationOutcome.Forbidden)]
    [InlineData(422, MutationOutcome.Refused)]
    [InlineData(429, MutationOutcome.Refused)]
    [InlineData(500, MutationOutcome.Refused)]
    [InlineData(503, MutationOutcome.Refused)]
    [InlineData(302, MutationOutcome.Refused)]
    public async Task Every_status_has_its_meaning(int status, object answer)
    {
        var client = await ServeAsync(call => call.RefuseAsync(status, "said the server"));
        var outcome = await client.DeleteAsync(App, () => false, default);
        Assert.Equal(answer, outcome.Answer);
        Assert.Equal(status >= 300, outcome.Message?.Contains("said the server", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task A_proxy_that_has_lost_the_server_does_not_say_that_anything_is_gone()
    {
        var client = await ServeAsync(call => call.AnswerAsync("<html>no such backend</html>", 404));
        Assert.Equal(MutationOutcome.Refused, (await client.DeleteAsync(App, () => false, default)).Answer);
        await Assert.ThrowsAsync<KubernetesException>(() => client.GetLeaseAsync(Lease, default));
        await Assert.ThrowsAsync<KubernetesException>(() => new NodeClient(_kubernetes!.Connection.CreateClient(), _clock).StateAsync(new("a"), default)); // a node that is gone is not Ready, which supports a loss
    }

    [Theory]
    [InlineData("""admission webhook "guard.example.com" denied the request: not on Fridays""")]
    [InlineData("""pods "app-0" is forbidden: exceeded quota: small""")]
    [InlineData("""events "a" is forbidden: unable to create new content in namespace prod because it is being terminated""")]
    public async Task Where_no_authorizer_refused_only_the_server_is_quoted(string message)
    {
        var client = await ServeAsync(call => call.RefuseAsync(403, message));
        Assert.Equal(message, (await client.DeleteAsync(App, () => false, default)).Message);
    }

    [Fact]
    public async Task Where_an_authorizer_refused_the_missing_rule_follows_what_the_server_said()
    {
        const string Said = """pods "app-0" is forbidden: User "system:serviceaccount:ha:controller" cannot delete resource "pods" in API group "" in the namespace prod""";
        var client = await ServeAsync(call => call.RefuseAsync(403, Said));
        Assert.Equal(
            Said + """ (missing permission: add the rule {apiGroups: [""], resources: ["pods"], verbs: ["delete"]} to the role of this service account)""",
            (await client.DeleteAsync(App, () => false, default)).Message);
        Assert.Contains("""apiGroups: ["storage.k8s.io"], resources: ["volumeattachments"], verbs: ["delete"]""", (await client.DeleteAsync(Csi1, () => false, default)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_busy_server_is_given_the_time_it_asks_for()
    {
        var client = await ServeAsync(call => call.RefuseAsync(429, "busy", retryAfter: 3));
        Assert.Equal(new MutationAnswer(MutationOutcome.Refused, "busy", TimeSpan.FromSeconds(3)), await client.DeleteAsync(App, () => false, default));
    }

    [Fact]
    public async Task The_time_that_a_busy_server_asks_for_may_also_be_in_its_status()
    {
        var client = await ServeAsync(call => call.AnswerAsync("""{"message":"busy","details":{"retryAfterSeconds":4}}""", 429));
        Assert.Equal(TimeSpan.FromSeconds(4), (await client.DeleteAsync(App, () => false, default)).RetryAfter);
    }

    [Theory]
    [InlineData("<html>Bad gateway</html>")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"no\"")]
    public async Task A_refusal_that_a_proxy_wrote_is_a_refusal(string body)
    {
        var client = await ServeAsync(call => call.AnswerAsync(body, 502));
        Assert.Equal(new MutationAnswer(MutationOutcome.Refused, "the server answered 502 Bad Gateway"), await client.DeleteAsync(App, () => false, default));
    }

    [Fact]
    public async Task A_success_is_one_whatever_its_body_says()
    {
        var client = await ServeAsync(call => call.AnswerAsync("<html>"));
        Assert.Equal(new MutationAnswer(MutationOutcome.Accepted), await client.DeleteAsync(App, () => false, default));
    }

    [Fact]
    public async Task A_broken_connection_is_a_refusal()
    {
        var client = await ServeAsync(call => call.BreakAsync());
        Assert.Equal(MutationOutcome.Refused, (await client.DeleteAsync(App, () => false, default)).Answer);
    }

    [Fact]
    public async Task No_answer_in_time_says_nothing_of_what_has_happened()
    {
        var client = await ServeAsync(call => call.HangAsync());
        var deleting = client.DeleteAsync(App, () => false, default);
        await _kubernetes!.ArrivalAsync();
        _clock.Advance(KubernetesClient.ActDeadline);
        Assert.Equal(MutationOutcome.TimedOut, (await deleting.SoonAsync()).Answer);
    }

    [Fact]
    public async Task Being_asked_to_stop_is_no_answer()
    {
        var client = await ServeAsync(call => call.HangAsync());
        using var stop = new CancellationTokenSource();
        var deleting = client.DeleteAsync(App, () => false, stop.Token);
        await _kubernetes!.ArrivalAsync();
        await stop.CancelAsync();
        await deleting.CancelledAsync();
    }
}
