namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>Another replica as DRBD on one node sees it.</summary>
/// <param name="Stable">It sees no Primary that the observing node does not see.</param>
public readonly record struct DrbdPeer(DrbdRole Role, DiskState Disk, bool Stable);

/// <summary>All that DRBD on one node knows about a resource.</summary>
/// <param name="Connected">The peers it is connected to; the others are unknown to it.</param>
public sealed record DrbdView(int Volumes, bool FailsIo, bool Quorate, DrbdRole Role, DiskState Disk, IReadOnlyList<DrbdPeer> Connected);

/// <summary>The members of a resource that one diskful replica counts.</summary>
/// <param name="Voters">Diskful members, including itself.</param>
/// <param name="Votes">The voters that it reaches, including itself.</param>
/// <param name="Quorumless">The voters that it does not reach, but knows to be without quorum.</param>
/// <param name="Diskless">Diskless members.</param>
/// <param name="Voices">The diskless members that it reaches.</param>
public readonly record struct QuorumCount(int Voters, int Votes, int Quorumless, int Diskless, int Voices);

/// <summary>DRBD's calculations, as functions of one node's view: quorum, and the values that <c>drbdsetup events2</c> prints.</summary>
public static class Drbd
{
    /// <summary>A diskful replica's partition has quorum.</summary>
    /// <param name="had">It had quorum before. Diskless peers remember nothing, so they break a tie only for a partition that keeps quorum, never for one that starts.</param>
    public static bool HasQuorum(string policy, QuorumCount quorumCount, bool had)
    {
        // If all absent voters are known to be without quorum, no other partition can have it (since 9.1.13 and 9.2.2).
        var voters = quorumCount.Votes + quorumCount.Quorumless == quorumCount.Voters ? quorumCount.Votes : quorumCount.Voters;
        var needed = QuorumSetting.VotesNeeded(policy, voters);
        return quorumCount.Votes >= needed
            || (had && voters % 2 == 0 && quorumCount.Votes == needed - 1 && quorumCount.Diskless > 0
                && quorumCount.Voices >= (quorumCount.Diskless / 2) + 1);
    }

    /// <summary>The replica could be promoted: it has quorum and current data, and knows of no Primary.</summary>
    public static bool MayPromote(DrbdView view) =>
        !Hopeless(view)
        && view.Role == DrbdRole.Secondary
        && view.Connected.All(peer => peer.Role == DrbdRole.Secondary)
        && HasStableData(view);

    /// <summary>The suitability of this node for promotion; 0 if I/O could not succeed here. Independent of which node is Primary.</summary>
    public static int PromotionScore(DrbdView view)
    {
        if (Hopeless(view))
        {
            return 0;
        }

        var hasDisk = view.Disk is DiskState.UpToDate or DiskState.Inconsistent;
        var localUpToDate = view.Disk == DiskState.UpToDate ? Math.Min(view.Volumes, 99) : 0;
        return (hasDisk ? 10000 : 0) + (100 * localUpToDate) + Math.Min(UpToDateReplicas(view), 99);
    }

    /// <summary>The data is current here or on a connected peer, and no peer sees a Primary that this node does not.</summary>
    public static bool HasStableData(DrbdView view) =>
        view.Connected.Any(peer => peer.Disk == DiskState.UpToDate && peer.Stable)
        || (view.Disk == DiskState.UpToDate && view.Connected.All(peer => peer.Stable));

    private static bool Hopeless(DrbdView view) => view.Volumes == 0 || view.FailsIo || !view.Quorate || UpToDateReplicas(view) == 0;

    private static int UpToDateReplicas(DrbdView view) =>
        view.Connected.Count(peer => peer.Disk == DiskState.UpToDate) + (view.Disk == DiskState.UpToDate ? 1 : 0);
}
