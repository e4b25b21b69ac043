using System.Collections.Immutable;
using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Translates LINSTOR's objects into the core's types: the only place that knows both.</summary>
internal static class LinstorTranslation
{
    /// <summary>DRBD's quorum policy.</summary>
    /// <remarks>
    /// A satellite writes the <c>options</c> of its DRBD resource file from the properties of its own resource, else the definition, else the group, else its
    /// own node, else the LINSTOR controller, and from nothing else (linstor-server 2b91102, ConfFileBuilder.build: <c>localRscPrioProps</c>).
    /// Storage pools give only <c>PrefNic</c> there; connections of nodes and resources only options of <c>net</c>, of peer devices and paths. So neither is read.
    /// </remarks>
    public const string QuorumKey = "DrbdOptions/Resource/quorum";

    /// <summary>Whether two nodes may be Primary at once: <c>yes</c> or <c>no</c>.</summary>
    /// <remarks>This is an option of <c>net</c>, so resources, nodes and connections could set it, too. They are not read, because LINSTOR's CSI driver sets it on the definition.</remarks>
    public const string TwoPrimariesKey = "DrbdOptions/Net/allow-two-primaries";

    /// <returns>Null if the resource does not state its node.</returns>
    public static Replica? Replica(WireResource resource)
    {
        // A resource without DRBD among its layers is not replicated and has no quorum, so there is nothing to fail over.
        if (string.IsNullOrEmpty(resource.NodeName) || (resource.LayerObject is { Type: { Length: > 0 } } layer && Drbd(layer) is null))
        {
            return null;
        }

        var replica = new Replica(new NodeName(resource.NodeName))
        {
            Uuid = resource.Uuid,
            QuorumPolicy = Value(resource.Props, QuorumKey),
            Diskless = IsDiskless(resource.Flags ?? []),
            Leaving = IsLeaving(resource.Flags ?? []),
        };

        // The usage that other layers report is not DRBD's role: LUKS always reports "not in use".
        return Drbd(resource.LayerObject) is not { } drbd ? replica : replica with
        {
            Promotability = Promotability(drbd.Drbd?.MayPromote),
            Usage = Usage(resource.State?.InUse),
            Score = drbd.Drbd?.PromotionScore,
            Connections = Connections(drbd.Drbd?.Connections),
            VolumeCount = drbd.Drbd?.DrbdVolumes?.Count,
        };
    }

    public static Promotability Promotability(bool? mayPromote) => mayPromote switch
    {
        true => Core.Promotability.MayPromote,
        false => Core.Promotability.MayNotPromote,
        null => Core.Promotability.Unknown,
    };

    /// <returns>The value in lower case, or null if these properties do not set it.</returns>
    public static string? Value(Dictionary<string, string?>? properties, string key) => properties?.GetValueOrDefault(key)?.Trim().ToLowerInvariant();

    /// <returns>Null for a value that DRBD does not have: unknown.</returns>
    public static bool? YesOrNo(string? value) => value switch
    {
        "yes" => true,
        "no" => false,
        _ => null,
    };

    /// <remarks>An unknown type counts as one with a satellite: a node that is left out would look as if it had been declared lost.</remarks>
    /// <returns>Null if the node runs no satellite.</returns>
    public static Satellite? Satellite(WireNode node) =>
        node is { Name: { Length: > 0 } name, Type: not ("CONTROLLER" or "AUXILIARY") }
            ? new Satellite(new NodeName(name), State(node.ConnectionStatus), HostName(node), Evicted: node.Flags?.Contains("EVICTED") is true)
            {
                Uuid = node.Uuid,
                QuorumPolicy = Value(node.Props, QuorumKey),
            }
            : null;

    private static string? HostName(WireNode node) => node.Props?.GetValueOrDefault("NodeUname");

    private static WireLayer? Drbd(WireLayer? layer) =>
        layer is null or { Type: "DRBD" } ? layer : layer.Children?.Select(Drbd).FirstOrDefault(found => found is not null);

    private static Usage Usage(bool? inUse) => inUse switch
    {
        true => Core.Usage.InUse,
        false => Core.Usage.Unused,
        null => Core.Usage.Unknown,
    };

    /// <remarks>An entry without a state is left out: a missing statement about a connection does not mean that it is down.</remarks>
    private static ImmutableArray<Connection> Connections(Dictionary<string, WireConnection?>? connections) =>
    [
        .. from connection in connections ?? []
           let up = connection.Value?.Message is { } message ? message is "Connected" : connection.Value?.Connected
           where up is not null
           select new Connection(connection.Key, up.Value),
    ];

    /// <remarks>
    /// An NVMe or EBS initiator is DISKLESS to LINSTOR, but gives DRBD a disk and so a vote. If it did not count, a number of votes would seem to fence that does not.
    /// </remarks>
    private static bool IsDiskless(List<string> flags) =>
        flags.Contains("DRBD_DISKLESS") || flags.Contains("TIE_BREAKER")
        || (flags.Contains("DISKLESS") && !flags.Contains("NVME_INITIATOR") && !flags.Contains("EBS_INITIATOR"));

    private static bool IsLeaving(List<string> flags) =>
        flags.Exists(flag => flag is "DELETE" or "DRBD_DELETE" or "INACTIVE" or "INACTIVE_PERMANENTLY" or "INACTIVATING" or "EVICTED");

    private static SatelliteState State(string? status) => status switch
    {
        "ONLINE" => SatelliteState.Online,
        "OFFLINE" => SatelliteState.Offline,
        _ => SatelliteState.Unknown,
    };
}
