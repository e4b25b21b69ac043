using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Forecasting;

/// <summary>What LINSTOR would report if every node went on as it last said, or if one of them had just died.</summary>
/// <remarks>
/// A dead node's satellite goes OFFLINE and its peers lose their links to it. DRBD then lets a peer promote if it has quorum without the dead node, data of its own or in reach, and no other Primary in
/// reach. A node that does not speak today says nothing on paper either.
/// </remarks>
/// <param name="cluster">The snapshot whose statements go on.</param>
/// <param name="dead">The LINSTOR name of the dead node; null if all live.</param>
internal sealed class HypotheticalReports(ClusterSnapshot cluster, NodeName? dead)
{
    private readonly string[] _deadHosts = dead is { } node ? [node.Value, cluster.Linstor.Find(node)?.HostName ?? node.Value] : [];

    /// <summary>LINSTOR's list of satellites.</summary>
    public Observation Satellites(Instant asked) => new Observation.SatellitesListed(
        [.. (cluster.Satellites?.Values ?? []).OrderBy(satellite => satellite.Name).Select(satellite => satellite.Name == dead ? satellite with { State = SatelliteState.Offline } : satellite)], asked);

    /// <summary>LINSTOR's answer about a resource definition.</summary>
    public Observation Report(ResourceName name, Instant asked)
    {
        var resource = cluster.Resources.GetValueOrDefault(name) ?? new Resource(name);
        List<Speaker> members = [.. resource.Speakers.Where(speaker => speaker.Presence == Presence.Listed)];
        return new Observation.ResourceReported(new(name, resource.Exists, [.. members.Select(member => Replica(member, members, resource.Policy))], asked)
        {
            QuorumProperties = resource.QuorumProperties,
            AllowsTwoPrimaries = resource.AllowsTwoPrimaries,
        });
    }

    private Replica Replica(Speaker own, List<Speaker> members, string? policy)
    {
        Replica silent = new(own.Node) { Diskless = own.Diskless, Leaving = own.Leaving, VolumeCount = own.VolumeCount, QuorumPolicy = own.QuorumPolicy };
        if (own.Node == dead || !own.Speaks(cluster.Linstor))
        {
            return silent;
        }

        var spoken = silent with
        {
            Usage = own.Usage,
            Score = own.Score is { Current: true } score ? score.Value : null,
            Promotability = own.Promotability,
            Connections = [.. own.Links.Where(link => link.Up.Current).Select(link => new Connection(link.Peer, link.Up.Value && !_deadHosts.Any(host => IsHost(host, link.Peer))))],
        };
        return dead is null || own.Leaving || !members.Exists(member => member.Node == dead) ? spoken : AfterTheLoss(spoken, members.FindAll(member => !member.Leaving), policy); // LINSTOR has told the others to forget those that leave
    }

    private Replica AfterTheLoss(Replica own, List<Speaker> members, string? policy)
    {
        var side = members.Where(member => member.Node == own.Node || (member.Node != dead && IsConnected(own, member.Node))).ToList();
        var score = own.Score - (members.Exists(member => member.Node == dead && HasUpToDateData(member)) ? 1 : 0);
        var hasQuorum = QuorumPolicy.MayHaveQuorum(policy, [.. members.Select(member => new Member(member.Node, !member.Diskless))], member => side.Exists(one => one.Node == member.Node));
        if (!hasQuorum || score % 100 <= 0)
        {
            return own with { Promotability = Promotability.MayNotPromote, Score = own.Score is null ? null : 0 };
        }

        return own with { Promotability = side.Exists(member => member.Usage == Usage.InUse) ? Promotability.MayNotPromote : Promotability.MayPromote, Score = score };
    }

    // The hundreds of the score count the volumes whose local disk is UpToDate.
    private static bool HasUpToDateData(Speaker member) => member is { Diskless: false, Score: { Current: true, Value: var score } } && score / 100 % 100 > 0;

    private bool IsConnected(Replica own, NodeName peer) => own.Connections.Any(link => link.Up && (IsHost(peer.Value, link.Peer) || (cluster.Linstor.Find(peer)?.HostName is { } host && IsHost(host, link.Peer))));

    // A connection carries the peer's host name, with or without its domain.
    private static bool IsHost(string one, string other) => string.Equals(one.Split('.')[0], other.Split('.')[0], StringComparison.OrdinalIgnoreCase);
}
