using System.Text.Json.Nodes;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The log, as a program reads it.</summary>
public sealed class LogTests(SharedControlPlane shared)
{
    [Fact]
    public async Task A_failover_can_be_filtered_from_the_json_log_by_pod_and_node()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var controller = await cluster.StartControllerAsync();
        cluster.Crash(cluster.A);
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(10));

        var pod = $"{cluster.World.Namespace}/db-0";
        await cluster.EventuallyAsync(() => Filter("Pod", pod).Any(line => Field(line, "Decision") == "Failover"), "the failover has ended");
        var deletion = Filter("Pod", pod).Single(line => Field(line, "Decision") == "DeletePod");
        Assert.Equal((cluster.A, 100), (Field(deletion, "Node"), (int)deletion["EventId"]!));
        Assert.StartsWith($"Deleting pod {pod} on node {cluster.A}: ", (string?)deletion["Message"]);
        Assert.All( // Kubernetes' own attach-detach controller may be faster on a busy machine
            Filter("Decision", "DeleteAttachment"), line => Assert.Equal((Field(deletion, "Claim"), true), (Field(line, "Claim"), Field(line, "Attachment") is { Length: > 0 })));
        Assert.Contains(Filter("Node", cluster.A), line => Field(line, "Decision") == "TaintNode" && Field(line, "Resource") == Field(deletion, "Resource"));
        Assert.Contains(Filter("Reason", "GraceNotOver"), line => Field(line, "Pod") == pod);
        Assert.Equal("Runs", Field(Filter("Pod", pod).Single(line => Field(line, "Decision") == "Failover"), "Phase"));

        IEnumerable<JsonNode> Filter(string field, string value) => controller.Log.Select(line => JsonNode.Parse(line)!).Where(line => Field(line, field) == value);

        static string? Field(JsonNode line, string name) => (string?)line["State"]?[name];
    }
}
