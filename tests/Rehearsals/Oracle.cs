using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.World;
using Model = Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A rule was broken.</summary>
internal sealed class BrokenRuleException(string rule, string how) : Exception($"{rule}: {how}")
{
    public string Rule => rule;
}

/// <summary>Knows the truth, and judges by it what is done. Shares no rule with the policy: what it expects is written anew here, from DRBD's and LINSTOR's side.</summary>
internal sealed partial class Oracle
{
    /// <summary>How old the newest confirmation may be when a request is sent: four seconds for the policy, one for its way from LINSTOR and back.</summary>
    private TimeSpan Confirmed => TimeSpan.FromSeconds(5.5) + (2 * _stage.LinstorTookMost);

    /// <summary>How old the list of satellites may be when a request is sent: it is one answer for all, and may be slow.</summary>
    private static readonly TimeSpan Listed = TimeSpan.FromSeconds(12.5);

    /// <summary>An interruption of a loss that is shorter may go unseen: LINSTOR is asked at this interval at the longest, and answers late.</summary>
    private static readonly TimeSpan Unseen = TimeSpan.FromSeconds(14);

    /// <summary>How long DRBD takes at most to notice a dead link. A report that is contradicted for longer is stale.</summary>
    public static readonly TimeSpan LongestDetection = TimeSpan.FromSeconds(12);

    /// <summary>How long a replacement may take to run, once nothing stands in its way.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The longest back-off of kubelets and of whoever attaches: what failed last just before peace came is tried again after so long.</summary>
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
    private const string Moved = "whoever has lost its storage for good is moved";
    private const string Runs = "whoever was moved runs elsewhere";
    private const string Clean = "no taint is left on a node that has its storage back";
    private const string Free = "what was moved is detached";

    /// <summary>Rules that are checked; that they were is part of a run's coverage.</summary>
    public static readonly string[] Rules = [.. new[] { Lost, Waited, Fenced, Wanted, Shared, One, Left, Calm, Apart, Moved, Runs, Clean, Free }.Select(Of)];

    private readonly SimulatedCluster _stage;
    private readonly Dictionary<(string Resource, string Node), (ConditionHistory Lost, ConditionHistory Mute)> _histories = [];
    private readonly Dictionary<(string Resource, int Node), string> _deployed = [];
    private readonly Dictionary<(string Resource, int Node), TimeSpan> _deniedSince = [];
    private readonly HashSet<(string Resource, int Node)> _outvoted = [];
    private readonly Dictionary<(string Resource, int Node), TimeSpan> _speaksSince = [];
    private readonly Dictionary<(string Resource, int Node, string Other), TimeSpan> _deniesSince = [];
    private readonly Dictionary<(string Resource, int Node, string Other), TimeSpan> _connectsSince = [];
    private readonly Dictionary<(string Resource, int Node, string Other), TimeSpan> _disconnectedAt = [];
    private readonly Dictionary<(string Definition, string Node), (ReplicaReport Words, TimeSpan At)> _said = [];
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

    public Oracle(SimulatedCluster stage)
    {
        _stage = stage;
        stage.Storage.Settled += Look;
        stage.Storage.LinstorRunningChanged += runs =>
        {
            _silence.Note(Now, isSo: true);

            // Nobody can be told of a loss by a LINSTOR that is not there, nor by one that knows nothing yet.
            foreach (var (lost, _) in _histories.Values)
            {
                lost.Note(Now, isSo: false);
            }
        };
    }

    private TimeSpan Now => _stage.EventQueue.Now;

    private FailoverSettings Settings => _stage.Plan.Cast.Settings;

    /// <summary>A rule that holds by now, or the story ends badly.</summary>
    public void Expect(string rule, bool holds, Func<string> otherwise)
    {
        if (!holds)
        {
            throw new BrokenRuleException(rule, otherwise());
        }
    }

