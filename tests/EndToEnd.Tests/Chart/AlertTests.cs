using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Chart;

/// <summary>The alerts and the dashboard of the chart.</summary>
public sealed partial class AlertTests(SharedControlPlane shared)
{
    private static string Alerts => Path.Combine(RenderedChart.Folder, "files/alerts.yaml");

    [Fact]
    public async Task Each_alert_fires_when_it_should_and_not_before()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Alerts, Path.Combine(folder.Path, "rules.yaml"));
        var tests = Path.Combine(folder.Path, "tests.yaml");
        File.Copy(Repository.File("tests/EndToEnd.Tests/Chart/alerts.yaml"), tests);
        Assert.Contains("SUCCESS", await ExternalProgram.OutputAsync(Repository.File("eng/promtool.sh"), ["test", "rules", tests]), StringComparison.Ordinal);

        var text = await File.ReadAllTextAsync(tests, TestContext.Current.CancellationToken);
        Assert.All(await RulesAsync(), rule => Assert.Contains($"alertname: {rule["alert"]}\n        exp_alerts", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_alert_has_a_section_that_says_what_to_do()
    {
        var headings = (await File.ReadAllLinesAsync(Repository.File("docs/alerts.md"), TestContext.Current.CancellationToken)).Where(line => line.StartsWith("## ", StringComparison.Ordinal)).Select(line => line[3..]);
        var alerts = (await RulesAsync()).ToList();
        Assert.Equal(alerts.Select(rule => (string)rule["alert"]!).Order(), headings.Order());
        Assert.All(alerts, rule => Assert.EndsWith($"/docs/alerts.md#{((string)rule["alert"]!).ToLowerInvariant()}", (string)rule["annotations"]!["runbook_url"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Alerts_and_dashboard_ask_for_metrics_that_the_program_has()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        await cluster.Workloads.StatefulSetAsync("kept", on: cluster.A, shape: PodShape.OptedIn with { Annotations = ImmutableDictionary<string, string>.Empty.Add("drbd.linbit.com/ignore-fail-over", "") });
        var controller = await cluster.StartControllerAsync();
        cluster.Crash(cluster.A);
        var seen = new StringBuilder(); // a gauge without a value is left out
        await cluster.EventuallyAsync(async () => seen.Append('\n').Append(await controller.ReadAsync("/metrics")) is { } all && ((string[])["failover_duration_seconds_count", "held", "forecast_pods"])
            .All(metric => all.ToString().Contains($"\npiraeus_ha_{metric}{{", StringComparison.Ordinal)), "a failover has ended, another one is held, and each node was forecast");
        var metrics = seen.ToString();

        var documented = DocumentedMetric().Matches(await File.ReadAllTextAsync(Repository.File("docs/operations.md"), TestContext.Current.CancellationToken)).Select(row => row.Groups[1].Value).ToList();
        Assert.True(documented.Count > 15);
        Assert.All(documented, family => Assert.True(Regex.IsMatch(metrics, $"^{family}(_bucket)?[{{ ]", RegexOptions.Multiline), family));

        var dashboard = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(RenderedChart.Folder, "files/dashboard.json"), TestContext.Current.CancellationToken))!;
        var queries = dashboard["panels"]!.AsArray().SelectMany(panel => panel!["targets"]!.AsArray()).Select(target => (string)target!["expr"]!).Concat((await RulesAsync()).Select(rule => (string)rule["expr"]!));
        foreach (Match metric in queries.SelectMany(query => Metric().Matches(query)))
        {
            Assert.True(metrics.Contains($"\n{metric.Value}{{", StringComparison.Ordinal) || metrics.Contains($"\n{metric.Value} ", StringComparison.Ordinal), metric.Value);
        }
    }

    [Fact]
    public async Task The_metrics_follow_the_conventions()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var controller = await cluster.StartControllerAsync();
        var file = Path.Combine(cluster.World.Plane.LogDirectory, "metrics.txt");
        var ours = (await controller.ReadAsync("/metrics"))!.Split('\n').Where(line => line.Contains("piraeus_ha_", StringComparison.Ordinal));
        await File.WriteAllTextAsync(file, string.Join('\n', ours) + "\n", TestContext.Current.CancellationToken);
        Assert.Equal("", (await ExternalProgram.OutputAsync("sh", ["-c", $"'{Repository.File("eng/promtool.sh")}' check metrics <'{file}'"])).Trim());
    }

    private static async Task<IEnumerable<JsonNode>> RulesAsync() =>
        RenderedChart.Documents(await File.ReadAllTextAsync(Alerts, TestContext.Current.CancellationToken)).Single()["groups"]!.AsArray().SelectMany(group => group!["rules"]!.AsArray()).Select(rule => rule!);

    // A row of the table of families.
    [GeneratedRegex(@"^\| `(piraeus_ha_[a-z_]+)", RegexOptions.Multiline)]
    private static partial Regex DocumentedMetric();

    [GeneratedRegex("piraeus_ha_[a-z_]+")]
    private static partial Regex Metric();
}
