using System.Collections.Immutable;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;
using Event = Piraeus.HighAvailability.Simulator.Kubernetes.Event;
using Pod = Piraeus.HighAvailability.Simulator.Kubernetes.Pod;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>The true state of the cluster, for the oracle.</content>
internal sealed partial class SimulatedCluster
{
    /// <summary>Since when the process, in its present life, has known LINSTOR's satellites; null if it does not.</summary>
    public TimeSpan? ListensSince(SimulatedController controller) => _listens.TryGetValue((controller, controller.Life), out var since) ? since : null;

    /// <summary>Since when LINSTOR has reported anything to the process in its present life: its stream may be faster than its first list of satellites. Null if it never did.</summary>
    public TimeSpan? HearsSince(SimulatedController controller) => _hears.TryGetValue((controller, controller.Life), out var since) ? since : null;

    /// <summary>Whether LINSTOR has reported to the process, in its present life, that it reaches the node's satellite.</summary>
    public bool HasSeenOnline(SimulatedController controller, string node) => Kubernetes.LinstorNameOf(node) is { } name && _seenOnline.Contains((controller, controller.Life, new(name)));

    /// <summary>Whether the process, in its present life, has received an answer with the state of the resource's replica on a LINSTOR node.</summary>
    public bool HasRead(SimulatedController controller, string resource, string linstorName) => _read.ContainsKey((controller, controller.Life, new(resource), new(linstorName)));

    /// <summary>Whether LINSTOR has reported to the process, soon after its present life began, that a consumer on the node had lost its storage.</summary>
    public bool WasToldOfLossOn(SimulatedController controller, string node) => _seenLost.Contains((controller, controller.Life, node));

    /// <summary>Whether LINSTOR knows the resource to be in use on a node.</summary>
    public bool IsUsedOn(string resource, string node) => Kubernetes.LinstorNameOf(node) is { } name && Storage.KnownOf(resource, name) is { InUse: true };

    /// <summary>Whether the satellite of one of the resource's nodes hangs.</summary>
    public bool HasHungSatellite(string resource) => DefinitionOf(resource)?.Listed.Any(replica => replica.Node.SatelliteHangs) == true;

    /// <summary>Whether Kubernetes reports the node as Ready.</summary>
    public bool IsReady(string node) => Store.Find<Node>(node)?.Ready == NodeReadiness.True;

    /// <summary>The message of the newest warning event about an object; null if there is none.</summary>
    public string? WarningAbout(string uid) =>
        Store.All<Event>().Where(recorded => recorded.About.Uid == uid && recorded.Type == "Warning").MaxBy(recorded => recorded.Last)?.Message;

    /// <summary>The LINSTOR volumes that a pod uses, by handle.</summary>
    public IEnumerable<string> ResourcesOf(Pod pod) => pod.Spec.Claims
        .Select(mount => Store.Find<PersistentVolumeClaim>(pod.Metadata.Namespace, mount.Claim)?.VolumeName)
        .Select(volume => volume is null ? null : ResourceOf(volume))
        .OfType<string>();

    /// <summary>The handle of a LINSTOR volume; null for every other kind.</summary>
    public string? ResourceOf(string volume) => Store.Find<PersistentVolume>(volume) is { Driver: ScenarioSetup.Driver } found ? found.Handle : null;

    /// <summary>The handle of the LINSTOR volume with this name in a node's <c>volumesInUse</c>.</summary>
    public string? ResourceNamed(string inUseName) => Store.All<PersistentVolume>().FirstOrDefault(volume => volume.InUseName == inUseName && volume.Driver == ScenarioSetup.Driver)?.Handle;

    /// <summary>All LINSTOR volumes, by handle.</summary>
    public IEnumerable<string> Resources => Enumerable.Range(0, Plan.Setup.Volumes.Length).Select(ScenarioSetup.Handle);

    /// <summary>The number of a definition's volume.</summary>
    public int VolumeOf(ResourceDefinition definition) => VolumeOf(definition.Name);

