using System.Diagnostics;
using System.Globalization;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What ./try.sh shows.</summary>
public sealed class RandomStoryTests(SharedControlPlane shared)
{
    private readonly Stopwatch _since = new();

    [Fact]
    public async Task A_node_crashes_and_its_database_runs_elsewhere()
    {
        Tell("Starting etcd, kube-apiserver, kube-controller-manager and kube-scheduler …");
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var controller = await stage.StartControllerAsync();
        await TellPodsAsync(stage);

        Tell($"Node {stage.A} loses power. The grace period here is 2 seconds.");
        _since.Start();
        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: TimeSpan.FromSeconds(120));
        _since.Stop();
        await stage.UntilSaidAsync("after its storage was lost");
        foreach (var said in controller.Log.Where(line => line.Contains("Reporter: ", StringComparison.Ordinal) || line.Contains("Actuator: ", StringComparison.Ordinal)))
        {
            Tell($"controller: {said[(said.IndexOf(": ", StringComparison.Ordinal) + 2)..]}");
        }

        await TellPodsAsync(stage);
        Tell(string.Create(CultureInfo.InvariantCulture, $"The pod runs again, {_since.Elapsed.TotalSeconds:0.0} seconds after the crash. Without the controller this takes up to a quarter of an hour."));
    }

    private static async Task TellPodsAsync(TestCluster stage) =>
        Tell(await stage.World.Plane.KubectlAsync(["get", "pods,volumeattachments", "-n", stage.World.Namespace, "-o", "wide"], ApiIdentity.Administrator, stage.World.Closing));

    private static void Tell(string line) =>
        TestContext.Current.TestOutputHelper!.WriteLine(line);
}
