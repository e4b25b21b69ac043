using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The manifest, and what the program needs of it.</summary>
public sealed class DeploymentTests(SharedControlPlane shared)
{
    [Fact]
    public async Task The_manifest_applies_to_a_real_API_server_and_creates_what_the_README_says()
    {
        var plane = await shared.Plane;
        var applied = await plane.KubectlAsync(["apply", "-f", Repository.File("deploy/all.yaml")], ApiIdentity.Administrator, TestContext.Current.CancellationToken);
        foreach (var created in (string[])
        [
            "namespace/ha-controller", "serviceaccount/ha-controller", "deployment.apps/piraeus-ha-controller",
            "clusterrole.rbac.authorization.k8s.io/ha-controller", "role.rbac.authorization.k8s.io/ha-controller",
            "clusterrolebinding.rbac.authorization.k8s.io/ha-controller", "rolebinding.rbac.authorization.k8s.io/ha-controller",
        ])
        {
            Assert.Contains(created, applied, StringComparison.Ordinal);
        }

        var cancellation = TestContext.Current.CancellationToken;
        await Eventually.TrueAsync(
            async () => (await plane.Api.ListAsync(Paths.Pods("ha-controller"), cancellation)).Count == 3,
            TimeSpan.FromSeconds(20), () => Task.FromResult("three replicas"), cancellation);
        await TestCluster.WithdrawReplicasAsync(plane, cancellation);
    }

    [Theory]
    [InlineData("deploy/pod-disruption-budget.yaml", "policy/v1", "policy/v1beta1", "poddisruptionbudget.policy/piraeus-ha-controller")]
    [InlineData("deploy/flow-schema.yaml", "flowcontrol.apiserver.k8s.io/v1", "flowcontrol.apiserver.k8s.io/v1beta1", "flowschema.flowcontrol.apiserver.k8s.io/ha-controller-lease")]
    public async Task The_other_files_apply_too(string file, string version, string before, string applied)
    {
        var (plane, cancellation) = (await shared.Plane, TestContext.Current.CancellationToken);
        var path = Repository.File(file);
        var versions = await plane.KubectlAsync(["api-versions"], ApiIdentity.Administrator, cancellation);
        if (!versions.Split('\n').Contains(version))
        {
            // An older server has the same object under the version before.
            var older = Path.Combine(plane.LogDirectory, Path.GetFileName(file));
            await File.WriteAllTextAsync(older, (await File.ReadAllTextAsync(path, cancellation)).Replace(version, before, StringComparison.Ordinal), cancellation);
            path = older;
        }

        await plane.KubectlAsync(["apply", "-f", Repository.File("deploy/all.yaml")], ApiIdentity.Administrator, cancellation);
        await TestCluster.WithdrawReplicasAsync(plane, cancellation);
        Assert.Contains(applied, await plane.KubectlAsync(["apply", "-f", path], ApiIdentity.Administrator, cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_permission_is_named_and_one_that_only_costs_comfort_stops_no_failover()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.GrantOnlyAsync(
            ("", "pods", "list,watch,delete"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"));
        await cluster.StartControllerAsync();
        await cluster.UntilAdvisedAsync("""add the rule {apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch"]}""");
        await cluster.UntilAdvisedAsync("""add the rule {apiGroups: ["storage.k8s.io"], resources: ["csinodes"], verbs: ["list", "watch"]}""");

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.UntilAdvisedAsync("""add the rule {apiGroups: [""], resources: ["events"], verbs: ["create"]}""");
    }

    [Fact]
    public async Task Without_permission_to_delete_the_missing_rule_is_named_and_granting_it_is_enough()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.GrantOnlyAsync(("", "pods", "list,watch"), ("", "persistentvolumes", "list,watch"), ("storage.k8s.io", "volumeattachments", "list,watch,delete"));
        await cluster.StartControllerAsync();

        cluster.Crash(cluster.A);
        await cluster.UntilAdvisedAsync("""add the rule {apiGroups: [""], resources: ["pods"], verbs: ["delete"]}""");
        Assert.Empty(cluster.Deletions);
        await cluster.GrantAsync(("", "pods", "delete"));
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
    }

    [Fact]
    public async Task A_dry_run_says_what_it_would_do_and_does_nothing()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var controller = await cluster.StartControllerAsync("--dry-run");

        cluster.CutLinks(cluster.A);
        await cluster.UntilLoggedAsync(LogEvent.DryRun, ("Decision", "DeletePod"), ("Pod", $"{cluster.World.Namespace}/db-0"));
        Assert.Empty(cluster.Writes);
        await controller.StopAsync(cluster.World.Closing);
        Assert.Equal(0, controller.ExitCode);
    }

    [Fact]
    public async Task A_port_in_use_gets_one_clear_line_and_exit_code_2()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var controller = await cluster.LaunchControllerAsync($"--leader-election-healtz-port={cluster.Linstor.Url.Port}");
        await cluster.EventuallyAsync(() => controller.HasExited, "the program ends");
        Assert.Equal(2, controller.ExitCode);
        Assert.Contains($"port {cluster.Linstor.Url.Port}", Assert.Single(controller.Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_init_container_waits_until_LINSTOR_answers()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        cluster.Linstor.Do(world => world.StopLinstor());
        await using var waiting = await cluster.WaitUntilApiOnlineAsync();
        await cluster.EventuallyAsync(() => waiting.Log.Any(line => line.Contains("not ready", StringComparison.Ordinal)), "it says that LINSTOR is not ready");
        Assert.False(waiting.HasExited);

        cluster.Linstor.Do(world => world.StartLinstor());
        await cluster.EventuallyAsync(() => waiting.HasExited, "it ends");
        Assert.Equal(0, waiting.ExitCode);
    }
}
