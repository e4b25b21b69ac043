using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>How a watch that begins with all objects takes the place of a list, and what happens where the server does not know it.</summary>
public sealed class StreamedListTests : ReflectorFixture
{
    private const string End = """{"kind":"Pod","metadata":{"resourceVersion":"10","annotations":{"k8s.io/initial-events-end":"true"}}}""";

    [Fact]
    public async Task The_objects_before_the_bookmark_are_the_list_and_the_same_connection_goes_on_as_the_watch()
    {
        await ServeAsync(async call =>
        {
            await call.SendAsync(call.IsStreamedList ? Event("ADDED", Pod("a")) + Event("ADDED", Pod("b")) + Event("BOOKMARK", End) + Event("MODIFIED", Pod("a", "11")) : "");
            await (call.IsStreamedList ? ElapsedAsync() : call.HangAsync()); // long enough for a watch that was healthy
        }, streams: true);
        using var stop = new CancellationTokenSource();
        var following = Follow(WatchedKinds.Pods, stop.Token);

        Assert.Equal(["a", "b"], Names(await Received.NextAsync<Observation.Listed<Pod>>()));
        Assert.Equal("a", (await Received.NextAsync<Observation.Updated<Pod>>()).Item.Key.Name);
        var first = await Server.ArrivalAsync();
        Assert.Equal(("true", "true", "NotOlderThan", "true", null), (first["watch"], first["sendInitialEvents"], first["resourceVersionMatch"], first["allowWatchBookmarks"], first["resourceVersion"]));
        Assert.Equal("11", (await Server.ArrivalAsync())["resourceVersion"]);
        await stop.CancelAsync();
        await following.CancelledAsync();
    }

