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
        await using var stage = await Stage.SetAsync(shared);
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
    public async Task A_node_that_recovers_is_untainted_and_told_so()
    {
        await using var stage = await Stage.SetAsync(shared);
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
        await using var stage = await Stage.SetAsync(shared);
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
        await using var stage = await Stage.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        await stage.GrantOnlyAsync(
            ("", "pods", "list,watch,delete"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"),
            ("storage.k8s.io", "csinodes", "list,watch"), ("", "nodes", "list,watch"), ("", "events", "create"));
        await stage.StartControllerAsync("--disable-node-taints");

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.UntilSaidAsync("""add the rule {apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"]}""");
        Assert.DoesNotContain(stage.Writes, write => write.Resource == "nodes" && write.Subresource is null);
        await stage.World.UntilMovedAsync(db, from: stage.A, within: TimeSpan.FromSeconds(150));
    }
}
