using System.Globalization;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Endpoints;

/// <summary>Explains what the verdict of one instant means for one pod, volume or node.</summary>
/// <param name="settings">The settings of this process.</param>
/// <param name="cluster">The snapshot.</param>
/// <param name="verdict">The verdict on it.</param>
/// <param name="hold">Whether this process leads.</param>
/// <param name="journal">What was done and held.</param>
/// <param name="reader">Translates the same snapshot and verdict.</param>
/// <param name="history">What all replicas have done, as far as it is stored; oldest first.</param>
internal sealed class Explainer(Settings settings, ClusterSnapshot cluster, Verdict verdict, LeadershipStatus hold, DecisionLog journal, StatusReader reader, IReadOnlyList<WireEntry> history)
{
    private const string OptOut = "drbd.linbit.com/ignore-fail-over";

    /// <summary>The clause of docs/safety.md that a reason belongs to; null for reasons that concern something else than the loss.</summary>
    public static int? RuleOf(HoldReason reason) => reason switch
    {
        HoldReason.NoQuorumPolicy or HoldReason.QuorumPolicyUnknown => 1,
        HoldReason.NothingMayPromote or HoldReason.NobodySpeaks or HoldReason.PeerSilent or HoldReason.NoUpToDatePeer or HoldReason.StillConnected or HoldReason.NotKnownOffline => 2,
        HoldReason.NeverDeployed or HoldReason.NoLongerDeployed or HoldReason.OwnReplicaMayPromote => 3,
        HoldReason.SideHasQuorum or HoldReason.KeepsQuorumAlone => 4,
        HoldReason.MayHaveQuorum => 6,
        HoldReason.InUseElsewhere => 7,
        HoldReason.GraceNotOver => 8,
        HoldReason.AwaitingConfirmation => 9,
        HoldReason.OnlyOneSpeaker => 10,
        _ => null,
    };

    /// <summary>Explains the object at a path below <c>/explain</c>.</summary>
    /// <param name="path"><c>pods</c>, a namespace and a name; <c>volumes</c> and a name; or <c>nodes</c> and a name.</param>
    /// <returns>The explanation, or null and why there is none.</returns>
    public (WireExplanation? Found, string Missing) Find(params string[] path) => path switch
    {
        ["pods", var space, var name] => (Pod(new(space, name)) ?? Gone($"pod {space}/{name}", $"{space}/{name}"), $"no pod {space}/{name} with labels {settings.PodSelector} is known: it does not exist, or its labels do not match, so it is never moved"),
        ["volumes", var name] => (Volume(name) ?? Gone($"volume {name}", name, $"resource {name}"), $"no PersistentVolume {name} is known"),
        ["nodes", var name] => (Node(new(name)) ?? Gone($"node {name}", name), $"no node {name} is known"),
        _ => throw new ArgumentOutOfRangeException(nameof(path)),
    };

    /// <returns>Null if this process knows no such pod.</returns>
    private WireExplanation? Pod(ObjectKey key)
    {
        if (cluster.Pods.Find(key) is not { Item: var pod })
        {
            return null;
        }

        var uses = pod.Node is { } node ? UsesOf(pod, node).ToList() : [];
        var summary = pod switch
        {
            { Finished: true } => $"Pod {key} has finished: it uses nothing any more.",
            { OptedIn: false } => $"Leaving pod {key} alone: its labels do not match the selector.",
            { Node: null } => $"Pod {key} is bound to no node, so there is nothing to move.",
            _ when uses is [] => $"Pod {key} uses no volume of {settings.AttacherName}, so it is not moved.",
            _ => Summary(uses, $"Pod {key}"),
        };
        return Explanation($"pod {key}{(pod.Node is { } where ? $" on node {where}" : "")}", summary, FactsOf(pod), uses, failover => failover.Pod.Key == key || failover.Replacement?.Key == key, key.ToString());
    }

    /// <returns>Null if this process knows no such PersistentVolume.</returns>
    private WireExplanation? Volume(string name)
    {
        if (cluster.Volumes.Find(name) is not { Item: var volume })
        {
            return null;
        }

        var pods = volume.Claim is { } claim ? cluster.Pods.ReferringTo(claim).Select(held => held.Item).ToList() : [];
        var nodes = pods.Select(pod => pod.Node).OfType<NodeName>().Concat(cluster.Attachments.ReferringTo(name).Select(held => held.Item.Node)).Distinct();
        var uses = nodes.Order().Select(node => Use(volume, node)).ToList();
        var summary = volume.Resource is null ? $"Volume {name} is not LINSTOR's." : uses is [] ? $"Volume {name} is attached nowhere, and no pod that the controller may move uses it." : Summary(uses, $"Volume {name}");
        return Explanation(
            $"volume {name}{(volume.Claim is { } bound ? $" of claim {bound}" : "")}", summary, [], uses, failover => failover.Evidence.Resource == volume.Resource, volume.Resource?.Value ?? name);
    }

