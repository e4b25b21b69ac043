using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.KubernetesApi;

/// <summary>Fields that Kubernetes does not have, and fields that the model does not use.</summary>
public sealed class FieldTests : ApiTest
{
    private const string Strategic = "application/strategic-merge-patch+json";
    private const string StatefulSets = "apis/apps/v1/namespaces/default/statefulsets";
    private const string Sent = """{"hostNetwork":true,"containers":[{"name":"db","image":"i","env":[{"name":"A","value":"b"}]}],"volumes":[{"name":"v","emptyDir":{}}]}""";

    [Fact]
    public async Task An_unknown_field_is_dropped_with_a_warning_or_refused_as_the_client_wants()
    {
        const string Pod = """{"metadata":{"generateName":"a-"},"spec":{"hostNetwörk":true,"containers":[{"name":"db","image":"i","imagePulPolicy":"Always"}]}}""";
        var (code, pod) = await SendAsync("POST", Pods, Pod);
        Assert.Equal((201, null), (code, pod["spec"]!["hostNetwörk"]));
        Assert.Equal(["299 - \"unknown field \\\"spec.hostNetw?rk\\\"\"", "299 - \"unknown field \\\"spec.containers[0].imagePulPolicy\\\"\""], Warnings);
        Assert.Equal(
            "400 BadRequest: Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.hostNetwörk\", unknown field \"spec.containers[0].imagePulPolicy\"",
            Message(await SendAsync("POST", $"{Pods}?fieldValidation=Strict", Pod)));
        Assert.Equal(201, (await SendAsync("POST", $"{Pods}?fieldValidation=Ignore", Pod)).Code);
        Assert.Empty(Warnings);
    }

    [Fact]
    public async Task A_field_that_is_not_simulated_is_stored_and_named_once()
    {
        var (_, pod) = await SendAsync("POST", $"{Pods}?fieldValidation=Strict", $$$"""{"metadata":{"name":"a"},"spec":{{{Sent}}} }""");
        Assert.Equal(["299 - \"stored, but not simulated: spec.hostNetwork, spec.volumes[0]\""], Warnings);
        Assert.Equal("b", (string?)pod["spec"]!["containers"]![0]!["env"]![0]!["value"]);
        Assert.Equal(200, (await SendAsync("PATCH", $"{Pods}/a", """{"metadata":{"labels":{"x":"y"}}}""", Merge)).Code);
        Assert.Empty(Warnings);
        var (_, now) = await GetAsync($"{Pods}/a");
        Assert.True(JsonNode.DeepEquals(pod["spec"], now["spec"]));
    }

