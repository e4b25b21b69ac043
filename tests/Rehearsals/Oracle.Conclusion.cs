using Model = Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Judges the final state of a scenario.</content>
internal sealed partial class Oracle
{
    /// <summary>The maximum time until a replacement runs, once nothing blocks it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The longest back-off of kubelets and attachers: the delay before they retry an operation that failed just before the faults ended.</summary>
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(125);

    /// <summary>Judges the final state, after observers were undisturbed for long enough.</summary>
    /// <param name="calm">Since when no fault has affected observers.</param>
    public void Conclude(TimeSpan calm)
    {
        var isStorm = _storm.Overlaps(calm, Now) || IsStorm(); // consumers change without a change of the storage
        foreach (var pod in _cluster.Store.All<Model.Pod>().Where(pod => pod is { IsOver: false, Spec.NodeName: not null }))
        {
            var node = pod.Spec.NodeName!;
            var lost = _cluster.ResourcesOf(pod).Where(name => HasBeenLostSince(calm, name, node) && MuteOf(name, node).Covers(calm, Now) && IsProved(name, node)).ToList();
            Check(Moved, isStorm || lost.Count == 0 || _cluster.ResourcesOf(pod).Any(_cluster.WasTamperedWith) || !MayBeMoved(pod, lost) || _cluster.BoundAt(pod) > calm || MissedLinstorSince(calm), pod, $"it is still on {node}, which has lost {string.Join(", ", lost)}: {string.Join(", ", _cluster.Controllers.SelectMany(controller => lost.Select(name => $"{controller.Name} says {string.Join(", ", controller.Cluster.Resources.GetValueOrDefault(new(name))?.Assessments.Select(assessment => $"{assessment.Node}: {assessment.Reason?.ToString() ?? "lost"} by {assessment.By}") ?? [])}")))}");
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

    // A LINSTOR that needs most of the deadline for each answer may miss it so often that it counts as silent, which starts the grace period anew.
    private bool MissedLinstorSince(TimeSpan calm) => _cluster.LinstorTakes >= TimeSpan.FromSeconds(2)
        && _cluster.Controllers.Any(controller => controller.Cluster.Linstor.ReturnedAt is { } returned && Now - (controller.Now - returned) > calm);

    // A volume that two nodes may write to is fenced only where it is lost too. A loss that LINSTOR knows of but that is not proved may leave quorum on both sides.
    private bool MayBeMoved(Model.Pod pod, List<string> lost) =>
        _cluster.ResourcesOf(pod).All(name => lost.Contains(name) || !(_cluster.IsShared(name) || LossOf(name, pod.Spec.NodeName!).IsSo || WasLostUntilAllFellSilent(name, pod.Spec.NodeName!) || MayHaveQuorumHere(name, pod.Spec.NodeName!) || HasRivalWithoutProof(name, pod.Spec.NodeName!))) && CoreMapping.HasOptedIn(pod) && !pod.Metadata.Annotations.ContainsKey(CoreMapping.OptOut) && _cluster.Unfenced(pod) is [];

    private bool WasLostUntilAllFellSilent(string resource, string node) => LossOf(resource, node).EndedAt is not null
        && _cluster.DefinitionOf(resource) is { } definition && definition.Listed.All(replica => Known(replica)?.MayPromote is null);

    // It may have had quorum on both sides, or on its node's side alone, since that node last reported that it misses no other replica, and nobody may be left to rule that out. That its node
    // keeps quorum alone counts until it reports otherwise. No other node can use the volume then, so moving its pods because of another volume does not help.
    private bool MayHaveQuorumHere(string resource, string node)
    {
        if (_cluster.DefinitionOf(resource) is not { } definition)
        {
            return false;
        }

        var key = (definition.Name, _cluster.Kubernetes.LinstorNameOf(node)!);
        var whole = HistoryOf(key, _whole);
        var since = (whole.IsSo ? Now : whole.EndedAt ?? TimeSpan.Zero) - Unseen;
        return LossOf(resource, node).Overlaps(since, Now) || HistoryOf(key, _alone).Overlaps(since, Now);
    }

    // A peer may promote, and its report does not rule out that the node has quorum, too.
    private bool HasRivalWithoutProof(string resource, string node) => _cluster.DefinitionOf(resource) is { } definition && _cluster.Kubernetes.LinstorNameOf(node) is { } machine
        && definition.Listed.Any(peer => peer.Node.Name != machine && Known(peer) is { MayPromote: true }) && !HasRival(definition, machine);

    // A grace period begins when the loss is proved: a peer may have been promotable for long, and only now rule out that the node has quorum, too.
    private bool HasBeenLostSince(TimeSpan calm, string resource, string node) => LossOf(resource, node).Covers(calm, Now)
        && _cluster.DefinitionOf(resource) is { } definition && HistoryOf((definition.Name, node), _rivalled).Covers(calm, Now);

    private void CheckDetached(Model.Pod moved, PodMove move, bool isStorm)
    {
        foreach (var name in _cluster.ResourcesOf(moved).Where(name => _cluster.CanRunSomewhere(name)))
        {
            var left = _cluster.AttachmentsOf(name).FirstOrDefault(attachment =>
                attachment.NodeName == moved.Spec.NodeName && _cluster.Precedes(attachment, moved) && !_cluster.UsersOf(attachment.VolumeName).Any(pod => pod.Spec.NodeName == moved.Spec.NodeName));
            Check(Free, isStorm || left is null || (left.Metadata.Deleting is not null && !_cluster.IsQuietSince(Now - LongestBackOff)) || !IsKnownToBeLeft(left, move, name) || move.At > Now - TimeSpan.FromSeconds(30) || !HasBeenLostSince(Now - TimeSpan.FromSeconds(30), name, moved.Spec.NodeName!) || !IsProved(name, moved.Spec.NodeName!), moved, $"attachment {left?.Metadata.Name} of {name} on {moved.Spec.NodeName} is still there");
        }
    }

    // Only the process that moved the pod remembers the attachment left behind, and only until a replica reports a connection to its node, although a node with a stuck mount keeps it even then.
    // Another leader, and another loss, need a pod that waits elsewhere; until then no pod needs the volume.
    private bool IsKnownToBeLeft(Model.VolumeAttachment left, PodMove move, string resource) =>
        (move.IsRemembered && !WasFoundSince(move.At, resource, left.NodeName))
        || _cluster.UsersOf(left.VolumeName).Any(pod => pod.Spec.NodeName != left.NodeName && !pod.IsOver && _cluster.Exempted(pod) is null);

    private bool WasFoundSince(TimeSpan start, string resource, string node)
    {
        var (definition, number) = (_cluster.DefinitionOf(resource)?.Name, _cluster.Nodes.First(other => other.Name == node).Number);
        return _connectsSince.Any(link => link.Key.Resource == definition && link.Key.Node == number && link.Value > start)
            || _disconnectedAt.Any(link => link.Key.Resource == definition && link.Key.Node == number && link.Value > start);
    }

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
            || successors.Exists(pod => pod.Spec.NodeName is { } node && (!_cluster.CanRunOn(pod, node) || _cluster.ResourcesOf(pod).Any(name => CouldNotBeUsedBefore(name, node)) || _cluster.WasAttachedSince(pod, Now - LongestBackOff - _cluster.Plan.Setup.Adjust))); // the satellite may have made the replica there that long after the attachment
        if (!isStorm && !cannotRun)
        {
            Check(Runs, successors.Exists(pod => pod.Phase == Model.PodPhase.Running), moved, $"no replacement runs: {string.Join("; ", successors.Select(pod => $"{pod.Key} on {pod.Spec.NodeName}: {pod.Phase} {pod.Message}"))}");
        }
    }

    // The volume can be opened there, but not for long yet: its kubelet may still wait to try again.
    private bool CouldNotBeUsedBefore(string resource, string node) => _cluster.DefinitionOf(resource) is { } definition
        && HistoryOf((definition.Name, _cluster.Kubernetes.LinstorNameOf(node)!), _usable) is { IsSo: true } usable && !usable.Covers(Now - LongestBackOff, Now);
}
