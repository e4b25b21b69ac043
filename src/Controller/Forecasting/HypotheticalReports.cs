using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Forecasting;

/// <summary>What LINSTOR would report if every node went on as it last said, or if one of them had just died.</summary>
/// <remarks>
/// A dead node's satellite goes OFFLINE and its peers lose their links to it. DRBD then lets a peer promote if it has quorum without the dead node, data of its own or in reach, and no other Primary in
/// reach. A node that does not speak today does not speak then, either.
/// </remarks>
/// <param name="cluster">The snapshot whose statements go on.</param>
/// <param name="dead">The LINSTOR name of the dead node; null if all live.</param>
internal sealed class HypotheticalReports(ClusterSnapshot cluster, NodeName? dead)
{
    /// <summary>LINSTOR's list of satellites.</summary>
    public Observation Satellites(Instant asked) => new Observation.SatellitesListed(
        [.. (cluster.Satellites?.Values ?? []).OrderBy(satellite => satellite.Name).Select(satellite => satellite.Name == dead ? satellite with { State = SatelliteState.Offline } : satellite)], asked);

    /// <summary>LINSTOR's answer about a resource definition.</summary>
    public Observation Report(ResourceName name, Instant asked)
    {
        var resource = cluster.Resources.GetValueOrDefault(name) ?? new Resource(name);
        List<Speaker> members = [.. resource.Speakers.Where(speaker => speaker.Presence == Presence.Listed)];
        return new Observation.ResourceReported(new(name, resource.Exists, [.. members.Select(member => Replica(member, resource, members))], asked)
        {
            QuorumProperties = resource.QuorumProperties,
            AllowsTwoPrimaries = resource.AllowsTwoPrimaries,
        });
    }

    private Replica Replica(Speaker own, Resource resource, List<Speaker> members)
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
            Connections = [.. resource.ConnectionsOf(own, cluster.Linstor).Select(link => new Connection(link.Peer.Value, link.Up && link.Peer != dead))],
        };

        // LINSTOR has told the others to forget those that leave.
        return own.Leaving || !members.Exists(member => member.Node == dead) ? spoken : AfterTheLoss(spoken, members.FindAll(member => !member.Leaving), resource.Policy);
    }

    private Replica AfterTheLoss(Replica own, List<Speaker> members, string? policy)
    {
        var side = members.FindAll(member => member.Node == own.Node || own.Connections.Contains(new(member.Node.Value, Up: true)));
        var score = own.Score - (members.Exists(member => member.Node == dead && HasUpToDateData(member)) ? 1 : 0);
        var hasQuorum = QuorumPolicy.MayHaveQuorum(policy, [.. members.Select(member => new Member(member.Node, !member.Diskless))], member => side.Exists(one => one.Node == member.Node));
        return !hasQuorum || score % 100 <= 0
            ? own with { Promotability = Promotability.MayNotPromote, Score = own.Score is null ? null : 0 }
            : own with { Promotability = side.Exists(member => member.Usage == Usage.InUse) ? Promotability.MayNotPromote : Promotability.MayPromote, Score = score };
    }

    // The hundreds of the score count the volumes whose local disk is UpToDate.
    private static bool HasUpToDateData(Speaker member) => member is { Diskless: false, Score: { Current: true, Value: var score } } && score / 100 % 100 > 0;
}
