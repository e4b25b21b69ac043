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
    public async Task What_changes_while_the_objects_arrive_is_reported_after_them()
    {
        await ServeAsync(call => call.AnswerAsync(Event("ADDED", Pod("a")) + Event("ADDED", Pod("b")) + Event("DELETED", Pod("a")) + Event("ADDED", Pod("c")) + Event("BOOKMARK", End)), streams: true);
        await Follow(WatchedKinds.Pods).SoonAsync();

        Assert.Equal(["a", "b"], Names(await Received.NextAsync<Observation.Listed<Pod>>()));
        Assert.Equal("a", (await Received.NextAsync<Observation.Deleted<Pod>>()).Item.Key.Name);
        Assert.Equal("c", (await Received.NextAsync<Observation.Updated<Pod>>()).Item.Key.Name);
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Theory]
    [InlineData("400")]
    [InlineData("422")]
    [InlineData("it ignores what it does not know, and sends an ordinary bookmark")]
    [InlineData("it ignores what it does not know, and waits for changes")]
    public async Task A_server_that_does_not_stream_is_asked_once_and_listed_from_then_on(string server)
    {
        await ServeAsync(async call =>
        {
            await (call switch
            {
                { IsStreamedList: true } when int.TryParse(server, null, out var status) => call.RefuseAsync(status, "sendInitialEvents is forbidden"),
                { IsStreamedList: true } => call.SendAsync(Event("ADDED", Pod("a")) + (server.EndsWith("bookmark", StringComparison.Ordinal) ? Event("BOOKMARK", """{"metadata":{"resourceVersion":"5"}}""") : "")),
                { IsWatch: true } => call.RefuseAsync(410, "enough"),
                _ => call.AnswerAsync(List("1", null, Pod("a"))),
            });
            await (call.IsStreamedList && !char.IsDigit(server[0]) ? call.HangAsync() : Task.CompletedTask);
        }, streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        var following = reflector.FollowAsync(default);
        if (server.EndsWith("changes", StringComparison.Ordinal))
        {
            await Time.RestingAsync(ApiRequests.Deadline, 3); // the head of the answer, its first event, and the silence after it
            Time.Advance(ApiRequests.Deadline);
        }

        await following.SoonAsync();
        await reflector.FollowAsync(default).SoonAsync();

        Assert.Equal(["a"], Names(await Received.NextAsync<Observation.Listed<Pod>>()));
        Assert.Equal([true, false, false, false, false], Server.Calls.Select(call => call.IsStreamedList));
        Assert.Equal("0", Server.Calls.ElementAt(1)["resourceVersion"]); // no list was ever read, so the server's memory will do
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}""")]
    public async Task Objects_that_end_before_the_bookmark_are_no_list(string end)
    {
        await ServeAsync(call => call.AnswerAsync(Event("ADDED", Pod("a")) + end), streams: true);
        var reflector = Reflector(WatchedKinds.Pods);
        await reflector.FollowAsync(default).SoonAsync();
        await reflector.FollowAsync(default).SoonAsync();

        Assert.False(Received.Reader.TryRead(out _));
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

    private Task ElapsedAsync()
    {
        Time.Advance(TimeSpan.FromSeconds(2));
        return Task.CompletedTask;
    }

    private static IEnumerable<string> Names(Observation.Listed<Pod> listed) => listed.Items.Select(pod => pod.Key.Name);
}
