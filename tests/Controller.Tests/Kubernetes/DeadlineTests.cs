using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>Every request has one deadline, the body of its answer included.</summary>
public sealed class DeadlineTests : IAsyncDisposable
{
    private static readonly KubernetesTranslation KubernetesTranslation = new("linstor.csi.linbit.com", LabelSelector.Parse(""));
    private static readonly NodeName A = new("a");

    private readonly TestTime _clock = new();
    private readonly Channel<Observation> _inbox = Inbox.Create();
    private CannedKubernetes? _kubernetes;

    private string Server => _kubernetes!.Connection.Server.ToString();

    [Fact]
    public async Task A_node_whose_body_stops_arriving_is_late()
    {
        await ServeAsync(HalfAsync("""{"status":{"volumesInUse":["""));
        var late = await LateAsync(Nodes().StateAsync(A, default), KubernetesClient.ActDeadline);
        Assert.Equal($"no answer to GET {Server}api/v1/nodes/a within 5 s", late.Message);
    }

    [Fact]
    public async Task A_node_whose_body_stops_arriving_is_not_changed_and_the_outcome_says_that_it_was_late()
    {
        await ServeAsync(HalfAsync("""{"spec":{"taints":["""));
        var tainting = Nodes().TaintAsync(A, () => false, default);
        await _kubernetes!.ArrivalAsync();
        _clock.Advance(KubernetesClient.ActDeadline);
        Assert.Equal(MutationOutcome.TimedOut, (await tainting.SoonAsync()).Answer);
        Assert.Equal("GET", Assert.Single(_kubernetes.Calls).Method);
    }

    [Fact]
    public async Task A_page_of_the_pods_on_a_node_whose_body_stops_arriving_is_late()
    {
        await ServeAsync(HalfAsync("""{"items":["""));
        await LateAsync(Client().PodsOnAsync(A, default), ApiRequests.Deadline);
    }

    [Fact]
    public async Task A_Lease_whose_body_stops_arriving_is_late()
    {
        await ServeAsync(HalfAsync("""{"metadata":{"""));
        await LateAsync(Client().GetLeaseAsync(new("ha", "controller"), default), KubernetesClient.ActDeadline);
    }

    [Fact]
    public async Task A_refusal_whose_body_stops_arriving_is_late()
    {
        await ServeAsync(HalfAsync("""{"message":"et""", status: 503));
        await LateAsync(Nodes().StateAsync(A, default), KubernetesClient.ActDeadline);
    }

    [Fact]
    public async Task The_time_that_the_head_took_is_not_given_to_the_body_again()
    {
        var (head, body) = (new TaskCompletionSource(), new TaskCompletionSource());
        await ServeAsync(async call =>
        {
            await head.Task;
            await call.SendAsync("{");
            body.SetResult();
            await call.HangAsync();
        });
        var asking = Nodes().StateAsync(A, default);
        await _kubernetes!.ArrivalAsync();
        _clock.Advance(TimeSpan.FromSeconds(4.9));
        head.SetResult();
        await body.Task.SoonAsync();
        Assert.False(asking.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await Assert.ThrowsAsync<TimeoutException>(() => asking.SoonAsync());
    }

    [Fact]
    public async Task A_success_of_whose_body_nothing_is_needed_does_not_wait_for_it()
    {
        await ServeAsync(HalfAsync("""{"kind":"Status"""));
        Assert.Equal(MutationOutcome.Accepted, (await Client().DeleteAsync(new Pod(new("shop", "app-0"), new("u"), A), () => false, default).SoonAsync()).Answer);
    }

    [Fact]
    public async Task A_list_may_take_longer_than_any_of_its_pauses_but_not_longer_than_the_API_server_allows()
    {
        // After the head, a pod and a pause of nine seconds, six times; the seventh comes too late.
        await ServeAsync(async call =>
        {
            await call.SendAsync("""{"items":[{"metadata":{"name":"first"}}""");
            for (var seconds = 9; seconds < 60; seconds += 9)
            {
                await _clock.RestingAsync(ApiRequests.Deadline, 4 + (seconds / 9 - 1)); // the refused stream, the head, then each read
                _clock.Advance(TimeSpan.FromSeconds(9));
                await call.SendAsync(""",{"metadata":{"name":"next"}}""");
            }

            await _clock.RestingAsync(TimeSpan.FromSeconds(6), 1);
            _clock.Advance(TimeSpan.FromSeconds(6));
            await call.HangAsync();
        });
        var began = _clock.GetTimestamp();
        var late = await Assert.ThrowsAsync<TimeoutException>(() => Reflector().FollowAsync(default).SoonAsync());
        Assert.Equal($"no answer to GET {Server}api/v1/pods within 60 s", late.Message);
        Assert.Equal(TimeSpan.FromSeconds(60), _clock.GetElapsedTime(began));
        Assert.False(_inbox.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_caller_that_gives_up_gets_a_cancellation_and_no_timeout()
    {
        await ServeAsync(HalfAsync("{"));
        using var stop = new CancellationTokenSource();
        var asking = Nodes().StateAsync(A, stop.Token);
        await _kubernetes!.ArrivalAsync();
        await stop.CancelAsync();
        _clock.Advance(KubernetesClient.ActDeadline);
        await asking.CancelledAsync();
    }

    [Fact]
    public async Task A_connection_that_is_not_made_in_time_is_late_although_the_request_is_not()
    {
        using var http = new HttpClient(new UnreachableServer()) { BaseAddress = new("http://127.0.0.1:1/") };
        var late = await Assert.ThrowsAsync<TimeoutException>(() => new NodeClient(http, _clock).StateAsync(A, default));
        Assert.Equal("no connection for GET http://127.0.0.1:1/api/v1/nodes/a within 5 s", late.Message);
    }

    public ValueTask DisposeAsync() => _kubernetes?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static Func<Call, Task> HalfAsync(string half, int status = 200) => async call =>
    {
        await call.SendAsync(half, status);
        await call.HangAsync();
    };

    /// <summary>Lets the deadline of a request pass.</summary>
    private async Task<TimeoutException> LateAsync(Task asking, TimeSpan deadline)
    {
        await _kubernetes!.ArrivalAsync();
        _clock.Advance(deadline - TimeSpan.FromTicks(1));
        Assert.False(asking.IsCompleted);
        _clock.Advance(TimeSpan.FromTicks(1));
        return await Assert.ThrowsAsync<TimeoutException>(() => asking.SoonAsync());
    }

    private async Task ServeAsync(Func<Call, Task> answer) => _kubernetes = await CannedKubernetes.StartAsync(answer, isOld: true);

    private NodeClient Nodes() => new(_kubernetes!.Connection.CreateClient(), _clock);

    private KubernetesClient Client() => new(_kubernetes!.Connection.CreateClient(), KubernetesTranslation, _clock);

    private Reflector<WirePod, Pod> Reflector() =>
        new(_kubernetes!.Connection.CreateClient(), new WatchedKinds(KubernetesTranslation, LabelSelector.Parse("")).Pods, _inbox.Writer, _clock, NullLogger.Instance);
}
