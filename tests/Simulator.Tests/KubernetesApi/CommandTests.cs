using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.KubernetesApi;

/// <summary>What commands of kubectl need besides reading and writing objects.</summary>
public sealed class CommandTests : ApiTest
{
    private const string AccessReviews = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    private const string StatefulSets = "apis/apps/v1/namespaces/default/statefulsets";
    private const string Template = """{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"app","image":"i"}]}}""";

    [Theory]
    [InlineData("GET", "log", "the log of pod \"a\"")]
    [InlineData("GET", "exec?command=ls", "exec into pod \"a\"")]
    [InlineData("POST", "exec?command=ls", "exec into pod \"a\"")]
    [InlineData("POST", "attach", "attach to pod \"a\"")]
    [InlineData("POST", "portforward", "port-forward to pod \"a\"")]
    [InlineData("PATCH", "ephemeralcontainers", "an ephemeral container in pod \"a\"")]
    public async Task A_command_that_needs_running_containers_is_refused_in_one_line(string method, string subresource, string what)
    {
        Add(Pod("a"));
        Assert.Equal($"501 NotImplemented: {what} is not simulated: its containers do not really run", Message(await SendAsync(method, $"{Pods}/a/{subresource}", null)));
        Assert.Equal("404 NotFound: pods \"b\" not found", Message(await SendAsync(method, $"{Pods}/b/{subresource}", null)));
    }

    [Theory]
    [InlineData("""{"resource":"pods","verb":"delete","namespace":"x"}""", null)]
    [InlineData("""{"group":"apps","resource":"deployments","subresource":"scale","verb":"patch"}""", null)]
    [InlineData("""{"resource":"nodes","verb":"*"}""", null)]
    [InlineData("""{"resource":"secrets","verb":"get"}""", "the resource secrets is not simulated")]
    [InlineData("""{"resource":"pods","subresource":"log","verb":"get"}""", "the resource pods/log is not simulated")]
    [InlineData("""{"resource":"pods","verb":"escalate"}""", "escalate of pods is not simulated")]
    [InlineData("""{"group":"*","resource":"*","verb":"*"}""", "only some resources are simulated")]
    public async Task Everything_that_is_simulated_is_allowed_and_nothing_else(string resource, string? objection)
    {
        var (code, review) = await SendAsync("POST", AccessReviews, $$$"""{"spec":{"resourceAttributes":{{{resource}}} } }""");
        Assert.Equal((201, objection is null, objection), (code, (bool)review["status"]!["allowed"]!, (string?)review["status"]!["reason"]));
    }

    [Fact]
    public async Task The_rules_list_every_simulated_resource()
    {
        var (_, review) = await SendAsync("POST", "apis/authorization.k8s.io/v1/selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}""");
        var resources = review["status"]!["resourceRules"]!.AsArray().Select(rule => (string)rule!["resources"]![0]!).ToList();
        Assert.Superset(new HashSet<string> { "pods", "pods/eviction", "statefulsets/scale", "storageclasses" }, resources.ToHashSet());
        Assert.DoesNotContain("secrets", resources);
    }

    [Fact]
    public async Task A_review_may_come_as_protobuf()
    {
        var attributes = Text(2, "get") + Text(5, "nodes");
        var (code, review) = await SendAsync("POST", AccessReviews, Envelope("authorization.k8s.io/v1", "SelfSubjectAccessReview", Text(2, Text(1, attributes))), Protobuf);
        Assert.Equal((201, "nodes", true), (code, (string?)review["spec"]!["resourceAttributes"]!["resource"], (bool)review["status"]!["allowed"]!));
    }

