using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The command <c>explain</c>, against a controller on a real control plane.</summary>
public sealed class ExplainTests(SharedControlPlane shared)
{
    [Fact]
    public async Task It_tells_what_is_well_what_waits_and_what_was_done()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("kept", on: cluster.A, shape: PodShape.OptedIn with { Annotations = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("drbd.linbit.com/ignore-fail-over", "") });
        var controller = await cluster.StartControllerAsync();
        var (db, kept) = ($"{cluster.World.Namespace}/db-0", $"{cluster.World.Namespace}/kept-0");
        await cluster.EventuallyAsync(async () => (await ExplainAsync("pod", db)).StartsWith($"Pod {db} has its storage: nothing suggests a loss.\n", StringComparison.Ordinal), "all is well");

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.EventuallyAsync(async () => (await ExplainAsync("pod", db)).Contains($"Deleting pod {db} on node {cluster.A}: it has lost resource", StringComparison.Ordinal), "what was done is told");
        await cluster.EventuallyAsync(async () => (await ExplainAsync("pod", kept)).StartsWith($"Leaving pod {kept} on node {cluster.A} alone: it carries the annotation drbd.linbit.com/ignore-fail-over.\n", StringComparison.Ordinal), "why the other one stays is told");
        Assert.Contains("its satellite is OFFLINE", await ExplainAsync("node", cluster.A), StringComparison.Ordinal);

        async Task<string> ExplainAsync(params string[] what) => await ExternalProgram.OutputAsync(ControllerProcess.Program, ["explain", .. what, "--url", controller.Address]);
    }
}
