using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.World;
using Model = Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Converts simulated objects to the core's types. Independent of the controller's mapping, so that it does not repeat that mapping's errors.</summary>
internal static class CoreMapping
{
    public const string OptOut = "drbd.linbit.com/ignore-fail-over";
    public const string TaintKey = "drbd.linbit.com/lost-quorum";
    public const string TaintOwner = "drbd.linbit.com/lost-quorum-tainted-by";
    public const string Us = "piraeus-ha-controller";

    public static readonly KeyValuePair<string, string> OptIn = new("linstor.csi.linbit.com/on-storage-lost", "remove");

    public static bool HasOptedIn(Model.Pod pod) => pod.Metadata.Labels.GetValueOrDefault(OptIn.Key) == OptIn.Value;

    public static Pod Pod(Model.Pod pod) => new(new(pod.Metadata.Namespace, pod.Metadata.Name), new(pod.Metadata.Uid), pod.Spec.NodeName is { } node ? new NodeName(node) : null)
    {
        Claims = [.. pod.Spec.Claims.Select(mount => new ClaimUse(mount.Claim, mount.ReadOnly))],
        Priority = pod.Spec.Priority,
        OptedIn = HasOptedIn(pod),
        OptedOut = pod.Metadata.Annotations.ContainsKey(OptOut),
        Finalizers = pod.Metadata.Finalizers,
        Owner = pod.Metadata.Owner is { } owner ? new(owner.ApiVersion, owner.Kind, owner.Name, new(owner.Uid)) : null,
        Running = pod.Phase == Model.PodPhase.Running,
        Finished = pod.IsOver,
        Terminating = pod.Metadata.Deleting is not null,
        Trouble = pod.Message,
    };

    public static Volume Volume(Model.PersistentVolume volume) => new(volume.Metadata.Name, new ObjectKey(volume.ClaimNamespace, volume.ClaimName))
    {
        Resource = volume.Driver == ScenarioSetup.Driver ? new ResourceName(volume.Handle) : null,
        Handle = volume.Driver == ScenarioSetup.Driver ? volume.Handle : null,
        InUsePrefix = $"kubernetes.io/csi/{ScenarioSetup.Driver}^",
        ManyWriters = volume.AccessMode == Model.AccessMode.ReadWriteMany,
        SharedStorage = volume.Driver == ScenarioSetup.Driver ? null : $"driver {volume.Driver}",
    };

    public static Attachment Attachment(Model.VolumeAttachment attachment) =>
        new(attachment.Metadata.Name, new(attachment.Metadata.Uid), attachment.VolumeName, new(attachment.NodeName), attachment.Metadata.Deleting is not null)
        {
            Attached = attachment.Attached,
            Trouble = attachment.Metadata.Deleting is null ? attachment.AttachError : attachment.DetachError,
        };

    public static ClusterNode Node(Model.Node node) => new(new(node.Metadata.Name), new(node.Metadata.Uid))
    {
        TaintedByUs = node.Metadata.Annotations.GetValueOrDefault(TaintOwner) == Us,
    };

    public static CsiNode CsiNode(Model.CsiNode node) =>
        new(new(node.Metadata.Name), node.NodeIds.GetValueOrDefault(ScenarioSetup.Driver) is { } name ? new NodeName(name) : null);

    /// <param name="world">The simulated storage.</param>
    /// <param name="asked">When the request was sent.</param>
    /// <param name="isDeaf">Whether a second LINSTOR answers, which has the same database but reaches no satellite.</param>
    public static Observation.SatellitesListed Satellites(StorageWorld world, Instant asked, bool isDeaf) => new([.. world.Nodes.Select(node => Satellite(node, isDeaf))], asked);

    private static Satellite Satellite(StorageNode node, bool isDeaf) => new(
        new(node.Name),
        isDeaf ? SatelliteState.Offline : node.Status switch { ConnectionStatus.Online => SatelliteState.Online, ConnectionStatus.Offline => SatelliteState.Offline, _ => SatelliteState.Unknown },
        node.Uname,
        node.Evicted)
    {
        Uuid = node.Uuid,
        QuorumPolicy = node.Properties.GetValueOrDefault(QuorumSetting.Key),
    };

    /// <summary>LINSTOR's current answer about a resource definition.</summary>
    /// <inheritdoc cref="Satellites"/>
    public static ResourceReport Report(StorageWorld world, ResourceName name, Instant asked, bool isDeaf) => world.FindDefinition(name.Value) is not { } definition
        ? new(name, false, [], asked)
        : new(name, true, [.. definition.Listed.Select(replica => Replica(replica, isDeaf ? null : world.Knowledge.About(replica)))], asked)
        {
            Uuid = definition.Uuid,
            QuorumProperties = Quorum(definition.Properties.GetValueOrDefault(QuorumSetting.Key) ?? definition.Group.Properties.GetValueOrDefault(QuorumSetting.Key), world),
            AllowsTwoPrimaries = world.EffectiveProperty(definition, QuorumSetting.AllowTwoPrimariesKey) == "yes",
        };

    // The controller's value is read only where it can apply.
    private static QuorumProperties Quorum(string? own, StorageWorld world) => new(own, own is null ? world.ControllerProperties.GetValueOrDefault(QuorumSetting.Key) : null);

    public static Promotability Promotability(bool? mayPromote) => mayPromote switch
    {
        null => Core.Promotability.Unknown,
        true => Core.Promotability.MayPromote,
        false => Core.Promotability.MayNotPromote,
    };

    private static Core.Replica Replica(Simulator.World.DrbdReplica replica, ReplicaReport? known) => new(new(replica.Node.Name))
    {
        Promotability = Promotability(known?.MayPromote),
        Score = known?.PromotionScore,
        Usage = known?.InUse switch { null => Usage.Unknown, true => Usage.InUse, false => Usage.Unused },
        Connections = [.. (known?.Connections ?? []).Select(connection => new Connection(connection.Peer, connection.Message == "Connected"))],
        Diskless = replica.Kind != ReplicaKind.Diskful,
        Uuid = replica.Uuid,
        VolumeCount = replica.Definition.Volumes,
        Leaving = replica.Flags().Any(flag => flag is "DELETE" or "DRBD_DELETE" or "INACTIVE" or "EVICTED"),
    };
}
