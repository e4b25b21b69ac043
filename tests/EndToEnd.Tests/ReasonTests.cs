using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>Reasons why pods stay, as <c>explain</c> gives them with and without a replica, and as <c>doctor</c> and <c>rehearse-node</c> forecast them, on a real control plane.</summary>
public sealed class ReasonTests(SharedControlPlane shared)
{
    private const string Quorum = "DrbdOptions/Resource/quorum";

    [Fact]
    public async Task The_commands_agree_on_why_each_pod_of_a_lost_node_stays()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var story = new Story(cluster);
        cluster.Provision = (world, resource) => story.Provision(world, resource);
        await story.PlaceAsync("grace", "GraceNotOver", [cluster.A, cluster.C, cluster.D]);
        await story.PlaceAsync("annotated", "OptedOut", [cluster.A, cluster.C, cluster.D], shape: PodShape.OptedIn with { Annotations = ImmutableDictionary<string, string>.Empty.Add("drbd.linbit.com/ignore-fail-over", "") });
        await story.PlaceAsync("media", "WritesToSharedStorage", [cluster.A, cluster.C, cluster.D], shape: PodShape.OptedIn with { ExtraVolumes = [new { name = "media", nfs = new { server = "nfs.example.com", path = "/media" } }] });
        await story.PlaceAsync("off", "NoQuorumPolicy", [cluster.A, cluster.C, cluster.D], quorum: "off");
        await story.PlaceAsync("alone", "NobodySpeaks", [cluster.A]);
        await story.PlaceAsync("pair", "NothingMayPromote", [cluster.A, cluster.C], quorum: "majority");
        await story.PlaceAsync("done", null, [cluster.A, cluster.C, cluster.D], isBare: true);
        story.Expect("grace", null);
        await story.ForecastsAsync(cluster.A);

        var controller = await cluster.StartControllerAsync("--storm-threshold=100%", "--known-resource-grace-period=10m", "--new-resource-grace-period=10m");
        story.Expect("grace", "GraceNotOver");
        story.Expect("done", "Finished");

