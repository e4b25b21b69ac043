using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The command <c>rehearse-node</c>, on a real control plane.</summary>
public sealed class RehearseNodeTests(SharedControlPlane shared)
{
    [Fact]
    public async Task On_paper_it_says_what_would_become_of_each_pod_and_changes_nothing()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("plain", on: cluster.A, shape: PodShape.Plain);
        var pod = db.Pod.Text("metadata", "uid");

        var (exit, report, errors) = await RunAsync(cluster, cluster.A);
        Assert.Equal((0, "", $"""
            If node {cluster.A} died now:
              Pod {cluster.World.Namespace}/db-0 would be moved 2 s after LINSTOR has noticed.
              Leaving pod {cluster.World.Namespace}/plain-0 alone: its labels do not match the selector.

            Nothing was changed. To really move one of them: --move NAMESPACE/NAME

            """), (exit, errors, report));

        (exit, report, errors) = await RunAsync(cluster, cluster.A, "--move", $"{cluster.World.Namespace}/db-0");
        Assert.Equal((0, ""), (exit, errors));
        Assert.EndsWith($"Nothing was changed. With --yes, node {cluster.A} is cordoned and pod {cluster.World.Namespace}/db-0 is evicted, which means that it is down until its replacement runs elsewhere. Then the node is uncordoned.\n", report, StringComparison.Ordinal);
        Assert.Equal(pod, db.Pod.Text("metadata", "uid"));
        Assert.False(await IsCordonedAsync(cluster));

        Assert.Equal((0, "", $"If node {cluster.D} died now:\n  No pod with a LINSTOR volume runs there.\n\nNothing was changed.\n"), Sorted(await RunAsync(cluster, cluster.D)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pod_is_moved_and_its_node_is_left_as_it_was(bool wasCordoned)
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await CordonAsync(cluster, wasCordoned, cluster.A);

        var (exit, report, errors) = await RunAsync(cluster, cluster.A, "--move", $"{cluster.World.Namespace}/db-0", "--yes");
        Assert.True((exit, errors) == (0, ""), report + errors);
        Assert.NotEqual(cluster.A, db.Pod.Text("spec", "nodeName"));
        Assert.Equal(wasCordoned, await IsCordonedAsync(cluster));
        string[] steps =
        [
            wasCordoned ? $"Node {cluster.A} was cordoned already, and stays so." : $"Node {cluster.A} is cordoned.", $"Pod {cluster.World.Namespace}/db-0 is evicted.", "It is gone.",
            $"Its replacement {cluster.World.Namespace}/db-0 is on node {db.Pod.Text("spec", "nodeName")}.", $"It runs there: pod {cluster.World.Namespace}/db-0 can run on node {db.Pod.Text("spec", "nodeName")}, ", .. wasCordoned ? (string[])[] : [$"Node {cluster.A} takes pods again."],
        ];
        var told = report.Split('\n').SkipWhile(line => !line.EndsWith(steps[0], StringComparison.Ordinal)).ToList();
        Assert.All(steps.Index(), step => Assert.Contains($" s  {step.Item}", told[step.Index], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_move_that_is_refused_or_fails_gives_one_line_and_the_node_takes_pods_again()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("plain", on: cluster.A, shape: PodShape.Plain);
        await cluster.Workloads.PodAsync("bare", on: cluster.A);
        var space = cluster.World.Namespace;
        await RefusesAsync("there is no node typo", "typo");
        await RefusesAsync($"no pod {space}/other with a LINSTOR volume runs on node {cluster.A}", cluster.A, "--move", $"{space}/other", "--yes");
        await RefusesAsync($"the controller would not move it, so nothing was changed: Leaving pod {space}/plain-0 alone: its labels do not match the selector", cluster.A, "--move", $"{space}/plain-0", "--yes");
        await RefusesAsync($"no controller would bring pod {space}/bare back, so nothing was changed", cluster.A, "--move", $"{space}/bare", "--yes");

        string[] others = [.. cluster.World.Nodes.Where(other => other != cluster.A)];
        await CordonAsync(cluster, true, others);
        await RefusesAsync($"pod {space}/db-0 does not run elsewhere after 3s: ", cluster.A, "--move", $"{space}/db-0", "--yes", "--timeout=3s");
        await CordonAsync(cluster, false, others);
        await cluster.EventuallyAsync(() => db.Pods is [var pod] && pod.Text("status", "phase") == "Running", "the pod runs again");

        await cluster.World.Api.CreateAsync($"apis/policy/v1beta1/namespaces/{space}/poddisruptionbudgets", new { metadata = new { name = "all" }, spec = new { minAvailable = "100%", selector = new { matchLabels = new { app = "db" } } } }, cluster.World.Closing);
        await cluster.EventuallyAsync(async () => (await cluster.World.Api.GetAsync($"apis/policy/v1beta1/namespaces/{space}/poddisruptionbudgets/all", cluster.World.Closing))["status"]?["expectedPods"]?.GetValue<int>() == 1, "the budget counts the pod");
        var node = db.Pod.Text("spec", "nodeName")!;
        await RefusesAsync("Cannot evict pod as it would violate the pod's disruption budget", node, "--move", $"{space}/db-0", "--yes");
        Assert.Equal(node, db.Pod.Text("spec", "nodeName"));

        async Task RefusesAsync(string refusal, params string[] arguments)
        {
            var (exit, report, errors) = await RunAsync(cluster, arguments);
            Assert.True(exit == 1, report + errors);
            Assert.Contains(refusal, Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
            Assert.False(await IsCordonedAsync(cluster));
        }
    }

    private static (int, string, string) Sorted((int Exit, string Output, string Errors) run) => (run.Exit, run.Errors, run.Output);

    private static async Task<bool> IsCordonedAsync(TestCluster cluster) => (await cluster.World.Api.GetAsync(Paths.Node(cluster.A), cluster.World.Closing))["spec"]?["unschedulable"]?.GetValue<bool>() == true;

    private static async Task CordonAsync(TestCluster cluster, bool unschedulable, params string[] nodes)
    {
        foreach (var node in nodes)
        {
            await cluster.World.Api.PatchAsync(Paths.Node(node), new { spec = new { unschedulable } }, cluster.World.Closing);
        }
    }

    private static Task<(int Exit, string Output, string Errors)> RunAsync(TestCluster cluster, params string[] arguments) => ExternalProgram.RunAsync(
        ControllerProcess.Program,
        ["rehearse-node", .. arguments, $"--kubeconfig={cluster.World.Plane.KubeconfigFor(ApiIdentity.Administrator)}", $"--attacher-name={cluster.World.Driver}", "--known-resource-grace-period=2s", "--new-resource-grace-period=2s"],
        new Dictionary<string, string> { ["LS_CONTROLLERS"] = cluster.Linstor.Url.ToString() });
}
