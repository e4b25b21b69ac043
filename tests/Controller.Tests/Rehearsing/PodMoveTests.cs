using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Rehearsing;
using Piraeus.HighAvailability.Controller.Surveying;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Rehearsing;

/// <summary>The move of a pod in a rehearsal, in front of an API server that fails at the worst moment.</summary>
public sealed class PodMoveTests
{
    private const string Served = """{"resources":[{"name":"pods/eviction","group":"policy","version":"v1","kind":"Eviction"}]}""";
    private static readonly Pod Evicted = ControlFixture.App with { Owner = new("apps/v1", "StatefulSet", "app", new("u-set")) };

    [Fact]
    public async Task A_pod_that_runs_elsewhere_is_moved_and_the_node_takes_pods_again()
    {
        var (exit, output, errors, isCordoned) = await MoveAsync(JsonOf("app-0", "u-new", "b", "Running"));
        Assert.Equal((0, "", false), (exit, errors, isCordoned));
        Assert.Contains("It runs there: pod shop/app-0 can run on node b, ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_comes_back_to_the_cordoned_node_is_a_failure()
    {
        var (exit, _, errors, isCordoned) = await MoveAsync(JsonOf("app-0", "u-new", "a", "Running"));
        Assert.Equal((1, "piraeus-ha-controller: pod shop/app-0 came back to node a, although that is cordoned: its tolerations allow it\n", false), (exit, errors, isCordoned));
    }

    [Fact]
    public async Task A_replacement_that_a_kubelet_refused_does_not_hide_the_next_one()
    {
        // At first there is only the one that was refused, on the cordoned node.
        var lists = 0;
        var refused = JsonOf("app-a", "u-1", "a", "Failed");
        var (exit, output, _, _) = await MoveAsync(
            $"{refused},{JsonOf("app-b", "u-2", "c", "Running")}",
            call => call.Path == "/api/v1/namespaces/shop/pods" && lists++ == 0 ? call.AnswerAsync($$"""{"metadata":{},"items":[{{refused}}] }""") : null);
        Assert.Equal(0, exit);
        Assert.Contains("can run on node c, ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_fails_for_a_moment_after_the_eviction_ends_nothing()
    {
        var failures = 0;
        var (exit, _, errors, isCordoned) = await MoveAsync(JsonOf("app-0", "u-new", "b", "Running"), call => call.Method == "GET" && failures++ is 2 or 3 or 5 ? call.RefuseAsync(503, "shutting down") : null);
        Assert.Equal((0, "", false), (exit, errors, isCordoned));
        Assert.True(failures > 5);
    }

    [Fact]
    public async Task A_node_that_stays_cordoned_is_named_with_the_command_that_helps()
    {
        var patches = 0;
        var (exit, _, errors, isCordoned) = await MoveAsync(JsonOf("app-0", "u-new", "b", "Running"), call => call.Method == "PATCH" && patches++ > 0 ? call.RefuseAsync(500, "etcd is away") : null);
        Assert.Equal((1, true), (exit, isCordoned));
        Assert.EndsWith("Run: kubectl uncordon a\n", errors, StringComparison.Ordinal);
        Assert.True(patches > 2, "uncordoning is tried again");
    }

    [Fact]
    public async Task A_cordoning_without_an_answer_may_have_happened()
    {
        var failed = await Assert.ThrowsAsync<RehearsalException>(() => MoveAsync("", call => call.Method == "PATCH" ? call.BreakAsync() : null));
        Assert.EndsWith(". It may be cordoned all the same; if so, run: kubectl uncordon a", failed.Message, StringComparison.Ordinal);
    }

    private static string JsonOf(string name, string uid, string node, string phase) => $$"""
        {"metadata":{"namespace":"shop","name":"{{name}}","uid":"{{uid}}","ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"app","uid":"u-set","controller":true}]},
         "spec":{"nodeName":"{{node}}","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"} }]},"status":{"phase":"{{phase}}"} }
        """;

    /// <param name="pods">The pods of the namespace after the eviction.</param>
    /// <param name="interfere">An answer instead of the usual one; null for the usual one.</param>
    private static async Task<(int Exit, string Output, string Errors, bool IsCordoned)> MoveAsync(string pods, Func<Call, Task?>? interfere = null)
    {
        var isCordoned = false;
        await using var kubernetes = await CannedKubernetes.StartAsync(call =>
        {
            if (interfere?.Invoke(call) is { } interference)
            {
                return interference;
            }

            isCordoned = call.Method == "PATCH" ? call.Body.Contains("true", StringComparison.Ordinal) : isCordoned;
            return call.AnswerAsync(call.Path switch
            {
                "/api/v1" => Served,
                "/api/v1/nodes/a" => $$"""{"metadata":{"name":"a","resourceVersion":"1"},"spec":{"unschedulable":{{(isCordoned ? "true" : "false")}} } }""",
                "/api/v1/namespaces/shop/pods" => $$"""{"metadata":{},"items":[{{pods}}] }""",
                _ => """{"metadata":{},"items":[]}""",
            });
        });
        using var folder = new TemporaryFolder();
        var kubeConfig = folder.Write("kubeconfig", $$$"""{"apiVersion":"v1","kind":"Config","current-context":"c","contexts":[{"name":"c","context":{"cluster":"k"}}],"clusters":[{"name":"k","cluster":{"server":"{{{kubernetes.Url}}}"} }]}""");
        using var survey = new ClusterSurvey(new Settings { KubeConfig = kubeConfig }, name => name == "LS_CONTROLLERS" ? "http://127.0.0.1:9" : null, TimeProvider.System, NullLoggerFactory.Instance);
        await using var output = new StringWriter();
        await using var errors = new StringWriter();
        var move = new PodMove(survey, Evicted, TimeSpan.FromSeconds(20), TimeProvider.System, output, errors) { Poll = TimeSpan.FromMilliseconds(1), UncordonPatience = TimeSpan.FromMilliseconds(50) };
        return (await move.RunAsync(TestContext.Current.CancellationToken), $"{output}", $"{errors}", isCordoned);
    }
}