        cluster.Crash(cluster.A);
        await cluster.World.Api.PatchAsync($"{Paths.Pod(cluster.World.Namespace, "done")}/status", new { status = new { phase = "Failed" } }, cluster.World.Closing);
        await story.ExplainsAsync(["--url", controller.Address]);
        await story.ExplainsAsync(["--standalone", $"--kubeconfig={cluster.World.Plane.KubeconfigFor(cluster.Account)}", $"--attacher-name={cluster.World.Driver}", "--storm-threshold=100%", "--known-resource-grace-period=10m", "--new-resource-grace-period=10m"]);
    }

    [Fact]
    public async Task The_commands_agree_on_why_pods_of_nodes_that_live_stay()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var story = new Story(cluster);
        cluster.Provision = (world, resource) => story.Provision(world, resource);
        await story.PlaceAsync("idle", "OwnReplicaMayPromote", [cluster.A, cluster.C, cluster.D]);
        await story.PlaceAsync("quiet", "StillConnected", [cluster.B, cluster.C, cluster.D], on: cluster.B);
        var controller = await cluster.StartControllerAsync("--storm-threshold=100%");
        foreach (var name in (string[])["idle", "quiet"])
        {
            await cluster.EventuallyAsync(
                async () => (await ExternalProgram.OutputAsync(ControllerProcess.Program, ["explain", "pod", story.PodOf(name), "--url", controller.Address])).Contains(" has its storage: ", StringComparison.Ordinal),
                $"{name} is known to be well");
        }

        cluster.Linstor.Do(world => world.Demote(story.ResourceOf("idle"), cluster.A));
        cluster.StopSatellite(cluster.B);
        await story.ExplainsAsync(["--url", controller.Address]);
        await story.ExplainsAsync(["--standalone", $"--kubeconfig={cluster.World.Plane.KubeconfigFor(cluster.Account)}", $"--attacher-name={cluster.World.Driver}", "--storm-threshold=100%"], "quiet"); // which rests on what LINSTOR said before

        cluster.Linstor.Do(world => world.StopLinstor());
        story.Expect("idle", "LinstorSilent");
        story.Expect("quiet", "LinstorSilent");
        await story.ExplainsAsync(["--url", controller.Address]);
    }

    /// <summary>Workloads of one pod each, and the reason that is expected of each.</summary>
    private sealed class Story(TestCluster cluster)
    {
        private readonly Dictionary<string, (string[] Nodes, string? Quorum)> _places = [];
        private readonly Dictionary<string, string?> _reasons = [];
        private readonly Dictionary<string, string> _resources = [];
        private readonly HashSet<string> _bare = [];

        /// <summary>Namespace and name of a workload's pod.</summary>
        public string PodOf(string name) => $"{cluster.World.Namespace}/{(_bare.Contains(name) ? name : $"{name}-0")}";

        public string ResourceOf(string name) => _resources[name];

        public void Provision(StorageWorld world, string resource)
        {
            var name = _places.Keys.Single(name => resource.EndsWith(_bare.Contains(name) ? $"data-{name}" : $"data-{name}-0", StringComparison.Ordinal));
            world.AddResource(resource, _places[name].Nodes);
            _resources[name] = resource;
            if (_places[name].Quorum is { } policy)
            {
                world.SetDefinitionProperty(resource, Quorum, policy);
            }
        }

        public async Task PlaceAsync(string name, string? reason, string[] nodes, string? quorum = null, PodShape? shape = null, string? on = null, bool isBare = false)
        {
            _places[name] = (nodes, quorum);
            _reasons[name] = reason;
            if (isBare)
            {
                _bare.Add(name);
                await cluster.Workloads.PodAsync(name, on: on ?? cluster.A, shape: shape);
            }
            else
            {
                await cluster.Workloads.StatefulSetAsync(name, on: on ?? cluster.A, shape: shape);
            }
        }

        /// <summary>From now on, this reason is expected; null for none.</summary>
        public void Expect(string name, string? reason) => _reasons[name] = reason;

        public async Task ExplainsAsync(string[] options, params string[] but)
        {
            foreach (var (name, reason) in _reasons.Where(expected => !but.Contains(expected.Key)))
            {
                await cluster.EventuallyAsync(async () =>
                {
                    var explained = await ExternalProgram.OutputAsync(ControllerProcess.Program, ["explain", "pod", PodOf(name), "-o", "json", .. options], new Dictionary<string, string> { ["LS_CONTROLLERS"] = cluster.Linstor.Url.ToString() });
                    return JsonNode.Parse(explained)!["uses"]!.AsArray().Any(use => use!["inDoubt"]?["remarks"]?.AsArray().Any(remark => (string?)remark!["reason"] == reason) == true);
                }, $"{string.Join(' ', options)} explains {name} by {reason}");
            }
        }

        public async Task ForecastsAsync(string node)
        {
            string[] options = [$"--kubeconfig={cluster.World.Plane.KubeconfigFor(ApiIdentity.Administrator)}", $"--attacher-name={cluster.World.Driver}", "--storm-threshold=100%"];
            var environment = new Dictionary<string, string> { ["LS_CONTROLLERS"] = cluster.Linstor.Url.ToString() };
            var (_, report, errors) = await ExternalProgram.RunAsync(ControllerProcess.Program, ["doctor", "--node", node, "-o", "json", .. options], environment);
            Assert.Equal("", errors);
            var forecast = JsonNode.Parse(report)!["ifNodeDied"]!.AsArray().Single()!["pods"]!.AsArray();
            var rehearsed = await ExternalProgram.OutputAsync(ControllerProcess.Program, ["rehearse-node", node, .. options], environment);
            foreach (var (name, reason) in _reasons)
            {
                var pod = forecast.Single(one => $"{(string?)one!["namespace"]}/{(string?)one["name"]}" == PodOf(name))!;
                Assert.Equal((name, reason), (name, (string?)pod["reason"]));
                Assert.Equal(reason is null, pod["movedAfterSeconds"] is not null);
                Assert.Contains($"  {(string?)pod["sentence"]}\n", rehearsed, StringComparison.Ordinal);
            }
        }
    }
}
