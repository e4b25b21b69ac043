using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.World;
using Model = Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A rule was broken.</summary>
internal sealed class BrokenRuleException(string rule, string how) : Exception($"{rule}: {how}")
{
    public string Rule => rule;
}

/// <summary>Judges actions by the true state of the cluster. Shares no rule with the policy: its expectations are written independently, from DRBD's and LINSTOR's side.</summary>
internal sealed partial class Oracle
{
    /// <summary>The maximum age of the newest confirmation when a request is sent: four seconds for the policy, and the rest for its way from LINSTOR and back.</summary>
    private TimeSpan Confirmed => TimeSpan.FromSeconds(5.5) + (2 * _cluster.LinstorTookMost);

    /// <summary>The maximum age of the satellite list when a request is sent: one answer covers all satellites and may be slow.</summary>
    private static readonly TimeSpan Listed = TimeSpan.FromSeconds(12.5);

    /// <summary>An interruption of a loss that is shorter may go unseen: the controller polls LINSTOR at this interval at the longest, and answers are late.</summary>
    private static readonly TimeSpan Unseen = TimeSpan.FromSeconds(14);

    /// <summary>DRBD's maximum time to detect a dead link. A report that is contradicted for longer is stale.</summary>
    public static readonly TimeSpan LongestDetection = TimeSpan.FromSeconds(12);

    /// <summary>The maximum time until a replacement runs, once nothing blocks it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The longest back-off of kubelets and attachers: the delay before they retry an operation that failed just before the faults ended.</summary>
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(125);

    private const string Lost = "only what has lost its storage is touched";
    private const string Waited = "nothing is touched before its grace period is over";
    private const string Fenced = "nothing is touched that could still write";
    private const string Wanted = "nothing is touched that was not opted in";
    private const string Shared = "nothing is touched that writes to storage which is not fenced";
    private const string One = "only the holder of the Lease acts";
    private const string Left = "no attachment is deleted under a pod that stays";
    private const string Calm = "nothing is touched while too many satellites look lost";
    private const string Apart = "two nodes never write to one resource";
    private const string Moved = "a pod that has lost its storage for good is moved";
    private const string Runs = "a pod that was moved gets a replacement that runs elsewhere";
    private const string Clean = "no taint is left on a node that has its storage back";
    private const string Free = "what was moved is detached";

    /// <summary>The rules. A run's coverage includes whether each was checked.</summary>
    public static readonly string[] Rules = [.. new[] { Lost, Waited, Fenced, Wanted, Shared, One, Left, Calm, Apart, Moved, Runs, Clean, Free }.Select(Of)];

    private readonly SimulatedCluster _cluster;
    private readonly Dictionary<(string Resource, string Node), (ConditionHistory Lost, ConditionHistory Mute)> _histories = [];
    private readonly Dictionary<(string Resource, int Node), string> _deployed = [];
    private readonly Dictionary<(string Resource, int Node), TimeSpan> _deniedSince = [];
    private readonly HashSet<(string Resource, int Node)> _outvoted = [];
    private readonly Dictionary<(string Resource, int Node), TimeSpan> _speaksSince = [];
    private readonly Dictionary<(string Resource, int Node, string Other), TimeSpan> _deniesSince = [];
    private readonly Dictionary<(string Resource, int Node, string Other), TimeSpan> _connectsSince = [];
    private readonly Dictionary<(string Resource, int Node, string Other), TimeSpan> _disconnectedAt = [];
    private readonly Dictionary<(string Definition, string Node), (ReplicaReport Statement, TimeSpan At)> _said = [];
    private readonly Dictionary<string, ConditionHistory> _lostNodes = [];
    private readonly HashSet<string> _unwell = [];
    private readonly HashSet<string> _hung = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _admitted = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _alone = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _unmissed = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _spoke = [];
    private readonly Dictionary<(string Definition, string Node), TimeSpan> _inUseSince = [];
    private readonly HashSet<(string, string)> _speaking = [];
    private readonly Dictionary<ResourceDefinition, ConditionHistory> _fenced = [];
    private readonly ConditionHistory _storm = new();
    private readonly ConditionHistory _silence = new();

