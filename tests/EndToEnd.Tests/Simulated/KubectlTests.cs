using System.Text.RegularExpressions;
using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Simulated;

/// <summary>The simulated API is good enough for kubectl: the one that belongs to the control plane, and whatever newer one is on the PATH.</summary>
public sealed partial class KubectlTests : IAsyncLifetime
{
    public static TheoryData<string> Kubectls { get; } = [.. new[] { Binaries.Find()["kubectl"], OnPath("kubectl") }.OfType<string>().Distinct()];

    private SimulatedApiCluster _cluster = null!;
    private string _kubectl = "kubectl";

    public async ValueTask InitializeAsync() => _cluster = await SimulatedApiCluster.StartAsync(token: "s3cret");

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task Every_kind_is_listed_with_its_columns(string kubectl)
    {
        _kubectl = kubectl;
        var shown = await RunAsync("get", "pods,volumeattachments,nodes,events,leases,pv,pvc,statefulsets,deployments,replicasets,csinodes,namespaces", "-A", "-o", "wide");
        Assert.Matches(@"NAMESPACE\s+NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES", shown);
        Assert.Matches(@"default\s+pod/db-0\s+1/1\s+Running\s+0\s+\d+s\s+<none>\s+[abc]\s+<none>\s+<none>", shown);
        Assert.Matches(@"volumeattachment.storage.k8s.io/csi-[0-9a-f]+\s+linstor.csi.linbit.com\s+pvc-data-db-0\s+[abc]\s+true\s+\d+s", shown);
        Assert.Matches(@"node/a\s+Ready\s+<none>\s+\d+s\s+v1", shown);
        Assert.Matches(@"lease.coordination.k8s.io/a\s+a\s+\d+s", shown);
        Assert.Matches(@"persistentvolume/pvc-data-db-0\s+1Gi\s+RWO\s+Delete\s+Bound\s+default/data-db-0", shown);
        Assert.Matches(@"persistentvolumeclaim/data-db-0\s+Bound\s+pvc-data-db-0\s+1Gi\s+RWO", shown);
        Assert.Matches(@"statefulset.apps/db\s+1/1\s+\d+s\s+app\s+registry", shown);
        Assert.Matches(@"deployment.apps/web\s+2/2\s+2\s+2\s+\d+s\s+app\s+\S+\s+app=web", shown);
        Assert.Matches(@"replicaset.apps/web-\S+\s+2\s+2\s+2", shown);
        Assert.Matches(@"csinode.storage.k8s.io/a\s+1", shown);
        Assert.Matches(@"namespace/default\s+Active", shown);
        Assert.Matches(@"default\s+\d+s\s+Normal\s+Scheduled\s+pod/db-0\s+default-scheduler\s+Successfully assigned", Spaces().Replace(shown, "  "));
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task Objects_are_shown_as_JSON_YAML_and_names_and_are_selected(string kubectl)
    {
        _kubectl = kubectl;
        Assert.Contains("\"phase\": \"Running\"", await RunAsync("get", "pod", "db-0", "-o", "json"), StringComparison.Ordinal);
        Assert.Contains("kind: StatefulSet", await RunAsync("get", "pod", "db-0", "-o", "yaml"), StringComparison.Ordinal);
        Assert.Equal("pod/db-0\n", await RunAsync("get", "pods", "-l", "app in (db)", "-o", "name"));
        Assert.Equal("pod/db-0\n", await RunAsync("get", "pods", "--field-selector", "metadata.name=db-0,status.phase=Running", "-o", "name"));
        var on = _cluster.Pod("db-0").Spec.NodeName;
        Assert.Contains("pod/db-0", await RunAsync("get", "pods", "-A", "--field-selector", $"spec.nodeName={on}", "-o", "name"), StringComparison.Ordinal);
        Assert.DoesNotContain("web", await RunAsync("get", "events", "--field-selector", "involvedObject.name=db-0,type=Normal"), StringComparison.Ordinal);
        Assert.Contains("not found", (await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync("get", "pod", "x"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task A_watch_shows_how_a_pod_ends_and_its_replacement_begins(string kubectl)
    {
        _kubectl = kubectl;
        using var all = _cluster.Start(kubectl, "get", "pods", "-A", "-w", "-o", "wide");
        using var only = _cluster.Start(kubectl, "get", "pods", "-w", "--watch-only");
        await _cluster.UntilAsync(_ => _cluster.Server.Watchers == 2);
        await RunAsync("delete", "pod", "db-0", "--wait=false");
        await ReadUntilAsync(all.StandardOutput, @"default\s+db-0\s+1/1\s+Running", @"db-0\s+1/1\s+Terminating", @"db-0\s+0/1\s+Pending", @"db-0\s+1/1\s+Running");
        await ReadUntilAsync(only.StandardOutput, @"db-0\s+1/1\s+Terminating", @"db-0\s+1/1\s+Running");
        all.Kill();
        only.Kill();
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task Objects_are_described_with_what_happened_to_them(string kubectl)
    {
        _kubectl = kubectl;
        var pod = await RunAsync("describe", "pod", "db-0");
        Assert.Matches(@"Controlled By:\s+StatefulSet/db", pod);
        Assert.Matches(@"State:\s+Running", pod);
        Assert.Matches(@"ClaimName:\s+data-db-0", pod);
        Assert.Matches(@"Normal\s+Scheduled", pod);
        var node = await RunAsync("describe", "node", _cluster.Pod("db-0").Spec.NodeName!);
        Assert.Matches(@"Ready\s+True", node);
        Assert.Matches(@"default\s+db-0", node);
        Assert.Matches(@"Attached:\s+true", await RunAsync("describe", "volumeattachments"));
        Assert.Matches(@"Pods Status:\s+1 Running", await RunAsync("describe", "statefulset", "db"));
        Assert.Matches(@"Volume:\s+pvc-data-db-0", await RunAsync("describe", "pvc", "data-db-0"));
        Assert.Matches(@"2 desired \| 2 updated", await RunAsync("describe", "deployment", "web"));
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task A_pod_is_deleted_politely_or_by_force(string kubectl)
    {
        _kubectl = kubectl;
        var first = _cluster.Pod("db-0");
        await RunAsync("delete", "pod", "db-0", "--wait=true");
        await _cluster.UntilAsync(store => store.Find<Pod>("default", "db-0") is { Ready: true } now && !now.Is(first));
        var second = _cluster.Pod("db-0");
        _cluster.Server.Do(_ => _cluster.World.Crash(second.Spec.NodeName!));
        await RunAsync("delete", "pod", "db-0", "--wait=false");
        Assert.Matches(@"db-0\s+1/1\s+Terminating", await RunAsync("get", "pod", "db-0"));
        await RunAsync("delete", "pod", "db-0", "--force", "--grace-period=0");
        Assert.Null(_cluster.Server.Ask(store => store.Now(second)));
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task Nodes_are_cordoned_and_tainted_and_objects_labelled_and_annotated(string kubectl)
    {
        _kubectl = kubectl;
        await RunAsync("cordon", "a");
        Assert.Matches(@"a\s+Ready,SchedulingDisabled", await RunAsync("get", "nodes"));
        await RunAsync("uncordon", "a");
        await RunAsync("taint", "nodes", "a", "drbd.linbit.com/lost-quorum:NoSchedule", "x=y:NoSchedule");
        await RunAsync("taint", "nodes", "a", "x-");
        Assert.Equal("drbd.linbit.com/lost-quorum", Assert.Single(Node("a").Taints).Key);
        await RunAsync("annotate", "pod", "db-0", "drbd.linbit.com/ignore-fail-over=");
        await RunAsync("label", "node", "a", "zone=1");
        Assert.True(_cluster.Pod("db-0").Metadata.Annotations.ContainsKey("drbd.linbit.com/ignore-fail-over"));
        await RunAsync("annotate", "pod", "db-0", "drbd.linbit.com/ignore-fail-over-");
        await RunAsync("label", "node", "a", "zone-");
        Assert.Empty(_cluster.Pod("db-0").Metadata.Annotations);
        Assert.Empty(Node("a").Metadata.Labels);
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task Workloads_are_scaled_and_nodes_drained(string kubectl)
    {
        _kubectl = kubectl;
        await RunAsync("scale", "deployment", "web", "--replicas=1");
        await _cluster.UntilAsync(store => store.All<Pod>().Count == 2);
        await RunAsync("rollout", "status", "statefulset", "db", "--timeout=20s");
        var on = _cluster.Pod("db-0").Spec.NodeName!;
        await RunAsync("drain", on);
        await _cluster.UntilAsync(store => store.Find<Pod>("default", "db-0") is { Ready: true } now && now.Spec.NodeName != on);
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task Objects_are_created_from_files_as_far_as_they_are_simulated(string kubectl)
    {
        _kubectl = kubectl;
        var file = Path.Combine(Path.GetDirectoryName(_cluster.KubeConfig)!, "pod.json");
        await File.WriteAllTextAsync(file, """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"mine"},"spec":{"hostNetwork":true,"containers":[{"name":"app","image":"i"}]}}""");
        Assert.Contains("stored, but not simulated: spec.hostNetwork", await RunAsync("create", "-f", file), StringComparison.Ordinal);
        await _cluster.UntilAsync(store => store.Find<Pod>("default", "mine") is { Ready: true });
        await RunAsync("delete", "-f", file);
        Assert.Null(_cluster.Server.Ask(store => store.Find<Pod>("default", "mine")));
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task It_says_what_it_is(string kubectl)
    {
        _kubectl = kubectl;
        Assert.Matches(@"volumeattachments\s+storage.k8s.io/v1\s+false\s+VolumeAttachment", await RunAsync("api-resources"));
        Assert.Contains("Server Version", await RunAsync("version"), StringComparison.Ordinal);
        Assert.Equal("ok", await RunAsync("get", "--raw", "/readyz"));
    }

    private Task<string> RunAsync(params string[] arguments) => _cluster.RunAsync(_kubectl, arguments);

    private Node Node(string name) => _cluster.Server.Ask(store => store.Find<Node>(name)!);

    /// <summary>Reads until lines like these have come, in this order.</summary>
    private static async Task ReadUntilAsync(StreamReader lines, params string[] patterns)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var seen = new List<string>();
        foreach (var pattern in patterns)
        {
            do
            {
                seen.Add(await lines.ReadLineAsync(late.Token) ?? throw new EndOfStreamException($"No {pattern} after: {string.Join('\n', seen)}"));
            }
            while (!Regex.IsMatch(seen[^1], pattern));
        }
    }

    internal static string? OnPath(string program) =>
        Environment.GetEnvironmentVariable("PATH")?.Split(':').Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);

    [GeneratedRegex(" {2,}")]
    private static partial Regex Spaces();
}
