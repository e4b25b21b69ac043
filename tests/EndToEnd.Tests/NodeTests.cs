using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What is done to a lost node so that its pods run elsewhere at once, on a real control plane.</summary>
public sealed class NodeTests(SharedControlPlane shared)
{
    private const string Taint = "drbd.linbit.com/lost-quorum";

    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Node_volume_pod_and_attachment_are_dealt_with_in_this_order_and_the_pod_runs_promptly()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var attachment = stage.World.View.AttachmentOf(db.Volume, stage.A)!;
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: Promptly);

        // The attachment goes last, and either we or the attach-detach controller, who need not wait any more, are first.
        Assert.Equal(
            ["patch nodes", "patch nodes/status", "delete pods"],
            stage.Writes.Where(write => write.Succeeded && write.Resource is not "events" and not "volumeattachments").Select(write => $"{write.Verb} {write.Resource}{(write.Subresource is null ? "" : $"/{write.Subresource}")}"));
        await stage.EventuallyAsync(async () => (await stage.EventsOnAsync("VolumeAttachment", attachment.Name)).Count == 1, "an Event on the attachment, whoever was first");
        Assert.Contains(Taint, stage.World.View.Nodes.Find(stage.A)!.TaintKeys);
    }

    [Fact]
    public async Task Without_taints_the_volume_is_released_all_the_same()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync("--disable-node-taints");

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        Assert.DoesNotContain(stage.Writes, write => write.Resource == "nodes" && write.Subresource is null);
        Assert.Contains(stage.Writes, write => write is { Resource: "nodes", Subresource: "status", Succeeded: true });
        Assert.DoesNotContain(Taint, stage.World.View.Nodes.Find(stage.A)!.TaintKeys);
    }

    [Theory]
    [InlineData("nodes", """add the rule {apiGroups: [""], resources: ["nodes"], verbs: ["get", "patch"]}""", false, true)]
    [InlineData("nodes/status", """add the rule {apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"]}""", true, false)]
    [InlineData("events", """add the rule {apiGroups: [""], resources: ["events"], verbs: ["create"]}""", true, true)]
    [InlineData("csinodes", """add the rule {apiGroups: ["storage.k8s.io"], resources: ["csinodes"], verbs: ["list", "watch"]}""", true, true)]
    public async Task Without_one_of_the_rights_that_make_it_fast_or_loud_the_failover_goes_on_and_the_log_names_the_rule(string without, string complaint, bool tainted, bool released)
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        (string Group, string Resource, string Verbs)[] all =
        [
            ("", "pods", "list,watch,delete"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"),
            ("storage.k8s.io", "csinodes", "list,watch"), ("", "nodes", without == "nodes" ? "get,list,watch" : "get,list,watch,patch"), ("", "nodes/status", "patch"), ("", "events", "create,list"),
        ];
        await stage.GrantOnlyAsync([.. all.Where(rule => rule.Resource != without || without == "nodes")]);
        await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.UntilSaidAsync(complaint);
        Assert.Equal(tainted, stage.World.View.Nodes.Find(stage.A)!.TaintKeys.Contains(Taint));
        Assert.Equal(released, stage.Writes.Any(write => write is { Resource: "nodes", Subresource: "status", Succeeded: true }));
    }

    [Fact]
    public async Task A_node_whose_object_vanished_is_cleared_and_leaves_nothing_to_take_back()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.Workloads.StatefulSetAsync("bystander", on: stage.E);
        var controller = await stage.StartControllerAsync();

        stage.Crash(stage.A);
        await stage.EventuallyAsync(() => stage.World.View.Nodes.Find(stage.A)?.TaintKeys.Contains(Taint) == true, "the node is tainted");
        await stage.World.Api.DeleteAsync(Paths.Node(stage.A), stage.World.Closing);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        stage.Linstor.Do(world => world.PowerOn(stage.A));
        stage.CutLinks(stage.E);
        await stage.EventuallyAsync(() => stage.Deletions.Contains("pod bystander-0"), "the bystander was moved");
        Assert.False(controller.Says("Taking the taint from node"));
    }

    [Fact]
    public async Task The_volumes_of_higher_priority_go_first()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var important = $"{stage.World.Namespace}-important";
        await stage.World.Api.CreateAsync("apis/scheduling.k8s.io/v1/priorityclasses", new { metadata = new { name = important }, value = 1000 }, stage.World.Closing);
        await stage.Workloads.StatefulSetAsync("any", on: stage.A, replicas: 4);
        await stage.Workloads.StatefulSetAsync("important", on: stage.A, shape: PodShape.OptedIn with { PriorityClass = important });
        await stage.StartControllerAsync("--kube-api-qps=4", "--kube-api-burst=1");

        stage.Crash(stage.A);
        await stage.EventuallyAsync(() => stage.Deletions.Count(deletion => deletion.StartsWith("pod", StringComparison.Ordinal)) == 5, "all five pods were deleted");
        Assert.Equal("important-0", stage.Writes.First(write => write is { Resource: "pods", Verb: "delete" }).Name);
    }

    [Fact]
    public async Task A_node_that_takes_many_volumes_down_delays_neither_the_first_of_them_nor_the_lease_nor_the_health_endpoint()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A, replicas: 40);
        const string Lease = "apis/coordination.k8s.io/v1/namespaces/ha-controller/leases/piraeus-ha-controller";
        await stage.World.Api.DeleteAsync(Lease, stage.World.Closing);
        var controller = await stage.StartControllerAsync("--leader-election", "--leader-election-namespace=ha-controller", "--leader-election-lease-name=one", "--kube-api-qps=5", "--kube-api-burst=1");
        await stage.UntilSaidAsync("This replica holds lease");

        stage.Crash(stage.A);
        await stage.EventuallyAsync(() => stage.Deletions.Any(deletion => deletion.StartsWith("pod", StringComparison.Ordinal)), "the first is moved", seconds: 8);
        var renewals = new HashSet<string?>();
        await stage.EventuallyAsync(async () =>
        {
            Assert.Equal(200, await controller.ProbeAsync("/healthz"));
            renewals.Add((await stage.World.Api.GetAsync(Lease, stage.World.Closing)).Text("spec", "renewTime"));
            return stage.Deletions.Count(deletion => deletion.StartsWith("pod", StringComparison.Ordinal)) == 40;
        }, "all forty pods were deleted", seconds: 60);
        Assert.InRange(renewals.Count, 3, 60);
        Assert.Single(controller.Log, line => line.Contains("holds lease", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_that_recovers_is_untainted_and_told_so()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.StartControllerAsync();

        stage.CutLinks(stage.A);
        await stage.EventuallyAsync(() => stage.World.View.Nodes.Find(stage.A)!.TaintKeys.Contains(Taint), "the node is tainted");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: TimeSpan.FromSeconds(120));
        stage.HealLinks(stage.A);
        await stage.EventuallyAsync(() => !stage.World.View.Nodes.Find(stage.A)!.TaintKeys.Contains(Taint), "the node is untainted");

        await stage.EventuallyAsync(async () => (await stage.EventsOnAsync("Node", stage.A)).Count == 2, "two Events on the node");
        Assert.Equal(["NodeStorageQuorumLost", "NodeStorageQuorumRegained"], (await stage.EventsOnAsync("Node", stage.A)).Select(happened => happened.Text("reason")!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_taint_of_a_leader_that_is_gone_is_taken_back_by_the_next_one()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var first = await stage.StartControllerAsync();
        stage.CutLinks(stage.A);
        await stage.EventuallyAsync(() => stage.World.View.Nodes.Find(stage.A)!.TaintKeys.Contains(Taint), "the node is tainted");
        await first.StopAsync(stage.World.Closing);

        stage.HealLinks(stage.A);
        await stage.StartControllerAsync();
        await stage.EventuallyAsync(() => !stage.World.View.Nodes.Find(stage.A)!.TaintKeys.Contains(Taint), "the node is untainted");
    }

    [Fact]
    public async Task Without_taints_and_without_rights_to_nodes_the_failover_only_takes_longer()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.GrantOnlyAsync(
            ("", "pods", "list,watch,delete"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"),
            ("storage.k8s.io", "csinodes", "list,watch"), ("", "nodes", "list,watch"), ("", "events", "create"));
        await stage.StartControllerAsync("--disable-node-taints");

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.UntilSaidAsync("""add the rule {apiGroups: [""], resources: ["nodes"], verbs: ["get"]}""");
        Assert.DoesNotContain(stage.Writes, write => write.Resource == "nodes" && write.Subresource is null);
        await stage.World.UntilMovedAsync(db, from: stage.A, within: TimeSpan.FromSeconds(150));
    }
}
