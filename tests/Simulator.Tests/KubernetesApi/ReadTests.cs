using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.KubernetesApi;

public sealed class ReadTests : ApiTest
{
    [Fact]
    public async Task A_list_carries_the_version_of_the_store_and_its_items_carry_no_kind()
    {
        var version = Add(Pod("b"), Pod("a"), new Node(new("", "n")));
        var (_, list) = await GetAsync(Pods);
        Assert.Equal(("PodList", "v1", $"{version}"), ((string?)list["kind"], (string?)list["apiVersion"], (string?)list["metadata"]!["resourceVersion"]));
        Assert.Equal(["a", "b"], Names(list));
        Assert.Null(list["items"]![0]!["kind"]);
        Assert.Equal("Pod", (string?)(await GetAsync($"{Pods}/a")).Body["kind"]);
    }

    [Fact]
    public async Task Pages_are_of_one_moment_whatever_is_written_in_between()
    {
        Add(Pod("a"), Pod("b"), Pod("c"));
        var (_, first) = await GetAsync($"{Pods}?limit=2");
        Server.Do(store => store.Delete<Pod>("default", "c"));
        Add(Pod("d"));
        var (_, second) = await GetAsync($"{Pods}?limit=2&continue={(string?)first["metadata"]!["continue"]}");

        Assert.Equal((1, "c"), ((int?)first["metadata"]!["remainingItemCount"], Assert.Single(Names(second))));
        Assert.Equal((string?)first["metadata"]!["resourceVersion"], (string?)second["metadata"]!["resourceVersion"]);
        Assert.Null(second["metadata"]!["continue"]);
    }

    [Fact]
    public async Task A_page_after_a_compaction_has_expired_and_can_be_had_as_things_are()
    {
        Add(Pod("a"), Pod("b"));
        var (_, first) = await GetAsync($"{Pods}?limit=1");
        Add(Pod("c"));
        Server.Compact();
        var expired = await GetAsync($"{Pods}?limit=1&continue={(string?)first["metadata"]!["continue"]}");
        Assert.StartsWith("410 Expired: The provided continue parameter is too old", Message(expired), StringComparison.Ordinal);
        var (_, rest) = await GetAsync($"{Pods}?limit=5&continue={(string?)expired.Body["metadata"]!["continue"]}");
        Assert.Equal(["b", "c"], Names(rest));
    }

    [Fact]
    public async Task At_version_0_there_are_no_pages()
    {
        Add(Pod("a"), Pod("b"));
        Assert.Equal(["a", "b"], Names((await GetAsync($"{Pods}?limit=1&resourceVersion=0")).Body));
    }

    [Fact]
    public async Task An_exact_version_is_answered_as_things_were_then()
    {
        var before = Add(Pod("a"));
        Add(Pod("b"));
        Assert.Equal(["a"], Names((await GetAsync($"{Pods}?resourceVersion={before}&resourceVersionMatch=Exact")).Body));
        Assert.Equal(["a", "b"], Names((await GetAsync($"{Pods}?resourceVersion={before}")).Body));
        Assert.Equal("504 Timeout: Timeout: Too large resource version: 99, current: 2", Message(await GetAsync($"{Pods}?resourceVersion=99")));
    }

    [Theory]
    [InlineData("labelSelector=app%3Ddb", "a b")]
    [InlineData("labelSelector=app%3D%3Ddb,tier", "b")]
    [InlineData("labelSelector=app!%3Ddb", "c")]
    [InlineData("labelSelector=app+in+(db,web),!tier", "a c")]
    [InlineData("labelSelector=app+notin+(db)", "c")]
    [InlineData("labelSelector=tier", "b")]
    [InlineData("fieldSelector=spec.nodeName%3Dn1", "a")]
    [InlineData("fieldSelector=spec.nodeName!%3Dn1,metadata.name!%3Dc", "b")]
    [InlineData("fieldSelector=status.phase%3DPending&labelSelector=app%3Dweb", "c")]
    [InlineData("fieldSelector=metadata.namespace%3Dother", "")]
    public async Task Selectors_select(string query, string names)
    {
        Add(Pod("a", "n1", ("app", "db")), Pod("b", "n2", ("app", "db"), ("tier", "x")), Pod("c", null, ("app", "web")));
        Assert.Equal(names, string.Join(' ', Names((await GetAsync($"api/v1/pods?{query}")).Body)));
    }

