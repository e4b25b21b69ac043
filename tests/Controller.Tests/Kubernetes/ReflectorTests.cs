using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>How a list and a watch become observations.</summary>
public sealed class ReflectorTests : ReflectorFixture
{
    [Fact]
    public async Task The_list_is_reported_once_the_last_page_is_in_and_the_watch_begins_at_its_version()
    {
        await ServeAsync(call => (call.IsWatch, call["continue"]) switch
        {
            (false, null) => call.AnswerAsync(List("10", "next/1", Pod("a"))),
            (false, "next/1") => call.AnswerAsync(List("11", "next&2", Pod("b"))),
            (false, "next&2") => call.AnswerAsync(List("12", null, Pod("c"))),
            _ => call.HangAsync(),
        });
        using var stop = new CancellationTokenSource();
        var following = Follow(WatchedKinds.Pods, stop.Token);

        Assert.Equal(["a", "b", "c"], Names(await Received.NextAsync<Observation.Listed<Pod>>()));
        var first = await Server.ArrivalAsync();
        Assert.Equal(("0", null), (first["resourceVersion"], first["limit"])); // from the server's memory, which knows no pages
        for (var page = 1; page < 3; page++)
        {
            Assert.Equal("500", (await Server.ArrivalAsync())["limit"]);
        }

        var watch = await Server.ArrivalAsync();
        Assert.Equal(("12", "true"), (watch["resourceVersion"], watch["allowWatchBookmarks"]));
        Assert.InRange(int.Parse(watch["timeoutSeconds"]!, null), 60, 170); // it ends, and says so, before we lose patience after three minutes
        await stop.CancelAsync();
        await following.CancelledAsync();
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task The_label_selector_goes_with_the_list_and_with_the_watch()
    {
        await ServeAsync(call => call.IsWatch ? call.HangAsync() : call.AnswerAsync(List("1", null)));
        using var stop = new CancellationTokenSource();
        var following = Follow(WatchedKinds.Pods, stop.Token);

        var (list, watch) = (await Server.ArrivalAsync(), await Server.ArrivalAsync());
        Assert.Equal(("/api/v1/pods", "!legacy,tier in (cache,db)"), (list.Path, list["labelSelector"]));
        Assert.Equal(("/api/v1/pods", "!legacy,tier in (cache,db)"), (watch.Path, watch["labelSelector"]));
        await stop.CancelAsync();
        await following.CancelledAsync();
    }

    [Fact]
    public async Task What_is_not_selected_by_labels_is_asked_for_without_a_selector()
    {
        await ServeAsync(call => call.IsWatch ? call.HangAsync() : call.AnswerAsync(List("1", null)));
        using var stop = new CancellationTokenSource();
        var following = Follow(WatchedKinds.Attachments, stop.Token);

        Assert.Null((await Server.ArrivalAsync())["labelSelector"]);
        await stop.CancelAsync();
        await following.CancelledAsync();
    }

    [Fact]
    public async Task Added_and_modified_are_seen_and_deleted_is_gone()
    {
        await ServeAsync(call => call.IsWatch
            ? call.AnswerAsync(Event("ADDED", Pod("a")) + Event("MODIFIED", Pod("b")) + Event("DELETED", Pod("a")) + Event("PATCHED", Pod("z")))
            : call.AnswerAsync(List("1", null)));
        await Follow(WatchedKinds.Pods);

        await Received.NextAsync<Observation.Listed<Pod>>();
        Assert.Equal("a", (await Received.NextAsync<Observation.Updated<Pod>>()).Item.Key.Name);
        Assert.Equal("b", (await Received.NextAsync<Observation.Updated<Pod>>()).Item.Key.Name);
        Assert.Equal("a", (await Received.NextAsync<Observation.Deleted<Pod>>()).Item.Key.Name);
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Objects_of_no_interest_are_skipped_in_the_list_and_in_the_watch()
    {
        static string Attachment(string name, string attacher) =>
            $$$"""{"metadata":{"name":"{{{name}}}","resourceVersion":"2"},"spec":{"attacher":"{{{attacher}}}","nodeName":"a","source":{"persistentVolumeName":"pv"} } }""";
        await ServeAsync(call => call.IsWatch
            ? call.AnswerAsync(Event("ADDED", Attachment("foreign", "ebs.csi.aws.com")) + Event("ADDED", Attachment("ours", "linstor.csi.linbit.com")))
            : call.AnswerAsync(List("1", null, Attachment("foreign", "ebs.csi.aws.com"), "null")));
        await Follow(WatchedKinds.Attachments);

        Assert.Empty((await Received.NextAsync<Observation.Listed<Attachment>>()).Items);
        Assert.Equal("ours", (await Received.NextAsync<Observation.Updated<Attachment>>()).Item.Name);
    }

    [Fact]
    public async Task A_clean_end_resumes_from_the_last_version_a_bookmark_included_and_is_no_silence()
    {
        await ServeAsync(async call =>
        {
            switch (call["resourceVersion"])
            {
                case "0":
                    await call.AnswerAsync(List("1", null));
                    break;
                case "1":
                    await LastingAsync(call, Event("ADDED", Pod("a", "7")) + Event("BOOKMARK", """{"kind":"Pod","metadata":{"resourceVersion":"9"}}"""));
                    break;
                default:
                    await call.HangAsync();
                    break;
            }
        });
        using var stop = new CancellationTokenSource();
        var following = Follow(WatchedKinds.Pods, stop.Token);

        Assert.Equal("0", (await Server.ArrivalAsync())["resourceVersion"]);
        Assert.Equal("1", (await Server.ArrivalAsync())["resourceVersion"]);
        Assert.Equal("9", (await Server.ArrivalAsync())["resourceVersion"]);
        await stop.CancelAsync();
        await following.CancelledAsync();
        await Received.NextAsync<Observation.Listed<Pod>>();
        await Received.NextAsync<Observation.Updated<Pod>>();
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_server_that_hangs_up_at_once_is_left_to_the_back_off()
    {
        await ServeAsync(call => call.AnswerAsync(call.IsWatch ? "" : List("1", null)));
        await Follow(WatchedKinds.Pods).SoonAsync();
        Assert.Equal(2, Server.Calls.Count);
    }

    [Fact]
    public async Task A_page_that_has_expired_on_the_server_reports_nothing_and_starts_over()
    {
        await ServeAsync(call => call["continue"] == "" ? call.AnswerAsync(List("1", "next", Pod("a"))) : call.RefuseAsync(410, "the continue token is too old"));
        var gone = await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Pods));
        Assert.Equal((HttpStatusCode.Gone, "the continue token is too old"), (gone.Status, gone.Message));
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_version_that_the_server_no_longer_remembers_ends_the_watch_in_good_order()
    {
        await ServeAsync(call => call.IsWatch ? call.RefuseAsync(410, "too old") : call.AnswerAsync(List("1", null)));
        await Follow(WatchedKinds.Pods).SoonAsync();
    }

    [Fact]
    public async Task The_same_error_within_the_watch_ends_it_in_good_order()
    {
        await ServeAsync(call => call.IsWatch
            ? LastingAsync(call, Event("ERROR", """{"kind":"Status","code":410,"message":"too old"}""") + Event("ADDED", Pod("never read")))
            : call.AnswerAsync(List("1", null)));
        await Follow(WatchedKinds.Pods).SoonAsync();
        await Received.NextAsync<Observation.Listed<Pod>>();
        Assert.False(Received.Reader.TryRead(out _));
        Assert.Equal(2, Server.Calls.Count);
    }

    [Theory]
    [InlineData("""{"type":"BOOKMARK","object":{}}""")]
    [InlineData("""{"type":"BOOKMARK","object":{"metadata":null}}""")]
    [InlineData("""{"type":"BOOKMARK","object":{"metadata":{}}}""")]
    [InlineData("""{"type":null,"object":{}}""")]
    public async Task An_event_without_a_version_leaves_the_place_where_it_was(string text)
    {
        await ServeAsync(call => Server.Calls.Count switch
        {
            1 => call.AnswerAsync(List("42", null)),
            2 => LastingAsync(call, text),
            _ => call.RefuseAsync(410, "enough"),
        });
        await Follow(WatchedKinds.Pods).SoonAsync();
        Assert.Equal(["0", "42", "42"], Server.Calls.Select(call => call["resourceVersion"]));
    }

    [Theory]
    [InlineData("""{"metadata":null,"items":null}""")]
    [InlineData("""{"items":null}""")]
    [InlineData("""{"metadata":{"continue":null}}""")]
    public async Task A_list_of_nothing_is_empty_however_the_server_spells_it(string json)
    {
        await ServeAsync(call => call.AnswerAsync(json));
        await Follow(WatchedKinds.Pods).SoonAsync();
        Assert.Empty((await Received.NextAsync<Observation.Listed<Pod>>()).Items);
    }

    [Fact]
    public async Task A_list_larger_than_any_buffer_arrives_whole()
    {
        var pods = Enumerable.Range(0, 3000).Select(number => Pod($"pod-{number}-{new string('x', 200)}")).ToArray();
        await ServeAsync(call => call.AnswerAsync(call.IsWatch ? Event("ADDED", Pod(new string('y', 200_000))) : List("1", null, pods)));
        await Follow(WatchedKinds.Pods).SoonAsync();
        Assert.Equal(3000, (await Received.NextAsync<Observation.Listed<Pod>>()).Items.Length);
        Assert.Equal(200_000, (await Received.NextAsync<Observation.Updated<Pod>>()).Item.Key.Name.Length);
    }

    [Fact]
    public async Task A_full_inbox_slows_the_reflector_and_does_not_keep_it_from_stopping()
    {
        await ServeAsync(call => call.AnswerAsync(call.IsWatch ? Event("ADDED", Pod("a")) : List("1", null)));
        var full = Inbox.Create(1);
        using var stop = new CancellationTokenSource();
        var following = new Reflector<WirePod, Pod>(Server.Connection.CreateClient(), WatchedKinds.Pods, full.Writer, Time, NullLogger.Instance).FollowAsync(stop.Token);
        await Server.ArrivalAsync();
        await Server.ArrivalAsync();
        await stop.CancelAsync();
        await following.CancelledAsync();
    }

    private static IEnumerable<string> Names(Observation.Listed<Pod> listed) => listed.Items.Select(pod => pod.Key.Name);

    /// <summary>Answers a watch that has lasted for a while.</summary>
    private async Task LastingAsync(Call watch, string text)
    {
        await watch.SendAsync("");
        await Time.RestingAsync(TimeSpan.FromMinutes(3)); // it is being read
        Time.Advance(TimeSpan.FromMinutes(1));
        await watch.SendAsync(text);
    }
}