    [Fact]
    public async Task What_changes_while_the_objects_arrive_is_in_the_list()
    {
        await ServeAsync(call => call.AnswerAsync(Event("ADDED", Pod("a")) + Event("ADDED", Pod("b")) + Event("DELETED", Pod("a")) + Event("MODIFIED", Pod("b", "7")) + Event("ADDED", Pod("c")) + Event("BOOKMARK", End)), streams: true);
        await Follow(WatchedKinds.Pods).SoonAsync();

        Assert.Equal(["b", "c"], Names(await Received.NextAsync<Observation.Listed<Pod>>()).Order());
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task The_watch_is_resumed_from_the_version_of_the_bookmark_that_ends_the_objects()
    {
        await ServeAsync(async call =>
        {
            await call.SendAsync(call.IsStreamedList ? Event("ADDED", Pod("a", "3")) + Event("BOOKMARK", End) : "");
            await (call.IsStreamedList ? ElapsedAsync() : call.HangAsync());
        }, streams: true);
        using var stop = new CancellationTokenSource();
        var following = Follow(WatchedKinds.Pods, stop.Token);
        await Server.ArrivalAsync();
        Assert.Equal("10", (await Server.ArrivalAsync())["resourceVersion"]);
        await stop.CancelAsync();
        await following.CancelledAsync();
    }

    [Theory]
    [InlineData("400")]
    [InlineData("422")]
    public async Task A_server_that_refuses_to_stream_is_asked_once_and_listed_from_then_on(string status)
    {
        await ServeAsync(call => call.IsStreamedList ? call.RefuseAsync(int.Parse(status, null), "sendInitialEvents is forbidden") : ListAsync(call), streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        await reflector.FollowAsync(default).SoonAsync();
        await reflector.FollowAsync(default).SoonAsync();

        Assert.Equal(["a"], Names(await Received.NextAsync<Observation.Listed<Pod>>()));
        Assert.Equal([true, false, false, false, false], Server.Calls.Select(call => call.IsStreamedList));
        Assert.Equal(["0", null], Server.Calls.Where(call => !call.IsWatch).Select(call => call["resourceVersion"])); // the server's memory will do for the first one; later ones must not be older
    }

    // Kubernetes 1.34 with an older etcd sends such an error. Others ignore what they do not know, or are cut off each time.
    [Theory]
    [InlineData("an error", """{"type":"ERROR","object":{"kind":"Status","code":500,"message":"the required storage feature RequestWatchProgress is disabled"}}""")]
    [InlineData("an error that it is too old", """{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}""")]
    [InlineData("an ordinary bookmark", """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5"}}}""")]
    [InlineData("a bookmark that denies it is the end", """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5","annotations":{"k8s.io/initial-events-end":"false"}}}}""")]
    [InlineData("no JSON", "{]")]
    [InlineData("the end", "")]
    [InlineData("a cut", "")]
    [InlineData("silence", "")]
    public async Task A_stream_that_does_not_get_to_its_end_is_followed_by_a_list_and_three_times_in_a_row_by_lists_alone(string what, string sent)
    {
        await ServeAsync(async call =>
        {
            if (!call.IsStreamedList)
            {
                await ListAsync(call);
                return;
            }

            await call.SendAsync(Event("ADDED", Pod("a")) + sent + "\n");
            await (what switch { "the end" => Task.CompletedTask, "a cut" => call.BreakAsync(), _ => call.HangAsync() }); // the connection stays open, so only the event itself can end it
        }, streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        for (var round = 1; round <= 4; round++)
        {
            var following = reflector.FollowAsync(default);
            if (what == "silence" && round <= 3)
            {
                await Time.RestingAsync(ApiRequests.Deadline, 3 * round); // the head of the answer, its first event, and the silence after it
                Time.Advance(ApiRequests.Deadline);
            }

            await following.SoonAsync();
            Assert.Equal(["a"], Names(await Received.NextAsync<Observation.Listed<Pod>>()));
        }

        Assert.Equal([true, false, false, true, false, false, true, false, false, false, false], Server.Calls.Select(call => call.IsStreamedList));
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_server_that_goes_on_with_changes_and_never_ends_the_objects_is_listed_after_a_minute()
    {
        await ServeAsync(call => call.IsStreamedList ? call.HangAsync() : ListAsync(call), streams: true);
        var following = Follow(WatchedKinds.Pods);
        var call = await Server.ArrivalAsync();
        for (var version = 1; version <= 14; version++)
        {
            await Time.RestingAsync(ApiRequests.Deadline, version == 1 ? 1 : version + 1); // what was sent is read: it is never silent for long
            Time.Advance(TimeSpan.FromSeconds(5));
            await call.SendAsync(Event("MODIFIED", Pod("a", $"{version}")));
        }

        await following.SoonAsync();
        Assert.Equal(["a"], Names(await Received.NextAsync<Observation.Listed<Pod>>()));
        Assert.Equal([true, false, false], Server.Calls.Select(call => call.IsStreamedList));
    }

    [Fact]
    public async Task A_stream_that_succeeds_forgets_those_that_did_not()
    {
        var streams = 0;
        await ServeAsync(call => call.IsStreamedList ? call.AnswerAsync(Event("ADDED", Pod("a")) + (++streams == 3 ? Event("BOOKMARK", End) : "")) : ListAsync(call), streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        for (var round = 1; round <= 7; round++)
        {
            await reflector.FollowAsync(default).SoonAsync();
        }

        Assert.Equal(6, streams);
    }

    // What ends a watch that has begun is no sign that the server does not stream.
    [Theory]
    [InlineData(400)]
    [InlineData(422)]
    public async Task A_refusal_to_resume_a_watch_does_not_end_streaming(int status)
    {
        await ServeAsync(async call =>
        {
            await (call.IsStreamedList ? call.SendAsync(Event("ADDED", Pod("a")) + Event("BOOKMARK", End)) : call.RefuseAsync(status, "no"));
            await ElapsedAsync();
        }, streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        await Assert.ThrowsAsync<KubernetesException>(() => reflector.FollowAsync(default).SoonAsync());
        await Assert.ThrowsAsync<KubernetesException>(() => reflector.FollowAsync(default).SoonAsync());
        Assert.Equal([true, false, true, false], Server.Calls.Select(call => call.IsStreamedList));
    }

    // A list later than a streamed one must not come from a memory that may be older.
    [Fact]
    public async Task A_list_after_a_streamed_one_is_not_read_from_the_servers_memory()
    {
        var streams = 0;
        await ServeAsync(call => call.IsStreamedList ? call.AnswerAsync(Event("ADDED", Pod("a")) + (++streams == 1 ? Event("BOOKMARK", End) : "")) : ListAsync(call), streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        await reflector.FollowAsync(default).SoonAsync();
        await reflector.FollowAsync(default).SoonAsync();
        Assert.Null(Assert.Single(Server.Calls, call => !call.IsWatch)["resourceVersion"]);
    }

    [Fact]
    public async Task A_kind_is_streamed_with_its_selector_and_as_metadata_alone_if_that_will_do()
    {
        await ServeAsync(call => call.RefuseAsync(429, "too many requests"), streams: true);
        await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Pods));
        await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Nodes));
        Assert.Equal(["!legacy,tier in (cache,db)", null], Server.Calls.Select(call => call["labelSelector"]));
        Assert.Equal([false, true], Server.Calls.Select(call => call.Accept.Contains("as=PartialObjectMetadata;", StringComparison.Ordinal)));
    }

    // There, a list would fail, too.
    [Fact]
    public async Task A_server_that_cannot_be_reached_is_not_asked_for_a_list_at_once()
    {
        await ServeAsync(ListAsync, streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        await Server.DisposeAsync();
        for (var round = 1; round <= 4; round++)
        {
            var failed = await Assert.ThrowsAsync<HttpRequestException>(() => reflector.FollowAsync(default).SoonAsync());
            Assert.Equal(HttpRequestError.ConnectionError, failed.HttpRequestError);
        }
    }

    [Fact]
    public async Task A_watch_that_breaks_after_the_objects_does_not_end_streaming()
    {
        await ServeAsync(async call =>
        {
            await call.SendAsync(Event("ADDED", Pod("a")) + Event("BOOKMARK", End) + Event("MODIFIED", Pod("a", "11")));
            await Received.NextAsync<Observation.Listed<Pod>>();
            await Received.NextAsync<Observation.Updated<Pod>>(); // so that the client has read all before the connection breaks
            await call.BreakAsync();
        }, streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        await Assert.ThrowsAnyAsync<IOException>(() => reflector.FollowAsync(default).SoonAsync());
        await Assert.ThrowsAnyAsync<IOException>(() => reflector.FollowAsync(default).SoonAsync());
        Assert.Equal([true, true], Server.Calls.Select(call => call.IsStreamedList));
    }

    [Fact]
    public async Task A_busy_server_is_asked_to_stream_again()
    {
        await ServeAsync(call => call.RefuseAsync(429, "too many requests"), streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        await Assert.ThrowsAsync<KubernetesException>(() => reflector.FollowAsync(default));
        await Assert.ThrowsAsync<KubernetesException>(() => reflector.FollowAsync(default));
        Assert.Equal([true, true], Server.Calls.Select(call => call.IsStreamedList));
    }

    // One pod, and no watch.
    private static Task ListAsync(Call call) => call.IsWatch ? call.RefuseAsync(410, "enough") : call.AnswerAsync(List("1", null, Pod("a")));

    private Task ElapsedAsync()
    {
        Time.Advance(TimeSpan.FromSeconds(2));
        return Task.CompletedTask;
    }

    private static IEnumerable<string> Names(Observation.Listed<Pod> listed) => listed.Items.Select(pod => pod.Key.Name);
}
