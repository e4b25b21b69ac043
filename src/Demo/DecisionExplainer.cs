using Piraeus.HighAvailability.Controller.Endpoints;
using static Piraeus.HighAvailability.Demo.WorldChanges;

namespace Piraeus.HighAvailability.Demo;

/// <summary>Compares a controller's evidence with the true state, so that a reader can judge whether it was right.</summary>
/// <param name="outageHistory">The recorded past.</param>
/// <param name="began">When the demo began, by the wall clock of the controllers' decision logs.</param>
internal sealed class DecisionExplainer(OutageHistory outageHistory, DateTimeOffset began)
{
    private const int Memory = 60;

    /// <summary>Statements of replicas within this many seconds concern the same decision.</summary>
    private const double Together = 4;

    // A killed controller loses its decision log; explanations of its actions stay.
    private readonly SortedList<(double At, string Id), DecisionExplanation> _explained = [];
    private readonly HashSet<string> _known = [];

    /// <summary>Reads the replicas' decision logs, and returns all explanations, newest first.</summary>
    public IReadOnlyList<DecisionExplanation> Explain(IEnumerable<(string Name, WireStatus Status)> replicas, WorldView world, IReadOnlyList<ForcedDeletion> forcedDeletions)
    {
        foreach (var (name, status) in replicas)
        {
            foreach (var entry in status.Journal)
            {
                Take(name, status, entry, world, forcedDeletions);
            }
        }

        while (_explained.Count > Memory)
        {
            _explained.RemoveAt(0);
        }

        return [.. _explained.Values.Reverse().Select(WithSequel)];
    }

    private void Take(string who, WireStatus status, WireEntry entry, WorldView world, IReadOnlyList<ForcedDeletion> forcedDeletions)
    {
        var at = Math.Round((entry.At - began).TotalSeconds, 2);
        if (entry is { Kind: "DeletePod", Answer: "Accepted", Uid: { } uid, Evidence: { } evidence, Linstor: { } linstor })
        {
            if (forcedDeletions.LastOrDefault(forcedDeletion => forcedDeletion.Uid == uid) is { } forcedDeletion && _known.Add(uid))
            {
                // That explanation covers the grace period.
                foreach (var waiting in _explained.Where(one => one.Value.Id.StartsWith($"hold GraceNotOver {entry.About} ", StringComparison.Ordinal)).ToList())
                {
                    _explained.Remove(waiting.Key);
                }

                Add(Deleted(who, entry, uid, evidence, linstor, forcedDeletion, at));
            }
        }
        else if (entry is { Kind: "Hold", Reason: { } reason, Linstor: { } resource } && (entry.Overdue || reason is "LinstorSilent" or "GraceNotOver" or "Storm")
            && _known.Add($"{who} {status.Started:O} {entry.Number}") && !IsToldTwice(entry.About, reason, at))
        {
            Add(Held(entry, reason, resource, world, at));
        }
    }

    private void Add(DecisionExplanation decisionExplanation) => _explained[(decisionExplanation.At, decisionExplanation.Id)] = decisionExplanation;

    // Every replica decides, and records what it would have done.
    private bool IsToldTwice(string about, string reason, double at) =>
        _explained.Values.Any(one => one.Id.StartsWith($"hold {reason} {about} ", StringComparison.Ordinal) && Math.Abs(one.At - at) < Together);

