using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Chart;

/// <summary>The Helm chart, and what it must agree with: the manifest, the flags of the program, a real API server.</summary>
public sealed partial class ChartTests(SharedControlPlane shared)
{
    // The names and the address of deploy/all.yaml.
    private static readonly string[] AsManifest =
    [
        "--release", "ha", "--namespace", "ha-controller", "--api-version", "policy/v1", "--api-version", "flowcontrol.apiserver.k8s.io/v1", "--set", "fullnameOverride=piraeus-ha-controller", "--set", "serviceAccount.name=ha-controller",
        "--set", "linstor.controllers=http://piraeus-op-cs.default.svc", "--set", "metrics.service=false",
    ];

    [Fact]
    public async Task The_manifest_and_the_chart_install_the_same()
    {
        var chart = await RenderedChart.ObjectsAsync(AsManifest);
        var manifest = RenderedChart.Objects(await ReadAsync("deploy/all.yaml") + "---\n" + await ReadAsync("deploy/pod-disruption-budget.yaml") + "---\n" + await ReadAsync("deploy/flow-schema.yaml"));
        Assert.True(manifest.Remove("Namespace/ha-controller")); // Helm makes it with --create-namespace
        Assert.Equal(manifest.Keys.Order(), chart.Keys.Order());
        Assert.All(manifest, one => Assert.Equal(Compared(one.Value), Compared(chart[one.Key])));
    }

