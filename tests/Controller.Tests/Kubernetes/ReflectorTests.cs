using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed class ReflectorTests : IAsyncDisposable
{
    private static readonly LabelSelector Selector = LabelSelector.Parse("tier in (db, cache),!legacy");
    private static readonly WatchedKinds WatchedKinds = new(new KubernetesTranslation("linstor.csi.linbit.com", Selector), Selector);

    private readonly TestTime _clock = new();
    private readonly Channel<Observation> _inbox = Inbox.Create();
    private CannedKubernetes? _kubernetes;

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

        Assert.Equal(["a", "b", "c"], Names(await _inbox.NextAsync<Observation.Listed<Pod>>()));
        var first = await _kubernetes!.ArrivalAsync();
        Assert.Equal(("0", null), (first["resourceVersion"], first["limit"])); // from the server's memory, which knows no pages
        for (var page = 1; page < 3; page++)
        {
            Assert.Equal("500", (await _kubernetes.ArrivalAsync())["limit"]);
        }

        var watch = await _kubernetes.ArrivalAsync();
        Assert.Equal(("12", "true"), (watch["resourceVersion"], watch["allowWatchBookmarks"]));
        Assert.InRange(int.Parse(watch["timeoutSeconds"]!, null), 60, 170); // it ends, and says so, before we lose patience after three minutes
        await stop.CancelAsync();
        await following.CancelledAsync();
        Assert.False(_inbox.Reader.TryRead(out _));
    }

    [Fact]
    public async Task The_label_selector_goes_with_the_list_and_with_the_watch()
    {
        await ServeAsync(call => call.IsWatch ? call.HangAsync() : call.AnswerAsync(List("1", null)));
        using var stop = new CancellationTokenSource();
        var following = Follow(WatchedKinds.Pods, stop.Token);

        var (list, watch) = (await _kubernetes!.ArrivalAsync(), await _kubernetes.ArrivalAsync());
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

        Assert.Null((await _kubernetes!.ArrivalAsync())["labelSelector"]);
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

        await _inbox.NextAsync<Observation.Listed<Pod>>();
        Assert.Equal("a", (await _inbox.NextAsync<Observation.Updated<Pod>>()).Item.Key.Name);
        Assert.Equal("b", (await _inbox.NextAsync<Observation.Updated<Pod>>()).Item.Key.Name);
        Assert.Equal("a", (await _inbox.NextAsync<Observation.Deleted<Pod>>()).Item.Key.Name);
        Assert.False(_inbox.Reader.TryRead(out _));
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

        Assert.Empty((await _inbox.NextAsync<Observation.Listed<Attachment>>()).Items);
        Assert.Equal("ours", (await _inbox.NextAsync<Observation.Updated<Attachment>>()).Item.Name);
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

        Assert.Equal("0", (await _kubernetes!.ArrivalAsync())["resourceVersion"]);
        Assert.Equal("1", (await _kubernetes.ArrivalAsync())["resourceVersion"]);
        Assert.Equal("9", (await _kubernetes.ArrivalAsync())["resourceVersion"]);
        await stop.CancelAsync();
        await following.CancelledAsync();
        await _inbox.NextAsync<Observation.Listed<Pod>>();
        await _inbox.NextAsync<Observation.Updated<Pod>>();
        Assert.False(_inbox.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_server_that_hangs_up_at_once_is_left_to_the_back_off()
    {
        await ServeAsync(call => call.AnswerAsync(call.IsWatch ? "" : List("1", null)));
        await Follow(WatchedKinds.Pods).SoonAsync();
        Assert.Equal(2, _kubernetes!.Calls.Count);
    }

    [Fact]
    public async Task A_page_that_has_expired_on_the_server_reports_nothing_and_starts_over()
    {
        await ServeAsync(call => call["continue"] == "" ? call.AnswerAsync(List("1", "next", Pod("a"))) : call.RefuseAsync(410, "the continue token is too old"));
        var gone = await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Pods));
        Assert.Equal((HttpStatusCode.Gone, "the continue token is too old"), (gone.Status, gone.Message));
        Assert.False(_inbox.Reader.TryRead(out _));
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
        await _inbox.NextAsync<Observation.Listed<Pod>>();
        Assert.False(_inbox.Reader.TryRead(out _));
        Assert.Equal(2, _kubernetes!.Calls.Count);
    }

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

    [Theory]
    [InlineData("""{"type":"BOOKMARK","object":{}}""")]
    [InlineData("""{"type":"BOOKMARK","object":{"metadata":null}}""")]
    [InlineData("""{"type":"BOOKMARK","object":{"metadata":{}}}""")]
    [InlineData("""{"type":null,"object":{}}""")]
    public async Task An_event_without_a_version_leaves_the_place_where_it_was(string text)
    {
        await ServeAsync(call => _kubernetes!.Calls.Count switch
        {
            1 => call.AnswerAsync(List("42", null)),
            2 => LastingAsync(call, text),
            _ => call.RefuseAsync(410, "enough"),
        });
        await Follow(WatchedKinds.Pods).SoonAsync();
        Assert.Equal(["0", "42", "42"], _kubernetes!.Calls.Select(call => call["resourceVersion"]));
    }

    [Theory]
    [InlineData("""{"metadata":null,"items":null}""")]
    [InlineData("""{"items":null}""")]
    [InlineData("""{"metadata":{"continue":null}}""")]
    public async Task A_list_of_nothing_is_empty_however_the_server_spells_it(string json)
    {
        await ServeAsync(call => call.AnswerAsync(json));
        await Follow(WatchedKinds.Pods).SoonAsync();
        Assert.Empty((await _inbox.NextAsync<Observation.Listed<Pod>>()).Items);
    }

    [Fact]
    public async Task A_missing_permission_is_named_as_the_rule_to_be_added()
    {
        await ServeAsync(call => call.RefuseAsync(403, """volumeattachments is forbidden: User "ha" cannot list resource "volumeattachments" at the cluster scope"""));
        var refusal = await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Attachments));
        Assert.Equal(
            """volumeattachments is forbidden: User "ha" cannot list resource "volumeattachments" at the cluster scope (missing permission: add the rule {apiGroups: ["storage.k8s.io"], resources: ["volumeattachments"], verbs: ["list", "watch"]} to the role of this service account)""",
            refusal.Message);
        Assert.False(_inbox.Reader.TryRead(out _));
    }

    [Fact]
    public async Task What_a_failover_can_do_without_is_reported_once_as_an_empty_list_if_the_permission_is_missing()
    {
        await ServeAsync(call => call.RefuseAsync(403, "csinodes is forbidden"));
        var reflector = Reflector(WatchedKinds.CsiNodes);
        await Assert.ThrowsAsync<KubernetesException>(() => reflector.FollowAsync(default));
        await Assert.ThrowsAsync<KubernetesException>(() => reflector.FollowAsync(default));

        Assert.Empty((await _inbox.NextAsync<Observation.Listed<CsiNode>>()).Items);
        Assert.False(_inbox.Reader.TryRead(out _));
    }

    [Fact]
    public async Task What_was_listed_once_is_not_forgotten_when_the_permission_is_taken_away()
    {
        await ServeAsync(call => call.IsWatch ? call.RefuseAsync(403, "no") : call.AnswerAsync(List("1", null, """{"metadata":{"name":"a"}}""")));
        await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Nodes));
        Assert.Single((await _inbox.NextAsync<Observation.Listed<ClusterNode>>()).Items);
        Assert.False(_inbox.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_busy_servers_wish_for_patience_is_passed_on()
    {
        await ServeAsync(call => call.RefuseAsync(429, "too many requests", retryAfter: 12));
        var busy = await Assert.ThrowsAsync<KubernetesException>(() => Follow(WatchedKinds.Pods));
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(12)), (busy.Status, busy.RetryAfter));
    }

    [Fact]
    public async Task A_list_larger_than_any_buffer_arrives_whole()
    {
        var pods = Enumerable.Range(0, 3000).Select(number => Pod($"pod-{number}-{new string('x', 200)}")).ToArray();
        await ServeAsync(call => call.AnswerAsync(call.IsWatch ? Event("ADDED", Pod(new string('y', 200_000))) : List("1", null, pods)));
        await Follow(WatchedKinds.Pods).SoonAsync();
        Assert.Equal(3000, (await _inbox.NextAsync<Observation.Listed<Pod>>()).Items.Length);
        Assert.Equal(200_000, (await _inbox.NextAsync<Observation.Updated<Pod>>()).Item.Key.Name.Length);
    }

    [Fact]
    public async Task A_list_that_does_not_end_in_time_is_late_and_its_message_omits_the_query()
    {
        await ServeAsync(async call =>
        {
            await call.SendAsync("""{"items":[""");
            await call.HangAsync();
        });
        await LateAsync(Follow(WatchedKinds.Pods), deadline: 2, $"nothing of the answer to GET {_kubernetes!.Connection.Server}api/v1/pods arrived for 10 s");
    }

    [Fact]
    public async Task A_server_that_accepts_and_does_not_answer_is_late_with_the_same_message_each_time()
    {
        await ServeAsync(call => call.HangAsync());
        await LateAsync(Follow(WatchedKinds.Pods), deadline: 1, $"nothing of the answer to GET {_kubernetes!.Connection.Server}api/v1/pods arrived for 10 s");
    }

    [Fact]
    public async Task A_credential_that_is_not_available_is_a_transient_error()
    {
        using var http = new HttpClient(new Authentication((_, _) => throw new SettingsException("the plugin reaches no server"), new SocketsHttpHandler()))
        {
            BaseAddress = new Uri("http://localhost/"),
        };
        var reflector = new Reflector<WirePod, Pod>(http, WatchedKinds.Pods, _inbox.Writer, _clock, NullLogger.Instance);
        Assert.Equal("the plugin reaches no server", (await Assert.ThrowsAsync<HttpRequestException>(() => reflector.FollowAsync(default))).Message);
    }

    [Fact]
    public async Task A_full_inbox_slows_the_reflector_and_does_not_keep_it_from_stopping()
    {
        await ServeAsync(call => call.AnswerAsync(call.IsWatch ? Event("ADDED", Pod("a")) : List("1", null)));
        var full = Inbox.Create(1);
        using var stop = new CancellationTokenSource();
        var following = new Reflector<WirePod, Pod>(_kubernetes!.Connection.CreateClient(), WatchedKinds.Pods, full.Writer, _clock, NullLogger.Instance).FollowAsync(stop.Token);
        await _kubernetes.ArrivalAsync();
        await _kubernetes.ArrivalAsync();
        await stop.CancelAsync();
        await following.CancelledAsync();
    }

    public ValueTask DisposeAsync() => _kubernetes?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static IEnumerable<string> Names(Observation.Listed<Pod> listed) => listed.Items.Select(pod => pod.Key.Name);

    private static string List(string version, string? next, params string[] items) =>
        $$$"""{"kind":"List","metadata":{"resourceVersion":"{{{version}}}","continue":"{{{next}}}"},"items":[{{{string.Join(',', items)}}}]}""";

    private static string Pod(string name, string version = "2") => $$$"""{"metadata":{"name":"{{{name}}}","namespace":"n","resourceVersion":"{{{version}}}"} }""";

    private static string Event(string type, string json) => $$"""{"type":"{{type}}","object":{{json}} }""" + "\n";

    /// <summary>Answers a watch that has lasted for a while.</summary>
    private async Task LastingAsync(Call watch, string text)
    {
        await watch.SendAsync("");
        await _clock.RestingAsync(TimeSpan.FromMinutes(3)); // it is being read
        _clock.Advance(TimeSpan.FromMinutes(1));
        await watch.SendAsync(text);
    }

    private async Task ServeAsync(Func<Call, Task> answer) => _kubernetes = await CannedKubernetes.StartAsync(answer);

    private Task Follow<TWire, T>(WatchedKind<TWire, T> kind, CancellationToken cancellation = default)
        where TWire : class
        where T : class => Reflector(kind).FollowAsync(cancellation);

    private Reflector<TWire, T> Reflector<TWire, T>(WatchedKind<TWire, T> kind)
        where TWire : class
        where T : class => new(_kubernetes!.Connection.CreateClient(), kind, _inbox.Writer, _clock, NullLogger.Instance);

    // The head of an answer has the first deadline, its body the second.
    private async Task LateAsync(Task following, int deadline, string message)
    {
        await _clock.RestingAsync(ApiRequests.Deadline, deadline);
        _clock.Advance(ApiRequests.Deadline);
        Assert.Equal(message, (await Assert.ThrowsAsync<TimeoutException>(() => following.SoonAsync())).Message);
    }
}
