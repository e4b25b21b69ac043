using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What is told of a failover until the replacement runs, on a real control plane.</summary>
public sealed class FollowTests(SharedControlPlane shared)
{
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_failover_ends_with_a_line_and_with_metrics_of_the_duration_of_each_phase()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var controller = await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        var moved = await cluster.World.UntilMovedAsync(db, from: cluster.A, within: Promptly);
        await cluster.UntilLoggedAsync(LogEvent.FailoverEnded, ("Phase", "Runs"), ("Pod", $"{cluster.World.Namespace}/db-0"), ("Node", cluster.A));

        Assert.Matches(
            $@"^Pod {cluster.World.Namespace}/db-0 of node {cluster.A} runs on node {moved.Single().NodeName}, " + @"\d+\.\d\d s after its storage was lost \(decided \+\d+\.\d\d s, pod gone \+\d+\.\d\d s, detached \+\d+\.\d\d s, replacement scheduled \+\d+\.\d\d s, attached \+\d+\.\d\d s, running \+\d+\.\d\d s\)\.",
            controller.Entries.Single(entry => entry.Event == LogEvent.FailoverEnded).Message);
        var metrics = await controller.ReadAsync("/metrics");
        Assert.Contains("piraeus_ha_failovers_total{ending=\"runs\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.All(
            (string[])["decided", "pod_gone", "detached", "scheduled", "attached", "running"],
            phase => Assert.Contains($"piraeus_ha_failover_phase_duration_seconds_count{{phase=\"{phase}\"}} 1\n", metrics, StringComparison.Ordinal));
        Assert.Contains("piraeus_ha_actions_total{action=\"delete_pod\",answer=\"accepted\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_incident_of_many_ends_with_one_line_for_all()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A, replicas: 5);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: Promptly);
        await cluster.UntilLoggedAsync(LogEvent.IncidentEnded, [("Node", cluster.A), ("Phase", "Runs"), .. Enumerable.Range(0, 5).Select(number => ("Pod", $"{cluster.World.Namespace}/db-{number}"))]);
        await cluster.EventuallyAsync(async () => (await cluster.EventsOnAsync("Node", cluster.A)).Any(recorded => recorded.Text("reason") == "FailoverEnded" && recorded.Text("message")!.Contains("5 of 5 pods run elsewhere", StringComparison.Ordinal)), "an Event on the node");
    }