    /// <returns>Null if this process knows no such Kubernetes node.</returns>
    private WireExplanation? Node(NodeName node)
    {
        var pods = cluster.Pods.All.Select(held => held.Item).Where(pod => pod.Node == node).OrderBy(pod => pod.Key).ToList();
        if (!cluster.Nodes.ContainsKey(node) && !cluster.CsiNodes.ContainsKey(node) && pods is [])
        {
            return null;
        }

        var attached = cluster.Attachments.All.Where(held => held.Item.Node == node).Select(held => cluster.Volumes.Find(held.Item.Volume)?.Item).OfType<Volume>().Select(volume => Use(volume, node));
        var uses = pods.SelectMany(pod => UsesOf(pod, node)).Concat(attached).DistinctBy(use => use.Volume).ToList();
        var summary = uses is [] ? $"No pod that the controller may move uses a volume of {settings.AttacherName} on node {node}." : Summary(uses, $"Node {node}");
        return Explanation($"node {node}", summary, FactsOf(node), uses, failover => failover.Evidence.Lost == node, node.Value);
    }

    private WireExplanation Explanation(string about, string summary, IEnumerable<string> facts, IEnumerable<WireUse> uses, Func<Failover, bool> isMeant, string name)
    {
        var leadership = reader.Leadership(settings.LeaderElection, hold);
        return new(
            about,
            summary,
            reader.Wall,
            settings.LeaseIdentity,
            leadership.Leads,
            leadership.Why,
            [.. facts, .. cluster.Storm is { } storm ? [$"A storm is on: nodes {string.Join(", ", storm.Nodes)} of {storm.Of} were lost at once, so nothing is moved."] : (string[])[]],
            [.. uses.OrderBy(use => use.State).ThenBy(use => use.Volume, StringComparer.Ordinal)],
            [.. cluster.Failovers.All.Select(held => held.Item).Where(isMeant).OrderBy(failover => failover.Incident).Select(StatusReader.Failover)],
            JournalOf(name));
    }

    // What this process remembers is stored, too.
    private WireEntry[] JournalOf(string name)
    {
        List<WireEntry> own = [.. journal.Entries.Select(reader.Statements.Entry)];
        var remembered = own.Select(entry => (entry.Number, entry.At)).ToHashSet();
        return [.. history.Where(entry => entry.Replica != settings.LeaseIdentity || !remembered.Contains((entry.Number, entry.At))).Concat(own)
            .Where(entry => Names(entry.Sentence, name) || Names(entry.About, name)).OrderBy(entry => entry.At)];
    }

    // An object that is gone may be the one that was moved. Its bare name may be a word of any sentence.
    private WireExplanation? Gone(string about, string name, string? mention = null) =>
        !JournalOf(name).Any(entry => Names(entry.Sentence, mention ?? about) || Names(entry.About, mention ?? about)) ? null : Explanation(about, $"There is no {about} any more. What was done about it:", [], [], failover => failover.Pod.Key.ToString() == name, name);

    // The most urgent use speaks for all.
    private static string Summary(List<WireUse> uses, string subject)
    {
        var first = uses.MinBy(use => use.State)!;
        var same = uses.Count(use => use.State == first.State);
        var all = uses.Count == 1 ? "its storage" : "all its storage";
        return first.State switch
        {
            UseState.Well => $"{subject} has {all}: nothing suggests a loss.",
            _ when same == 1 => first.Sentence,
            _ => string.Create(CultureInfo.InvariantCulture, $"{first.Sentence} (So for {same} of {uses.Count} volumes.)"),
        };
    }

    private IEnumerable<WireUse> UsesOf(Pod pod, NodeName node) =>
        pod.ClaimKeys.Distinct().SelectMany(claim => cluster.Claims.ReferringTo(claim)).Select(held => Use(held.Item, node, pod)).Where(use => use.State != UseState.NotOurs);

