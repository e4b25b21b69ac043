using System.Globalization;
using System.Net.NetworkInformation;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Image;

/// <summary>The image, run as deploy/all.yaml runs it.</summary>
public sealed class ImageTests(SharedControlPlane shared, ContainerImage image) : IClassFixture<ContainerImage>
{
    private const string ServiceAccount = "ha-controller";

    [Fact]
    public async Task With_the_arguments_and_the_confinement_of_the_manifest_it_moves_a_pod()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var (plane, cancellation) = (cluster.World.Plane, cluster.World.Closing);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var deployment = await plane.Api.GetAsync($"apis/apps/v1/namespaces/{ServiceAccount}/deployments/piraeus-ha-controller", cancellation);
        var container = deployment["spec"]!["template"]!["spec"]!["containers"]![0]!;
        var environment = Environment(container, cluster);
        var (arguments, port) = Arguments(container, environment);

        await using var controller = await image.StartAsync(Path.Combine(plane.LogDirectory, "image.log"), port, await AccountAsync(plane, cancellation), arguments, environment);
        await Eventually.TrueAsync(async () => await controller.ProbeAsync("/readyz") == 200, TimeSpan.FromSeconds(60), () => Task.FromResult($"the controller is ready\n{controller.LogTail()}"), cancellation);
        Assert.Equal(("65532", "65532", "0000000000000000", "1"), (Status(controller, "Uid").Split('\t')[1], Status(controller, "Gid").Split('\t')[1], Status(controller, "CapEff").Trim(), Status(controller, "NoNewPrivs").Trim()));

        cluster.Crash(cluster.A);
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120)); // the grace period of the manifest is the default of 45 s
    }

    [Fact]
    public void It_holds_the_program_and_no_shell_and_says_what_it_is()
    {
        Assert.True(File.Exists(Path.Combine(image.Root, "usr/bin/piraeus-ha-controller")));
        foreach (var folder in (string[])["bin", "sbin", "usr/bin", "usr/sbin"])
        {
            Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(Path.Combine(image.Root, folder)), file => !file.EndsWith("/piraeus-ha-controller", StringComparison.Ordinal));
        }

        var configuration = JsonNode.Parse(image.Configuration)!["OCIv1"]!["config"]!;
        Assert.Equal("65532:65532", (string?)configuration["User"]);
        Assert.Equal("/usr/bin/piraeus-ha-controller", (string?)configuration["Entrypoint"]![0]);
        foreach (var label in (string[])["title", "description", "version", "revision", "source", "licenses"])
        {
            Assert.False(string.IsNullOrEmpty((string?)configuration["Labels"]![$"org.opencontainers.image.{label}"]), label);
        }
    }

    private static Dictionary<string, string> Environment(JsonNode container, TestCluster cluster)
    {
        var environment = container["env"]!.AsArray().Select(variable => variable!).ToDictionary(variable => (string)variable["name"]!, variable => (string?)variable["valueFrom"]?["fieldRef"]?["fieldPath"] switch
        {
            "metadata.name" => "piraeus-ha-controller-0",
            "metadata.namespace" => ServiceAccount,
            _ => (string)variable["value"]!,
        });
        environment["LS_CONTROLLERS"] = cluster.Linstor.Url.ToString();
        environment["KUBERNETES_SERVICE_HOST"] = cluster.World.Plane.Address.Host;
        environment["KUBERNETES_SERVICE_PORT"] = cluster.World.Plane.Address.Port.ToString(CultureInfo.InvariantCulture);
        return environment;
    }

    // The machine may use the manifest's port for something else; a pod has all ports to itself.
    private static (IEnumerable<string> Arguments, int Port) Arguments(JsonNode container, Dictionary<string, string> environment)
    {
        var arguments = container["args"]!.AsArray().Select(argument => environment.Aggregate((string)argument!, (text, variable) => text.Replace($"$({variable.Key})", variable.Value, StringComparison.Ordinal)));
        var (manifests, free) = ((int)container["ports"]![0]!["containerPort"]!, ComponentCommandLines.FreePort());
        return Array.Exists(IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners(), listener => listener.Port == manifests) ? (arguments.Append($"--leader-election-healtz-port={free}"), free) : (arguments, manifests);
    }

    private static async Task<string> AccountAsync(RealControlPlane plane, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory(Path.Combine(plane.LogDirectory, "service-account")).FullName;
        var account = await plane.ServiceAccountAsync(ServiceAccount, ServiceAccount, cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), account.Token, cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "namespace"), ServiceAccount, cancellation);
        File.Copy(plane.AuthorityFile, Path.Combine(folder, "ca.crt"), overwrite: true);
        return folder;
    }

    private static string Status(ControllerProcess controller, string field) =>
        File.ReadLines($"/proc/{controller.ProcessId}/status").First(line => line.StartsWith($"{field}:", StringComparison.Ordinal))[(field.Length + 1)..];
}
