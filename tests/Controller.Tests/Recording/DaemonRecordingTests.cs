using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Controller.Tests.Recording;

/// <summary>The whole program, but for its main method, in front of a simulated LINSTOR and a canned Kubernetes.</summary>
public sealed class DaemonRecordingTests
{
    [Fact]
    public async Task What_the_program_did_is_replayed_from_its_recording()
    {
        using var fixture = new RecordingFixture();
        using var folder = new TemporaryFolder();
        var storage = new StorageWorld(StorageTimings.Quick);
        storage.AddNodes("node-a", "node-b", "node-c");
        storage.AddResource("pvc-1", ["node-a", "node-b", "node-c"]);
        storage.Promote("pvc-1", "node-a");
        await using var linstor = await LinstorServer.StartAsync(storage);
        await using var kubernetes = await CannedKubernetes.StartAsync(AnswerAsync);
        linstor.Do(world => world.PowerOff("node-a"));
        var settings = new Settings
        {
            KubeConfig = folder.Write("kubeconfig", KubeConfigText.Of(kubernetes.Url.ToString())),
            KnownResourceGracePeriod = TimeSpan.FromMilliseconds(500),
            NewResourceGracePeriod = TimeSpan.FromMilliseconds(500),
            HealthPort = 0,
            Record = fixture.File,
        };
        await using var daemon = Composition.Build(settings, name => name == "LS_CONTROLLERS" ? linstor.PlainUrl.ToString() : null, TimeProvider.System, fixture.Output);
        using var stop = new CancellationTokenSource();
        var running = daemon.RunAsync(stop.Token);
        while (await kubernetes.ArrivalAsync() is not { Method: "DELETE", Path: "/api/v1/namespaces/shop/pods/db-0" })
        {
        }

        await stop.CancelAsync();
        Assert.Equal(0, await running.SoonAsync());

        var (exitCode, output) = fixture.Replay();
        Assert.True(exitCode == 0, output);
        Assert.Contains("decided   Deleting pod shop/db-0 on node node-a: it has lost resource pvc-1, because the replica on node-", output, StringComparison.Ordinal);
        Assert.Contains("The recording ends here. The program was asked to stop.", output, StringComparison.Ordinal);
        Assert.Contains("Everything was decided as it was recorded.", output, StringComparison.Ordinal);
    }

    private static async Task AnswerAsync(Call call)
    {
        if (call.IsWatch)
        {
            await call.SendAsync("");
            await call.HangAsync();
        }
        else if (call.Method == "GET")
        {
            var items = call.Path.Split('/')[^1] switch
            {
                "pods" => """{"metadata":{"namespace":"shop","name":"db-0","uid":"1","labels":{"linstor.csi.linbit.com/on-storage-lost":"remove"}},"spec":{"nodeName":"node-a","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]},"status":{"phase":"Running"}}""",
                "persistentvolumes" => """{"metadata":{"name":"pv"},"spec":{"claimRef":{"namespace":"shop","name":"data"},"csi":{"driver":"linstor.csi.linbit.com","volumeHandle":"pvc-1"}},"status":{"phase":"Bound"}}""",
                _ => "",
            };
            await call.AnswerAsync($$"""{"metadata":{"resourceVersion":"1"},"items":[{{items}}]}""");
        }
        else
        {
            await call.AnswerAsync("{}");
        }
    }
}
