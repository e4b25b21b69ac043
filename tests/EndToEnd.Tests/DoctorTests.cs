using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The command <c>doctor</c>, on a real control plane.</summary>
public sealed class DoctorTests(SharedControlPlane shared)
{
    [Fact]
    public async Task A_healthy_cluster_passes_and_what_it_forecasts_comes_true()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("kept", on: cluster.A, shape: PodShape.OptedIn with { Annotations = ImmutableDictionary<string, string>.Empty.Add("drbd.linbit.com/ignore-fail-over", "") });
        await cluster.World.Api.DeleteAsync($"{Paths.Leases("ha-controller")}/piraeus-ha-controller", cluster.World.Closing); // a process of another test may have died with it
        await cluster.StartControllerAsync("--leader-election=true", "--leader-election-namespace=ha-controller", "--leader-election-lease-name=ha-0");
        await cluster.UntilLoggedAsync(LogEvent.LeaseHeld, ("Leader", "This replica"));

        var (exit, report, errors) = await RunAsync(cluster, cluster.Account, "--node", cluster.A);
        Assert.True((exit, errors) == (0, ""), report + errors);
        string[] expected =
        [
            "  ok    The API server answers: Kubernetes v", "  ok    This account has every right that the controller needs.", "  ok    ha-0 leads.", "  ok    No agents of version 1.x run beside this controller.",
            $" answers at {cluster.Linstor.Url.ToString().TrimEnd('/')}, in ", " satellites are ONLINE.", "  ok    LINSTOR's promotion events arrive.",
            $"    Pod {cluster.World.Namespace}/db-0 would be moved 2 s after LINSTOR has noticed.",
            $"    Leaving pod {cluster.World.Namespace}/kept-0 on node {cluster.A} alone: it carries the annotation drbd.linbit.com/ignore-fail-over.",
        ];
        Assert.All(expected, line => Assert.Contains(line, report, StringComparison.Ordinal));

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.UntilLoggedAsync(LogEvent.Held, ("Reason", "OptedOut"), ("Pod", $"{cluster.World.Namespace}/kept-0"));
        Assert.DoesNotContain(cluster.Deletions, deletion => deletion.Contains("kept", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_would_not_fail_over_is_found_before_it_counts()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        cluster.Provision = (world, resource) =>
        {
            world.AddResource(resource, resource.Contains("alone", StringComparison.Ordinal) ? [cluster.A] : [cluster.A, cluster.B, cluster.C]);
            if (resource.Contains("off", StringComparison.Ordinal))
            {
                world.SetDefinitionProperty(resource, "DrbdOptions/Resource/quorum", "off");
            }
        };
        await cluster.Workloads.StatefulSetAsync("off", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("alone", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("plain", on: cluster.A, shape: PodShape.Plain);

        foreach (var (node, zone) in new[] { (cluster.A, "x"), (cluster.B, "x"), (cluster.C, "x"), (cluster.D, "y") })
        {
            await cluster.World.Api.PatchAsync($"api/v1/nodes/{node}", new { metadata = new { labels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = zone } } }, cluster.World.Closing);
        }

        var (exit, report, _) = await RunAsync(cluster, ApiIdentity.Administrator, "-o", "json", "--lease=nobody");
        var diagnosis = JsonNode.Parse(report)!;
        Assert.Equal((0, true), (exit, (bool)diagnosis["healthy"]!));
        string[] warnings =
        [
            "There is no Lease ha-controller/nobody: no replica runs with leader election there.", "2 resources have no quorum policy that fences: ", "Only one node has data of resource", "2 resources have all data in one zone: ",
            $"This pod uses a LINSTOR volume and is not selected: {cluster.World.Namespace}/plain-0.",
        ];
        var found = diagnosis["checks"]!.AsArray().Where(check => (string)check!["outcome"]! == "Warning").Select(check => (string)check!["message"]!).ToList();
        Assert.All(warnings, warning => Assert.Contains(found, message => message.Contains(warning, StringComparison.Ordinal)));
        var pods = diagnosis["ifNodeDied"]!.AsArray().Single(node => (string)node!["node"]! == cluster.A)!["pods"]!.AsArray();
        Assert.Equal(
            [("alone-0", "NobodySpeaks"), ("off-0", "NoQuorumPolicy"), ("plain-0", null)],
            pods.Select(pod => ((string)pod!["name"]!, (string?)pod["reason"])).Order());
    }

    [Fact]
    public async Task Missing_rights_are_named_with_the_rule_that_grants_them()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.GrantOnlyAsync(("", "pods", "list,watch"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"), ("storage.k8s.io", "csinodes", "list,watch"));
        var (exit, report, _) = await RunAsync(cluster, cluster.Account);
        Assert.Equal(1, exit);
        string[] expected =
        [
            "  FAIL  This account may not delete pods.\n        If the controller runs with this account: missing permission: add the rule {apiGroups: [\"\"], resources: [\"pods\"], verbs: [\"delete\"]} to the role of this service account.\n",
            "  WARN  This account may not get, list, watch, patch nodes: a lost node gets no taint, so the scheduler may choose it again.\n",
            "  FAIL  This account may not create, get, update leases.\n",
            "  WARN  The Lease ha-controller/piraeus-ha-controller cannot be read: ",
        ];
        Assert.All(expected, line => Assert.Contains(line, report, StringComparison.Ordinal));
        Assert.DoesNotContain("cannot be listed", report, StringComparison.Ordinal); // the controller does without nodes
    }

    [Fact]
    public async Task A_LINSTOR_that_is_away_or_knows_other_nodes_fails_the_checks_and_nothing_is_forecast_on_hearsay()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var (exit, report, _) = await RunWithAsync(cluster, ApiIdentity.Administrator, linstor: "http://127.0.0.1:1");
        Assert.Equal(1, exit);
        Assert.Contains("  FAIL  LINSTOR does not answer: ", report, StringComparison.Ordinal);
        Assert.Contains($"  {cluster.A}: 0 pods would be moved, 1 would stay.\n", report, StringComparison.Ordinal);

        (exit, report, _) = await RunAsync(cluster, ApiIdentity.Administrator, "--node=typo");
        Assert.Equal(1, exit);
        Assert.Contains("  FAIL  There is no node typo.\n", report, StringComparison.Ordinal);

        (exit, report, _) = await RunWithAsync(cluster, ApiIdentity.Administrator, kubeConfig: cluster.World.Plane.LogDirectory + "/none");
        Assert.Equal((2, ""), (exit, report));
    }

    private static Task<(int Exit, string Output, string Errors)> RunAsync(TestCluster cluster, ApiIdentity account, params string[] flags) => RunWithAsync(cluster, account, flags: flags);

    private static Task<(int Exit, string Output, string Errors)> RunWithAsync(TestCluster cluster, ApiIdentity account, string? linstor = null, string? kubeConfig = null, params string[] flags) => ExternalProgram.RunAsync(
        ControllerProcess.Program,
        ["doctor", $"--kubeconfig={kubeConfig ?? cluster.World.Plane.KubeconfigFor(account)}", $"--attacher-name={cluster.World.Driver}", "--known-resource-grace-period=2s", "--new-resource-grace-period=2s", .. flags],
        new Dictionary<string, string> { ["LS_CONTROLLERS"] = linstor ?? cluster.Linstor.Url.ToString() });
}