    [Fact]
    public async Task What_cannot_be_found_or_requested_is_refused_with_the_API_servers_message()
    {
        Assert.Equal("404 NotFound: pods \"x\" not found", Message(await GetAsync($"{Pods}/x")));
        Assert.Equal("404 NotFound: leases.coordination.k8s.io \"x\" not found", Message(await GetAsync($"{Leases}/x")));
        Assert.Equal("404 NotFound: the server could not find the requested resource: /api/v1/foos is not simulated", Message(await GetAsync("api/v1/foos")));
        Assert.Equal("404 NotFound: the server could not find the requested resource: /api/v1/namespaces/default/secrets is not simulated", Message(await GetAsync("api/v1/namespaces/default/secrets")));
        Assert.Equal("400 BadRequest: field label not supported: spec.foo", Message(await GetAsync($"{Pods}?fieldSelector=spec.foo%3Dx")));
        Assert.Equal("400 BadRequest: unable to parse requirement: found 'b', expected: '=', '!=', '==', 'in', notin'", Message(await GetAsync($"{Pods}?labelSelector=a+b")));
        Assert.Equal("405 MethodNotAllowed: the server does not allow this method on the requested resource", Message(await SendAsync("POST", $"{Pods}/x", "{}")));
    }

    [Fact]
    public async Task Metadata_alone_can_be_asked_for_and_a_list_of_it_has_a_name_of_its_own()
    {
        Add(new Node(new("", "n")));
        var (_, list) = await GetAsync("api/v1/nodes", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
        Assert.Equal(("PartialObjectMetadataList", "meta.k8s.io/v1"), ((string?)list["kind"], (string?)list["apiVersion"]));
        Assert.Equal(["kind", "apiVersion", "metadata"], list["items"]![0]!.AsObject().Select(field => field.Key));
        Assert.Equal(406, (await GetAsync("api/v1/nodes", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")).Code);
        Assert.Equal("PartialObjectMetadata", (string?)(await GetAsync("api/v1/nodes/n", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")).Body["kind"]);
    }

    [Fact]
    public async Task Everything_that_discovery_lists_can_be_listed()
    {
        var groups = (await GetAsync("apis")).Body["groups"]!.AsArray().Select(group => $"apis/{group!["preferredVersion"]!["groupVersion"]}");
        foreach (var version in groups.Append("api/v1"))
        {
            foreach (var resource in (await GetAsync(version)).Body["resources"]!.AsArray().Where(resource => resource!["verbs"]!.AsArray().Any(verb => (string)verb! == "list")))
            {
                var (code, list) = await GetAsync($"{version}/{resource!["name"]}");
                Assert.Equal((200, $"{resource["kind"]}List"), (code, (string?)list["kind"]));
            }
        }
    }

    [Theory]
    [InlineData("", null, "0/1 Pending <none>")]
    [InlineData("n", "Pending", "0/1 ContainerCreating n")]
    [InlineData("n", "Running", "1/1 Running n")]
    [InlineData("n", "Succeeded", "0/1 Completed n")]
    public async Task A_table_shows_what_kubectl_shows_of_a_pod(string node, string? phase, string shown)
    {
        Add(Pod("a", node.Length > 0 ? node : null) with { Phase = phase is null ? PodPhase.Pending : Enum.Parse<PodPhase>(phase) });
        var (_, table) = await GetAsync($"{Pods}", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        Assert.Equal("NAME READY STATUS RESTARTS AGE", string.Join(' ', Columns(table, 0)).ToUpperInvariant());
        Assert.Equal(["IP", "Node", "Nominated Node", "Readiness Gates"], Columns(table, 1));
        var row = table["rows"]![0]!;
        Assert.Equal(shown, $"{row["cells"]![1]} {row["cells"]![2]} {row["cells"]![6]}");
        Assert.Equal(("PartialObjectMetadata", "default"), ((string?)row["object"]!["kind"], (string?)row["object"]!["metadata"]!["namespace"]));
    }

    [Fact]
    public async Task A_pod_that_is_being_deleted_is_Terminating_and_its_time_is_the_end_of_its_grace()
    {
        Add(Pod("a", "n") with { Phase = PodPhase.Running });
        var (code, pod) = await SendAsync("DELETE", $"{Pods}/a", null);
        var (created, deleted) = ((DateTime)pod["metadata"]!["creationTimestamp"]!, (DateTime)pod["metadata"]!["deletionTimestamp"]!);
        Assert.Equal((200, 30), (code, (int?)pod["metadata"]!["deletionGracePeriodSeconds"]));
        Assert.InRange(deleted - created, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(40));
        var (_, table) = await GetAsync($"{Pods}/a", "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal("Terminating", (string?)table["rows"]![0]!["cells"]![2]);
    }

    private static IEnumerable<string> Columns(JsonNode table, int priority) =>
        table["columnDefinitions"]!.AsArray().Where(column => (int)column!["priority"]! == priority).Select(column => (string)column!["name"]!);
}
