using System.Text;
using System.Text.RegularExpressions;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The commands for kubectl that the documents contain work on a real API server.</summary>
public sealed partial class DocumentedCommandTests(SharedControlPlane shared)
{
    // What this machine cannot run, and what other tests do.
    private static readonly (string Begins, string Why)[] Exempt =
    [
        ("kubectl logs ", "no kubelet serves logs here"),
        ("kubectl -n ha-controller port-forward ", "no kubelet forwards ports here"),
        ("kubectl patch linstorcluster ", "a custom resource of the operator"),
        ("kubectl apply ", "DeploymentTests"),
        ("kubectl kustomize ", "ChartTests"),
    ];

    [Fact]
    public async Task Each_is_accepted()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var (plane, cancellation) = (cluster.World.Plane, TestContext.Current.CancellationToken);
        await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var attachment = "none";
        await RunAsync("kubectl taint node NODE drbd.linbit.com/lost-quorum=:NoSchedule");
        attachment = (await RunAsync("kubectl get volumeattachments --output name")).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Split('/')[1];
        List<string> commands =
        [
            .. Directory.EnumerateFiles(Repository.File("docs"), "*.md").SelectMany(file => Command().Matches(File.ReadAllText(file)).Select(command => command.Groups[1].Value.Trim()))
                .Where(command => !Exempt.Any(exempt => command.StartsWith(exempt.Begins, StringComparison.Ordinal))).Distinct(),
        ];
        Assert.True(commands.Count >= 10, string.Join('\n', commands));
        foreach (var command in commands)
        {
            await RunAsync(command);
        }

        Task<string> RunAsync(string command) => plane.KubectlAsync([.. Words(command
            .Replace(" --watch", "", StringComparison.Ordinal) // it would never end
            .Replace("piraeus-ha-controller-history", "piraeus-ha-controller-history --ignore-not-found", StringComparison.Ordinal) // it comes with the first action
            .Replace("create namespace ha-controller", "create namespace ha-controller --dry-run=client", StringComparison.Ordinal) // it is there
            .Replace("volumeattachment ATTACHMENT", $"volumeattachment {attachment} --ignore-not-found", StringComparison.Ordinal).Replace("volumeattachment NAME", $"volumeattachment {attachment} --ignore-not-found", StringComparison.Ordinal)
            .Replace("NAMESPACE", cluster.World.Namespace, StringComparison.Ordinal).Replace("NODE", cluster.A, StringComparison.Ordinal)
            .Replace("pod POD", "pod db-0", StringComparison.Ordinal).Replace("pod NAME", "pod db-0", StringComparison.Ordinal)).Skip(1)], ApiIdentity.Administrator, cancellation);
    }

    // As a shell does it with single quotes.
    private static IEnumerable<string> Words(string command)
    {
        var (word, isQuoted) = (new StringBuilder(), false);
        foreach (var letter in command.Append(' '))
        {
            if (letter == '\'')
            {
                isQuoted = !isQuoted;
            }
            else if (letter != ' ' || isQuoted)
            {
                word.Append(letter);
            }
            else if (word.Length > 0)
            {
                yield return word.ToString();
                word.Clear();
            }
        }
    }

    [GeneratedRegex(@"^\s{4,}(kubectl [^\n]+)$", RegexOptions.Multiline)]
    private static partial Regex Command();
}
