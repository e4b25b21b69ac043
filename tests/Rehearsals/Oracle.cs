using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.World;
using Model = Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Judges actions by the true state of the cluster. Shares no rule with the policy: its expectations are written independently, from DRBD's and LINSTOR's side.</summary>
internal sealed partial class Oracle
{
    /// <summary>The maximum age of the newest confirmation when a request is sent: four seconds for the policy, and the rest for its way from LINSTOR and back.</summary>
    private TimeSpan Confirmed => TimeSpan.FromSeconds(5.5) + (2 * _cluster.LinstorTookMost);

    /// <summary>How long after its request an answer may arrive and still confirm something.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(5);

    /// <summary>How long after its request a list of a node's pods may arrive and still confirm something.</summary>
    private static readonly TimeSpan LongestList = TimeSpan.FromSeconds(10);

    /// <summary>The maximum age of the satellite list when a request is sent: one answer covers all satellites and may be slow.</summary>
    private static readonly TimeSpan Listed = TimeSpan.FromSeconds(12.5);

    /// <summary>An interruption of a loss that is shorter may go unseen: the controller polls LINSTOR at this interval at the longest, and answers are late.</summary>
    private static readonly TimeSpan Unseen = TimeSpan.FromSeconds(14);

    /// <summary>How long after it works again a satellite has replaced all that it repeated while it hung.</summary>
    private static readonly TimeSpan Replaced = TimeSpan.FromSeconds(20);

    /// <summary>DRBD's maximum time to detect a dead link. A report that is contradicted for longer is stale.</summary>
    public static readonly TimeSpan LongestDetection = TimeSpan.FromSeconds(12);

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
    private readonly Dictionary<(string Resource, string Node), (ConditionHistory Lost, ConditionHistory Mute, ConditionHistory Apparent)> _histories = [];
    private readonly Dictionary<(string Resource, int Node), string> _deployed = [];
    private readonly Dictionary<(string Resource, int Node), TimeSpan> _removed = [];
    private readonly Dictionary<(string Resource, int Node), TimeSpan> _deniedSince = [];
    private readonly HashSet<(string Resource, int Node)> _outvoted = [];
    private readonly Dictionary<(string Resource, int Node), TimeSpan> _speaksSince = [];
    private readonly Dictionary<(string Resource, int Node, string Other), TimeSpan> _deniesSince = [];
    private readonly Dictionary<(string Resource, int Node, string Other), TimeSpan> _connectsSince = [];
    private readonly Dictionary<(string Resource, int Node, string Other), TimeSpan> _disconnectedAt = [];
    private readonly Dictionary<(string Definition, string Node), (ReplicaReport Statement, TimeSpan At)> _statements = [];
    private readonly Dictionary<string, ConditionHistory> _lostNodes = [];
    private readonly HashSet<string> _unwell = [];
    private readonly HashSet<string> _hung = [];
    private readonly Dictionary<string, TimeSpan> _resumed = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _admitted = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _alone = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _whole = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _unmissed = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _spoke = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _usable = [];
    private readonly Dictionary<(string Definition, string Node), ConditionHistory> _rivalled = [];
    private readonly Dictionary<(string Definition, string Node), TimeSpan> _inUseSince = [];
    private readonly Dictionary<(string Definition, string Node), TimeSpan> _useEndedAt = [];
    private readonly Dictionary<(string Definition, string Node), TimeSpan> _primarySince = [];
    private readonly HashSet<(string, string)> _speaking = [];
    private readonly Dictionary<ResourceDefinition, ConditionHistory> _fenced = [];
    private readonly ConditionHistory _storm = new();
    private readonly ConditionHistory _silence = new();
    private readonly Dictionary<string, ConditionHistory> _unanswered = []; // by handle

