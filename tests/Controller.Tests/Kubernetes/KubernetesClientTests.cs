using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed partial class KubernetesClientTests : IAsyncDisposable
{
    private static readonly Pod App = new(new("shop", "app-0"), new("u-1"), new("a"));
    private static readonly Attachment Csi1 = new("csi-1", new("u-2"), "pv", new("a"));
    private static readonly ObjectKey Lease = new("ha", "controller");

    private readonly TestTime _clock = new();
    private CannedKubernetes? _kubernetes;

    [Fact]
    public async Task A_pod_is_deleted_at_once_and_only_in_this_incarnation()
    {
        var client = await ServeAsync(call => call.AnswerAsync("{}"));
        Assert.Equal(MutationOutcome.Accepted, (await client.DeleteAsync(App, () => false, default)).Answer);

        var call = Assert.Single(_kubernetes!.Calls);
        Assert.Equal(("DELETE", "/api/v1/namespaces/shop/pods/app-0"), (call.Method, call.Path));
        Assert.Equal("""{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"u-1"}}""", call.Body);
        Assert.Equal(call.Body.Length, call.ContentLength);
        Assert.Equal("application/json", call.ContentType);
    }

    [Fact]
    public async Task An_attachment_is_deleted_in_this_incarnation_and_in_its_own_time()
    {
        var client = await ServeAsync(call => call.AnswerAsync("{}"));
        await client.DeleteAsync(Csi1, () => false, default);

        var call = Assert.Single(_kubernetes!.Calls);
        Assert.Equal(("DELETE", "/apis/storage.k8s.io/v1/volumeattachments/csi-1"), (call.Method, call.Path));
        Assert.Equal("""{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u-2"}}""", call.Body);
    }

    [Fact]
    public async Task Of_the_warnings_about_an_object_the_newest_that_is_not_our_own_is_reported_through_whichever_API_it_was_written()
    {
        var asked = "";
        var client = await ServeAsync(call =>
        {
            asked = $"{call.Path} {call["fieldSelector"]}";
            return call.AnswerAsync("""
                {"items":[
                  {"message":"older","lastTimestamp":"2026-01-01T00:00:01Z","source":{"component":"kubelet"}},
                  null,
                  {"message":"newest","eventTime":"2026-01-01T00:00:03.000001Z","lastTimestamp":null,"source":{}},
                  {"message":"our own","lastTimestamp":"2026-01-01T00:00:09Z","source":{"component":"piraeus-ha-controller"}},
                  {"message":"of unknown age"}]}
                """);
        });
        Assert.Equal("newest", await client.WarningAboutAsync("shop", new("u-1"), default));
        Assert.Equal("/api/v1/namespaces/shop/events involvedObject.uid=u-1,type=Warning", asked);
    }

    [Fact]
    public async Task Without_the_right_to_list_Events_the_missing_rule_is_named()
    {
        var client = await ServeAsync(call => call.RefuseAsync(403, """User "ha" cannot list resource "events" in the namespace shop"""));
        var refused = await Assert.ThrowsAsync<KubernetesException>(() => client.WarningAboutAsync("shop", new("u-1"), default));
        Assert.Contains("""resources: ["events"], verbs: ["list"]""", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_pods_on_a_node_are_asked_for_page_by_page_whatever_their_labels()
    {
        var client = await ServeAsync(call => call.AnswerAsync(call["continue"] == ""
            ? """{"metadata":{"continue":"a b"},"items":[{"metadata":{"name":"one"}}]}"""
            : """{"metadata":{},"items":[{"metadata":{"name":"two"}},null]}"""));

        var pods = await client.PodsOnAsync(new("node-a"), default);

        Assert.Equal(["one", "two"], pods.Select(pod => pod.Key.Name));
        Assert.Equal(["", "a b"], _kubernetes!.Calls.Select(call => call["continue"]));
        Assert.All(_kubernetes.Calls, call => Assert.Equal(("/api/v1/pods", "spec.nodeName=node-a", null), (call.Path, call["fieldSelector"], call["labelSelector"])));
    }

    [Fact]
    public async Task A_page_that_is_lost_gives_no_half_of_an_answer()
    {
        var client = await ServeAsync(call => call["continue"] == "" ? call.AnswerAsync("""{"metadata":{"continue":"x"}}""") : call.RefuseAsync(410, "too old"));
        Assert.Equal(HttpStatusCode.Gone, (await Assert.ThrowsAsync<KubernetesException>(() => client.PodsOnAsync(new("a"), default))).Status);
    }

    [Fact]
    public async Task A_Lease_that_is_not_there_is_null()
    {
        var client = await ServeAsync(call => call.RefuseAsync(404, "not found"));
        Assert.Null(await client.GetLeaseAsync(Lease, default));
    }

    [Fact]
    public async Task A_Lease_without_a_version_is_created_and_one_with_a_version_is_replaced()
    {
        var client = await ServeAsync(call => call.AnswerAsync("""{"metadata":{"name":"controller","resourceVersion":"5"}}"""));
        Assert.Equal("5", (await client.WriteLeaseAsync(Lease, new() { Metadata = new() { Name = "controller" } }, default)).Metadata.ResourceVersion);
        await client.WriteLeaseAsync(Lease, new() { Metadata = new() { Name = "controller", ResourceVersion = "5" } }, default);

        Assert.Equal(
            [("POST", "/apis/coordination.k8s.io/v1/namespaces/ha/leases"), ("PUT", "/apis/coordination.k8s.io/v1/namespaces/ha/leases/controller")],
            _kubernetes!.Calls.Select(call => (call.Method, call.Path)));
    }

    [Fact]
    public async Task Times_have_the_digits_that_Go_parses()
    {
        var client = await ServeAsync(call => call.AnswerAsync("{}"));
        var whole = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2));
        await client.WriteLeaseAsync(Lease, new() { Spec = new() { AcquireTime = whole, RenewTime = whole.AddTicks(1234567) } }, default);

        var spec = JsonNode.Parse(Assert.Single(_kubernetes!.Calls).Body)!["spec"]!;
        Assert.Equal(("2026-01-02T01:04:05.000000Z", "2026-01-02T01:04:05.123456Z"), ((string)spec["acquireTime"]!, (string)spec["renewTime"]!));
    }

    [Fact]
    public async Task A_Lease_keeps_what_others_have_written_on_it()
    {
        const string Metadata =
            """{"name":"controller","resourceVersion":"5","labels":{"team":"storage"},"annotations":{"note":"x"},"ownerReferences":[{"kind":"Deployment","uid":"u"}],"finalizers":["keep"]}""";
        var client = await ServeAsync(call => call.AnswerAsync($$"""{"metadata":{{Metadata}},"spec":null}"""));
        await client.WriteLeaseAsync(Lease, (await client.GetLeaseAsync(Lease, default))!, default);

        var written = JsonNode.Parse(_kubernetes!.Calls.Last().Body)!["metadata"];
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Metadata), written), written!.ToJsonString());
    }

    [Fact]
    public async Task An_answer_that_is_no_Lease_is_an_error_and_no_Lease()
    {
        var client = await ServeAsync(call => call.AnswerAsync("null"));
        await Assert.ThrowsAnyAsync<JsonException>(() => client.GetLeaseAsync(Lease, default));
    }

    public async ValueTask DisposeAsync() => await _kubernetes!.DisposeAsync();

    private async Task<KubernetesClient> ServeAsync(Func<Call, Task> answer)
    {
        _kubernetes = await CannedKubernetes.StartAsync(answer);
        return new(_kubernetes.Connection.CreateClient(), new KubernetesTranslation("linstor.csi.linbit.com", LabelSelector.Parse("")), _clock);
    }
}