    public Oracle(SimulatedCluster cluster)
    {
        _cluster = cluster;
        cluster.Storage.Settled += Look;
        cluster.Storage.LinstorRunningChanged += runs =>
        {
            _silence.Note(Now, isSo: true);

            // A LINSTOR that is down, or that knows nothing yet, reports no loss.
            foreach (var (lost, _) in _histories.Values)
            {
                lost.Note(Now, isSo: false);
            }
        };
    }

    private TimeSpan Now => _cluster.EventQueue.Now;

    private FailoverSettings Settings => _cluster.Plan.Setup.Settings;

    /// <summary>Fails the scenario unless the rule holds.</summary>
    public void Expect(string rule, bool holds, Func<string> otherwise)
    {
        if (!holds)
        {
            throw new BrokenRuleException(rule, otherwise());
        }
    }

    /// <summary>Judges a request when the API server carries it out.</summary>
    public void Judge(SimulatedController controller, Decision decision, TimeSpan sent)
    {
        switch (decision)
        {
            case Decision.DeletePod o when _cluster.Store.Find<Model.Pod>(o.Pod.Key.Namespace, o.Pod.Key.Name) is { } pod && pod.Metadata.Uid == o.Pod.Uid.Value:
                Judge(controller, decision, pod, sent);
                break;
            case Decision.DeleteAttachment o when _cluster.Store.Find<Model.VolumeAttachment>(o.Attachment.Name) is { } attachment && attachment.Metadata.Uid == o.Attachment.Uid.Value:
                Judge(controller, decision, attachment, sent);
                break;
            case Decision.TaintNode o:
                Alone(controller, decision);
                Check(Lost, _cluster.Resources.Any(name => WasLost(controller, name, o.Node.Name.Value, sent)), decision, $"nothing on the node was lost: {string.Join("; ", _cluster.Resources.Select(name => Describe(name, o.Node.Name.Value)))}");
                break;
            case Decision.ClearVolumesInUse o:
                Alone(controller, decision);
                Check(Lost, o.Volumes.All(volume => MayBeReleased(controller, volume, o.Node.Name.Value, sent)), decision, "one of the volumes was not lost, nor its pods moved");
                break;
            case Decision.UntaintNode:
                Alone(controller, decision);
                break;
        }
    }

    /// <summary>Judges the final state, after observers were undisturbed for long enough.</summary>
    /// <param name="calm">Since when no fault has affected observers.</param>
    public void Conclude(TimeSpan calm)
    {
        var isStorm = _storm.Overlaps(calm, Now) || IsStorm(); // consumers change without a change of the storage
        foreach (var pod in _cluster.Store.All<Model.Pod>().Where(pod => pod is { IsOver: false, Spec.NodeName: not null }))
        {
            var node = pod.Spec.NodeName!;
            var lost = _cluster.ResourcesOf(pod).Where(name => HasBeenLostSince(calm, name, node) && MuteOf(name, node).Covers(calm, Now) && IsProved(name, node)).ToList();
            Check(Moved, isStorm || lost.Count == 0 || _cluster.ResourcesOf(pod).Any(_cluster.WasTamperedWith) || !MayBeMoved(pod, lost) || _cluster.BoundAt(pod) > calm, pod, $"it is still on {node}, which has lost {string.Join(", ", lost)}: {string.Join(", ", _cluster.Controllers.SelectMany(controller => lost.Select(name => $"{controller.Name} says {string.Join(", ", controller.Cluster.Resources.GetValueOrDefault(new(name))?.Assessments.Select(assessment => $"{assessment.Node}: {assessment.Reason?.ToString() ?? "lost"} by {assessment.By}") ?? [])}")))}");
        }

        foreach (var node in _cluster.Store.All<Model.Node>().Where(node => node.Taints.Any(taint => taint.Key == CoreMapping.TaintKey)))
        {
            var well = _cluster.Resources.ToList().TrueForAll(name => !LossOf(name, node.Metadata.Name).Overlaps(calm, Now));
            Check(Clean, !(well && _cluster.IsWell(node.Metadata.Name, calm)), node, "nothing on it is lost");
        }

        // Where an administrator has intervened, caution beats speed.
        foreach (var (pod, move) in _cluster.Moves.Where(moved => !_cluster.ResourcesOf(moved.Key).Any(_cluster.WasTamperedWith)))
        {
            CheckDetached(pod, move, isStorm);
            CheckReplaced(pod, move.At, isStorm);
        }
    }