    public Oracle(SimulatedCluster cluster)
    {
        _cluster = cluster;
        cluster.Storage.Settled += RecordConditions;
        cluster.Storage.LinstorRunningChanged += runs =>
        {
            _silence.Note(Now, isSo: true);

            // A LINSTOR that is down, or that knows nothing yet, reports no loss.
            foreach (var (lost, _, apparent) in _histories.Values)
            {
                lost.Note(Now, isSo: false);
                apparent.Note(Now, isSo: false);
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

    private static string Of(string rule) => $"rule {rule}";

    private void Judge(SimulatedController controller, Decision decision, Model.Pod pod, TimeSpan sent)
    {
        Alone(controller, decision);
        var node = pod.Spec.NodeName!;
        Check(Wanted, WasWanted(pod, sent), decision, "its owner does not want that");
        var lost = _cluster.ResourcesOf(pod).Where(name => WasLost(controller, name, node, sent)).ToList();
        Check(Lost, lost.Count > 0, decision, $"LINSTOR knew of no loss: {string.Join("; ", _cluster.ResourcesOf(pod).Select(name => Describe(name, node)))}");
        Check(Fenced, lost.Exists(name => CouldNotWrite(controller, name, node, sent) || IsBeyondKnowing(controller, name, node)), decision, "its node could write to everything all the time");
        Check(Waited, lost.Exists(name => LostFor(name, node) >= Grace - Confirmed || IsBeyondKnowing(controller, name, node)), decision, $"it was lost for {lost.Max(name => LostFor(name, node)).TotalSeconds:0.0} s only");
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
        var stays = _cluster.UsersOf(attachment.VolumeName).FirstOrDefault(pod => pod.Spec.NodeName == attachment.NodeName && !pod.IsOver && _cluster.BoundAt(pod) < ListedSince(controller, attachment.NodeName, sent));
        Check(Left, stays is null, decision, $"pod {stays?.Key} uses it");
        Check(Wanted, _cluster.WasOptedIn(attachment.VolumeName), decision, "no pod that opted in ever used it");
        CheckCalm(controller, decision, sent);
    }

    // Counts what the process could see as lost at once: nodes that were lost while it was connected, or that carry consumers.
    private void CheckCalm(SimulatedController controller, Decision decision, TimeSpan sent)
    {
        var listens = _cluster.ListensSince(controller) ?? TimeSpan.MaxValue;
        var lost = _cluster.Nodes.Where(node => LossOf(node) is { IsSo: true } loss && loss.Covers(sent - Listed, Now) && IsLost(node, volume => IsProved(ScenarioSetup.Handle(volume), node.Name) && WasRead(controller, ScenarioSetup.Handle(volume), node.Name, sent)) // a satellite comes back without a change of storage
            && !_cluster.WasDeclaredLost(node.Name) // a node created anew was never healthy
            && ((loss.Since > listens && _cluster.HasSeenOnline(controller, node.Name)) || _cluster.WasToldOfLossOn(controller, node.Name))).ToList();
        var of = lost.Count + _cluster.Nodes.Count(node => !lost.Contains(node) && (_cluster.WasDeclaredLost(node.Name) || !(LossOf(node).Covers(sent - Listed, Now) && IsLost(node))) && _cluster.Storage.FindNode(_cluster.Plan.Setup.LinstorName(node.Number)) is { Evicted: false });
        Check(Calm, _cluster.NodesChangedAt > sent - Listed || lost.Count < 2 || lost.Count <= of * Settings.StormThreshold || Settings.StormThreshold >= 1, decision, $"too many satellites look lost: {string.Join(", ", lost.Select(node => node.Name))}");
    }

    // While the requests about a definition hang, nobody knows that it is lost.
    private bool WasRead(SimulatedController controller, string resource, string node, TimeSpan sent) => _cluster.NewestAnswer(controller, resource, sent)?.Given >= LossOf(resource, node).Since;

    private ConditionHistory LossOf((int Number, string Name) node) => _lostNodes.TryGetValue(node.Name, out var known) ? known : _lostNodes[node.Name] = new();

    private void Alone(SimulatedController controller, Decision decision)
    {
        var holder = _cluster.Store.Find<Model.Lease>(ScenarioSetup.Space, SimulatedElection.Name)?.Holder;
        Check(One, _cluster.Plan.Setup.Controllers == 1 || holder?.StartsWith(controller.Name, StringComparison.Ordinal) == true, decision, $"{controller.Name} acts, and {holder} holds the Lease");
    }

    private TimeSpan Grace => Settings.KnownResourceGrace < Settings.NewResourceGrace ? Settings.KnownResourceGrace : Settings.NewResourceGrace;

    // A change by the pod's owner reaches the controller late.
    private bool WasWanted(Model.Pod pod, TimeSpan sent) => _cluster.Exempted(pod) is not { } since || since > sent - TimeSpan.FromSeconds(21);

    private bool WasLost(SimulatedController controller, string resource, string node, TimeSpan sent) =>
        Of(resource, node).Apparent.Overlaps(KnownSince(controller, resource, sent), Now) || IsLostDespiteDeadUse(resource, node);

    // A use elsewhere that LINSTOR reports although it cannot write any more ends the proof, not the loss. A process that was frozen may have heard of the two uses in the other order.
    private bool IsLostDespiteDeadUse(string resource, string node) => LossOf(resource, node).Since <= Now && MuteOf(resource, node).Covers(LossOf(resource, node).Since, Now)
        && _cluster.DefinitionOf(resource) is { } definition
        && definition.Listed.Any(replica => replica.Node.Name != _cluster.Kubernetes.LinstorNameOf(node) && Known(replica)?.InUse == true && !_cluster.Storage.CanWrite(definition.Name, replica.Node.Name));

    private bool CouldNotWrite(SimulatedController controller, string resource, string node, TimeSpan sent) => MuteOf(resource, node).Overlaps(ReportedSince(resource, node, KnownSince(controller, resource, sent)), Now);

    // LINSTOR reports the last state of a silent satellite on another node until it notices the silence.
    private TimeSpan ReportedSince(string resource, string node, TimeSpan known) => _unmissed
        .Where(silence => silence.Key.Definition == _cluster.DefinitionOf(resource)?.Name && silence.Key.Node != _cluster.Kubernetes.LinstorNameOf(node) && silence.Value.Overlaps(known, Now))
        .Select(silence => silence.Value.Since).Append(known).Min();

    /// <summary>
    /// The start of the period whose state the process could know when it sent a request: an answer counts from its arrival, and may take until its deadline to arrive. A node's own policy is in the
    /// list of satellites.
    /// </summary>
    private TimeSpan KnownSince(SimulatedController controller, string resource, TimeSpan sent)
    {
        var since = _cluster.NewestAnswer(controller, resource, sent) is var (given, taken) && taken >= sent - Confirmed && given < sent - Confirmed ? Later(given, sent - Confirmed - LongestAnswer) : sent - Confirmed;
        return _cluster.DefinitionOf(resource) is { } definition && _cluster.IsUnfencedByNode(definition) && sent - Listed < since ? sent - Listed : since;
    }

    // As for LINSTOR's answers. A list of pods may take longer.
    private TimeSpan ListedSince(SimulatedController controller, string node, TimeSpan sent) =>
        _cluster.NewestList(controller, node, sent) is var (given, taken) && taken >= sent - Confirmed && given < sent - Confirmed ? Later(given, sent - Confirmed - LongestList) : sent - Confirmed;

    // The assumptions in docs/safety.md, which no observer can check.
    private bool IsBeyondKnowing(SimulatedController controller, string resource, string node) =>
        (!_cluster.KnowsPolicy(controller, resource, node) && _cluster.LacksPolicy(resource, node))
        || !_cluster.AppliesPolicy(resource, node, mayHaveHung: _cluster.Kubernetes.LinstorNameOf(node) is { } name && _hung.Contains(name))
        || (_cluster.WasDeclaredLost(node) && !_cluster.IsListed(resource, node))
        || _cluster.HaveMembersChangedUnseen(controller, resource, _cluster.Kubernetes.LinstorNameOf(node)!)
        || (KeepsQuorumByMemory(resource, node) && !MuteOf(resource, node).IsSo)
        || !_cluster.IsWitnessed(resource, node);

    private TimeSpan LostFor(string resource, string node) => Of(resource, node).Apparent.LongestUntil(Now, Unseen, _silence, _unanswered.GetValueOrDefault(resource) ?? new());

    /// <summary>Notes that LINSTOR leaves requests about a resource or its policy without an answer from now on, or answers again. What changes meanwhile, nobody reads.</summary>
    public void NoteUnanswered(string resource, bool isSo) => (_unanswered.TryGetValue(resource, out var known) ? known : _unanswered[resource] = new()).Note(Now, isSo);

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    // A volume that is not lost may be released with a pod that was moved because of another volume, if it is fenced.
    private bool MayBeReleased(SimulatedController controller, string volume, string node, TimeSpan sent) =>
        _cluster.ResourceNamed(volume) is { } name && (WasLost(controller, name, node, sent) || _cluster.Moves.Keys.Any(pod => pod.Spec.NodeName == node && _cluster.ResourcesOf(pod).Contains(name)));

    private void Check(string rule, bool holds, object subject, string otherwise)
    {
        _cluster.Coverage.Reach(Of(rule));
        Expect(rule, holds, () => $"{(subject is Decision decision ? DecisionText.Of(decision) : subject is Model.KubernetesObject item ? item.Key : subject)} But {otherwise}.");
    }
}