    [Fact]
    public async Task A_replacement_that_no_node_takes_is_reported_with_the_schedulers_message_until_one_does()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var controller = await cluster.StartControllerAsync();
        await CordonAsync(cluster, true);

        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Stuck, ("Phase", "Scheduled"));
        Assert.Contains("nodes are available", Stalled(controller, "Scheduled"), StringComparison.Ordinal);
        await cluster.EventuallyAsync(async () => (await cluster.EventsOnAsync("Pod", "db-0")).Any(recorded => recorded.Text("reason") == "FailoverStalled"), "an Event on the replacement");
        Assert.Contains("piraeus_ha_failovers_under_way{phase=\"scheduled\"} 1\n", await controller.ReadAsync("/metrics"), StringComparison.Ordinal);

        await CordonAsync(cluster, false);
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(60));
        await cluster.UntilLoggedAsync(LogEvent.FailoverEnded, ("Phase", "Runs"));
    }

    [Fact]
    public async Task A_quota_that_stops_the_replacement_is_reported_with_the_message_of_the_StatefulSets_Event()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var controller = await cluster.StartControllerAsync();
        var quotas = $"api/v1/namespaces/{cluster.World.Namespace}/resourcequotas";
        await cluster.World.Api.CreateAsync(quotas, new { metadata = new { name = "none" }, spec = new { hard = new { pods = "0" } } }, cluster.World.Closing);
        await cluster.World.Api.PatchAsync($"{quotas}/none/status", new { status = new { hard = new { pods = "0" }, used = new { pods = "0" } } }, cluster.World.Closing);

        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Stuck, ("Phase", "Scheduled"));
        Assert.Contains("exceeded quota: none", Stalled(controller, "Scheduled"), StringComparison.Ordinal);
        await cluster.EventuallyAsync(async () => (await cluster.EventsOnAsync("StatefulSet", "db")).Any(recorded => recorded.Text("reason") == "FailoverStalled"), "an Event on the StatefulSet");
    }

    [Fact]
    public async Task A_volume_that_cannot_be_attached_is_reported_with_the_attachers_error()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var controller = await cluster.StartControllerAsync();
        cluster.World.Attacher.Refuse("no diskless resource could be made");

        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Stuck, ("Phase", "Attached"));
        Assert.Contains("no diskless resource could be made", Stalled(controller, "Attached"), StringComparison.Ordinal);
        cluster.World.Attacher.Refuse(null);
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: Promptly);
    }

    [Fact]
    public async Task A_pod_that_a_finalizer_holds_back_gets_an_Event_and_is_moved_when_the_finalizer_is_removed()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.StartControllerAsync();
        var pod = Paths.Pod(cluster.World.Namespace, "db-0");
        await cluster.World.Api.PatchAsync(pod, new { metadata = new { finalizers = new[] { "example.com/held" } } }, cluster.World.Closing);

        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Stuck, ("Phase", "PodGone"));
        var condition = (await cluster.World.Api.GetAsync(pod, cluster.World.Closing)).Items("status", "conditions").Single(one => one.Text("type") == "DisruptionTarget");
        Assert.Equal(("True", "DeletionByPiraeusHAController"), (condition.Text("status"), condition.Text("reason")));
        await cluster.World.Api.PatchAsync(pod, new { metadata = new { finalizers = Array.Empty<string>() } }, cluster.World.Closing);
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120));
    }

    [Fact]
    public async Task Of_a_pod_with_two_volumes_the_one_that_is_not_lost_is_named_as_what_blocks_it_and_goes_as_soon_as_it_is_lost_too()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        cluster.Provision = (world, resource) => world.AddResource(resource, resource.EndsWith("one", StringComparison.Ordinal) ? [cluster.A, cluster.B, cluster.C] : [cluster.A, cluster.D, cluster.E]);
        var db = await cluster.Workloads.DeploymentAsync("db", on: cluster.A, volumes: [new VolumeShape("one"), new VolumeShape("two")]);
        await cluster.StartControllerAsync();

        // The node's kubelet is cut off from the API server, and so are half of its DRBD links.
        cluster.World.Kubelet.Isolate(cluster.A);
        cluster.Linstor.Do(world => world.CutLink(cluster.A, cluster.B));
        cluster.Linstor.Do(world => world.CutLink(cluster.A, cluster.C));
        await cluster.UntilLoggedAsync(LogEvent.Stuck, ("Phase", "Detached"));
        Assert.DoesNotContain("attachment of two on a", cluster.Deletions);

        cluster.Crash(cluster.A);
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("attachment of two on a"), "the other volume is detached");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120));
    }

    [Fact]
    public async Task Both_volumes_of_a_pod_are_released_with_it()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.DeploymentAsync("db", on: cluster.A, volumes: [new VolumeShape("one"), new VolumeShape("two")]);
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: Promptly);
        Assert.Equal(["attachment of one on a", "attachment of two on a"], cluster.Deletions.Where(deletion => deletion.StartsWith("attachment", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_claim_and_a_volume_that_vanish_while_an_attachment_is_still_going_stop_nothing()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.PodAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("bystander", on: cluster.E);
        var controller = await cluster.StartControllerAsync();
        cluster.World.Attacher.Pause();

        cluster.Crash(cluster.A);
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("pod db"), "the pod was deleted");
        await cluster.World.Api.DeleteAsync(Paths.Claim(cluster.World.Namespace, db.Volume.Claim), cluster.World.Closing);
        await cluster.EventuallyAsync(() => cluster.World.View.Volumes.Find(db.Volume.PersistentVolume)?.Text("status", "phase") == "Released", "the volume is released");
        await cluster.UntilLoggedAsync(LogEvent.Stuck, ("Phase", "Detached"), ("Node", cluster.A));
        await cluster.World.Api.DeleteAsync(Paths.Volume(db.Volume.PersistentVolume), cluster.World.Closing);
        await cluster.EventuallyAsync(() => cluster.World.View.Volumes.Find(db.Volume.PersistentVolume) is null, "the volume is gone");

        cluster.CutLinks(cluster.E);
        await cluster.EventuallyAsync(() => cluster.Deletions.Contains("pod bystander-0"), "the bystander was moved");
        cluster.World.Attacher.Resume();
        await cluster.UntilLoggedAsync(LogEvent.FailoverEnded, ("Pod", $"{cluster.World.Namespace}/db"), ("Node", cluster.A));
        Assert.Equal(200, await controller.ProbeAsync("/healthz"));
        Assert.Contains("piraeus_ha_leader{} 1\n", await controller.ReadAsync("/metrics"), StringComparison.Ordinal);
    }

    private static string Stalled(ControllerProcess controller, string phase) => controller.Entries.First(entry => entry.Is(LogEvent.Stuck, ("Phase", phase))).Message;

    private static async Task CordonAsync(TestCluster cluster, bool unschedulable)
    {
        foreach (var node in cluster.World.Nodes)
        {
            await cluster.World.Api.PatchAsync(Paths.Node(node), new { spec = new { unschedulable } }, cluster.World.Closing);
        }
    }
}
