
namespace Piraeus.HighAvailability.EndToEnd.Tests.Simulated;

/// <summary>Clients that others have written get along with the simulated API.</summary>
public sealed class ClientTests
{
    /// <summary>Where Debian's package python3-kubernetes belongs to, which eng/clients.sh installs.</summary>
    private const string Python = "/usr/bin/python3";

    [Theory]
    [InlineData(null)]
    [InlineData("s3cret")]
    public async Task The_Python_client_lists_watches_patches_deletes_and_leads(string? token)
    {
        await using var cluster = await SimulatedApiCluster.StartAsync(token);
        Assert.Equal("all is well\n", await cluster.RunAsync(Python, Piraeus.HighAvailability.Tests.Repository.File("tests/EndToEnd.Tests/Simulated/client.py")));
    }

    [Fact]
    public async Task The_controller_moves_a_pod_off_a_node_that_has_crashed()
    {
        await using var cluster = await SimulatedApiCluster.StartAsync("s3cret");
        var before = cluster.Pod("db-0");
        await using var controller = await cluster.StartControllerAsync();
        await cluster.UntilAsync(store => store.Find<Simulator.Kubernetes.Lease>("default", "piraeus-ha-controller") is { Holder.Length: > 0 });
        cluster.Server.Do(_ => cluster.World.Crash(before.Spec.NodeName!));
        await cluster.UntilAsync(store => store.Find<Simulator.Kubernetes.Pod>("default", "db-0") is { Ready: true } now && now.Spec.NodeName != before.Spec.NodeName);
        Assert.Contains(cluster.Server.Ask(store => store.All<Simulator.Kubernetes.Event>()), recorded => recorded.Reason == "ForceDeleted" && recorded.About.Uid == before.Metadata.Uid);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public async Task A_server_that_is_busy_or_fails_is_asked_again_until_the_pod_is_moved(int retryAfterSeconds)
    {
        await using var cluster = await SimulatedApiCluster.StartAsync();
        var before = cluster.Pod("db-0");
        await using var controller = await cluster.StartControllerAsync();
        await cluster.UntilAsync(store => store.Find<Simulator.Kubernetes.Lease>("default", "piraeus-ha-controller") is { Holder.Length: > 0 });
        var refused = new TaskCompletionSource();
        (cluster.Server.Hazards.RetryAfterSeconds, cluster.Server.Hazards.Fails) = (retryAfterSeconds, retryAfterSeconds == 0);
        cluster.Server.Hazards.Concerns = (method, path) => method == "DELETE" && path.Contains("/pods/", StringComparison.Ordinal) && refused.TrySetResult() | true;
        cluster.Server.Do(_ => cluster.World.Crash(before.Spec.NodeName!));

        await refused.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(before.Metadata.Uid, cluster.Pod("db-0").Metadata.Uid);
        cluster.Server.Hazards.Concerns = (_, _) => false;
        await cluster.UntilAsync(store => store.Find<Simulator.Kubernetes.Pod>("default", "db-0") is { Ready: true } now && now.Spec.NodeName != before.Spec.NodeName);
        Assert.Contains(controller.Log, line => line.Contains("The answer was Refused", StringComparison.Ordinal));
    }
}