    [Fact]
    public async Task An_object_is_changed_back_to_what_it_was_without_a_trace()
    {
        await SendAsync("POST", Pods, $$$"""{"metadata":{"name":"a"},"spec":{{{Sent}}} }""");
        var before = Server.Ask(store => store.Find<Pod>("default", "a")!.Spec);
        await SendAsync("PATCH", $"{Pods}/a", """{"spec":{"containers":[{"name":"db","image":"new"}]}}""", Strategic);
        Assert.Equal("new", Server.Ask(store => store.Find<Pod>("default", "a")!.Spec.Image));
        await SendAsync("PATCH", $"{Pods}/a", """{"spec":{"containers":[{"name":"db","image":"i"}]}}""", Strategic);
        Assert.Equal((before.Image, before.UnsimulatedFields), Server.Ask(store => (store.Find<Pod>("default", "a")!.Spec.Image, store.Find<Pod>("default", "a")!.Spec.UnsimulatedFields)));
        Assert.StartsWith("422 Invalid: Pod \"a\" is invalid: spec: Forbidden", Message(await SendAsync("PATCH", $"{Pods}/a", """{"spec":{"hostNetwork":false}}""", Merge)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_template_keeps_its_fields_and_other_templates_are_other_revisions()
    {
        var body = $$$"""{"metadata":{"name":"db"},"spec":{"minReadySeconds":3,"podManagementPolicy":"OrderedReady","template":{"metadata":{"labels":{"app":"db"} },"spec":{{{Sent}}} } } }""";
        var (_, set) = await SendAsync("POST", StatefulSets, body);
        Assert.Equal(["299 - \"stored, but not simulated: spec.minReadySeconds, spec.podManagementPolicy, spec.template.spec.hostNetwork, spec.template.spec.volumes[0]\""], Warnings);
        Assert.Equal((3, "OrderedReady"), ((int)set["spec"]!["minReadySeconds"]!, (string?)set["spec"]!["podManagementPolicy"]));
        var version = Server.Ask(store => store.Version);
        Assert.Equal(200, (await SendAsync("PATCH", $"{StatefulSets}/db", body, Strategic)).Code);
        Assert.Equal(version, Server.Ask(store => store.Version));
        var (_, changed) = await SendAsync("PATCH", $"{StatefulSets}/db", """{"spec":{"template":{"spec":{"containers":[{"name":"db","env":[{"name":"A","value":"c"}]}]}}}}""", Strategic);
        Assert.NotEqual((string?)set["status"]!["updateRevision"], (string?)changed["status"]!["updateRevision"]);
        Assert.Equal("c", (string?)changed["spec"]!["template"]!["spec"]!["containers"]![0]!["env"]![0]!["value"]);
    }

    [Fact]
    public async Task A_strategic_patch_that_retains_keys_replaces_the_source_of_a_volume()
    {
        await SendAsync("POST", StatefulSets, $$$"""{"metadata":{"name":"db"},"spec":{"template":{"spec":{{{Sent}}} } } }""");
        const string Patch = """{"spec":{"template":{"spec":{"volumes":[{"$retainKeys":["name","configMap"],"name":"v","configMap":{"name":"c"}}]}}}}""";
        var (_, set) = await SendAsync("PATCH", $"{StatefulSets}/db", Patch, Strategic);
        Assert.Equal("""[{"configMap":{"name":"c"},"name":"v"}]""", set["spec"]!["template"]!["spec"]!["volumes"]!.ToJsonString());
    }

    [Fact]
    public async Task A_list_that_a_client_has_written_does_not_hide_what_the_model_adds()
    {
        await SendAsync("POST", "api/v1/nodes", """{"metadata":{"name":"n"},"spec":{"taints":[{"key":"a","effect":"NoSchedule","timeAdded":"2030-01-01T00:00:00Z"}]}}""");
        await SendAsync("POST", Pods, """{"metadata":{"name":"a"},"spec":{"tolerations":[{"key":"b","operator":"Exists","effect":"NoExecute","tolerationSeconds":30}]}}""");
        Server.Do(store => store.Change(store.Find<Node>("", "n")!, node => node with { Taints = node.Taints.Add(new("unreachable", "", "NoExecute", TimeSpan.Zero)) }));
        var taints = (await GetAsync("api/v1/nodes/n")).Body["spec"]!["taints"]!.AsArray();
        Assert.Equal(["a", "unreachable"], taints.Select(taint => (string?)taint!["key"]));
        var tolerations = (await GetAsync($"{Pods}/a")).Body["spec"]!["tolerations"]!.AsArray();
        Assert.Equal(["b", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"], tolerations.Select(toleration => (string?)toleration!["key"]));
    }

    [Fact]
    public async Task Each_container_has_a_status_of_its_own()
    {
        await SendAsync("POST", Pods, """{"metadata":{"name":"a"},"spec":{"nodeName":"n","containers":[{"name":"db","image":"d"},{"name":"web","image":"w"}]}}""");
        var status = (await GetAsync($"{Pods}/a")).Body["status"]!;
        Assert.Equal([("db", "d"), ("web", "w")], status["containerStatuses"]!.AsArray().Select(one => ((string)one!["name"]!, (string)one["image"]!)));
        Assert.Equal("containers with unready status: [db web]", (string?)status["conditions"]!.AsArray().Single(one => (string?)one!["type"] == "Ready")!["message"]);
    }

    [Fact]
    public async Task The_fields_of_every_object_are_in_the_schema()
    {
        Add(
            Pod("a", "n"), new Node(new("", "n")) { Taints = [new("k", "v", "NoSchedule", TimeSpan.Zero)] }, new PersistentVolume(new("", "pv"), "d", "h", "default", "c"), new PersistentVolumeClaim(new("default", "c"), "pv"),
            new StatefulSet(new("default", "s"), 1, PodTemplate.With("c")) { ClaimTemplates = ["data"] }, new Deployment(new("default", "d"), 1, PodTemplate.With()), new VolumeAttachment(new("", "va"), "d", "pv", "n"));
        foreach (var path in new[] { $"{Pods}/a", "api/v1/nodes/n", "api/v1/persistentvolumes/pv", "api/v1/namespaces/default/persistentvolumeclaims/c", $"{StatefulSets}/s", "apis/apps/v1/namespaces/default/deployments/d", "apis/storage.k8s.io/v1/volumeattachments/va" })
        {
            var (_, item) = await GetAsync(path);
            Assert.Equal((path, 200), (path, (await SendAsync("PUT", $"{path}?fieldValidation=Strict", item.ToJsonString())).Code));
            Assert.Empty(Warnings);
        }
    }

    [Fact]
    public async Task OpenAPI_says_of_each_field_whether_it_is_simulated()
    {
        var link = (string)(await GetAsync("openapi/v3")).Body["paths"]!["apis/apps/v1"]!["serverRelativeURL"]!;
        var (_, document) = await GetAsync(link.TrimStart('/'));
        var schemas = document["components"]!["schemas"]!;
        Assert.Equal("StatefulSet", (string?)schemas["StatefulSet.apps"]!["x-kubernetes-group-version-kind"]![0]!["kind"]);
        var spec = schemas["StatefulSetSpec"]!["properties"]!;
        Assert.Equal(("Simulated.", "Stored, but not simulated."), ((string?)spec["replicas"]!["description"], (string?)spec["minReadySeconds"]!["description"]));
        var patch = document["paths"]!["/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}"]!["patch"]!;
        Assert.Contains("dryRun", patch["parameters"]!.AsArray().Select(parameter => (string?)parameter!["name"]));
        Assert.StartsWith("404", Message(await GetAsync("openapi/v3/apis/batch/v1")), StringComparison.Ordinal);
    }
}
