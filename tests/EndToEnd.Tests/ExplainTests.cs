using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The command <c>explain</c>, against a controller on a real control plane.</summary>
public sealed class ExplainTests(SharedControlPlane shared)
{
    [Fact]
    public async Task It_tells_what_is_well_what_waits_and_what_was_done()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("kept", on: cluster.A, shape: PodShape.OptedIn with { Annotations = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("drbd.linbit.com/ignore-fail-over", "") });
        var controller = await cluster.StartControllerAsync();
        var (db, kept) = ($"{cluster.World.Namespace}/db-0", $"{cluster.World.Namespace}/kept-0");
        await cluster.EventuallyAsync(async () => (await ExplainAsync("pod", db)).StartsWith($"Pod {db} has its storage: nothing suggests a loss.\n", StringComparison.Ordinal), "all is well");

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.EventuallyAsync(async () => (await ExplainAsync("pod", db)).Contains($"Deleting pod {db} on node {cluster.A}: it has lost resource", StringComparison.Ordinal), "what was done is told");
        await cluster.EventuallyAsync(async () => (await ExplainAsync("pod", kept)).StartsWith($"Leaving pod {kept} on node {cluster.A} alone: it carries the annotation drbd.linbit.com/ignore-fail-over.\n", StringComparison.Ordinal), "why the other one stays is told");
        Assert.Contains("its satellite is OFFLINE", await ExplainAsync("node", cluster.A), StringComparison.Ordinal);

        // Without a replica, and without its memory.
        await cluster.EventuallyAsync(async () => (await JudgeAsync("pod", kept)).StartsWith($"Leaving pod {kept} on node {cluster.A} alone: ", StringComparison.Ordinal), "it is judged without a replica");
        var judged = await JudgeAsync("node", cluster.A);
        Assert.Contains("\nNo replica was asked: this command has just read the cluster and LINSTOR.", judged, StringComparison.Ordinal);
        Assert.Contains("its satellite is OFFLINE", judged, StringComparison.Ordinal);
        var (exit, _, errors) = await ExternalProgram.RunAsync(ControllerProcess.Program, ["explain", "pod", "none/none", "--standalone", .. Flags()], Linstor());
        Assert.Equal((1, $"piraeus-ha-controller: no pod none/none with labels linstor.csi.linbit.com/on-storage-lost=remove is known: it does not exist, or its labels do not match, so it is never moved\n"), (exit, errors));

        async Task<string> JudgeAsync(params string[] what) => await ExternalProgram.OutputAsync(ControllerProcess.Program, ["explain", .. what, "--standalone", .. Flags()], Linstor());

        string[] Flags() => [$"--kubeconfig={cluster.World.Plane.KubeconfigFor(cluster.Account)}", $"--attacher-name={cluster.World.Driver}"];

        Dictionary<string, string> Linstor() => new() { ["LS_CONTROLLERS"] = cluster.Linstor.Url.ToString() };

        async Task<string> ExplainAsync(params string[] what) => await ExternalProgram.OutputAsync(ControllerProcess.Program, ["explain", .. what, "--url", controller.Address]);
    }

    [Fact]
    public async Task The_next_morning_still_knows_what_was_done_and_on_what_proof()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.DeploymentAsync("web", on: cluster.A, replicas: 1, volumes: new VolumeShape("web"));
        string[] inNamespace = ["--leader-election-namespace=ha-controller"];
        var first = await cluster.StartControllerAsync(inNamespace);
        var pod = (await cluster.World.Api.ListAsync(Paths.Pods(cluster.World.Namespace), cluster.World.Closing)).Select(one => one.Text("metadata", "name")!).Single(name => name.StartsWith("web-", StringComparison.Ordinal));
        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync($"pod {pod}", "attachment of web on a");
        await cluster.EventuallyAsync(async () => (await StoredAsync()).Contains($"Deleting pod {cluster.World.Namespace}/{pod} on node {cluster.A}: it has lost resource", StringComparison.Ordinal), "it is stored");
        await first.StopAsync(cluster.World.Closing);

        var second = await cluster.StartControllerAsync(inNamespace);
        var explained = await ExternalProgram.OutputAsync(ControllerProcess.Program, ["explain", "pod", $"{cluster.World.Namespace}/{pod}", "--url", second.Address]);
        Assert.StartsWith($"There is no pod {cluster.World.Namespace}/{pod} any more. What was done about it:\n", explained, StringComparison.Ordinal);
        Assert.Contains($"Deleting pod {cluster.World.Namespace}/{pod} on node {cluster.A}: it has lost resource", explained, StringComparison.Ordinal);
        var standalone = await ExternalProgram.OutputAsync(
            ControllerProcess.Program, ["explain", "node", cluster.A, "--standalone", $"--kubeconfig={cluster.World.Plane.KubeconfigFor(cluster.Account)}", $"--attacher-name={cluster.World.Driver}"],
            new Dictionary<string, string> { ["LS_CONTROLLERS"] = cluster.Linstor.Url.ToString() });
        Assert.Contains($"Deleting pod {cluster.World.Namespace}/{pod} on node {cluster.A}: ", standalone, StringComparison.Ordinal);

        Task<string> StoredAsync() => cluster.World.Plane.KubectlAsync(
            ["get", "configmap", "-n", "ha-controller", "piraeus-ha-controller-history", "--ignore-not-found", "-o", "jsonpath={.data.actions}"], ApiIdentity.Administrator, cluster.World.Closing);
    }
}
