using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Explaining;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;

namespace Piraeus.HighAvailability.Controller.Tests.Explaining;

/// <summary>The command <c>explain</c>: whom it asks, and what it prints.</summary>
public sealed class ExplainCommandTests
{
    private const string Held = """{"spec":{"holderIdentity":"ha-1"},"metadata":{"resourceVersion":"1"}}""";

    private static readonly WireExplanation Well = new("pod shop/app-0 on node a", "Pod shop/app-0 has its storage: nothing suggests a loss.", DateTimeOffset.UnixEpoch, "ha-1", true, null, [], [], [], []);

    [Fact]
    public async Task It_asks_the_holder_of_the_lease_through_the_API_server()
    {
        await using var kubernetes = await AnswerAsync(call => call.AnswerAsync(call.Path.Contains("/leases/", StringComparison.Ordinal) ? Held : JsonSerializer.Serialize(Well, StatusJson.Default.WireExplanation)));
        var (exit, output, errors) = await RunAsync(kubernetes, "explain", "pod", "shop/app-0");
        Assert.Equal((0, ""), (exit, errors));
        Assert.StartsWith("Pod shop/app-0 has its storage: nothing suggests a loss.\n\nAbout pod shop/app-0 on node a, as ha-1 sees it at 00:00:00.0Z.\n", output, StringComparison.Ordinal);
        Assert.Equal(
            ["/apis/coordination.k8s.io/v1/namespaces/ha-controller/leases/piraeus-ha-controller", "/api/v1/namespaces/ha-controller/pods/ha-1:8080/proxy/explain/pods/shop/app-0"],
            kubernetes.Calls.Select(call => call.Path));
    }

    [Fact]
    public async Task The_namespace_the_lease_the_port_and_the_format_can_be_chosen()
    {
        var json = JsonSerializer.Serialize(Well, StatusJson.Default.WireExplanation);
        await using var kubernetes = await AnswerAsync(call => call.AnswerAsync(call.Path.Contains("/leases/", StringComparison.Ordinal) ? Held : json));
        var (exit, output, _) = await RunAsync(kubernetes, "explain", "node", "a", "-n", "storage", "--lease=ha", "--port", "9090", "-o", "json");
        Assert.Equal((0, json), (exit, output.TrimEnd()));
        Assert.Equal(["/apis/coordination.k8s.io/v1/namespaces/storage/leases/ha", "/api/v1/namespaces/storage/pods/ha-1:9090/proxy/explain/nodes/a"], kubernetes.Calls.Select(call => call.Path));
    }

    [Fact]
    public async Task Without_a_flag_or_a_variable_it_reads_the_users_own_kubeconfig()
    {
        await using var kubernetes = await AnswerAsync(call => call.RefuseAsync(404, "none"));
        using var home = new TemporaryFolder();
        home.Write(".kube/config", ConfigFor(kubernetes));
        Assert.Equal(1, (await RunAsync(["explain", "node", "a"], name => name == "HOME" ? home.Path : null)).Exit);
        Assert.Single(kubernetes.Calls);
    }

