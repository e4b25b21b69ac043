using Piraeus.HighAvailability.Controller.Doctor;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using YamlDotNet.RepresentationModel;

namespace Piraeus.HighAvailability.Controller.Tests.Doctor;

/// <summary>What the checks find out from the Kubernetes API.</summary>
public sealed class KubernetesChecksTests
{
    [Fact]
    public void The_rights_are_those_of_the_manifest()
    {
        using var file = File.OpenText(Repository.File("deploy/all.yaml"));
        var manifest = new YamlStream();
        manifest.Load(file);
        var granted =
            from document in manifest.Documents
            let body = (YamlMappingNode)document.RootNode
            where $"{body["kind"]}" is "ClusterRole" or "Role"
            from rule in (YamlSequenceNode)body["rules"]
            from resource in (YamlSequenceNode)rule["resources"]
            from verb in (YamlSequenceNode)rule["verbs"]
            select $"{body["kind"]} {rule["apiGroups"][0]} {resource} {verb}";
        Assert.Equal(granted.Order(), Permission.All.Select(right => $"{(right.IsOfLease ? "Role" : "ClusterRole")} {right.Group} {right.Resource} {right.Verb}").Order());
    }

    [Theory]
    [InlineData(null, "Warning: There is no Lease ha-controller/piraeus-ha-controller: no replica runs with leader election there.")]
    [InlineData("""{"spec":{},"metadata":{}}""", "Failed: No replica holds the Lease ha-controller/piraeus-ha-controller, so none acts.")]
    [InlineData("""{"spec":{"holderIdentity":"ha-1","renewTime":"2030-01-01T00:00:00.000000Z"},"metadata":{}}""", "Ok: ha-1 leads.")]
    [InlineData("""{"spec":{"holderIdentity":"ha-1","renewTime":"2029-12-31T23:59:10.000000Z"},"metadata":{}}""", "Failed: ha-1 holds the Lease ha-controller/piraeus-ha-controller, and last renewed it 54 s ago, so no replica acts.")]
    [InlineData("""{"spec":{"holderIdentity":"ha-1","renewTime":"2030-01-01T00:00:20.000000Z"},"metadata":{}}""", "Warning: ha-1 leads, and its clock is 20 s ahead of this one.")]
    public async Task The_Lease_shows_whether_a_replica_leads(string? lease, string expected)
    {
        var findings = await RunAsync(call => lease is null ? call.RefuseAsync(404, "not found") : call.AnswerAsync(lease), (checks, found) => checks.ReplicasAsync(found, default));
        Assert.Equal([expected], findings);
    }

    [Fact]
    public async Task A_lease_that_looks_old_and_is_renewed_shows_a_clock_that_is_ahead()
    {
        var renewals = new Queue<string>(["2029-12-31T23:59:10.000000Z", "2029-12-31T23:59:12.000000Z"]);
        var findings = await RunAsync(
            call => call.AnswerAsync($$$"""{"spec":{"holderIdentity":"ha-1","renewTime":"{{{renewals.Dequeue()}}}"},"metadata":{}}"""), (checks, found) => checks.ReplicasAsync(found, default));
        Assert.Equal(["Warning: ha-1 leads, and this clock is 52 s ahead of its one."], findings);
    }

    [Fact]
    public async Task Agents_of_a_DaemonSet_are_found_by_either_label_and_our_own_replicas_are_none()
    {
        string Pod(string name, string owner) => $$$"""{"metadata":{"namespace":"piraeus","name":"{{{name}}}","uid":"{{{name}}}","ownerReferences":[{"kind":"{{{owner}}}","name":"x","uid":"x","apiVersion":"apps/v1","controller":true}]},"spec":{}}""";
        var findings = await RunAsync(
            call => call.AnswerAsync($$"""{"metadata":{},"items":[{{(call["labelSelector"] == "app.kubernetes.io/component=ha-controller" ? Pod("ha-controller-x", "DaemonSet") : Pod("piraeus-ha-controller-y", "ReplicaSet"))}}]}"""),
            (checks, found) => checks.AgentsAsync(found, default));
        Assert.Equal(["Warning: An agent of version 1.x runs beside this controller: pod piraeus/ha-controller-x."], findings);
    }

    [Fact]
    public async Task What_cannot_be_found_out_is_said_and_no_reason_to_give_up()
    {
        var findings = await RunAsync(call => call.RefuseAsync(503, "the server is starting"), async (checks, found) =>
        {
            Assert.False(await checks.AnswersAsync(found, default));
            await checks.RightsAsync(found, default);
            await checks.ReplicasAsync(found, default);
            await checks.AgentsAsync(found, default);
        });
        Assert.Equal(4, findings.Length);
        Assert.All(findings, finding => Assert.Contains("the server is starting", finding, StringComparison.Ordinal));
    }

    private static async Task<string[]> RunAsync(Func<Call, Task> answer, Func<KubernetesChecks, Findings, Task> run)
    {
        var time = new TestTime();
        time.SetUtcNow(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var kubernetes = await CannedKubernetes.StartAsync(answer);
        using var http = kubernetes.Connection.CreateClient();
        var findings = new Findings(Section.Controller);
        var running = run(new(new(http, new("", LabelSelector.Parse("")), time), new("ha-controller", "piraeus-ha-controller"), time), findings);
        var renewal = TimeSpan.FromSeconds(4);
        while (await Task.WhenAny(running, time.RestingAsync(renewal)) != running)
        {
            time.Advance(renewal);
        }

        await running;
        return [.. findings.Checks.Select(check => $"{check.Outcome}: {check.Message}")];
    }
}
