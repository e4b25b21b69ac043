using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Simulated;

/// <summary>Commands that a user of the demo tries with kubectl: each works, or says in one line what is not simulated.</summary>
public sealed class KubectlCommandTests : IAsyncLifetime
{
    private const string Manifest =
        """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata:
          name: mine
        spec:
          serviceName: mine
          replicas: 1
          minReadySeconds: 1
          selector:
            matchLabels: { app: mine }
          template:
            metadata:
              labels: { app: mine }
            spec:
              nodeSelector: { disk: ssd }
              containers:
              - name: postgres
                image: postgres:16
                ports: [{ containerPort: 5432, name: pg }]
                env: [{ name: PGDATA, value: /data/pg }]
                resources: { requests: { cpu: 100m } }
                readinessProbe: { tcpSocket: { port: 5432 } }
                volumeMounts: [{ name: data, mountPath: /data }]
              volumes: [{ name: settings, configMap: { name: settings } }]
          volumeClaimTemplates:
          - metadata: { name: data }
            spec:
              storageClassName: linstor
              accessModes: [ReadWriteOnce]
              resources: { requests: { storage: 5Gi } }
        """;

    public static TheoryData<string> Kubectls => KubectlTests.Kubectls;

    private SimulatedApiCluster _cluster = null!;
    private string _kubectl = "kubectl";

