using System.Globalization;
using Piraeus.HighAvailability.Controller.Endpoints;
using static Piraeus.HighAvailability.Demo.WorldChanges;

namespace Piraeus.HighAvailability.Demo;

/// <summary>Compares a controller's evidence with the true state, so that a reader can judge whether it was right.</summary>
/// <param name="outageHistory">The recorded past.</param>
/// <param name="began">When the demo began, by the wall clock of the controllers' decision logs.</param>
internal sealed class DecisionExplainer(OutageHistory outageHistory, DateTimeOffset began)
{
    private const int Memory = 60;

    /// <summary>The world is observed at intervals, so an outage may begin and end a little earlier than recorded.</summary>
    private const double Sampling = 0.5;

    // A killed controller loses its decision log; explanations of its actions stay. What is explained is the past: a card changes only by what was still open.
    private readonly SortedList<(double At, string Id), DecisionExplanation> _explained = [];
    private readonly Dictionary<string, HashSet<string>> _holdReasons = [];
    private readonly HashSet<string> _deleted = [];
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

        foreach (var open in _explained.Values.Where(one => one is { Kind: "deleted", After: null }).ToList())
        {
            Add(open with { After = ResultOf(open) });
        }

        while (_explained.Count > Memory)
        {
            _holdReasons.Remove(_explained.Values[0].Id);
            _explained.RemoveAt(0);
        }

        return [.. _explained.Values.Reverse()];
    }

    /// <summary>Whether a controller has deleted the pod with this uid.</summary>
    public bool IsDeleted(string uid) => _deleted.Contains(uid);

    private void Take(string who, WireStatus status, WireEntry entry, WorldView world, IReadOnlyList<ForcedDeletion> forcedDeletions)
    {
        var at = Math.Round((entry.At - began).TotalSeconds, 2);
        if (entry is { Kind: "DeletePod", Answer: "Accepted", Uid: { } uid, Evidence: { } evidence, Linstor: { } linstor })
        {
            if (forcedDeletions.LastOrDefault(forcedDeletion => forcedDeletion.Uid == uid) is { } forcedDeletion && _deleted.Add(uid))
            {
                // That explanation covers the grace period.
                if (HoldOf(entry.About, at) is { } waiting && _holdReasons[waiting.Id].SetEquals(["GraceNotOver"]))
                {
                    _explained.Remove((waiting.At, waiting.Id));
                    _holdReasons.Remove(waiting.Id);
                }

                Add(Deleted(who, entry, uid, evidence, linstor, forcedDeletion, at));
            }
        }
        else if (entry is { Kind: "Hold", Reason: { } reason, Linstor: { } resource } && (entry.Overdue || reason is "LinstorSilent" or "GraceNotOver" or "Storm" || Doubt.Stays(reason))
            && _known.Add($"{who} {status.Started:O} {entry.Number}"))
        {
            // Every replica decides, and a hold may change its reason: one card for each pod and loss.
            var truth = TruthOf(entry, resource, world, at);
            if (HoldOf(entry.About, at) is not { } held)
            {
                var card = Held(entry, resource, truth, at);
                Add(card);
                _holdReasons[card.Id] = [reason];
            }
            else if (_holdReasons[held.Id].Add(reason))
            {
                Add(held with
                {
                    Known = [.. held.Known, $"{Seconds(at)}: {entry.Sentence}"],
                    True = [.. held.True, .. truth.Where(line => !held.True.Contains(line)).Select(line => $"{Seconds(at)}: {line}")],
                });
            }
        }
    }

    private void Add(DecisionExplanation decisionExplanation) => _explained[(decisionExplanation.At, decisionExplanation.Id)] = decisionExplanation;

    // The card of a hold in the same outage; of a pod that works, in no outage.
    private DecisionExplanation? HoldOf(string about, double at) =>
        _explained.Values.LastOrDefault(one => one.Kind == "held" && one.Id.StartsWith($"hold {about} ", StringComparison.Ordinal) && OutageAt(about, one.At) == OutageAt(about, at));

    private double? OutageAt(string about, double at) =>
        about.Split(", ").SelectMany(pod => outageHistory.OutagesOf(pod.Split(' ')[^1])).LastOrDefault(outage => outage.From <= at + Sampling && !(outage.To < at - Sampling))?.From;

    private DecisionExplanation Deleted(string who, WireEntry entry, string uid, WireEvidence evidence, WireResource linstor, ForcedDeletion forcedDeletion, double at)
    {
        var held = (evidence.DecidedAt - evidence.Since).TotalSeconds;
        var grace = (evidence.Due - evidence.Since).TotalSeconds;
        List<string> known =
        [
            $"LINSTOR said of {linstor.Name}: {string.Join("; ", linstor.Replicas.Select(Describe))}.",
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

    private string[] TruthOf(WireEntry entry, WireResource resource, WorldView world, double at)
    {
        var node = world.Nodes.FirstOrDefault(node => node.Pods.Any(pod => entry.About.Contains($"pod {pod.Name}", StringComparison.Ordinal)));
        return node is null ? []
            : outageHistory.CouldWrite(resource.Name, node.Name, at) ? [$"A write to {resource.Name} on {node.Name} would have completed: a second writer elsewhere would have torn the data apart."]
            : [$"No write to {resource.Name} on {node.Name} would have completed.{(resource.Fences == true ? "" : " But without a quorum policy a dead node looks the same from outside as one that writes on.")}"];
    }

    private static DecisionExplanation Held(WireEntry entry, WireResource resource, string[] truth, double at) => new(
        string.Create(CultureInfo.InvariantCulture, $"hold {entry.About} {entry.Number} {at}"), at, "held", $"{entry.About} was left where it was",
        [$"LINSTOR said of {resource.Name} (quorum policy \"{resource.Quorum}\"): {string.Join("; ", resource.Replicas.Select(Describe))}.", entry.Sentence], truth, true, null);

    private string? ResultOf(DecisionExplanation deletion)
    {
        var pod = deletion.Title.Split(' ')[1];
        return outageHistory.EndedBy(pod, deletion.Id.Split(' ')[1], deletion.At) is { To: { } end, Replacement: { } replacement } outage
            ? $"A new {pod} (uid {Short(replacement)}) worked on {outage.Node} {Seconds(Math.Max(0, end - deletion.At))} later. "
                + $"In truth it was down for {Seconds(outage.Until(end))}, from {Seconds(outage.From)} on; the controller's log counts from the moment at which it saw the loss."
            : null;
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

    private static string Describe(WireReplica replica) => replica.Promotability switch
    {
        "MayPromote" => $"{replica.Node} may promote",
        "MayNotPromote" => $"{replica.Node} may not{(replica.Usage == "InUse" ? " and is in use" : "")}",
        _ => $"{replica.Node} unknown",
    };
}
