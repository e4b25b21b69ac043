using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.KubernetesApi;

public sealed class WriteTests : ApiTest
{
    private const string JsonPatch = "application/json-patch+json";
    private const string Strategic = "application/strategic-merge-patch+json";
    private const string NewLease = """{"metadata":{"name":"l"},"spec":{"holderIdentity":"me","leaseDurationSeconds":15,"renewTime":"2026-01-01T00:00:00.000001Z"}}""";

    [Fact]
    public async Task A_Lease_keeps_its_microseconds_and_is_replaced_only_at_the_version_that_was_read()
    {
        var (created, lease) = await SendAsync("POST", Leases, NewLease);
        Assert.Equal((201, "2026-01-01T00:00:00.000001Z"), (created, (string?)lease["spec"]!["renewTime"]));
        lease["spec"]!["holderIdentity"] = "";
        var (replaced, released) = await SendAsync("PUT", $"{Leases}/l", lease.ToJsonString());
        Assert.Equal((200, ""), (replaced, (string?)released["spec"]!["holderIdentity"]));
        Assert.Equal(
            "409 Conflict: Operation cannot be fulfilled on leases.coordination.k8s.io \"l\": the object has been modified; please apply your changes to the latest version and try again",
            Message(await SendAsync("PUT", $"{Leases}/l", lease.ToJsonString())));
        Assert.Equal(
            "422 Invalid: Lease.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update", Message(await SendAsync("PUT", $"{Leases}/l", NewLease)));
        Assert.Equal("409 AlreadyExists: leases.coordination.k8s.io \"l\" already exists", Message(await SendAsync("POST", Leases, NewLease)));
    }