    private static string Of(string rule) => $"rule {rule}";

    private void Judge(SimulatedController controller, Decision decision, Model.Pod pod, TimeSpan sent)
    {
        Alone(controller, decision);
        var node = pod.Spec.NodeName!;
        Check(Wanted, WasWanted(pod, sent), decision, "its owner does not want that");
        var lost = _cluster.ResourcesOf(pod).Where(name => WasLost(controller, name, node, sent)).ToList();
        Check(Lost, lost.Count > 0, decision, $"LINSTOR knew of no loss: {string.Join("; ", _cluster.ResourcesOf(pod).Select(name => Describe(name, node)))}");
        Check(Fenced, lost.Exists(name => CouldNotWrite(controller, name, node, sent) || IsBeyondKnowing(controller, name, node)), decision, "its node could write to everything all the time");
        Check(Waited, lost.Exists(name => LostFor(controller, name, node) >= Grace - Confirmed || IsBeyondKnowing(controller, name, node)), decision, $"it was lost for {lost.Max(name => LostFor(controller, name, node)).TotalSeconds:0.0} s only");
        var unfenced = _cluster.Unfenced(pod, definition => _fenced[definition].Overlaps(KnownSince(controller, ScenarioSetup.Handle(_cluster.VolumeOf(definition)), sent), Now));
        Check(Shared, unfenced is [], decision, $"it also writes to {string.Join(", ", unfenced)}, which nothing fences");
        var written = _cluster.ResourcesOf(pod).FirstOrDefault(name => _cluster.IsShared(name) && !CouldNotWrite(controller, name, node, sent) && !IsBeyondKnowing(controller, name, node));
        Check(Apart, written is null, decision, $"its node could write all the time to {written}, to which its successor may write, too");
        CheckCalm(controller, decision, sent);
        _cluster.Moves[pod] = new(Now, controller, controller.Life);
    }

    private void Judge(SimulatedController controller, Decision decision, Model.VolumeAttachment attachment, TimeSpan sent)
    {
        Alone(controller, decision);
        var name = _cluster.ResourceOf(attachment.VolumeName);
        Check(Lost, name is not null && WasLost(controller, name, attachment.NodeName, sent), decision, "LINSTOR knew of no loss");
        Check(Fenced, CouldNotWrite(controller, name!, attachment.NodeName, sent) || IsBeyondKnowing(controller, name!, attachment.NodeName), decision, "its node could write all the time");
        var stays = _cluster.UsersOf(attachment.VolumeName).FirstOrDefault(pod => pod.Spec.NodeName == attachment.NodeName && !pod.IsOver && _cluster.BoundAt(pod) < sent - Confirmed);
        Check(Left, stays is null, decision, $"pod {stays?.Key} uses it");
        Check(Wanted, _cluster.WasOptedIn(attachment.VolumeName), decision, "no pod that opted in ever used it");
        CheckCalm(controller, decision, sent);
    }

    // Counts what the process could see as lost at once: nodes that were lost while it was connected, or that carry consumers.
    private void CheckCalm(SimulatedController controller, Decision decision, TimeSpan sent)
    {
        var listens = _cluster.ListensSince(controller) ?? TimeSpan.MaxValue;
        var lost = _cluster.Nodes.Where(node => LossOf(node) is { IsSo: true } loss && loss.Covers(sent - Listed, Now) && IsLost(node) // a satellite comes back without a change of storage
            && !_cluster.WasDeclaredLost(node.Name) // a node created anew was never healthy
            && ((loss.Since > listens && _cluster.HasSeenOnline(controller, node.Name)) || _cluster.WasToldOfLossOn(controller, node.Name))).ToList();
        var of = lost.Count + _cluster.Nodes.Count(node => !lost.Contains(node) && (_cluster.WasDeclaredLost(node.Name) || !(LossOf(node).Covers(sent - Listed, Now) && IsLost(node))) && _cluster.Storage.FindNode(_cluster.Plan.Setup.LinstorName(node.Number)) is { Evicted: false });
        Check(Calm, _cluster.NodesChangedAt > sent - Listed || lost.Count < 2 || lost.Count <= of * Settings.StormThreshold || Settings.StormThreshold >= 1, decision, $"too many satellites look lost: {string.Join(", ", lost.Select(node => node.Name))}");
    }