    [Theory]
    [InlineData("no lease", "there is no Lease ha-controller/piraeus-ha-controller: give the controller's namespace with --namespace, or one replica's address with --url")]
    [InlineData("no holder", "nobody holds the Lease ha-controller/piraeus-ha-controller, so no replica acts: read their logs, or ask one of them with --url")]
    [InlineData("may not read", "leases.coordination.k8s.io is forbidden: User \"me\" cannot get resource \"leases\" (missing permission: add the rule {apiGroups: [\"coordination.k8s.io\"], resources: [\"leases\"], verbs: [\"get\"]} to a Role in namespace ha-controller that is bound to this service account)")]
    [InlineData("may not proxy", "pods \"ha-1:8080\" is forbidden: User \"me\" cannot get resource \"pods/proxy\" (missing permission: add the rule {apiGroups: [\"\"], resources: [\"pods/proxy\"], verbs: [\"get\"]} to a Role in namespace ha-controller that is bound to this service account)")]
    [InlineData("leader away", "the leader, pod ha-controller/ha-1, cannot be reached on port 8080: error trying to reach service: dial tcp: no route to host")]
    [InlineData("no such pod", "no pod shop/app-0 with labels x is known")]
    public async Task What_hinders_it_is_told_in_one_line(string trouble, string message)
    {
        await using var kubernetes = await AnswerAsync(call => (trouble, call.Path.Contains("/leases/", StringComparison.Ordinal)) switch
        {
            ("no lease", true) => call.RefuseAsync(404, "leases.coordination.k8s.io \"piraeus-ha-controller\" not found"),
            ("no holder", true) => call.AnswerAsync("""{"spec":{},"metadata":{}}"""),
            ("may not read", true) => call.RefuseAsync(403, "leases.coordination.k8s.io is forbidden: User \"me\" cannot get resource \"leases\""),
            (_, true) => call.AnswerAsync(Held),
            ("may not proxy", _) => call.RefuseAsync(403, "pods \"ha-1:8080\" is forbidden: User \"me\" cannot get resource \"pods/proxy\""),
            ("leader away", _) => call.RefuseAsync(503, "error trying to reach service: dial tcp: no route to host"),
            _ => call.AnswerAsync("""{"message":"no pod shop/app-0 with labels x is known"}""", 404),
        });
        var (exit, output, errors) = await RunAsync(kubernetes, "explain", "pod", "shop/app-0");
        Assert.Equal((1, "", $"piraeus-ha-controller: {message}\n"), (exit, output, errors));
    }

    [Theory]
    [InlineData("explain must be told what to explain: pod NAMESPACE/NAME, volume NAME or node NAME", "explain")]
    [InlineData("explain must be told what to explain: pod NAMESPACE/NAME, volume NAME or node NAME", "explain", "pods", "shop/app-0")]
    [InlineData("invalid pod \"app-0\": must be a namespace and a name, for example default/app-0", "explain", "pod", "app-0")]
    [InlineData("invalid value \"yaml\" for --output: must be text or json", "explain", "node", "a", "-o", "yaml")]
    [InlineData("invalid value \"0\" for --port: must be a whole number from 1 to 65535", "explain", "node", "a", "--port=0")]
    [InlineData("invalid value \"localhost\" for --url: must be an address such as http://localhost:8080", "explain", "node", "a", "--url=localhost")]
    [InlineData("unknown flag: --dry-run", "explain", "node", "a", "--dry-run")]
    public void A_command_line_that_makes_no_sense_is_refused_in_one_line(string message, params string[] arguments)
    {
        var refused = Assert.IsType<Command.ShowText>(CommandLineParser.Parse(arguments));
        Assert.Equal((2, $"piraeus-ha-controller: {message}"), (refused.ExitCode, refused.Text));
    }

    private static Task<CannedKubernetes> AnswerAsync(Func<Call, Task> answer) => CannedKubernetes.StartAsync(answer);

    private static async Task<(int Exit, string Output, string Errors)> RunAsync(CannedKubernetes kubernetes, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        return await RunAsync([.. arguments, $"--kubeconfig={folder.Write("config", ConfigFor(kubernetes))}"], _ => null);
    }

    private static string ConfigFor(CannedKubernetes kubernetes) => $$$"""
        {"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
         "clusters": [{"name": "c", "cluster": {"server": "{{{kubernetes.Url}}}"}}], "users": [{"name": "u", "user": {}}]}
        """;

    private static async Task<(int Exit, string Output, string Errors)> RunAsync(string[] arguments, Func<string, string?> environment)
    {
        var request = Assert.IsType<Command.Explain>(CommandLineParser.Parse(arguments)).Request;
        using var output = new StringWriter { NewLine = "\n" };
        using var errors = new StringWriter { NewLine = "\n" };
        var exit = await new ExplainCommand(request, environment, TimeProvider.System, NullLoggerFactory.Instance, output, errors).RunAsync(TestContext.Current.CancellationToken);
        return (exit, output.ToString(), errors.ToString());
    }
}