    [Fact]
    public async Task A_Deployment_may_come_as_protobuf_and_a_kind_that_is_not_read_so_is_named()
    {
        var label = Text(1, "app") + Text(2, "web");
        var template = Text(1, Text(11, label)) + Text(2, Text(2, Text(1, "app") + Text(2, "nginx")));
        var deployment = Text(1, Text(1, "web")) + Text(2, "\u0008\u0003" + Text(2, Text(1, label)) + Text(3, template));
        var (code, created) = await SendAsync("POST", "apis/apps/v1/namespaces/default/deployments", Envelope("apps/v1", "Deployment", deployment), Protobuf);
        Assert.Equal(201, code);
        Assert.Equal((3, "web", "nginx"), ((int)created["spec"]!["replicas"]!, (string?)created["spec"]!["template"]!["metadata"]!["labels"]!["app"], (string?)created["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]));
        Assert.EndsWith("protobuf of kind Lease is not simulated", Message(await SendAsync("POST", Leases, Envelope("coordination.k8s.io/v1", "Lease", ""), Protobuf)), StringComparison.Ordinal);
        Assert.Equal("400 BadRequest: the body of the request is not valid protobuf", Message(await SendAsync("POST", Pods, Envelope("v1", "Pod", "\u000a\u0050"), Protobuf)));
    }

    [Fact]
    public async Task A_dry_run_answers_as_a_write_does_and_writes_nothing()
    {
        var version = Add(Pod("a", "n"), new StatefulSet(new("default", "db"), 1, PodTemplate.With()));
        Assert.Equal("new", (string?)(await SendAsync("POST", $"{Pods}?dryRun=All", """{"metadata":{"name":"new"}}""")).Body["metadata"]!["name"]);
        Assert.Equal(409, (await SendAsync("POST", $"{Pods}?dryRun=All", """{"metadata":{"name":"a"}}""")).Code);
        Assert.Equal("y", (string?)(await SendAsync("PATCH", $"{Pods}/a?dryRun=All", """{"metadata":{"labels":{"x":"y"}}}""", Merge)).Body["metadata"]!["labels"]!["x"]);
        Assert.Equal(5, (int)(await SendAsync("PATCH", $"{StatefulSets}/db/scale?dryRun=All", """{"spec":{"replicas":5}}""", Merge)).Body["spec"]!["replicas"]!);
        Assert.Equal(200, (await SendAsync("DELETE", $"{Pods}/a?dryRun=All&gracePeriodSeconds=0", null)).Code);
        Assert.Equal(200, (await SendAsync("DELETE", $"{Pods}/a", """{"dryRun":["All"]}""")).Code);
        Assert.Equal(201, (await SendAsync("POST", $"{Pods}/a/eviction?dryRun=All", "{}")).Code);
        Assert.Equal(201, (await SendAsync("POST", $"{Pods}/a/eviction", """{"deleteOptions":{"dryRun":["All"]}}""")).Code);
        Assert.Equal("400 BadRequest: Invalid value: \"yes\": dryRun supports only \"All\"", Message(await SendAsync("DELETE", $"{Pods}/a?dryRun=yes", null)));
        Assert.Equal("400 BadRequest: Invalid value: \"yes\": dryRun supports only \"All\"", Message(await SendAsync("POST", $"{Pods}/a/eviction", """{"deleteOptions":{"dryRun":["yes"]}}""")));
        Assert.Equal(version, Server.Ask(store => store.Version));
    }

    [Fact]
    public async Task A_write_of_a_template_begins_a_rollout_at_once()
    {
        await SendAsync("POST", StatefulSets, $$$"""{"metadata":{"name":"db"},"spec":{"replicas":2,"template":{{{Template}}} } }""");
        const string Restart = """{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}""";
        var (_, before) = await GetAsync($"{StatefulSets}/db");
        var (_, after) = await SendAsync("PATCH", $"{StatefulSets}/db", Restart, Merge);
        Assert.Equal((string?)before["status"]!["updateRevision"], (string?)before["status"]!["currentRevision"]);
        Assert.Equal((string?)before["status"]!["updateRevision"], (string?)after["status"]!["currentRevision"]);
        Assert.NotEqual((string?)after["status"]!["updateRevision"], (string?)after["status"]!["currentRevision"]);
        Assert.Equal((0, 2), ((int)after["status"]!["updatedReplicas"]!, (int)after["status"]!["currentReplicas"]!));
    }

    [Fact]
    public async Task The_root_lists_the_paths()
    {
        var paths = (await GetAsync("")).Body["paths"]!.AsArray().Select(path => (string)path!).ToHashSet();
        Assert.Superset(new HashSet<string> { "/api/v1", "/apis/storage.k8s.io/v1", "/version" }, paths);
    }

    private const string Protobuf = "application/vnd.kubernetes.protobuf";

    /// <summary>A field of a protobuf message, as ASCII.</summary>
    private static string Text(int number, string content) => $"{(char)((number << 3) | 2)}{(char)content.Length}{content}";

    private static string Envelope(string apiVersion, string kind, string raw) => "k8s\0" + Text(1, Text(1, apiVersion) + Text(2, kind)) + Text(2, raw);
}
