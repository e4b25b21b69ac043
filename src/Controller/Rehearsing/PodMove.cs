using System.Globalization;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Surveying;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Rehearsing;

/// <summary>Moves one pod away from its healthy node: cordons the node, evicts the pod, waits until its replacement runs elsewhere, and uncordons the node, whatever happens.</summary>
/// <param name="survey">The cluster as it was before.</param>
/// <param name="pod">The pod.</param>
/// <param name="patience">How long the replacement may take.</param>
/// <param name="provider">The time.</param>
/// <param name="output">Takes one line for each step.</param>
/// <param name="errors">Takes one line if it fails.</param>
internal sealed class PodMove(ClusterSurvey survey, Pod pod, TimeSpan patience, TimeProvider provider, TextWriter output, TextWriter errors)
{
    /// <summary>How often the pods are listed.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    private readonly HashSet<Uid> _before = [.. survey.Cluster.Pods.All.Select(held => held.Item.Uid)];
    private readonly long _began = provider.GetTimestamp();
    private Pod? _replacement;

    private NodeName Node => pod.Node!.Value;

    /// <returns>The exit code: 0 if the replacement runs elsewhere, and the node is as it was.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var version = await survey.Evictions.VersionAsync(cancellation);
        var cordoned = await survey.Nodes.CordonAsync(Node, CancellationToken.None); // an interruption here would leave it unknown whether the node is cordoned
        if (cordoned.Answer is not (MutationOutcome.Accepted or MutationOutcome.Unchanged))
        {
            throw new RehearsalException($"node {Node} cannot be cordoned, so no pod was moved: {cordoned.Message?.TrimEnd('.')}{(cordoned.Answer == MutationOutcome.TimedOut ? $". It may be cordoned all the same: kubectl uncordon {Node}" : "")}");
        }

        var isOurs = cordoned.Answer == MutationOutcome.Accepted;
        var hasMoved = false;
        try
        {
            await SayAsync(isOurs ? $"Node {Node} is cordoned." : $"Node {Node} was cordoned already, and stays so.");
            hasMoved = await MoveAsync(version, cancellation);
        }
        catch (Exception failed) when (failed.IsTransient() || failed is RehearsalException)
        {
            await errors.WriteLineAsync($"{ProgramVersion.Name}: {failed.Message.TrimEnd('.')}");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await SayAsync("Interrupted.");
        }

        return (!isOurs || await UncordonAsync()) && hasMoved ? 0 : 1;
    }

    private async Task<bool> MoveAsync(string version, CancellationToken cancellation)
    {
        await survey.Evictions.EvictAsync(pod, version, cancellation);
        await SayAsync($"Pod {pod.Key} is evicted.");
        var evicted = provider.GetTimestamp();
        var (isGone, isBound) = (false, false);
        while (provider.GetElapsedTime(evicted) < patience)
        {
            var pods = await survey.Kubernetes.PodsInAsync(pod.Key.Namespace, cancellation);
            if (!isGone && pods.All(other => other.Uid != pod.Uid))
            {
                isGone = true;
                await SayAsync("It is gone.");
            }

            _replacement = pods.FirstOrDefault(other => !_before.Contains(other.Uid) && other.Owner?.Uid == pod.Owner!.Uid && other.ClaimKeys.Intersect(pod.ClaimKeys).Any());
            if (!isBound && _replacement is { Node: { } home })
            {
                isBound = true;
                await SayAsync($"Its replacement {_replacement.Key} is on node {home}.");
            }

            if (isGone && _replacement is { Running: true, Node: { } runsOn })
            {
                var down = provider.GetElapsedTime(evicted);
                await SayAsync(string.Create(CultureInfo.InvariantCulture, $"It runs there: pod {pod.Key} can run on node {runsOn}, {down.TotalSeconds:0.0} s after its eviction."));
                return true;
            }

            await Task.Delay(Poll, provider, cancellation);
        }

        var trouble = _replacement is null ? "there is no replacement" : await survey.Kubernetes.WarningAboutAsync(_replacement.Key.Namespace, _replacement.Uid, cancellation) ?? _replacement.Trouble ?? "the cluster says nothing about it";
        throw new RehearsalException($"pod {pod.Key} does not run elsewhere after {Durations.ToText(patience)}: {(isGone ? trouble : "it has not ended yet")}");
    }

    // Also after an interruption: a node that stays cordoned takes no pods, and the user may not notice.
    private async Task<bool> UncordonAsync()
    {
        var uncordoned = await survey.Nodes.UncordonAsync(Node, CancellationToken.None);
        if (uncordoned.Answer is MutationOutcome.Accepted or MutationOutcome.Unchanged)
        {
            await SayAsync($"Node {Node} takes pods again.");
            return true;
        }

        await errors.WriteLineAsync($"{ProgramVersion.Name}: node {Node} is still cordoned: {uncordoned.Message?.TrimEnd('.')}. Run: kubectl uncordon {Node}");
        return false;
    }

    private Task SayAsync(string step) => output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {provider.GetElapsedTime(_began).TotalSeconds,6:0.0} s  {step}"));
}
