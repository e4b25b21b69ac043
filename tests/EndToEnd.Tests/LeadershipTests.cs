using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.Linstor;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>Of several replicas one acts, on a real control plane.</summary>
public sealed class LeadershipTests(SharedControlPlane shared)
{
    private const string Lease = "apis/coordination.k8s.io/v1/namespaces/ha-controller/leases/piraeus-ha-controller";

    [Fact]
    public async Task A_standby_takes_over_within_seconds_when_the_leader_is_stopped()
    {
        await using var stage = await SetAsync();
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var leader = await StartReplicaAsync(stage, "one");
        await stage.UntilSaidAsync("This replica holds lease");
        var standby = await StartReplicaAsync(stage, "two");
        await stage.UntilSaidAsync("one holds lease");

        stage.Crash(stage.A);
        await stage.UntilSaidAsync("the grace period is not over");
        await leader.StopAsync(stage.World.Closing);
        Assert.Equal(0, leader.ExitCode);
        Assert.True(leader.Says("Gave lease"));

        await stage.EventuallyAsync(() => standby.Says("This replica holds lease"), "the standby leads", seconds: 4);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        Assert.True(standby.Says("Deleting pod"));
    }

    [Fact]
    public async Task A_frozen_leader_is_replaced_and_does_nothing_when_it_thaws()
    {
        await using var stage = await SetAsync();
        await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var leader = await StartReplicaAsync(stage, "one");
        await stage.UntilSaidAsync("This replica holds lease");
        var standby = await StartReplicaAsync(stage, "two");

        await leader.FreezeAsync();
        stage.Crash(stage.A);
        await stage.EventuallyAsync(() => standby.Says("This replica holds lease"), "the standby leads", seconds: 25);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");

        await leader.ThawAsync();
        await stage.EventuallyAsync(() => leader.Says("two holds lease"), "the thawed replica follows");
        Assert.False(leader.Says("Deleting"));
        Assert.True(standby.Says("Deleting pod"));
    }

    [Fact]
    public async Task A_leader_that_does_not_reach_LINSTOR_gives_the_lease_up_and_a_standby_that_does_moves_the_pod()
    {
        await using var stage = await SetAsync();
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var address = await stage.StartLinstorAddressAsync();
        var leader = await StartReplicaAsync(stage, "one", address);
        await stage.UntilSaidAsync("This replica holds lease");
        var standby = await StartReplicaAsync(stage, "two");
        await stage.UntilSaidAsync("one holds lease");

        address.RefusesConnections = true;
        stage.Crash(stage.A);
        await stage.EventuallyAsync(() => standby.Says("the grace period is not over"), "the standby sees the loss");
        await stage.EventuallyAsync(() => leader.Says("up, because this replica cannot decide"), "the leader gives the lease up", seconds: 30);
        await stage.EventuallyAsync(() => standby.Says("This replica holds lease"), "the standby leads", seconds: 4);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: TimeSpan.FromSeconds(120));

        Assert.False(leader.Says("Deleting"));
        Assert.True(leader.Says("This replica cannot decide: Linstor silent since"));
        Assert.Contains("piraeus_ha_cannot_decide{source=\"linstor\"} 1\n", await leader.ReadAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal("two", (await stage.World.Api.GetAsync(Lease, stage.World.Closing)).Text("spec", "holderIdentity"));
    }

    [Fact]
    public async Task Kubectl_shows_the_lease_as_client_go_would_have_written_it()
    {
        await using var stage = await SetAsync();
        await StartReplicaAsync(stage, "one");
        await stage.UntilSaidAsync("This replica holds lease");

        var lease = await stage.World.Api.GetAsync(Lease, stage.World.Closing);
        Assert.Equal(("one", 15), (lease.Text("spec", "holderIdentity"), lease["spec"]!["leaseDurationSeconds"]!.GetValue<int>()));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", lease.Text("spec", "renewTime"));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", lease.Text("spec", "acquireTime"));
        Assert.NotNull(lease["spec"]!["leaseTransitions"]);

        var shown = await stage.World.Plane.KubectlAsync(["get", "lease", "-n", "ha-controller"], ApiIdentity.Administrator, stage.World.Closing);
        Assert.Matches(@"piraeus-ha-controller\s+one\s", shown);
    }

    // The lease is the one that deploy/all.yaml grants rights to, so an earlier test may have left its mark.
    private async Task<TestCluster> SetAsync()
    {
        var stage = await TestCluster.SetAsync(shared);
        await stage.World.Api.DeleteAsync(Lease, stage.World.Closing);
        return stage;
    }

    private static Task<ControllerProcess> StartReplicaAsync(TestCluster stage, string name, LinstorServer? linstor = null) => stage.StartControllerAsync(
        linstor ?? stage.Linstor, "--leader-election", $"--leader-election-lease-name={name}", "--leader-election-namespace=ha-controller");
}
