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
    /// <summary>How often the pods are listed, and how soon a failed uncordoning is tried again.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long uncordoning is tried.</summary>
    public TimeSpan UncordonPatience { get; init; } = TimeSpan.FromMinutes(1);

    private readonly HashSet<Uid> _before = [.. survey.Cluster.Pods.All.Select(held => held.Item.Uid)];
    private readonly long _began = provider.GetTimestamp();

    private NodeName Node => pod.Node!.Value;

    /// <returns>The exit code: 0 if the replacement runs elsewhere, and the node is as it was.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var version = await survey.Evictions.VersionAsync(cancellation);
        var cordoned = await survey.Nodes.CordonAsync(Node, CancellationToken.None); // an interruption here would leave it unknown whether the node is cordoned
        if (cordoned.Answer is not (MutationOutcome.Accepted or MutationOutcome.Unchanged))
        {
            var doubt = cordoned.Answer == MutationOutcome.Forbidden ? "" : $". It may be cordoned all the same; if so, run: kubectl uncordon {Node}";
            throw new RehearsalException($"node {Node} cannot be cordoned, so no pod was moved: {cordoned.Message?.TrimEnd('.')}{doubt}");
        }

        var (isOurs, hasMoved, isUncordoned) = (cordoned.Answer == MutationOutcome.Accepted, false, true);
        try
        {
            await SayAsync(isOurs ? $"Node {Node} is cordoned." : $"Node {Node} was cordoned already, and stays so.");
            await MoveAsync(version, cancellation);
            hasMoved = true;
        }
        catch (Exception failed) when (failed.IsTransient() || failed is RehearsalException)
        {
            await errors.WriteLineAsync($"{ProgramVersion.Name}: {failed.Message.TrimEnd('.')}");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await errors.WriteLineAsync($"{ProgramVersion.Name}: interrupted");
        }
        finally
        {
            isUncordoned = !isOurs || await UncordonAsync();
        }

        return hasMoved && isUncordoned ? 0 : 1;
    }

    private async Task MoveAsync(string version, CancellationToken cancellation)
    {
        await survey.Evictions.EvictAsync(pod, version, cancellation);
        await SayAsync($"Pod {pod.Key} is evicted.");
        var evicted = provider.GetTimestamp();
        var (isGone, trouble) = (false, "");
        Pod? replacement = null;
        for (NodeName? home = null; provider.GetElapsedTime(evicted) < patience; await Task.Delay(Poll, provider, cancellation))
        {
            IReadOnlyList<Pod> pods;
            try
            {
                pods = await survey.Kubernetes.PodsInAsync(pod.Key.Namespace, cancellation);
            }
            catch (Exception failed) when (failed.IsTransient())
            {
                trouble = failed.Message; // the pod is evicted already, so go on
                continue;
            }

            if (!isGone && pods.All(other => other.Uid != pod.Uid))
            {
                isGone = true;
                await SayAsync("It is gone.");
            }

            replacement = ReplacementAmong(pods);
            if (replacement?.Node is { } bound && bound != home)
            {
                home = bound;
                await SayAsync($"Its replacement {replacement.Key} is on node {bound}.");
            }

            if (home == Node && replacement?.Node == Node)
            {
                throw new RehearsalException($"pod {replacement.Key} came back to node {Node}, although that is cordoned: its tolerations allow it");
            }

            if (isGone && replacement is { Running: true, Node: { } runsOn })
            {
                await SayAsync(string.Create(CultureInfo.InvariantCulture, $"It runs there: pod {pod.Key} can run on node {runsOn}, {provider.GetElapsedTime(evicted).TotalSeconds:0.0} s after its eviction."));
                return;
            }

            trouble = !isGone ? "it has not ended yet" : replacement is null ? "there is no replacement" : replacement.Trouble ?? "the cluster gives no reason";
        }

        var warning = isGone && replacement is not null ? await survey.Kubernetes.WarningAboutAsync(replacement.Key.Namespace, replacement.Uid, cancellation) : null;
        throw new RehearsalException($"pod {pod.Key} does not run elsewhere after {Durations.ToText(patience)}: {warning ?? trouble}");
    }

    // A kubelet may refuse a replacement, which then stays as Failed beside the next one.
    private Pod? ReplacementAmong(IEnumerable<Pod> pods) => pods
        .Where(other => !_before.Contains(other.Uid) && other is { Finished: false, Terminating: false } && other.Owner?.Uid == pod.Owner!.Uid && other.ClaimKeys.Intersect(pod.ClaimKeys).Any())
        .OrderByDescending(other => other.Running).FirstOrDefault();

    // Also after an interruption: a node that stays cordoned takes no pods, and the user may not notice.
    private async Task<bool> UncordonAsync()
    {
        var began = provider.GetTimestamp();
        while (true)
        {
            var uncordoned = await survey.Nodes.UncordonAsync(Node, CancellationToken.None);
            if (uncordoned.Answer is MutationOutcome.Accepted or MutationOutcome.Unchanged)
            {
                await SayAsync($"Node {Node} takes pods again.");
                return true;
            }

            if (uncordoned.Answer == MutationOutcome.Forbidden || provider.GetElapsedTime(began) >= UncordonPatience)
            {
                await errors.WriteLineAsync($"{ProgramVersion.Name}: node {Node} is still cordoned: {uncordoned.Message?.TrimEnd('.')}. Run: kubectl uncordon {Node}");
                return false;
            }

            await Task.Delay(Poll, provider);
        }
    }

    private Task SayAsync(string step) => output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {provider.GetElapsedTime(_began).TotalSeconds,6:0.0} s  {step}"));
}