    private ConditionHistory LossOf((int Number, string Name) node) => _lostNodes.TryGetValue(node.Name, out var known) ? known : _lostNodes[node.Name] = new();

    private void Alone(SimulatedController controller, Decision decision)
    {
        var holder = _cluster.Store.Find<Model.Lease>(ScenarioSetup.Space, SimulatedElection.Name)?.Holder;
        Check(One, _cluster.Plan.Setup.Controllers == 1 || holder?.StartsWith(controller.Name, StringComparison.Ordinal) == true, decision, $"{controller.Name} acts, and {holder} holds the Lease");
    }

    private TimeSpan Grace => Settings.KnownResourceGrace < Settings.NewResourceGrace ? Settings.KnownResourceGrace : Settings.NewResourceGrace;

    // A change by the pod's owner reaches the controller late.
    private bool WasWanted(Model.Pod pod, TimeSpan sent) => _cluster.Exempted(pod) is not { } since || since > sent - TimeSpan.FromSeconds(21);

    // A volume that two nodes may write to is fenced only where it is lost too. A loss that LINSTOR knows of but that is not proved may leave quorum on both sides.
    private bool MayBeMoved(Model.Pod pod, List<string> lost) =>
        _cluster.ResourcesOf(pod).All(name => lost.Contains(name) || !(_cluster.IsShared(name) || LossOf(name, pod.Spec.NodeName!).IsSo || WasLostUntilAllFellSilent(name, pod.Spec.NodeName!) || KeepsQuorumAlone(name, pod.Spec.NodeName!))) && CoreMapping.HasOptedIn(pod) && !pod.Metadata.Annotations.ContainsKey(CoreMapping.OptOut) && _cluster.Unfenced(pod) is [];

    private bool WasLostUntilAllFellSilent(string resource, string node) => LossOf(resource, node).EndedAt is not null
        && _cluster.DefinitionOf(resource) is { } definition && definition.Listed.All(replica => Known(replica)?.MayPromote is null);

    // By the node's own statement, which counts until it reports otherwise. No other node can use the volume then, so moving its pods because of another volume does not help.
    private bool KeepsQuorumAlone(string resource, string node) => _cluster.DefinitionOf(resource) is { } definition
        && (definition.Name, _cluster.Kubernetes.LinstorNameOf(node)!) is var key && HistoryOf(key, _alone).Overlaps((HistoryOf(key, _spoke).EndedAt ?? Now) - Unseen, Now);

    private bool WasLost(SimulatedController controller, string resource, string node, TimeSpan sent) => LossOf(resource, node).Overlaps(KnownSince(controller, resource, sent), Now);

    private bool CouldNotWrite(SimulatedController controller, string resource, string node, TimeSpan sent) => MuteOf(resource, node).Overlaps(ReportedSince(resource, node, KnownSince(controller, resource, sent)), Now);

    // LINSTOR reports the last state of a silent satellite on another node until it notices the silence.
    private TimeSpan ReportedSince(string resource, string node, TimeSpan known) => _unmissed
        .Where(silence => silence.Key.Definition == _cluster.DefinitionOf(resource)?.Name && silence.Key.Node != _cluster.Kubernetes.LinstorNameOf(node) && silence.Value.Overlaps(known, Now))
        .Select(silence => silence.Value.Since).Append(known).Min();

    /// <summary>The start of the period whose state the process could know when it sent a request: an answer counts from its arrival, and may take until its deadline to arrive.</summary>
    private TimeSpan KnownSince(SimulatedController controller, string resource, TimeSpan sent) =>
        _cluster.NewestAnswer(controller, resource) is var (given, taken) && taken >= sent - Confirmed && given < sent - Confirmed ? given : sent - Confirmed;

    // The assumptions in docs/safety.md, which no observer can check.
    private bool IsBeyondKnowing(SimulatedController controller, string resource, string node) =>
        !_cluster.KnowsPolicy(controller, resource, node) || !_cluster.AppliesPolicy(resource, node) || _cluster.WasDeclaredLost(node) || _cluster.HasLostMembersUnseen(controller, resource) || KeepsQuorumByMemory(resource, node) || !_cluster.IsWitnessed(resource, node);

