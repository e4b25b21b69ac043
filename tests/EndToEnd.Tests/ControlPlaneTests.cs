using System.Collections.Concurrent;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The control plane and its fakes behave like a cluster, as far as the tests that build on them rely on it.</summary>
public sealed class ControlPlaneTests(SharedControlPlane shared)
{
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_stateful_pod_runs_on_the_node_that_was_asked_for_with_its_volume_attached_and_in_use()
    {
        await using var world = await NewWorldAsync();
        var db = await world.Workloads.StatefulSetAsync("db", on: world.B);
        Assert.Equal(world.B, db.Pod.NodeName);
        Assert.True(world.View.AttachmentOf(db.Volume, world.B)!.IsAttached);
        Assert.Equal([db.Volume.InUseName], world.View.Nodes.Find(world.B)!.VolumesInUse);
    }

    [Fact]
    public async Task A_crashed_node_leaves_its_pod_Running_and_its_volume_in_use()
    {
        await using var world = await NewWorldAsync();
        var db = await world.Workloads.StatefulSetAsync("db", on: world.A);
        world.Crash(world.A);
        await world.Api.DeleteAsync(Paths.Pod(world.Namespace, "db-0"), world.Closing);
        // A living kubelet takes a few milliseconds; another node's shows that time has passed.
        await world.Workloads.PodAsync("witness", on: world.B);
        await world.Api.DeleteAsync(Paths.Pod(world.Namespace, "witness"), world.Closing);
        await world.EventuallyAsync(() => world.FindPod("witness") is null, "the pod of the living node is gone", Promptly);
        Assert.Equal("Running", world.FindPod("db-0")!.Text("status", "phase"));
        Assert.Equal([db.Volume.InUseName], world.View.Nodes.Find(world.A)!.VolumesInUse);
    }

    [Fact]
    public async Task A_force_deleted_pod_runs_elsewhere_promptly_once_its_volume_is_no_longer_in_use()
    {
        await using var world = await NewWorldAsync();
        var db = await world.Workloads.StatefulSetAsync("db", on: world.A);
        world.Crash(world.A);
        await world.Api.PatchAsync(Paths.Node(world.A), new { spec = new { unschedulable = true } }, world.Closing);
        await ForceMoveAsync(world, db);
        await world.UntilMovedAsync(db, from: world.A, within: Promptly);
    }

    [Fact]
    public async Task A_revived_node_starts_what_is_still_bound_to_it_and_deletes_what_is_terminating()
    {
        await using var world = await NewWorldAsync();
        var kept = (await world.Workloads.PodAsync("kept", on: world.A)).Pod;
        await world.Workloads.PodAsync("removed", on: world.A);
        var started = new ConcurrentQueue<string>();
        world.Kubelet.OnStarted = pod => started.Enqueue(pod.Pod.Uid);
        world.Crash(world.A);
        await world.Api.DeleteAsync(Paths.Pod(world.Namespace, "removed"), world.Closing);
        await world.ReviveAsync(world.A);
        await world.EventuallyAsync(() => world.FindPod("removed") is null && !started.IsEmpty, "one pod gone, the other started", Promptly);
        Assert.Equal([kept.Uid], started);
    }

    [Fact]
    public async Task A_pod_waits_for_the_gate_before_it_counts_as_Running()
    {
        await using var world = await NewWorldAsync();
        var gate = new TaskCompletionSource<PlacedPod>();
        var open = new TaskCompletionSource();
        world.Kubelet.MayStart = async (pod, cancellation) =>
        {
            gate.SetResult(pod);
            await open.Task.WaitAsync(cancellation);
        };
        var starting = world.Workloads.PodAsync("db", on: world.A, volumes: new VolumeShape("data") { Handle = "Res/3" });
        var asked = await gate.Task.WaitAsync(Promptly);
        Assert.Equal("Res/3", asked.Volumes.Single().Handle);
        Assert.Equal("Pending", world.FindPod("db")!.Text("status", "phase"));
        open.SetResult();
        await starting;
    }