    private DecisionExplanation Deleted(string who, WireEntry entry, string uid, WireEvidence evidence, WireResource linstor, ForcedDeletion forcedDeletion, double at)
    {
        var held = (evidence.DecidedAt - evidence.Since).TotalSeconds;
        var grace = (evidence.Due - evidence.Since).TotalSeconds;
        List<string> known =
        [
            $"LINSTOR said of {linstor.Name}: {string.Join("; ", linstor.Replicas.Select(Say))}.",
            $"{evidence.Peer} may promote. DRBD says so only where a partition has quorum and sees no Primary.",
            $"{Unconnected(linstor, evidence)} So {evidence.Lost} is on the other side, and that side has no quorum.",
            $"The quorum policy is \"{linstor.Quorum}\": without quorum DRBD on {evidence.Lost} completes no write. What the old pod may still do, it cannot change the data any more.",
            $"This had held without interruption for {Seconds(held)}; the grace period is {Seconds(grace)}.",
            evidence.AskedSecondsBefore is { } before ? $"LINSTOR had been asked afresh {Seconds(before)} before, and said the same." : "",
            $"So {who}, which held the lease, deleted {entry.About} (uid {Short(uid)}, and no other).",
        ];
        return new(
            $"delete {uid}", at, "deleted", $"{entry.About} on {evidence.Lost} was deleted",
            [.. known.Where(step => step.Length > 0)],
            [Machine(forcedDeletion), .. forcedDeletion.Resources.Select(resource => Writes(resource, forcedDeletion, at))],
            !forcedDeletion.CouldWrite, null);
    }

    private DecisionExplanation Held(WireEntry entry, string reason, WireResource resource, WorldView world, double at)
    {
        var node = world.Nodes.FirstOrDefault(node => node.Pods.Any(pod => entry.About.Contains($"pod {pod.Name}", StringComparison.Ordinal)));
        string[] truth = node is null ? []
            : outageHistory.CouldWrite(resource.Name, node.Name, at) ? [$"A write to {resource.Name} on {node.Name} would have completed: a second writer elsewhere would have torn the data apart."]
            : [$"No write to {resource.Name} on {node.Name} would have completed.{(resource.Fences == true ? "" : " But without a quorum policy a dead node looks the same from outside as one that writes on.")}"];
        return new(
            $"hold {reason} {entry.About} {entry.Number}", at, "held", $"{entry.About} was left where it was",
            [$"LINSTOR said of {resource.Name} (quorum policy \"{resource.Quorum}\"): {string.Join("; ", resource.Replicas.Select(Say))}.", entry.Sentence], truth, true, null);
    }

    private DecisionExplanation WithSequel(DecisionExplanation decisionExplanation)
    {
        var words = decisionExplanation.Id.Split(' ');
        return words is ["delete", var uid] && outageHistory.Successor(decisionExplanation.Title.Split(' ')[1], uid) is { } works && works.At >= decisionExplanation.At - 1
            ? decisionExplanation with { After = $"A new {decisionExplanation.Title.Split(' ')[1]} (uid {Short(works.Uid)}) worked on {works.Node} {Seconds(Math.Max(0, works.At - decisionExplanation.At))} later." }
            : decisionExplanation;
    }

    private static string Machine(ForcedDeletion forcedDeletion) => !forcedDeletion.Powered
        ? $"{forcedDeletion.Node} was without power."
        : forcedDeletion.Ran ? $"{forcedDeletion.Node} was up, and the old container still ran there." : $"{forcedDeletion.Node} was up, and nothing of the pod ran there.";

    private string Writes(string resource, ForcedDeletion forcedDeletion, double at) => forcedDeletion.CouldWrite
        ? $"A WRITE TO {resource} ON {forcedDeletion.Node} COULD STILL COMPLETE."
        : outageHistory.LastWrite(resource, forcedDeletion.Node, at) is { } last
            ? $"The last moment at which a write to {resource} could complete there was {Seconds(Math.Max(0, at - last))} before."
            : $"No write to {resource} could complete there.";

    private static string Unconnected(WireResource linstor, WireEvidence evidence) =>
        linstor.Replicas.FirstOrDefault(replica => replica.Node == evidence.Peer)?.Connections.Any(link => link.Peer == evidence.Lost && !link.Up) == true
            ? $"{evidence.Peer} reports that its connection to {evidence.Lost} is down."
            : $"No replica that may promote reports a connection to {evidence.Lost}, and its satellite is offline.";

    private static string Say(WireReplica replica) => replica.Promotability switch
    {
        "MayPromote" => $"{replica.Node} may promote",
        "MayNotPromote" => $"{replica.Node} may not{(replica.Usage == "InUse" ? " and is in use" : "")}",
        _ => $"{replica.Node} unknown",
    };
}
