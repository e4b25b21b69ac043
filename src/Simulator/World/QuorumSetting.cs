using System.Globalization;

namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>The quorum properties, and the number of diskful replicas that a partition needs.</summary>
public static class QuorumSetting
{
    /// <summary>The property that sets it: <c>off</c>, <c>majority</c>, <c>all</c> or a number.</summary>
    public const string Key = "DrbdOptions/Resource/quorum";

    /// <summary>Is <c>user</c> where a user has set <see cref="Key"/>; LINSTOR then does not change it.</summary>
    public const string SetByKey = "Internal/Drbd/QuorumSetBy";

    /// <summary>DRBD's action on a Primary without quorum: <c>suspend-io</c> or <c>io-error</c>.</summary>
    public const string OnNoQuorumKey = "DrbdOptions/Resource/on-no-quorum";

    /// <summary>DRBD's action on a suspended Primary that meets newer data: <c>disconnect</c> or <c>force-secondary</c>.</summary>
    public const string OnSuspendedPrimaryOutdatedKey = "DrbdOptions/Resource/on-suspended-primary-outdated";

    /// <summary>Allows two Primaries at the same time: <c>yes</c> or <c>no</c>.</summary>
    public const string AllowTwoPrimariesKey = "DrbdOptions/Net/allow-two-primaries";

    /// <summary>The votes that <paramref name="policy"/> requires of <paramref name="voters"/>; 0 if quorum is off.</summary>
    public static int VotesNeeded(string policy, int voters) => policy switch
    {
        "off" => 0,
        "majority" => (voters / 2) + 1,
        "all" => voters,
        _ => int.Parse(policy, CultureInfo.InvariantCulture),
    };

    /// <summary>LINSTOR's own choice: <c>majority</c> for three diskful replicas or two and a diskless one, else <c>off</c>.</summary>
    public static string Automatic(int diskful, int diskless) => diskful >= 3 || (diskful == 2 && diskless >= 1) ? "majority" : "off";
}
