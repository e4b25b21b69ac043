namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>Another replica as DRBD on one node sees it.</summary>
/// <param name="Stable">It sees no Primary that the observer does not see.</param>
public readonly record struct DrbdPeer(DrbdRole Role, DiskState Disk, bool Stable);

/// <summary>All that DRBD on one node knows about a resource.</summary>
/// <param name="Connected">The peers it is connected to; the others are unknown to it.</param>
public sealed record DrbdView(int Volumes, bool FailsIo, bool Quorate, DrbdRole Role, DiskState Disk, IReadOnlyList<DrbdPeer> Connected);

/// <summary>The members of a resource that one diskful replica counts.</summary>
/// <param name="Voters">Diskful members, itself included.</param>
/// <param name="Votes">Those of them that it reaches, itself included.</param>
/// <param name="Quorumless">Those that it does not reach, but knows to be without quorum.</param>
/// <param name="Diskless">Diskless members.</param>
/// <param name="Voices">Those of them that it reaches.</param>
public readonly record struct QuorumCount(int Voters, int Votes, int Quorumless, int Diskless, int Voices);

/// <summary>DRBD's arithmetic, as functions of what one node sees: quorum, and what <c>drbdsetup events2</c> prints from it.</summary>
public static class Drbd
{
    /// <summary>A diskful replica's partition has quorum.</summary>
    /// <param name="had">It had quorum before. Diskless peers remember nothing, so they can break a tie only for a partition that keeps quorum, never for one that starts.</param>
    public static bool HasQuorum(string policy, QuorumCount quorumCount, bool had)
    {
        // If all that are absent are known to be without quorum, nobody else can have it (since 9.1.13 and 9.2.2).
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

    /// <summary>How good a place this is to promote; 0 if I/O could not succeed here. Who is Primary does not matter.</summary>
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

    /// <summary>The data is current here or on a connected peer, and no Primary hides behind a peer.</summary>
    public static bool HasStableData(DrbdView view) =>
        view.Connected.Any(peer => peer.Disk == DiskState.UpToDate && peer.Stable)
        || (view.Disk == DiskState.UpToDate && view.Connected.All(peer => peer.Stable));

    private static bool Hopeless(DrbdView view) => view.Volumes == 0 || view.FailsIo || !view.Quorate || UpToDateReplicas(view) == 0;

    private static int UpToDateReplicas(DrbdView view) =>
        view.Connected.Count(peer => peer.Disk == DiskState.UpToDate) + (view.Disk == DiskState.UpToDate ? 1 : 0);
}