    /// <summary>Judges a request at the moment at which the API server carries it out.</summary>
    public void Judge(SimulatedController actor, Decision decision, TimeSpan sent)
    {
        switch (decision)
        {
            case Decision.DeletePod o when _stage.Store.Find<Model.Pod>(o.Pod.Key.Namespace, o.Pod.Key.Name) is { } pod && pod.Metadata.Uid == o.Pod.Uid.Value:
                Judge(actor, decision, pod, sent);
                break;
            case Decision.DeleteAttachment o when _stage.Store.Find<Model.VolumeAttachment>(o.Attachment.Name) is { } attachment && attachment.Metadata.Uid == o.Attachment.Uid.Value:
                Judge(actor, decision, attachment, sent);
                break;
            case Decision.TaintNode o:
                Alone(actor, decision);
                Check(Lost, _stage.Resources.Any(name => WasLost(actor, name, o.Node.Name.Value, sent)), decision, $"nothing on the node was lost: {string.Join("; ", _stage.Resources.Select(name => Describe(name, o.Node.Name.Value)))}");
                break;
            case Decision.ClearVolumesInUse o:
                Alone(actor, decision);
                Check(Lost, o.Volumes.All(volume => MayBeReleased(actor, volume, o.Node.Name.Value, sent)), decision, "one of the volumes was not lost, nor its pods moved");
                break;
            case Decision.UntaintNode:
                Alone(actor, decision);
                break;
        }
    }

    /// <summary>Judges the end: everybody who watches was left in peace for long enough.</summary>
    /// <param name="calm">Since when nothing has disturbed those who watch.</param>
    public void Conclude(TimeSpan calm)
    {
        var isStorm = _storm.Overlaps(calm, Now) || IsStorm(); // who uses what changes without the storage
        foreach (var pod in _stage.Store.All<Model.Pod>().Where(pod => pod is { IsOver: false, Spec.NodeName: not null }))
        {
            var node = pod.Spec.NodeName!;
            var lost = _stage.ResourcesOf(pod).Where(name => HasBeenLostSince(calm, name, node) && MuteOf(name, node).Covers(calm, Now) && IsProved(name, node)).ToList();
            Check(Moved, isStorm || lost.Count == 0 || _stage.ResourcesOf(pod).Any(_stage.WasTamperedWith) || !MayBeMoved(pod, lost) || _stage.BoundAt(pod) > calm, pod, $"it is still on {node}, which has lost {string.Join(", ", lost)}: {string.Join(", ", _stage.Candidates.SelectMany(candidate => lost.Select(name => $"{candidate.Name} says {string.Join(", ", candidate.Cluster.Resources.GetValueOrDefault(new(name))?.Assessments.Select(assessment => $"{assessment.Node}: {assessment.Reason?.ToString() ?? "lost"} by {assessment.By}") ?? [])}")))}");
        }

        foreach (var node in _stage.Store.All<Model.Node>().Where(node => node.Taints.Any(taint => taint.Key == CoreMapping.TaintKey)))
        {
            var well = _stage.Resources.ToList().TrueForAll(name => !LossOf(name, node.Metadata.Name).Overlaps(calm, Now));
            Check(Clean, !(well && _stage.IsWell(node.Metadata.Name, calm)), node, "nothing on it is lost");
        }

        // Where an administrator has had a hand in it, caution is better than haste.
        foreach (var (pod, move) in _stage.Moves.Where(moved => !_stage.ResourcesOf(moved.Key).Any(_stage.WasTamperedWith)))
        {
            CheckDetached(pod, move, isStorm);
            CheckReplaced(pod, move.At, isStorm);
        }
    }

    private static string Of(string rule) => $"rule {rule}";