    // Of several pods that use a volume, one may move and another stay.
    private WireUse Use(Volume volume, NodeName node, Pod? pod = null)
    {
        var claim = volume.Claim?.ToString();
        if (volume.Resource is not { } name)
        {
            return new(volume.Name, claim, null, node.Value, UseState.NotOurs, $"Volume {volume.Name} is not LINSTOR's: this controller has no say in it.", null, null, null);
        }

        var linstor = cluster.Resources.GetValueOrDefault(name) is { } resource ? reader.Statements.Resource(resource, cluster.Linstor) : null;
        var assessed = verdict.Consumers.FirstOrDefault(assessed => assessed.Consumer.Resource.Name == name && assessed.Consumer.Node == node);
        bool Names(Decision.Hold hold) => hold.Pods.Any(held => held.Uid == pod?.Uid);
        var deciding = assessed?.Holds.Where(hold => pod is null || hold.Pods.IsEmpty || Names(hold)).OrderByDescending(hold => hold.Overdue).ThenByDescending(Names).FirstOrDefault();
        var (state, sentence) = assessed switch
        {
            null when linstor is null => (UseState.Unknown, $"LINSTOR has reported nothing about resource {name}."),
            null => (UseState.Well, $"Nothing suggests that node {node} has lost resource {name}."),
            { IsMoved: true } when deciding is null || !Names(deciding) => (UseState.Moves, $"Node {node} has lost resource {name}: the leader moves what uses it there."),
            _ when deciding is null => (UseState.InDoubt, $"Node {node} may have lost resource {name}."),
            _ => (deciding.Overdue ? UseState.Held : assessed.IsLoss ? UseState.Waits : UseState.InDoubt, DecisionText.Of(deciding)),
        };
        return new(volume.Name, claim, name.Value, node.Value, state, sentence, deciding is null || state == UseState.Moves ? null : RuleOf(deciding.Reason), assessed is null ? null : reader.Consumer(assessed), linstor);
    }

    private IEnumerable<string> FactsOf(Pod pod)
    {
        yield return !pod.OptedIn ? $"Its labels do not match the selector {settings.PodSelector}, so it is never moved."
            : pod.OptedOut ? $"It carries the annotation {OptOut}, so it is never moved."
            : $"It matches the selector {settings.PodSelector}, so it may be moved.";
        if (!pod.SharedStorage.IsEmpty)
        {
            yield return $"It also writes to storage that no quorum fences, so it is not moved: {string.Join(", ", pod.SharedStorage)}.";
        }

        if (pod.Owner is null)
        {
            yield return "It has no controller, so nobody would bring it back after it was deleted.";
        }

        if (pod.Terminating)
        {
            yield return $"It was deleted already, and still exists{(pod.Finalizers.IsEmpty ? "" : $" because of its finalizers {string.Join(", ", pod.Finalizers)}")}.";
        }
    }

    private IEnumerable<string> FactsOf(NodeName node)
    {
        var linstorName = cluster.LinstorNameOf(node);
        var satellite = cluster.Linstor.Find(linstorName);
        yield return satellite is null
            ? $"LINSTOR lists no node {linstorName}."
            : $"LINSTOR calls it {satellite.Name}; its satellite is {satellite.State switch { SatelliteState.Online => "ONLINE", SatelliteState.Offline => "OFFLINE", _ => "neither ONLINE nor OFFLINE" }}{(satellite.Evicted ? ", and LINSTOR has evicted it" : "")}.";
        if (cluster.Nodes.GetValueOrDefault(node) is { } known)
        {
            if (known.TaintedByUs)
            {
                yield return "It carries this controller's taint drbd.linbit.com/lost-quorum, so no new pods are scheduled there.";
            }

            if (known.LossConfirmed)
            {
                yield return "An administrator has confirmed that it is gone (drbd.linbit.com/loss-confirmed).";
            }
        }

        foreach (var stays in reader.Taints.Where(stays => stays.Node == node.Value))
        {
            yield return stays.Sentence;
        }
    }

    /// <summary>Whether a text contains a name as a whole word, so that db-1 is not found in db-10.</summary>
    private static bool Names(string text, string name)
    {
        for (var at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            if ((at == 0 || !IsOfName(text[at - 1])) && (at + name.Length == text.Length || !IsOfName(text[at + name.Length]) || IsEndOfSentence(text, at + name.Length)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsOfName(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '/';

    private static bool IsEndOfSentence(string text, int at) => text[at] == '.' && (at + 1 == text.Length || text[at + 1] == ' ');
}
