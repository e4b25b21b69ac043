using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.Kubernetes.Api;

namespace Piraeus.HighAvailability.Simulator.Tests.KubernetesApi;

public sealed class WatchTests : ApiTest
{
    protected override KubernetesOptions Options() => new() { BookmarkPeriod = TimeSpan.FromMilliseconds(50) };

    [Fact]
    public async Task A_watch_sends_what_came_after_its_version_and_goes_on()
    {
        var version = Add(Pod("a"));
        Add(Pod("b"), new Node(new("", "n")));
        using var watch = await WatchAsync($"{Pods}?resourceVersion={version}");
        Assert.Equal(["ADDED b"], await watch.TakeAsync(1));
        Server.Do(store => store.Change(store.Find<Pod>("default", "a")!, pod => pod with { Phase = PodPhase.Running }));
        Server.Do(store => store.Delete<Pod>("default", "b"));
        Assert.Equal(["MODIFIED a", "DELETED b"], await watch.TakeAsync(2));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?resourceVersion=0")]
    public async Task Without_a_version_it_begins_with_what_there_is(string query)
    {
        Add(Pod("a"));
        using var watch = await WatchAsync($"api/v1/pods{query}");
        Add(Pod("b"));
        Assert.Equal(["ADDED a", "ADDED b"], await watch.TakeAsync(2));
    }

    [Fact]
    public async Task What_no_longer_matches_the_selector_is_gone_and_what_does_is_new()
    {
        Add(Pod("a", null, ("app", "db")));
        using var watch = await WatchAsync($"{Pods}?labelSelector=app%3Ddb");
        foreach (var app in new[] { "web", "db" })
        {
            Assert.Equal(200, (await SendAsync("PATCH", $"{Pods}/a", $$$"""{"metadata":{"labels":{"app":"{{{app}}}"} } }""", Merge)).Code);
        }

        Server.Do(store => store.Delete<Pod>("default", "a"));
        Assert.Equal(["ADDED a", "DELETED a", "ADDED a", "DELETED a"], await watch.TakeAsync(4));
    }

    [Fact]
    public async Task A_deleted_object_is_sent_at_the_version_of_its_deletion()
    {
        var version = Add(Pod("a"));
        using var watch = await WatchAsync($"{Pods}?resourceVersion={version}");
        await SendAsync("DELETE", $"{Pods}/a", null);
        Assert.Equal($"{version + 1}", (string?)(await watch.NextAsync())!["object"]!["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task Only_a_watch_that_allows_bookmarks_gets_the_present_version_now_and_then()
    {
        var version = Add(Pod("a"));
        using var silent = await WatchAsync($"{Pods}?resourceVersion={version}");
        using var watch = await WatchAsync($"{Pods}?resourceVersion={version}&allowWatchBookmarks=true");
        version = Add(new Node(new("", "n")));
        for (var bookmark = await watch.NextAsync(); ; bookmark = await watch.NextAsync())
        {
            Assert.Equal(("BOOKMARK", "Pod"), ((string?)bookmark!["type"], (string?)bookmark["object"]!["kind"]));
            if ((string?)bookmark["object"]!["metadata"]!["resourceVersion"] == $"{version}")
            {
                break;
            }
        }

        Add(Pod("b"));
        Assert.Equal(["ADDED b"], await silent.TakeAsync(1));
    }

    [Fact]
    public async Task A_watch_ends_properly_when_its_time_is_up()
    {
        Add(Pod("a"));
        using var watch = await WatchAsync($"{Pods}?timeoutSeconds=1");
        Assert.Equal(["ADDED a"], await watch.TakeAsync(1));
        Assert.Null(await watch.NextAsync());
    }

    [Theory]
    [InlineData(false, 410)]
    [InlineData(true, 200)]
    public async Task A_version_that_is_forgotten_has_expired_as_the_answer_or_as_the_first_event(bool within, int code)
    {
        Add(Pod("a"), Pod("b"));
        Server.Compact();
        Server.Hazards.ReportsExpiryWithinWatches = within;
        using var watch = await WatchAsync($"{Pods}?resourceVersion=1");
        var line = (await watch.NextAsync())!;
        var status = within ? line["object"]! : line;
        Assert.Equal((code, 410, "Expired"), (watch.Code, (int)status["code"]!, (string?)status["reason"]));
        Assert.Equal("too old resource version: 1 (2)", (string?)status["message"]);
        Assert.Equal(within ? "ERROR" : null, (string?)line["type"]);
        Assert.Equal(0, Server.Watchers);
    }

    [Fact]
    public async Task A_compaction_does_not_end_a_watch_and_an_expiry_does()
    {
        Add(Pod("a"));
        using var watch = await WatchAsync(Pods);
        Server.Compact();
        Add(Pod("b"));
        Assert.Equal(["ADDED a", "ADDED b"], await watch.TakeAsync(2));
        Server.ExpireWatches();
        Assert.Equal(410, (int?)(await watch.NextAsync())!["object"]!["code"]);
        Assert.Null(await watch.NextAsync());
    }

    [Fact]
    public async Task A_watch_that_is_cut_breaks()
    {
        Add(Pod("a"));
        using var watch = await WatchAsync(Pods);
        await watch.TakeAsync(1);
        Server.CutWatches();
        await Assert.ThrowsAnyAsync<IOException>(watch.NextAsync);
    }

    [Fact]
    public async Task A_watch_of_a_table_sends_one_row_at_a_time()
    {
        Add(Pod("a"), Pod("b"));
        using var watch = await WatchAsync(Pods, "application/json;as=Table;v=v1;g=meta.k8s.io");
        var line = (await watch.NextAsync())!["object"]!;
        Assert.Equal(("Table", "a"), ((string?)line["kind"], (string?)Assert.Single(line["rows"]!.AsArray())!["cells"]![0]));
    }

    [Fact]
    public async Task A_watch_that_disconnects_is_forgotten()
    {
        using (await WatchAsync(Pods))
        {
            Assert.Equal(1, Server.Watchers);
        }

        await Server.WhenAsync(_ => Server.Watchers == 0, Deadline.Soon());
    }
}