    private void Judge(SimulatedController actor, Decision decision, Model.Pod pod, TimeSpan sent)
    {
        Alone(actor, decision);
        var node = pod.Spec.NodeName!;
        Check(Wanted, WasWanted(pod, sent), decision, "its owner does not want that");
        var lost = _stage.ResourcesOf(pod).Where(name => WasLost(actor, name, node, sent)).ToList();
        Check(Lost, lost.Count > 0, decision, $"LINSTOR knew of no loss: {string.Join("; ", _stage.ResourcesOf(pod).Select(name => Describe(name, node)))}");
        Check(Fenced, lost.Exists(name => CouldNotWrite(actor, name, node, sent) || IsBeyondKnowing(actor, name, node)), decision, "its node could write to everything all the time");
        Check(Waited, lost.Exists(name => LostFor(actor, name, node) >= Grace - Confirmed || IsBeyondKnowing(actor, name, node)), decision, $"it was lost for {lost.Max(name => LostFor(actor, name, node)).TotalSeconds:0.0} s only");
        var unfenced = _stage.Unfenced(pod, definition => _fenced[definition].Overlaps(KnownSince(actor, ScenarioSetup.Handle(_stage.VolumeOf(definition)), sent), Now));
        Check(Shared, unfenced is [], decision, $"it also writes to {string.Join(", ", unfenced)}, which nothing fences");
        var written = _stage.ResourcesOf(pod).FirstOrDefault(name => _stage.IsShared(name) && !CouldNotWrite(actor, name, node, sent) && !IsBeyondKnowing(actor, name, node));
        Check(Apart, written is null, decision, $"its node could write all the time to {written}, to which its successor may write, too");
        CheckCalm(actor, decision, sent);
        _stage.Moves[pod] = new(Now, actor, actor.Life);
    }

    private void Judge(SimulatedController actor, Decision decision, Model.VolumeAttachment attachment, TimeSpan sent)
    {
        Alone(actor, decision);
        var name = _stage.ResourceOf(attachment.VolumeName);
        Check(Lost, name is not null && WasLost(actor, name, attachment.NodeName, sent), decision, "LINSTOR knew of no loss");
        Check(Fenced, CouldNotWrite(actor, name!, attachment.NodeName, sent) || IsBeyondKnowing(actor, name!, attachment.NodeName), decision, "its node could write all the time");
        var stays = _stage.UsersOf(attachment.VolumeName).FirstOrDefault(pod => pod.Spec.NodeName == attachment.NodeName && !pod.IsOver && _stage.BoundAt(pod) < sent - Confirmed);
        Check(Left, stays is null, decision, $"pod {stays?.Key} uses it");
        Check(Wanted, _stage.WasOptedIn(attachment.VolumeName), decision, "no pod that opted in ever used it");
        CheckCalm(actor, decision, sent);
    }

    // What counts is what the process could see to be lost at once: nodes that were lost while it listened, or that carry consumers.
    private void CheckCalm(SimulatedController actor, Decision decision, TimeSpan sent)
    {
        var listens = _stage.ListensSince(actor) ?? TimeSpan.MaxValue;
        var lost = _stage.Nodes.Where(node => LossOf(node) is { IsSo: true } loss && loss.Covers(sent - Listed, Now) && IsLost(node) // a satellite comes back without a change of storage
            && !_stage.WasDeclaredLost(node.Name) // what is created anew was never well
            && ((loss.Since > listens && _stage.HasSeenOnline(actor, node.Name)) || _stage.WasToldOfLossOn(actor, node.Name))).ToList();
        var of = lost.Count + _stage.Nodes.Count(node => !lost.Contains(node) && (_stage.WasDeclaredLost(node.Name) || !(LossOf(node).Covers(sent - Listed, Now) && IsLost(node))) && _stage.Storage.FindNode(_stage.Plan.Cast.LinstorName(node.Number)) is { Evicted: false });
        Check(Calm, _stage.NodesChangedAt > sent - Listed || lost.Count < 2 || lost.Count <= of * Settings.StormThreshold || Settings.StormThreshold >= 1, decision, $"too many satellites look lost: {string.Join(", ", lost.Select(node => node.Name))}");
    }

    private ConditionHistory LossOf((int Number, string Name) node) => _lostNodes.TryGetValue(node.Name, out var known) ? known : _lostNodes[node.Name] = new();

    private void Alone(SimulatedController actor, Decision decision)
    {
        var holder = _stage.Store.Find<Model.Lease>(ScenarioSetup.Space, SimulatedElection.Name)?.Holder;
        Check(One, _stage.Plan.Cast.Candidates == 1 || holder?.StartsWith(actor.Name, StringComparison.Ordinal) == true, decision, $"{actor.Name} acts, and {holder} holds the Lease");
    }

