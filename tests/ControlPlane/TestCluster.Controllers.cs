using System.Collections.Immutable;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Tests;

namespace Piraeus.HighAvailability.ControlPlane;

/// <content>The controllers of a test, their permissions and their LINSTOR.</content>
public sealed partial class TestCluster
{
    /// <summary>Opens another address of the same LINSTOR, which may be made unreachable while the first one works.</summary>
    public async Task<LinstorServer> StartLinstorAddressAsync()
    {
        var address = await LinstorServer.StartAsync(_storage, new LinstorOptions { Clock = _clock }, World.Closing);
        _furtherAddresses.Add(address);
        return address;
    }

    /// <summary>Environment variables for the controllers, in addition to our own and LINSTOR's address.</summary>
    public ImmutableDictionary<string, string> ControllerEnvironment { get; set; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The program to start as the controller; null for the one under test.</summary>
    public string? ControllerProgram { get; set; }

    /// <summary>Starts a controller with a grace period of two seconds, and waits until it has synced.</summary>
    public Task<ControllerProcess> StartControllerAsync(params IEnumerable<string> flags) => StartControllerAsync(Linstor, flags);

    /// <summary>Starts a controller with a LINSTOR address of its own, and waits until it has synced.</summary>
    public async Task<ControllerProcess> StartControllerAsync(LinstorServer linstor, params IEnumerable<string> flags)
    {
        var controller = await LaunchControllerAsync(linstor, flags);
        await EventuallyAsync(async () => await controller.ProbeAsync("/readyz") == 200, "the controller is ready");
        return controller;
    }

    /// <summary>Starts a controller without waiting. A flag given here overrides the default, because the last one wins.</summary>
    public Task<ControllerProcess> LaunchControllerAsync(params IEnumerable<string> flags) => LaunchControllerAsync(Linstor, flags);

    private async Task<ControllerProcess> LaunchControllerAsync(LinstorServer linstor, IEnumerable<string> flags)
    {
        var port = ComponentCommandLines.FreePort();
        string[] defaults =
        [
            $"--kubeconfig={World.Plane.KubeconfigFor(Account)}", $"--attacher-name={World.Driver}", $"--leader-election-healtz-port={port}",
            "--known-resource-grace-period=2s", "--new-resource-grace-period=2s", "--reconcile-interval=1s", "--v=5", "--log-format=json",
        ];
        var controller = await ControllerProcess.StartAsync(LogOf($"controller-{_controllers.Count}"), port, [.. defaults, .. flags], EnvironmentFor(linstor).AddRange(ControllerEnvironment), ControllerProgram);
        _controllers.Add(controller);
        return controller;
    }

    /// <summary>Runs the init container's command.</summary>
    public Task<ControllerProcess> WaitUntilApiOnlineAsync() => ControllerProcess.StartAsync(LogOf("init"), 0, ["wait-until", "api-online"], EnvironmentFor(Linstor));

    /// <summary>Prints the content of a recording.</summary>
    public Task<ControllerProcess> ReplayAsync(string recording) => ControllerProcess.StartAsync(LogOf("replay"), 0, ["replay", recording], EnvironmentFor(Linstor));

    /// <summary>Runs the controllers of this test under an account with exactly these rights, instead of those in deploy/all.yaml.</summary>
    public async Task GrantOnlyAsync(params (string Group, string Resource, string Verbs)[] rules)
    {
        Account = await World.Plane.ServiceAccountAsync(World.Namespace, "limited", World.Closing);
        await GrantAsync(rules);
    }

    /// <summary>Gives the limited account more rights.</summary>
    public async Task GrantAsync(params (string Group, string Resource, string Verbs)[] rules)
    {
        var name = $"{World.Namespace}-{++_grants}";
        await World.Api.CreateAsync("apis/rbac.authorization.k8s.io/v1/clusterroles", new
        {
            metadata = new { name },
            rules = rules.Select(rule => new { apiGroups = new[] { rule.Group }, resources = new[] { rule.Resource }, verbs = rule.Verbs.Split(',') }),
        }, World.Closing);
        await World.Api.CreateAsync("apis/rbac.authorization.k8s.io/v1/clusterrolebindings", new
        {
            metadata = new { name },
            roleRef = new { apiGroup = "rbac.authorization.k8s.io", kind = "ClusterRole", name },
            subjects = new[] { new { kind = "ServiceAccount", name = "limited", @namespace = World.Namespace } },
        }, World.Closing);
    }

    /// <summary>The controllers are processes of ours, so the manifest's own replicas would only occupy the nodes of the tests.</summary>
    public static Task WithdrawReplicasAsync(RealControlPlane plane, CancellationToken cancellation) => plane.KubectlAsync(
        ["scale", "--replicas=0", "-n", "ha-controller", "deployment/piraeus-ha-controller"], ApiIdentity.Administrator, cancellation);

    private static async Task DeployAsync(RealControlPlane plane, CancellationToken cancellation)
    {
        await Deploying.WaitAsync(cancellation);
        try
        {
            if (!ReferenceEquals(_deployedOn, plane))
            {
                await plane.KubectlAsync(["apply", "-f", Repository.File("deploy/all.yaml")], ApiIdentity.Administrator, cancellation);
                await WithdrawReplicasAsync(plane, cancellation);
                _deployedOn = plane;
            }
        }
        finally
        {
            Deploying.Release();
        }
    }

    /// <summary>The path of a file of this test's own, beside the logs.</summary>
    public string FileOf(string name) => Path.Combine(World.Plane.LogDirectory, $"{World.Namespace}-{name}");

    private string LogOf(string name) => FileOf($"{name}.log");

    private static ImmutableDictionary<string, string> EnvironmentFor(LinstorServer linstor) =>
        ImmutableDictionary<string, string>.Empty.Add("LS_CONTROLLERS", linstor.Url.ToString());
}