    [Fact]
    public async Task A_merge_patch_removes_what_is_null_and_replaces_lists()
    {
        Add(new Node(new("", "n") { Labels = Metadata.Nothing.Add("a", "1").Add("b", "2") }) { Taints = [new("x", "", "NoSchedule")] });
        var (_, node) = await SendAsync("PATCH", "api/v1/nodes/n", """{"metadata":{"labels":{"a":null,"c":"3"}},"spec":{"unschedulable":true,"taints":[{"key":"y","effect":"NoExecute"}]}}""", Merge);
        Assert.Equal("""{"b":"2","c":"3"}""", node["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal("""{"taints":[{"key":"y","effect":"NoExecute"}],"unschedulable":true}""", node["spec"]!.ToJsonString());
    }

    [Fact]
    public async Task A_patch_is_bound_to_the_version_that_it_names()
    {
        var version = Add(Pod("a"));
        Assert.Equal(200, (await SendAsync("PATCH", $"{Pods}/a", $$$"""{"metadata":{"resourceVersion":"{{{version}}}","labels":{"x":"y"} } }""", Merge)).Code);
        Assert.StartsWith("409 Conflict", Message(await SendAsync("PATCH", $"{Pods}/a", $$$"""{"metadata":{"resourceVersion":"{{{version}}}","labels":{"x":"z"} } }""", Merge)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_JSON_patch_whose_test_fails_is_refused_without_a_reason_and_changes_nothing()
    {
        Add(new Node(new("", "n")) { VolumesInUse = ["v1", "v2"] });
        string Patch(string test) => $$$"""[{"op":"test","path":"/status/volumesInUse","value":{{{test}}}},{"op":"replace","path":"/status/volumesInUse","value":["v2"]}]""";
        Assert.Equal("422 Invalid: the server rejected our request due to an error in our request", Message(await SendAsync("PATCH", "api/v1/nodes/n/status", Patch("""["v1"]"""), JsonPatch)));
        Assert.Equal(1, Server.Ask(store => store.Version));
        Assert.Equal(200, (await SendAsync("PATCH", "api/v1/nodes/n/status", Patch("""["v1","v2"]"""), JsonPatch)).Code);
        Assert.Equal(["v2"], Server.Ask(store => store.Find<Node>("n")!.VolumesInUse));
    }

    [Fact]
    public async Task A_strategic_patch_merges_conditions_by_type_and_finalizers_as_a_set()
    {
        Add(new Node(new("", "n") { Finalizers = ["a/a"] }));
        await SendAsync("PATCH", "api/v1/nodes/n", """{"metadata":{"finalizers":["b/b"]}}""", Strategic);
        var (_, node) = await SendAsync("PATCH", "api/v1/nodes/n/status", """{"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}""", Strategic);
        Assert.Equal("""["a/a","b/b"]""", node["metadata"]!["finalizers"]!.ToJsonString());
        Assert.Equal((4, NodeReadiness.Unknown), (node["status"]!["conditions"]!.AsArray().Count, Server.Ask(store => store.Find<Node>("n")!.Ready)));
        var (_, left) = await SendAsync("PATCH", "api/v1/nodes/n", """{"metadata":{"$deleteFromPrimitiveList/finalizers":["a/a"]}}""", Strategic);
        Assert.Equal("""["b/b"]""", left["metadata"]!["finalizers"]!.ToJsonString());
    }

    [Fact]
    public async Task The_status_is_written_through_its_own_path_and_nothing_else_is()
    {
        Add(new VolumeAttachment(new("", "va"), "d", "pv", "n"));
        const string Path = "apis/storage.k8s.io/v1/volumeattachments/va";
        await SendAsync("PATCH", Path, """{"status":{"attached":true}}""", Merge);
        Assert.False(Server.Ask(store => store.Find<VolumeAttachment>("va")!.Attached));
        var (_, attachment) = await SendAsync("PATCH", $"{Path}/status", """{"spec":{"nodeName":"m"},"status":{"attached":true,"detachError":{"message":"no"}}}""", Merge);
        Assert.Equal(("n", true, "no"), ((string?)attachment["spec"]!["nodeName"], (bool)attachment["status"]!["attached"]!, (string?)attachment["status"]!["detachError"]!["message"]));
        Assert.Contains("field is immutable", Message(await SendAsync("PATCH", Path, """{"spec":{"nodeName":"m"}}""", Merge)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_is_what_it_was_created_as_but_for_its_image()
    {
        Add(Pod("a", "n"));
        Assert.StartsWith("422 Invalid: Pod \"a\" is invalid: spec: Forbidden: pod updates may not change fields", Message(await SendAsync("PATCH", $"{Pods}/a", """{"spec":{"nodeName":"m"}}""", Merge)), StringComparison.Ordinal);
        var (_, pod) = await SendAsync("PATCH", $"{Pods}/a", """{"spec":{"containers":[{"name":"app","image":"new"}]}}""", Strategic);
        Assert.Equal("new", (string?)pod["spec"]!["containers"]![0]!["image"]);
    }

    [Fact]
    public async Task What_changes_nothing_is_no_change()
    {
        var version = Add(Pod("a", "n") with { Phase = PodPhase.Running, Started = TimeSpan.FromMilliseconds(1) }, new Node(new("", "n")) { Taints = [new("x", "", "NoExecute", TimeSpan.FromMilliseconds(7))] });
        foreach (var path in new[] { $"{Pods}/a", "api/v1/nodes/n" })
        {
            var (_, item) = await GetAsync(path);
            Assert.Equal(200, (await SendAsync("PUT", path, item.ToJsonString())).Code);
            Assert.Equal(200, (await SendAsync("PUT", $"{path}/status", item.ToJsonString())).Code);
            Assert.Empty(Warnings);
        }

        Assert.Equal(version, Server.Ask(store => store.Version));
    }

    [Fact]
    public async Task A_deletion_that_means_another_incarnation_or_version_is_refused()
    {
        Add(Pod("a"));
        var uid = Server.Ask(store => store.Find<Pod>("default", "a")!.Metadata.Uid);
        Assert.Equal(
            $"409 Conflict: Operation cannot be fulfilled on Pod \"a\": the UID in the precondition (x) does not match the UID in record ({uid}). The object might have been deleted and then recreated",
            Message(await SendAsync("DELETE", $"{Pods}/a", """{"preconditions":{"uid":"x"}}""")));
        Assert.Equal(
            "409 Conflict: Operation cannot be fulfilled on Pod \"a\": the ResourceVersion in the precondition (7) does not match the ResourceVersion in record (1). The object might have been modified",
            Message(await SendAsync("DELETE", $"{Pods}/a", """{"preconditions":{"resourceVersion":"7"}}""")));
        Assert.Equal(200, (await SendAsync("DELETE", $"{Pods}/a", $$$"""{"preconditions":{"uid":"{{{uid}}}"}}""")).Code);
        Assert.Equal("404 NotFound: pods \"a\" not found", Message(await SendAsync("DELETE", $"{Pods}/a", null)));
    }

    [Fact]
    public async Task A_bound_pod_goes_at_once_only_without_a_grace_period()
    {
        Add(Pod("a", "n"));
        await SendAsync("DELETE", $"{Pods}/a", """{"gracePeriodSeconds":30}""");
        Assert.NotNull(Server.Ask(store => store.Find<Pod>("default", "a")!.Metadata.Deleting));
        var (_, pod) = await SendAsync("DELETE", $"{Pods}/a?gracePeriodSeconds=0", null);
        Assert.Equal(("Pod", null), ((string?)pod["kind"], Server.Ask(store => store.Find<Pod>("default", "a"))));
    }

    [Fact]
    public async Task What_has_finalizers_goes_with_the_last_of_them_and_gets_no_new_ones()
    {
        Add(new Node(new("", "n") { Finalizers = ["a/a"] }));
        await SendAsync("DELETE", "api/v1/nodes/n", null);
        Assert.StartsWith("422 Invalid", Message(await SendAsync("PATCH", "api/v1/nodes/n", """{"metadata":{"finalizers":["a/a","b/b"]}}""", Merge)), StringComparison.Ordinal);
        Assert.Equal(200, (await SendAsync("PATCH", "api/v1/nodes/n", """{"metadata":{"finalizers":null}}""", Merge)).Code);
        Assert.Equal(404, (await GetAsync("api/v1/nodes/n")).Code);
    }

    [Fact]
    public async Task The_answer_to_a_deletion_without_finalizers_is_a_Status()
    {
        await SendAsync("POST", Leases, NewLease);
        var (_, status) = await SendAsync("DELETE", $"{Leases}/l", """{"propagationPolicy":"Background"}""");
        Assert.Equal(("Status", "Success", "leases"), ((string?)status["kind"], (string?)status["status"], (string?)status["details"]!["kind"]));
    }

    [Fact]
    public async Task Dependents_that_are_orphaned_stand_for_themselves()
    {
        Server.Do(store =>
        {
            store.Create(new StatefulSet(new("default", "db"), 1, PodTemplate.With()), out var set);
            store.Create(Pod("db-0") with { Metadata = new("default", "db-0") { Owner = new("apps/v1", "StatefulSet", "db", set.Metadata.Uid) } });
        });
        await SendAsync("DELETE", "apis/apps/v1/namespaces/default/statefulsets/db?propagationPolicy=Orphan", null);
        Assert.Null(Server.Ask(store => store.Find<Pod>("default", "db-0")!.Metadata.Owner));
    }

    [Fact]
    public async Task An_Event_is_the_same_in_both_groups_and_is_where_what_it_is_about_is()
    {
        const string Event = """{"metadata":{"name":"e"},"regarding":{"kind":"Pod","namespace":"default","name":"a","uid":"u"},"eventTime":"2026-01-01T00:00:00.000000Z","reason":"R","note":"why","type":"Warning","reportingController":"me"}""";
        Assert.Equal(201, (await SendAsync("POST", "apis/events.k8s.io/v1/namespaces/default/events", Event)).Code);
        var found = Assert.Single((await GetAsync("api/v1/events?fieldSelector=involvedObject.uid%3Du,type%3DWarning")).Body["items"]!.AsArray())!;
        Assert.Equal(("a", "why", "me"), ((string?)found["involvedObject"]!["name"], (string?)found["message"], (string?)found["source"]!["component"]));
        Assert.Contains("does not match event.namespace", Message(await SendAsync("POST", "api/v1/namespaces/other/events", """{"metadata":{"name":"f"},"involvedObject":{"kind":"Node","name":"n"}}""")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workload_is_scaled_through_its_Scale()
    {
        Server.Do(store => store.Create(new StatefulSet(new("default", "db"), 1, PodTemplate.With() with { Labels = Metadata.Nothing.Add("app", "db") })));
        const string Path = "apis/apps/v1/namespaces/default/statefulsets/db/scale";
        var (_, scale) = await GetAsync(Path);
        Assert.Equal(("Scale", "app=db"), ((string?)scale["kind"], (string?)scale["status"]!["selector"]));
        var (_, patched) = await SendAsync("PATCH", Path, """{"spec":{"replicas":3}}""", Merge);
        Assert.Equal((3, 3), ((int)patched["spec"]!["replicas"]!, Server.Ask(store => store.Find<StatefulSet>("default", "db")!.Replicas)));
        Assert.Equal(409, (await SendAsync("PUT", Path, scale.ToJsonString())).Code);
        Assert.Equal("422 Invalid: StatefulSet.apps \"db\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0", Message(await SendAsync("PATCH", Path, """{"spec":{"replicas":-1}}""", Merge)));
        Assert.Equal(422, (await SendAsync("PATCH", "apis/apps/v1/namespaces/default/statefulsets/db", """{"spec":{"replicas":-1}}""", Merge)).Code);
    }

    [Fact]
    public async Task Nonsense_is_refused()
    {
        Assert.Equal("422 Invalid: Pod \"\" is invalid: metadata.name: Required value: name or generateName is required", Message(await SendAsync("POST", Pods, "{}")));
        Assert.StartsWith("422 Invalid: Pod \"A\" is invalid: metadata.name", Message(await SendAsync("POST", Pods, """{"metadata":{"name":"A"}}""")), StringComparison.Ordinal);
        Assert.Equal(400, (await SendAsync("POST", Pods, "{\"x")).Code);
        Assert.Equal(400, (await SendAsync("POST", Pods, """{"metadata":{"name":5}}""")).Code);
        Assert.Equal(415, (await SendAsync("POST", Pods, "x", "application/vnd.kubernetes.protobuf")).Code);
        Assert.Equal("400 BadRequest: the namespace of the provided object does not match the namespace sent on the request", Message(await SendAsync("POST", Pods, """{"metadata":{"name":"a","namespace":"b"}}""")));
        Add(Pod("a"));
        Assert.Equal(415, (await SendAsync("PATCH", $"{Pods}/a", "{}", "application/apply-patch+yaml")).Code);
        Assert.Equal("400 BadRequest: the name of the object (b) does not match the name on the URL (a)", Message(await SendAsync("PUT", $"{Pods}/a", """{"metadata":{"name":"b"}}""")));
    }
}
