using System.Diagnostics;
using System.Globalization;
using Piraeus.HighAvailability.EndToEnd.Tests.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What ./try.sh shows.</summary>
public sealed class StoryTests(SharedControlPlane shared)
{
    private readonly Stopwatch _since = new();

    [Fact]
    public async Task A_node_crashes_and_its_database_runs_elsewhere()
    {
        Tell("Starting etcd, kube-apiserver, kube-controller-manager and kube-scheduler …");
        await using var stage = await Stage.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var controller = await stage.StartControllerAsync();
        await TellPodsAsync(stage);

        Tell($"Node {stage.A} loses power. The grace period here is 2 seconds.");
        _since.Start();
        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        foreach (var said in controller.Log.Where(line => line.Contains("Reporter: Leaving", StringComparison.Ordinal) || line.Contains("Actuator: Deleting", StringComparison.Ordinal)))
        {
            Tell($"controller: {said[(said.IndexOf(": ", StringComparison.Ordinal) + 2)..]}");
        }

        Tell("Pod and attachment are deleted. Waiting for Kubernetes' attach-detach controller, which looks once a minute …");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: TimeSpan.FromSeconds(120));
        await TellPodsAsync(stage);
        Tell("The pod runs again. Without the controller this takes up to a quarter of an hour.");
    }

    private async Task TellPodsAsync(Stage stage) =>
        Tell(await stage.World.Plane.KubectlAsync(["get", "pods,volumeattachments", "-n", stage.World.Namespace, "-o", "wide"], Identity.Administrator, stage.World.Closing));

    private void Tell(string line) =>
        TestContext.Current.TestOutputHelper!.WriteLine((_since.IsRunning ? string.Create(CultureInfo.InvariantCulture, $"[{_since.Elapsed.TotalSeconds,5:0.0} s] ") : "") + line);
}