    private static int VolumeOf(string resource) => int.Parse(resource.AsSpan(4), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The pods that mount a volume.</summary>
    public IEnumerable<Pod> UsersOf(string volume) => Store.Find<PersistentVolume>(volume) is { } found
        ? Store.All<Pod>().Where(pod => pod.Spec.Claims.Any(mount => mount.Claim == found.ClaimName))
        : [];

    /// <summary>Whether a pod on a node mounts a LINSTOR volume, or the volume is attached there.</summary>
    /// <param name="volume">The volume, as a number.</param>
    /// <param name="node">The node.</param>
    /// <param name="since">It must have been there by then; null for any time.</param>
    public bool HasUserOn(int volume, string node, TimeSpan? since = null)
    {
        var (claim, handle) = (ScenarioSetup.Claim(volume), ScenarioSetup.Handle(volume));
        return Store.All<Pod>().Any(pod => pod.Spec.NodeName == node && !(BoundAt(pod) > since) && pod.Spec.Claims.Any(mount => mount.Claim == claim))
            || AttachmentsOf(handle).Any(attachment => attachment.NodeName == node && !(attachment.Metadata.Created > since));
    }

    /// <summary>The attachments of a LINSTOR volume.</summary>
    public IEnumerable<VolumeAttachment> AttachmentsOf(string resource) => Store.All<VolumeAttachment>().Where(attachment => ResourceOf(attachment.VolumeName) == resource);

    /// <summary>Since when the owner has exempted the pod; null if it is not exempt.</summary>
    public TimeSpan? Exempted(Pod pod) => CoreMapping.HasOptedIn(pod) && !pod.Metadata.Annotations.ContainsKey(CoreMapping.OptOut) ? null : _exempted.GetValueOrDefault(pod.Metadata.Uid);

    /// <summary>Whether a pod that opted in has ever used the volume.</summary>
    public bool WasOptedIn(string volume) => _optedIn.Contains(volume);

    /// <summary>When the pod was bound to its node.</summary>
    public TimeSpan BoundAt(Pod pod) => _boundAt.GetValueOrDefault(pod.Metadata.Uid);

    /// <summary>When a node was last declared lost, or restored after an eviction. The number of nodes for the storm threshold changed then.</summary>
    public TimeSpan? NodesChangedAt { get; private set; }

    /// <summary>Restores an evicted node, so that it counts again.</summary>
    public void Restore(string node)
    {
        if (Storage.FindNode(node) is { } restored && Storage.RestoreNode(node))
        {
            NoteMembersOn(restored);
        }
    }

    /// <summary>Declares a node lost in LINSTOR. LINSTOR assumes that everything there is dead; nodes connected to it may hold a majority that the others do not know of.</summary>
    public void DeclareLost(StorageNode node)
    {
        _declaredLost[node.Name] = EventQueue.Now;
        NoteMembersOn(node);
        Tear(node);
    }

    /// <summary>
    /// Whether nodes of the resource were declared lost, or restored after an eviction, before the process, in its present life, first read from LINSTOR, or while it alone had lost LINSTOR; and it has
    /// heard nothing of the replica on a LINSTOR node since. It cannot know which members that node counts.
    /// </summary>
    public bool HaveMembersChangedUnseen(SimulatedController controller, string resource, string linstorName)
    {
        if (DefinitionOf(resource) is not { } definition || !_membersChanged.TryGetValue(definition, out var changed))
        {
            return false;
        }

        var isBefore = !(ListensSince(controller) <= changed);
        TimeSpan? read = _read.TryGetValue((controller, controller.Life, new(resource), new(linstorName)), out var last) ? last : null;
        return isBefore ? read is null : controller.LinstorLostAt <= changed && changed <= controller.LinstorReturnedAt && !(read >= changed);
    }

    /// <summary>Whether a node was declared lost so soon after the process, in its present life, first read from LINSTOR that it may have seen the node and never which resources had replicas there: the first answer about a resource may come with the first round, and the list without the node with the second.</summary>
    public bool MayHaveLostMembersUnread(SimulatedController controller, TimeSpan within) => ListensSince(controller) is { } listens && _declaredLost.Values.Any(at => at >= listens && at <= listens + within);

    private void NoteMembersOn(StorageNode node)
    {
        NodesChangedAt = EventQueue.Now;
        foreach (var definition in Storage.Definitions.Where(definition => definition.Listed.Any(replica => replica.Node == node)))
        {
            _membersChanged[definition] = EventQueue.Now;
        }
    }

    /// <summary>Whether an administrator has declared the node lost in LINSTOR: it counts as dead, whether it is or not.</summary>
    public bool WasDeclaredLost(string node) => DeclaredLostAt(node) is not null;

    /// <summary>When that was last done; null if it never was.</summary>
    public TimeSpan? DeclaredLostAt(string node) => _declaredLost.TryGetValue(Kubernetes.LinstorNameOf(node)!, out var at) ? at : null;

    /// <summary>Whether LINSTOR reaches the node, every replica there has quorum and data, and no fault has affected the node since then.</summary>
    public bool IsWell(string node, TimeSpan since) => IsWell(node) && IsQuietSince(since - TimeSpan.FromSeconds(15));

    /// <summary>Whether LINSTOR reaches the node, and every replica there has quorum and data.</summary>
    public bool IsWell(string node)
    {
        var name = Kubernetes.LinstorNameOf(node)!;
        return Storage.FindNode(name) is { Status: ConnectionStatus.Online, SatelliteHangs: false }
            && Storage.Definitions.All(definition => Storage.FindReplica(definition.Name, name) is not { } replica || Storage.Knowledge.About(replica) is { PromotionScore: > 0 });
    }

    /// <summary>Whether no fault has begun or ended since then.</summary>
    public bool IsQuietSince(TimeSpan since) =>
        Plan.Faults.All(fault => fault.At < since && (fault.IsBlindness ? fault.Lasts is { } blind && fault.At + blind < since : fault.Lasts is not { } lasts || fault.At + lasts < since));

    /// <summary>Whether Kubernetes and LINSTOR reach the node, and nothing prevents it from using the pod's volumes.</summary>
    public bool CanRunOn(Pod pod, string node) =>
        Kubernetes.IsConnected(node)
        && Kubernetes.LinstorNameOf(node) is { } name && Storage.FindNode(name) is { Status: ConnectionStatus.Online, SatelliteHangs: false }
        && ResourcesOf(pod).All(resource => !IsHeldWhileDeleted(resource, name) && Storage.JudgePromotion(resource, name) is not PromotionOutcome.InUseElsewhere && (Storage.KnownOf(resource, name) is { } known ? known is { MayPromote: true } or { InUse: true } : IsFree(resource)));

    // LINSTOR deletes a replica it believed unused, DRBD refuses while the old user's I/O is suspended, and without peers this lasts until the node is rebooted or DRBD is demoted by force.
    private bool IsHeldWhileDeleted(string resource, string node) =>
        Storage.FindDefinition(resource)?.Replicas.Any(replica => replica.Node.Name == node && replica is { DrbdDeleting: true, Role: DrbdRole.Primary }) == true;

    private bool IsFree(string resource) => Nodes.Any(node => Storage.KnownOf(resource, Plan.Setup.LinstorName(node.Number)) is { MayPromote: true });

    /// <summary>Whether a volume of the pod was attached to its node since then: its kubelet may not have checked since.</summary>
    public bool WasAttachedSince(Pod pod, TimeSpan since) => ResourcesOf(pod).SelectMany(AttachmentsOf)
        .Any(attachment => attachment.NodeName == pod.Spec.NodeName && _attachedAt.TryGetValue(attachment.Metadata.Uid, out var at) && at > since);

    /// <summary>Whether at least one node could run a pod with that resource.</summary>
    public bool CanRunSomewhere(string resource) => Storage.LinstorRuns && Nodes.Any(node => Kubernetes.IsConnected(node.Name)
        && Storage.KnownOf(resource, Plan.Setup.LinstorName(node.Number)) is { } known && known is { MayPromote: true } or { InUse: true, PromotionScore: > 0 });

    public bool CanRunSomewhere(Pod pod) => ResourcesOf(pod).All(CanRunSomewhere) && Nodes.Any(node => Kubernetes.IsConnected(node.Name) && !IsTaintedRightly(node.Name) && Store.Find<Node>(node.Name) is { Unschedulable: false });

    private bool IsTaintedRightly(string node) => Store.Find<Node>(node)?.Taints.Any(taint => taint.Key == CoreMapping.TaintKey) == true && !IsWell(node);

    /// <summary>Whether the attachment is one that the moved pod used.</summary>
    public bool Precedes(VolumeAttachment attachment, Pod moved) => attachment.Metadata.Created < Moves[moved].At;

    /// <summary>The pods that use the same volumes and stay: on the same node, or on any node if they belong to another owner.</summary>
    public IEnumerable<Pod> CompanionsOf(Pod moved) => Store.All<Pod>().Where(pod =>
        pod.Spec.NodeName is { } node && (node == moved.Spec.NodeName || pod.Metadata.Owner?.Uid != moved.Metadata.Owner?.Uid)
        && pod.Metadata.Uid != moved.Metadata.Uid && pod.Spec.Claims.Any(moved.Spec.Claims.Contains));

    /// <summary>The pods that replace a moved pod.</summary>
    public IEnumerable<Pod> SuccessorsOf(Pod moved) =>
        Store.All<Pod>().Where(pod => pod.Metadata.Owner?.Uid == moved.Metadata.Owner?.Uid && pod.Metadata.Uid != moved.Metadata.Uid);
}