    private TimeSpan LostFor(SimulatedController controller, string resource, string node) => LossOf(resource, node).LongestUntil(Now, Unseen + controller.LinstorAway, _silence);

    private bool HasBeenLostSince(TimeSpan calm, string resource, string node) => LossOf(resource, node).Covers(calm, Now);

    // A volume that is not lost may be released with a pod that was moved because of another volume, if it is fenced.
    private bool MayBeReleased(SimulatedController controller, string volume, string node, TimeSpan sent) =>
        _cluster.ResourceNamed(volume) is { } name && (WasLost(controller, name, node, sent) || _cluster.Moves.Keys.Any(pod => pod.Spec.NodeName == node && _cluster.ResourcesOf(pod).Contains(name)));

    private void CheckDetached(Model.Pod moved, PodMove move, bool isStorm)
    {
        foreach (var name in _cluster.ResourcesOf(moved).Where(name => _cluster.CanRunSomewhere(name)))
        {
            var left = _cluster.AttachmentsOf(name).FirstOrDefault(attachment =>
                attachment.NodeName == moved.Spec.NodeName && _cluster.Precedes(attachment, moved) && !_cluster.UsersOf(attachment.VolumeName).Any(pod => pod.Spec.NodeName == moved.Spec.NodeName));
            Check(Free, isStorm || left is null || (left.Metadata.Deleting is not null && !_cluster.IsQuietSince(Now - LongestBackOff)) || !IsKnownToBeLeft(left, move) || move.At > Now - TimeSpan.FromSeconds(30) || !HasBeenLostSince(Now - TimeSpan.FromSeconds(30), name, moved.Spec.NodeName!) || !IsProved(name, moved.Spec.NodeName!), moved, $"attachment {left?.Metadata.Name} of {name} on {moved.Spec.NodeName} is still there");
        }
    }

    // Only the process that moved the pod remembers the attachment left behind. Another leader deletes it once a pod waits elsewhere; until then no pod needs it.
    private bool IsKnownToBeLeft(Model.VolumeAttachment left, PodMove move) =>
        move.IsRemembered || _cluster.UsersOf(left.VolumeName).Any(pod => pod.Spec.NodeName != left.NodeName && !pod.IsOver && _cluster.Exempted(pod) is null);

    private void CheckReplaced(Model.Pod moved, TimeSpan at, bool isStorm)
    {
        var wasMovedOn = _cluster.Moves.Any(later => later.Value.At > at && later.Key.Metadata.Owner == moved.Metadata.Owner);
        if (moved.Metadata.Owner is null || wasMovedOn || !Settings.TaintNodes || at > Now - Patience || !_cluster.IsQuietSince(Now - LongestBackOff) || !_cluster.CanRunSomewhere(moved))
        {
            return;
        }

        var successors = _cluster.SuccessorsOf(moved).ToList();
        var cannotRun = _cluster.ResourcesOf(moved).Any(_cluster.HasHungSatellite) // its node carries out no attach or detach
            || _cluster.ResourcesOf(moved).Any(name => _cluster.IsUsedOn(name, moved.Spec.NodeName!)) // its old node has come back with it
            || _cluster.ResourcesOf(moved).Any(name => _cluster.AttachmentsOf(name).Any(attachment => !successors.Exists(pod => pod.Spec.NodeName == attachment.NodeName) && !IsProved(name, attachment.NodeName)))
            || _cluster.CompanionsOf(moved).Any() // their volumes stay attached
            || successors.Exists(pod => pod.Spec.NodeName is { } node && (!_cluster.CanRunOn(pod, node) || _cluster.WasAttachedSince(pod, Now - LongestBackOff)));
        if (!isStorm && !cannotRun)
        {
            Check(Runs, successors.Exists(pod => pod.Phase == Model.PodPhase.Running), moved, $"no replacement runs: {string.Join("; ", successors.Select(pod => $"{pod.Key} on {pod.Spec.NodeName}: {pod.Phase} {pod.Message}"))}");
        }
    }

    private void Check(string rule, bool holds, object subject, string otherwise)
    {
        _cluster.Coverage.Meet(Of(rule));
        Expect(rule, holds, () => $"{(subject is Decision decision ? DecisionText.Of(decision) : subject is Model.KubernetesObject item ? item.Key : subject)} But {otherwise}.");
    }
}
