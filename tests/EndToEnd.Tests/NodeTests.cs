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
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var attachment = cluster.World.View.AttachmentOf(db.Volume, cluster.A)!;
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: Promptly);

        // The pod's condition and the history wait for nothing, and nothing waits for them. The attachment goes last: either this controller or the attach-detach controller, which no longer has to wait, deletes it first.
        Assert.Equal(
            ["patch nodes", "patch nodes/status", "delete pods"],
            cluster.Writes.Where(write => write.Succeeded && write.Resource is not "events" and not "volumeattachments" and not "configmaps" && write is not { Resource: "pods", Subresource: "status" }).Select(write => $"{write.Verb} {write.Resource}{(write.Subresource is null ? "" : $"/{write.Subresource}")}"));
        await cluster.EventuallyAsync(async () => (await cluster.EventsOnAsync("VolumeAttachment", attachment.Name)).Count == 1, "an Event on the attachment, whichever controller deleted it");
        Assert.Contains(Taint, cluster.World.View.Nodes.Find(cluster.A)!.TaintKeys);
    }

    [Fact]
    public async Task Without_taints_the_volume_is_released_all_the_same()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync("--disable-node-taints");

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        Assert.DoesNotContain(cluster.Writes, write => write.Resource == "nodes" && write.Subresource is null);
        Assert.Contains(cluster.Writes, write => write is { Resource: "nodes", Subresource: "status", Succeeded: true });
        Assert.DoesNotContain(Taint, cluster.World.View.Nodes.Find(cluster.A)!.TaintKeys);
    }

    [Theory]
    [InlineData("nodes", """add the rule {apiGroups: [""], resources: ["nodes"], verbs: ["get", "patch"]}""", false, true)]
    [InlineData("nodes/status", """add the rule {apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"]}""", true, false)]
    [InlineData("events", """add the rule {apiGroups: [""], resources: ["events"], verbs: ["create"]}""", true, true)]
    [InlineData("csinodes", """add the rule {apiGroups: ["storage.k8s.io"], resources: ["csinodes"], verbs: ["list", "watch"]}""", true, true)]
    public async Task Without_one_of_the_rights_that_make_it_fast_or_loud_the_failover_goes_on_and_the_log_names_the_rule(string without, string complaint, bool tainted, bool released)
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        (string Group, string Resource, string Verbs)[] all =
        [
            ("", "pods", "list,watch,delete"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"),
            ("storage.k8s.io", "csinodes", "list,watch"), ("", "nodes", without == "nodes" ? "get,list,watch" : "get,list,watch,patch"), ("", "nodes/status", "patch"), ("", "events", "create,list"),
        ];
        await cluster.GrantOnlyAsync([.. all.Where(rule => rule.Resource != without || without == "nodes")]);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.UntilAdvisedAsync(complaint);
        Assert.Equal(tainted, cluster.World.View.Nodes.Find(cluster.A)!.TaintKeys.Contains(Taint));
        Assert.Equal(released, cluster.Writes.Any(write => write is { Resource: "nodes", Subresource: "status", Succeeded: true }));
    }

    [Fact]
    public async Task A_node_whose_object_vanished_is_cleared_and_leaves_nothing_to_take_back()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("bystander", on: cluster.E);
        var controller = await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.EventuallyAsync(() => cluster.World.View.Nodes.Find(cluster.A)?.TaintKeys.Contains(Taint) == true, "the node is tainted");
        await cluster.World.Api.DeleteAsync(Paths.Node(cluster.A), cluster.World.Closing);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        cluster.Linstor.Do(world => world.PowerOn(cluster.A));
        cluster.CutLinks(cluster.E);
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("pod bystander-0"), "the bystander was moved");
        Assert.False(controller.Logged(LogEvent.Acting, ("Decision", "UntaintNode")));
    }

    [Fact]
    public async Task The_volumes_of_higher_priority_go_first()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var important = $"{cluster.World.Namespace}-important";
        await cluster.World.Api.CreateAsync("apis/scheduling.k8s.io/v1/priorityclasses", new { metadata = new { name = important }, value = 1000 }, cluster.World.Closing);
        await cluster.Workloads.StatefulSetAsync("any", on: cluster.A, replicas: 4);
        await cluster.Workloads.StatefulSetAsync("important", on: cluster.A, shape: PodShape.OptedIn with { PriorityClass = important });
        await cluster.StartControllerAsync("--kube-api-qps=4", "--kube-api-burst=1");

        cluster.Crash(cluster.A);
        await cluster.EventuallyAsync(() => cluster.Deletions.Count(deletion => deletion.StartsWith("pod", StringComparison.Ordinal)) == 5, "all five pods were deleted");
        Assert.Equal("important-0", cluster.Writes.First(write => write is { Resource: "pods", Verb: "delete" }).Name);
    }

    [Fact]
    public async Task A_node_that_takes_many_volumes_down_delays_neither_the_first_of_them_nor_the_lease_nor_the_health_endpoint()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A, replicas: 40);
        const string Lease = "apis/coordination.k8s.io/v1/namespaces/ha-controller/leases/piraeus-ha-controller";
        await cluster.World.Api.DeleteAsync(Lease, cluster.World.Closing);
        var controller = await cluster.StartControllerAsync("--leader-election", "--leader-election-namespace=ha-controller", "--leader-election-lease-name=one", "--kube-api-qps=5", "--kube-api-burst=1");
        await cluster.UntilLoggedAsync(LogEvent.LeaseHeld, ("Leader", "This replica"));

        cluster.Crash(cluster.A);
        await cluster.EventuallyAsync(() => cluster.Deletions.Any(deletion => deletion.StartsWith("pod", StringComparison.Ordinal)), "the first is moved", seconds: 8);
        var renewals = new HashSet<string?>();
        await cluster.EventuallyAsync(async () =>
        {
            Assert.Equal(200, await controller.ProbeAsync("/healthz"));
            renewals.Add((await cluster.World.Api.GetAsync(Lease, cluster.World.Closing)).Text("spec", "renewTime"));
            return cluster.Deletions.Count(deletion => deletion.StartsWith("pod", StringComparison.Ordinal)) == 40;
        }, "all forty pods were deleted", seconds: 60);
        Assert.InRange(renewals.Count, 3, 60);
        Assert.Single(controller.Entries, entry => entry.Event == LogEvent.LeaseHeld);
    }

    [Fact]
    public async Task A_node_that_recovers_is_untainted_and_gets_an_Event()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();

        cluster.CutLinks(cluster.A);
        await cluster.EventuallyAsync(() => cluster.World.View.Nodes.Find(cluster.A)!.TaintKeys.Contains(Taint), "the node is tainted");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120));
        cluster.HealLinks(cluster.A);
        await cluster.EventuallyAsync(() => !cluster.World.View.Nodes.Find(cluster.A)!.TaintKeys.Contains(Taint), "the node is untainted");

        await cluster.EventuallyAsync(async () => (await cluster.EventsOnAsync("Node", cluster.A)).Count == 3, "three Events on the node");
        Assert.Equal(["FailoverEnded", "NodeStorageQuorumLost", "NodeStorageQuorumRegained"], (await cluster.EventsOnAsync("Node", cluster.A)).Select(happened => happened.Text("reason")!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_taint_of_a_leader_that_is_gone_is_taken_back_by_the_next_one()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var first = await cluster.StartControllerAsync();
        cluster.CutLinks(cluster.A);
        await cluster.EventuallyAsync(() => cluster.World.View.Nodes.Find(cluster.A)!.TaintKeys.Contains(Taint), "the node is tainted");
        await first.StopAsync(cluster.World.Closing);

        cluster.HealLinks(cluster.A);
        await cluster.StartControllerAsync();
        await cluster.EventuallyAsync(() => !cluster.World.View.Nodes.Find(cluster.A)!.TaintKeys.Contains(Taint), "the node is untainted");
    }

    [Fact]
    public async Task Without_taints_and_without_rights_to_nodes_the_failover_only_takes_longer()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.GrantOnlyAsync(
            ("", "pods", "list,watch,delete"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"),
            ("storage.k8s.io", "csinodes", "list,watch"), ("", "nodes", "list,watch"), ("", "events", "create"));
        await cluster.StartControllerAsync("--disable-node-taints");

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.UntilAdvisedAsync("""add the rule {apiGroups: [""], resources: ["nodes"], verbs: ["get"]}""");
        Assert.DoesNotContain(cluster.Writes, write => write.Resource == "nodes" && write.Subresource is null);
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(150));
    }
}