    [Fact]
    public async Task A_real_API_server_takes_everything_that_Kubernetes_itself_knows()
    {
        var (plane, cancellation) = (await shared.Plane, TestContext.Current.CancellationToken);
        var name = $"chart-{Guid.NewGuid():N}"[..16];
        await plane.KubectlAsync(["create", "namespace", name], ApiIdentity.Administrator, cancellation);
        var file = Path.Combine(plane.LogDirectory, $"{name}.yaml");
        await File.WriteAllTextAsync(file, await ExternalProgram.OutputAsync(Repository.File("eng/chart.sh"),
        [
            "--release", name, "--namespace", name, "--kube-version", "v1.20.2", "--set", "linstor.controllers=https://linstor:3371", "--set", "linstor.clientSecret=linstor-client-tls", "--set", "linstor.loginSecret=login", "--set", "linstor.tokenSecret=token",
            "--set", "networkPolicy.enabled=true", "--set", "networkPolicy.from=[{podSelector: {}}]", "--set", "dashboard.enabled=true", "--set", "flags.dry-run=true", "--set", "replicas=0",
        ]), cancellation);
        var applied = await plane.KubectlAsync(["apply", "-f", file], ApiIdentity.Administrator, cancellation);
        Assert.Equal(10, applied.Split('\n').Count(line => line.EndsWith(" created", StringComparison.Ordinal)));
        await plane.KubectlAsync(["delete", "-f", file], ApiIdentity.Administrator, cancellation);
        Assert.DoesNotContain(name, await plane.KubectlAsync(["get", "clusterroles,clusterrolebindings", "-o", "name"], ApiIdentity.Administrator, cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_chart_knows_exactly_the_flags_of_the_program()
    {
        var help = await ExternalProgram.OutputAsync(ControllerProcess.Program, ["--help"]);
        var flags = FlagOfHelp().Matches(help).Select(match => match.Groups[1].Value).Except(["help", "version", "leader-election", "leader-election-lease-name", "leader-election-namespace"]); // set by the chart
        var known = JsonNode.Parse(await ReadAsync("charts/piraeus-ha-controller/values.schema.json"))!["properties"]!["flags"]!["properties"]!.AsObject().Select(property => property.Key);
        Assert.Equal(flags.Order(), known.Order());
    }

    [Theory]
    [InlineData("flags.known-resource-grace-period=30", "flags.known-resource-grace-period: Invalid type. Expected: string, given: integer")]
    [InlineData("flags.grace-period=30s", "flags: Additional property grace-period is not allowed")]
    [InlineData("flags.dry-run=\"yes\"", "flags.dry-run: Invalid type. Expected: boolean, given: string")]
    [InlineData("replicas=two", "replicas: Invalid type. Expected: integer, given: string")]
    [InlineData("linstor.controler=http://linstor", "linstor: Additional property controler is not allowed")]
    [InlineData("serviceAccount={create: false}", "serviceAccount.name is missing")]
    [InlineData("serviceAccount={create: false, name: default}", "serviceAccount.name is default, which every pod of the namespace has that names no account")]
    [InlineData("linstor.clientSecret=linstor-client-tls", "linstor.controllers has an address with http://, which would not use it")]
    [InlineData("moveEveryPod=1", "moveEveryPod: Invalid type. Expected: boolean, given: integer")]
    [InlineData("nameOverride=My_Name", "nameOverride: Does not match pattern")]
    [InlineData("moveEveryPod=true flags.pod-label-selector=app=db", "moveEveryPod is true, but flags.pod-label-selector selects some pods only")]
    public async Task A_value_that_makes_no_sense_is_refused_in_one_line_that_names_it(string values, string refusal)
    {
        string[] options = values.Contains('{', StringComparison.Ordinal) ? ["--set", values] : [.. values.Split(' ').SelectMany(value => new[] { "--set", value })];
        var (exit, output, errors) = await ExternalProgram.RunAsync(Repository.File("eng/chart.sh"), options);
        Assert.Equal((1, "", 1), (exit, output, errors.TrimEnd().Split('\n').Length));
        Assert.Contains(refusal, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flag_reaches_the_program_as_it_was_written()
    {
        var container = Container(await RenderedChart.ObjectsAsync("--set", "flags.kube-api-burst=1000000", "--set", "flags.known-resource-grace-period=1m30s", "--set", "flags.dry-run=true", "--set", "flags.kube-api-qps=0.5"));
        Assert.Equal(["--dry-run=true", "--known-resource-grace-period=1m30s", "--kube-api-burst=1000000", "--kube-api-qps=0.5"], container["args"]!.AsArray().Select(argument => (string)argument!).Skip(3));
    }

    [Theory]
    [InlineData("flags={}", "pods with the label linstor.csi.linbit.com/on-storage-lost=remove", null)]
    [InlineData("flags={pod-label-selector: app=db}", "pods with the label app=db", "--pod-label-selector=app=db")]
    [InlineData("moveEveryPod=true", "every pod that uses a LINSTOR volume, except pods with the annotation drbd.linbit.com/ignore-fail-over", "--pod-label-selector=")]
    public async Task After_an_installation_it_is_said_which_pods_are_moved(string value, string moved, string? argument)
    {
        var notes = await ExternalProgram.OutputAsync(Repository.File("eng/chart.sh"), ["--notes", "--set", value]);
        Assert.Contains($"moves {moved} It expects LINSTOR", string.Join(' ', notes.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Equal(argument, Container(await RenderedChart.ObjectsAsync("--set", value))["args"]!.AsArray().Select(one => (string)one!).SingleOrDefault(one => one.StartsWith("--pod-label-selector", StringComparison.Ordinal)));
    }

    // YAML reads 123 as a number, which the API server takes for no name.
    [Fact]
    public async Task A_name_of_digits_stays_a_name()
    {
        var rendered = await ExternalProgram.OutputAsync(Repository.File("eng/chart.sh"), ["--release", "123", "--namespace", "456", "--set", "linstor.loginSecret=\"789\"", "--set", "fullnameOverride=\"12\"", "--set", "serviceAccount.name=\"34\""]);
        Assert.DoesNotMatch("(?m): (123|456|789|12|34)$", rendered);
    }

    [Fact]
    public async Task The_roles_of_a_shared_account_have_the_name_of_the_release()
    {
        var objects = await RenderedChart.ObjectsAsync("--set", "serviceAccount={create: false, name: shared}");
        Assert.Contains("ClusterRole/piraeus-ha-controller", objects.Keys);
        Assert.Equal("shared", (string?)objects["ClusterRoleBinding/piraeus-ha-controller"]["subjects"]![0]!["name"]);
        Assert.DoesNotContain(objects.Keys, key => key.EndsWith("/shared", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_of_the_operator_is_mounted_where_the_variables_look_for_it()
    {
        var objects = await RenderedChart.ObjectsAsync("--set", "linstor.clientSecret=linstor-client-tls", "--set", "linstor.controllers=https://linstor:3371");
        var container = Container(objects);
        var mount = Assert.Single(container["volumeMounts"]!.AsArray())!;
        var files = container["env"]!.AsArray().Where(variable => ((string)variable!["name"]!).EndsWith("_FILE", StringComparison.Ordinal)).Select(variable => $"{variable!["name"]}={variable["value"]}");
        Assert.Equal([$"LS_ROOT_CA_FILE={mount["mountPath"]}/ca.crt", $"LS_USER_CERTIFICATE_FILE={mount["mountPath"]}/tls.crt", $"LS_USER_KEY_FILE={mount["mountPath"]}/tls.key"], files);
        Assert.Equal("linstor-client-tls", (string?)objects["Deployment/piraeus-ha-controller"]["spec"]!["template"]!["spec"]!["volumes"]![0]!["secret"]!["secretName"]);
    }

    [Theory]
    [InlineData("operator-v2", "LS_CONTROLLERS", "https://linstor-controller.piraeus-datastore.svc:3371")]
    [InlineData("dry-run", "LS_CONTROLLERS", "http://piraeus-op-cs.default.svc")]
    public async Task An_overlay_changes_what_it_says_and_nothing_else(string overlay, string variable, string value)
    {
        var plane = await shared.Plane;
        var objects = RenderedChart.Objects(await plane.KubectlAsync(["kustomize", Repository.File($"overlays/{overlay}")], ApiIdentity.Administrator, TestContext.Current.CancellationToken));
        var container = Container(objects);
        Assert.Equal(value, (string?)container["env"]!.AsArray().Single(one => (string)one!["name"]! == variable)!["value"]);
        var based = Container(RenderedChart.Objects(await ReadAsync("deploy/all.yaml")));
        Assert.Equal([.. Arguments(based), .. overlay == "dry-run" ? ["--dry-run"] : (string[])[]], Arguments(container));
        Assert.Equal((string?)based["image"], (string?)container["image"]);
        Assert.Equal(10, objects.Count);
    }

    private static IEnumerable<string> Arguments(JsonNode container) => container["args"]!.AsArray().Select(argument => (string)argument!);

    private static JsonNode Container(Dictionary<string, JsonNode> objects) => objects["Deployment/piraeus-ha-controller"]["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Single()!;

    // Without the labels that a manifest of one file does not need: those of objects, and those that name the release.
    private static string Compared(JsonNode found)
    {
        var copy = found.DeepClone();
        copy["metadata"]!.AsObject().Remove("labels");
        return Release().Replace(Sorted(copy)!.ToJsonString(), "");
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, Sorted(entry.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    private static Task<string> ReadAsync(string path) => File.ReadAllTextAsync(Repository.File(path), TestContext.Current.CancellationToken);

    [GeneratedRegex("""^\s*--([a-z-]+)""", RegexOptions.Multiline)]
    private static partial Regex FlagOfHelp();

    [GeneratedRegex("\"app.kubernetes.io/instance\":\"[^\"]*\",?")]
    private static partial Regex Release();
}
