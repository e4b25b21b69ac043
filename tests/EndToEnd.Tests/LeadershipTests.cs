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
        await using var cluster = await SetAsync();
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var leader = await StartReplicaAsync(cluster, "one");
        await cluster.UntilLoggedAsync(LogEvent.LeaseHeld, ("Leader", "This replica"));
        var standby = await StartReplicaAsync(cluster, "two");
        await cluster.UntilLoggedAsync(LogEvent.LeaseHeld, ("Leader", "one"));

        cluster.Crash(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "GraceNotOver"));
        await leader.StopAsync(cluster.World.Closing);
        Assert.Equal(0, leader.ExitCode);
        Assert.True(leader.Logged(LogEvent.LeaseGivenUp));

        await cluster.EventuallyAsync(() => standby.Logged(LogEvent.LeaseHeld, ("Leader", "This replica")), "the standby leads", seconds: 4);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        Assert.True(standby.Logged(LogEvent.Acting, ("Decision", "DeletePod")));
    }

    [Fact]
    public async Task A_frozen_leader_is_replaced_and_does_nothing_when_it_thaws()
    {
        await using var cluster = await SetAsync();
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var leader = await StartReplicaAsync(cluster, "one");
        await cluster.UntilLoggedAsync(LogEvent.LeaseHeld, ("Leader", "This replica"));
        var standby = await StartReplicaAsync(cluster, "two");

        await leader.FreezeAsync();
        cluster.Crash(cluster.A);
        await cluster.EventuallyAsync(() => standby.Logged(LogEvent.LeaseHeld, ("Leader", "This replica")), "the standby leads", seconds: 25);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");

        await leader.ThawAsync();
        await cluster.EventuallyAsync(() => leader.Logged(LogEvent.LeaseHeld, ("Leader", "two")), "the thawed replica follows");
        Assert.False(leader.Logged(LogEvent.Acting));
        Assert.True(standby.Logged(LogEvent.Acting, ("Decision", "DeletePod")));
    }

    [Fact]
    public async Task A_leader_that_does_not_reach_LINSTOR_gives_the_lease_up_and_a_standby_that_does_moves_the_pod()
    {
        await using var cluster = await SetAsync();
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var address = await cluster.StartLinstorAddressAsync();
        var leader = await StartReplicaAsync(cluster, "one", address);
        await cluster.UntilLoggedAsync(LogEvent.LeaseHeld, ("Leader", "This replica"));
        var standby = await StartReplicaAsync(cluster, "two");
        await cluster.UntilLoggedAsync(LogEvent.LeaseHeld, ("Leader", "one"));

        address.RefusesConnections = true;
        cluster.Crash(cluster.A);
        await cluster.EventuallyAsync(() => standby.Logged(LogEvent.Held, ("Reason", "GraceNotOver")), "the standby sees the loss");
        await cluster.EventuallyAsync(() => leader.Logged(LogEvent.LeaseGivenUp), "the leader gives the lease up", seconds: 30);
        await cluster.EventuallyAsync(() => standby.Logged(LogEvent.LeaseHeld, ("Leader", "This replica")), "the standby leads", seconds: 4);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120));

        Assert.False(leader.Logged(LogEvent.Acting));
        Assert.True(leader.Logged(LogEvent.CannotDecide));
        Assert.Contains("piraeus_ha_cannot_decide{source=\"linstor\"} 1\n", await leader.ReadAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal("two", (await cluster.World.Api.GetAsync(Lease, cluster.World.Closing)).Text("spec", "holderIdentity"));
    }

    [Fact]
    public async Task Kubectl_shows_the_lease_as_client_go_would_have_written_it()
    {
        await using var cluster = await SetAsync();
        await StartReplicaAsync(cluster, "one");
        await cluster.UntilLoggedAsync(LogEvent.LeaseHeld, ("Leader", "This replica"));

        var lease = await cluster.World.Api.GetAsync(Lease, cluster.World.Closing);
        Assert.Equal(("one", 15), (lease.Text("spec", "holderIdentity"), lease["spec"]!["leaseDurationSeconds"]!.GetValue<int>()));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", lease.Text("spec", "renewTime"));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", lease.Text("spec", "acquireTime"));
        Assert.NotNull(lease["spec"]!["leaseTransitions"]);

        var shown = await cluster.World.Plane.KubectlAsync(["get", "lease", "-n", "ha-controller"], ApiIdentity.Administrator, cluster.World.Closing);
        Assert.Matches(@"piraeus-ha-controller\s+one\s", shown);
    }

    // The lease is the one that deploy/all.yaml grants rights to, so an earlier test may have left its mark.
    private async Task<TestCluster> SetAsync()
    {
        var cluster = await TestCluster.SetAsync(shared);
        await cluster.World.Api.DeleteAsync(Lease, cluster.World.Closing);
        return cluster;
    }

    private static Task<ControllerProcess> StartReplicaAsync(TestCluster cluster, string name, LinstorServer? linstor = null) => cluster.StartControllerAsync(
        linstor ?? cluster.Linstor, "--leader-election", $"--leader-election-lease-name={name}", "--leader-election-namespace=ha-controller");
}
