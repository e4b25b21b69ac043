using System.Diagnostics;
using System.Globalization;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What ./try.sh shows.</summary>
public sealed class RandomScenarioTests(SharedControlPlane shared)
{
    private readonly Stopwatch _since = new();

    [Fact]
    public async Task A_node_crashes_and_its_database_runs_elsewhere()
    {
        Print("Starting etcd, kube-apiserver, kube-controller-manager and kube-scheduler …");
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var controller = await cluster.StartControllerAsync();
        await PrintPodsAsync(cluster);

        Print($"Node {cluster.A} loses power. The grace period here is 2 seconds.");
        _since.Start();
        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120));
        _since.Stop();
        await cluster.UntilLoggedAsync(LogEvent.FailoverEnded, ("Phase", "Runs"));
        foreach (var entry in controller.Entries.Where(entry => entry.Event is >= LogEvent.Acting and <= LogEvent.IncidentEnded))
        {
            Print($"controller: {entry.Message}");
        }

        await PrintPodsAsync(cluster);
        Print(string.Create(CultureInfo.InvariantCulture, $"The pod runs again, {_since.Elapsed.TotalSeconds:0.0} seconds after the crash. Without the controller this takes up to a quarter of an hour."));
    }

    private static async Task PrintPodsAsync(TestCluster cluster) =>
        Print(await cluster.World.Plane.KubectlAsync(["get", "pods,volumeattachments", "-n", cluster.World.Namespace, "-o", "wide"], ApiIdentity.Administrator, cluster.World.Closing));

    private static void Print(string line) =>
        TestContext.Current.TestOutputHelper!.WriteLine(line);
}