    private TimeSpan Grace => Settings.KnownResourceGrace < Settings.NewResourceGrace ? Settings.KnownResourceGrace : Settings.NewResourceGrace;

    // The state that the pod's owner has put it into reaches the controller late.
    private bool WasWanted(Model.Pod pod, TimeSpan sent) => _stage.Exempted(pod) is not { } since || since > sent - TimeSpan.FromSeconds(21);

    // What two nodes may write to protects itself only where it is lost, too; and what is lost as far as LINSTOR knows, but without a proof, may have quorum on both sides.
    private bool MayBeMoved(Model.Pod pod, List<string> lost) =>
        _stage.ResourcesOf(pod).All(name => lost.Contains(name) || !(_stage.IsShared(name) || LossOf(name, pod.Spec.NodeName!).IsSo || WasLostUntilAllFellSilent(name, pod.Spec.NodeName!) || KeepsQuorumAlone(name, pod.Spec.NodeName!))) && CoreMapping.HasOptedIn(pod) && !pod.Metadata.Annotations.ContainsKey(CoreMapping.OptOut) && _stage.Unfenced(pod) is [];

    private bool WasLostUntilAllFellSilent(string resource, string node) => LossOf(resource, node).EndedAt is not null
        && _stage.DefinitionOf(resource) is { } definition && definition.Listed.All(replica => Known(replica)?.MayPromote is null);

    // By its own words, which count until it says otherwise. Nobody else can use the volume then: to move its pods for another's sake helps nobody.
    private bool KeepsQuorumAlone(string resource, string node) => _stage.DefinitionOf(resource) is { } definition
        && (definition.Name, _stage.Kubernetes.LinstorNameOf(node)!) is var key && HistoryOf(key, _alone).Overlaps((HistoryOf(key, _spoke).EndedAt ?? Now) - Unseen, Now);

    private bool WasLost(SimulatedController actor, string resource, string node, TimeSpan sent) => LossOf(resource, node).Overlaps(KnownSince(actor, resource, sent), Now);

    private bool CouldNotWrite(SimulatedController actor, string resource, string node, TimeSpan sent) => MuteOf(resource, node).Overlaps(ReportedSince(resource, node, KnownSince(actor, resource, sent)), Now);

    // Of another's satellite that has fallen silent LINSTOR tells the last words until it misses it.
    private TimeSpan ReportedSince(string resource, string node, TimeSpan known) => _unmissed
        .Where(silence => silence.Key.Definition == _stage.DefinitionOf(resource)?.Name && silence.Key.Node != _stage.Kubernetes.LinstorNameOf(node) && silence.Value.Overlaps(known, Now))
        .Select(silence => silence.Value.Since).Append(known).Min();

    /// <summary>When that was true which the process could know of the resource when it sent a request: an answer counts from its arrival, and may have been under way until its deadline.</summary>
    private TimeSpan KnownSince(SimulatedController actor, string resource, TimeSpan sent) =>
        _stage.NewestAnswer(actor, resource) is var (given, taken) && taken >= sent - Confirmed && given < sent - Confirmed ? given : sent - Confirmed;

    // What docs/safety.md assumes, because no observer can see that it is otherwise.
    private bool IsBeyondKnowing(SimulatedController actor, string resource, string node) =>
        !_stage.KnowsPolicy(actor, resource, node) || !_stage.AppliesPolicy(resource, node) || _stage.WasDeclaredLost(node) || _stage.HasLostMembersUnseen(actor, resource) || KeepsQuorumByMemory(resource, node) || !_stage.IsWitnessed(resource, node);

    private TimeSpan LostFor(SimulatedController actor, string resource, string node) => LossOf(resource, node).LongestUntil(Now, Unseen + actor.LinstorAway, _silence);

    private bool HasBeenLostSince(TimeSpan calm, string resource, string node) => LossOf(resource, node).Covers(calm, Now);