    public async ValueTask InitializeAsync() => _cluster = await SimulatedApiCluster.StartAsync(token: "s3cret");

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task What_needs_running_containers_says_that_it_is_not_simulated(string kubectl)
    {
        _kubectl = kubectl;
        Assert.Contains("the log of pod \"db-0\" is not simulated", await FailAsync("logs", "db-0"), StringComparison.Ordinal);
        Assert.Contains("exec into pod \"db-0\" is not simulated", await FailAsync("exec", "db-0", "--", "ls"), StringComparison.Ordinal);
        Assert.Contains("attach to pod \"db-0\" is not simulated", await FailAsync("attach", "db-0"), StringComparison.Ordinal);
        Assert.Contains("port-forward to pod \"db-0\" is not simulated", await FailAsync("port-forward", "db-0", ":80"), StringComparison.Ordinal);
        Assert.Contains("exec into pod \"db-0\" is not simulated", await FailAsync("cp", "db-0:/etc/hosts", Path.Combine(Path.GetTempPath(), "x")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task The_user_may_do_what_is_simulated(string kubectl)
    {
        _kubectl = kubectl;
        Assert.Equal("yes", (await RunAsync("auth", "can-i", "delete", "pods")).Trim());
        Assert.Contains("no", await FailAsync("auth", "can-i", "get", "secrets"), StringComparison.Ordinal);
        Assert.Matches(@"statefulsets.apps/scale\s+\[\]\s+\[\]\s+\[get patch update\]", await RunAsync("auth", "can-i", "--list"));
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task The_objects_of_every_cluster_exist(string kubectl)
    {
        _kubectl = kubectl;
        Assert.Matches(@"linstor \(default\)\s+linstor.csi.linbit.com\s+Delete\s+Immediate", await RunAsync("get", "storageclasses"));
        Assert.Matches(@"data-db-0\s+Bound\s+pvc-data-db-0\s+1Gi\s+RWO\s+linstor", await RunAsync("get", "pvc"));
        Assert.Matches(@"kubernetes\s+ClusterIP\s+10.96.0.1\s+<none>\s+443/TCP", await RunAsync("get", "services"));
        Assert.Matches(@"is running at \S*https://127.0.0.1", await RunAsync("cluster-info"));
        Assert.Contains("/apis/apps/v1", await RunAsync("get", "--raw", "/"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task A_second_apply_of_the_same_manifest_changes_nothing(string kubectl)
    {
        _kubectl = kubectl;
        var file = await WriteAsync(Manifest);
        var first = await RunAsync("apply", "-f", file);
        Assert.Contains("statefulset.apps/mine created", first, StringComparison.Ordinal);
        Assert.Contains("Warning: stored, but not simulated: spec.minReadySeconds", first, StringComparison.Ordinal);
        Assert.DoesNotContain("unknown", first, StringComparison.Ordinal);
        Assert.Equal("statefulset.apps/mine unchanged\n", await RunAsync("apply", "-f", file));
        await _cluster.UntilAsync(store => store.Find<Pod>("default", "mine-0") is { Ready: true });
        Assert.Equal("statefulset.apps/mine unchanged\n", await RunAsync("apply", "-f", file));
        Assert.Equal("postgres settings,data", await RunAsync("get", "pod", "mine-0", "-o", "jsonpath={.spec.containers[*].name} {.spec.volumes[0].name},{.spec.volumes[1].name}"));
        await WriteAsync(Manifest.Replace("postgres:16", "postgres:17", StringComparison.Ordinal));
        Assert.Equal("statefulset.apps/mine configured\n", await RunAsync("apply", "-f", file));
        await RunAsync("rollout", "status", "statefulset", "mine", "--timeout=20s");
        Assert.Equal("postgres:17", _cluster.Pod("mine-0").Spec.Image);
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task A_restart_replaces_the_pods_and_its_status_comes_to_an_end(string kubectl)
    {
        _kubectl = kubectl;
        var before = _cluster.Pod("db-0");
        await RunAsync("rollout", "restart", "statefulset", "db");
        Assert.Contains("complete", await RunAsync("rollout", "status", "statefulset", "db", "--timeout=20s"), StringComparison.Ordinal);
        Assert.False(_cluster.Pod("db-0").Is(before));

        var pods = Web();
        await RunAsync("rollout", "restart", "deployment", "web");
        Assert.Contains("successfully rolled out", await RunAsync("rollout", "status", "deployment", "web", "--timeout=20s"), StringComparison.Ordinal);
        Assert.Empty(pods.Intersect(Web()));
        await RunAsync("rollout", "undo", "deployment", "web");
        await RunAsync("rollout", "status", "deployment", "web", "--timeout=20s");
        Assert.Matches(@"(?m)^2\s[^\n]*\n3\s", await RunAsync("rollout", "history", "deployment", "web"));
    }

    [Theory]
    [MemberData(nameof(Kubectls))]
    public async Task Objects_are_created_without_a_file(string kubectl)
    {
        _kubectl = kubectl;
        await RunAsync("create", "namespace", "mine");
        await RunAsync("create", "deployment", "shop", "--image=nginx");
        await RunAsync("expose", "deployment", "shop", "--port=80");
        await RunAsync("set", "image", "deployment/shop", "nginx=nginx:2");
        await RunAsync("rollout", "status", "deployment", "shop", "--timeout=20s");
        Assert.Equal("nginx:2", await RunAsync("get", "pods", "-l", "app=shop", "-o", "jsonpath={.items[*].spec.containers[*].image}"));
        Assert.Matches(@"shop\s+ClusterIP\s+\S+\s+<none>\s+80/TCP", await RunAsync("get", "service", "shop"));
        Assert.Matches("secrets is not simulated|no matches for kind \"Secret\" in version \"v1\"", await FailAsync("create", "secret", "generic", "x")); // kubectl 1.20 finds no such kind itself
    }

    [Fact]
    public async Task A_newer_kubectl_explains_fields_refuses_unknown_ones_and_checks_without_writing()
    {
        Assert.SkipWhen(KubectlTests.OnPath("kubectl") is null, "no kubectl on the PATH");
        Assert.Matches(@"nodeName\s+<string>\s+Simulated.", await RunAsync("explain", "pod.spec"));
        Assert.Matches(@"GROUP:\s+storage.k8s.io\s+KIND:\s+VolumeAttachment", await RunAsync("explain", "volumeattachment"));
        var file = await WriteAsync(Manifest.Replace("serviceName", "serviceNane", StringComparison.Ordinal));
        Assert.Contains("strict decoding error: unknown field \"spec.serviceNane\"", await FailAsync("apply", "-f", file), StringComparison.Ordinal);
        await WriteAsync(Manifest);
        Assert.Contains("created (server dry run)", await RunAsync("apply", "--dry-run=server", "-f", file), StringComparison.Ordinal);
        Assert.Null(_cluster.Server.Ask(store => store.Find<StatefulSet>("default", "mine")));
    }

    private List<string> Web() => _cluster.Server.Ask(store => store.All<Pod>().Where(pod => pod.Metadata.Name.StartsWith("web", StringComparison.Ordinal)).Select(pod => pod.Metadata.Name).ToList());

    private async Task<string> WriteAsync(string manifest)
    {
        var file = Path.Combine(Path.GetDirectoryName(_cluster.KubeConfig)!, "mine.yaml");
        await File.WriteAllTextAsync(file, manifest);
        return file;
    }

    private Task<string> RunAsync(params string[] arguments) => _cluster.RunAsync(_kubectl, arguments);

    private async Task<string> FailAsync(params string[] arguments) => (await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(arguments))).Message;
}