    [Fact]
    public async Task Pods_may_share_a_claim_and_use_volumes_of_other_drivers()
    {
        await using var world = await NewWorldAsync();
        var shape = new VolumeShape("shared") { AccessModes = ["ReadWriteMany"] };
        var first = await world.Workloads.DeploymentAsync("first", on: world.A, replicas: 3, volumes: shape);
        var second = await world.Workloads.PodAsync("second", on: world.B, volumes: [shape, new("other") { Driver = "other.csi.example.com" }]);
        Assert.Equal(first.Volume, second.Volume);
        Assert.Equal("other.csi.example.com", world.View.AttachmentOf(second.Volumes[1], world.B)!.Text("spec", "attacher"));
    }

    [Fact]
    public async Task Kubelets_and_attacher_survive_a_restart_of_the_API_server()
    {
        await using var world = await NewWorldAsync();
        var before = (await world.Workloads.StatefulSetAsync("before", on: world.A)).Pod;
        await world.Plane.RestartApiServerAsync(world.Closing);
        await world.Workloads.StatefulSetAsync("after", on: world.B);
        await world.Api.DeleteAsync(Paths.Pod(world.Namespace, before.Name), world.Closing);
        await world.UntilReplacedAsync(before);
    }

    [Fact]
    public async Task The_audit_log_tells_who_deleted_what_and_how()
    {
        await using var world = await NewWorldAsync();
        var pod = (await world.Workloads.PodAsync("db", on: world.A)).Pod;
        await world.Api.ForceDeleteAsync(Paths.Pod(world.Namespace, "db"), pod.Uid, world.Closing);
        var audited = await AuditedAsync(world, "db");
        Assert.Equal(("pods", 0, pod.Uid), (audited.Resource, audited.GraceSeconds, audited.PreconditionUid));
    }

    [Fact]
    public async Task A_service_account_may_do_what_it_was_granted_and_nothing_else()
    {
        await using var world = await NewWorldAsync();
        var account = await world.Plane.ServiceAccountAsync(world.Namespace, "watcher", world.Closing);
        await world.Plane.KubectlAsync(
            ["create", "rolebinding", "watcher", "--clusterrole=view", $"--serviceaccount={world.Namespace}:watcher", "-n", world.Namespace], ApiIdentity.Administrator, world.Closing);
        var theirs = world.Plane.ApiAs(account);
        await world.EventuallyAsync(async () => await AllowsAsync(() => theirs.ListAsync(Paths.Pods(world.Namespace), world.Closing)), "the grant is known", Promptly);
        Assert.False(await AllowsAsync(() => theirs.ListAsync(Paths.Nodes, world.Closing)));
        Assert.Contains("watcher", await world.Plane.KubectlAsync(["get", "rolebindings", "-n", world.Namespace], ApiIdentity.Administrator, world.Closing), StringComparison.Ordinal);
    }

    private async Task<TestNamespace> NewWorldAsync() => await TestNamespace.CreateAsync(await shared.Plane, new TestNamespaceOptions(), TestContext.Current.CancellationToken);

    /// <summary>The steps that an administrator takes to move a pod by hand, in this order.</summary>
    private static async Task ForceMoveAsync(TestNamespace world, Workload workload)
    {
        var (pod, attachment) = (workload.Pod, world.View.AttachmentOf(workload.Volume, workload.Pod.NodeName!)!);
        await world.Api.PatchAsync(Paths.Node(pod.NodeName!) + "/status", new { status = new { volumesInUse = Array.Empty<string>() } }, world.Closing);
        await world.Api.ForceDeleteAsync(Paths.Pod(world.Namespace, pod.Name), pod.Uid, world.Closing);
        await world.Api.ForceDeleteAsync(Paths.Attachment(attachment.Name), attachment.Uid, world.Closing);
    }

    private static async Task<Audited> AuditedAsync(TestNamespace world, string name)
    {
        Audited? audited = null;
        await world.EventuallyAsync(
            () => (audited = world.Plane.Audit.Deletes().FirstOrDefault(delete => delete.User == ApiIdentity.Administrator.User && delete.Namespace == world.Namespace && delete.Name == name)) is not null,
            $"a deletion of {name} in the audit log", Promptly);
        return audited!;
    }

    private static async Task<bool> AllowsAsync(Func<Task> request)
    {
        try
        {
            await request();
            return true;
        }
        catch (ApiException refused) when (refused.Status == System.Net.HttpStatusCode.Forbidden)
        {
            return false;
        }
    }
}