    // A volume that is not lost may go with a pod that was moved for another's sake, if it is fenced.
    private bool MayBeReleased(SimulatedController actor, string volume, string node, TimeSpan sent) =>
        _stage.ResourceNamed(volume) is { } name && (WasLost(actor, name, node, sent) || _stage.Moves.Keys.Any(pod => pod.Spec.NodeName == node && _stage.ResourcesOf(pod).Contains(name)));

    private void CheckDetached(Model.Pod moved, PodMove move, bool isStorm)
    {
        foreach (var name in _stage.ResourcesOf(moved).Where(name => _stage.CanRunSomewhere(name)))
        {
            var left = _stage.AttachmentsOf(name).FirstOrDefault(attachment =>
                attachment.NodeName == moved.Spec.NodeName && _stage.Precedes(attachment, moved) && !_stage.UsersOf(attachment.VolumeName).Any(pod => pod.Spec.NodeName == moved.Spec.NodeName));
            Check(Free, isStorm || left is null || (left.Metadata.Deleting is not null && !_stage.IsQuietSince(Now - LongestBackOff)) || !IsKnownToBeLeft(left, move) || move.At > Now - TimeSpan.FromSeconds(30) || !HasBeenLostSince(Now - TimeSpan.FromSeconds(30), name, moved.Spec.NodeName!) || !IsProved(name, moved.Spec.NodeName!), moved, $"attachment {left?.Metadata.Name} of {name} on {moved.Spec.NodeName} is still there");
        }
    }

    // Only the process that moved the pod remembers the attachment that it left behind. Another leader deletes it once a pod waits elsewhere; until then no pod needs it.
    private bool IsKnownToBeLeft(Model.VolumeAttachment left, PodMove move) =>
        move.IsRemembered || _stage.UsersOf(left.VolumeName).Any(pod => pod.Spec.NodeName != left.NodeName && !pod.IsOver && _stage.Exempted(pod) is null);

    private void CheckReplaced(Model.Pod moved, TimeSpan at, bool isStorm)
    {
        var wasMovedOn = _stage.Moves.Any(later => later.Value.At > at && later.Key.Metadata.Owner == moved.Metadata.Owner);
        if (moved.Metadata.Owner is null || wasMovedOn || !Settings.TaintNodes || at > Now - Patience || !_stage.IsQuietSince(Now - LongestBackOff) || !_stage.CanRunSomewhere(moved))
        {
            return;
        }

        var successors = _stage.SuccessorsOf(moved).ToList();
        var cannotRun = _stage.ResourcesOf(moved).Any(_stage.HasHungSatellite) // whatever its node is told to attach or let go, is not done
            || _stage.ResourcesOf(moved).Any(name => _stage.IsUsedOn(name, moved.Spec.NodeName!)) // its old node has come back with it
            || _stage.ResourcesOf(moved).Any(name => _stage.AttachmentsOf(name).Any(attachment => !successors.Exists(pod => pod.Spec.NodeName == attachment.NodeName) && !IsProved(name, attachment.NodeName)))
            || _stage.CompanionsOf(moved).Any() // under whom no volume is pulled away
            || successors.Exists(pod => pod.Spec.NodeName is { } node && (!_stage.CanRunOn(pod, node) || _stage.WasAttachedSince(pod, Now - LongestBackOff)));
        if (!isStorm && !cannotRun)
        {
            Check(Runs, successors.Exists(pod => pod.Phase == Model.PodPhase.Running), moved, $"nobody runs in its stead: {string.Join("; ", successors.Select(pod => $"{pod.Key} on {pod.Spec.NodeName}: {pod.Phase} {pod.Message}"))}");
        }
    }

    private void Check(string rule, bool holds, object subject, string otherwise)
    {
        _stage.Coverage.Meet(Of(rule));
        Expect(rule, holds, () => $"{(subject is Decision decision ? DecisionText.Of(decision) : subject is Model.KubernetesObject item ? item.Key : subject)} But {otherwise}.");
    }
}
