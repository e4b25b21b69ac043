using System.Globalization;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The options of DRBD that count for a resource, in lower case, by its definition, its group and the LINSTOR controller; null where none of them sets one, or a level could not be read.</summary>
/// <param name="Quorum">The quorum policy.</param>
/// <param name="OnNoQuorum">What happens to I/O without quorum: <c>io-error</c> or <c>suspend-io</c>, DRBD's default.</param>
/// <param name="OnNoDataAccessible">What happens to I/O without usable data: the same values; <c>io-error</c> is DRBD's default.</param>
/// <param name="OnSuspendedPrimaryOutdated">What a Primary with suspended I/O does once a peer has newer data: <c>disconnect</c>, DRBD's default, or <c>force-secondary</c>.</param>
internal sealed record DrbdOptions(string? Quorum, string? OnNoQuorum, string? OnNoDataAccessible, string? OnSuspendedPrimaryOutdated)
{
    /// <summary>What a node does whose role does not suit the peer's when they connect: <c>disconnect</c>, DRBD's default, <c>retry-connect</c>, and others.</summary>
    public string? RoleConflict { get; init; }

    /// <summary>How often an idle connection is checked, in seconds; DRBD's default is 10.</summary>
    public string? PingInterval { get; init; }

    /// <summary>How long a check may take, in tenths of a second; DRBD's default is 5.</summary>
    public string? PingTimeout { get; init; }

    /// <summary>The longest time until DRBD notices that an idle peer is gone; null if a value is no number.</summary>
    public TimeSpan? Detection => int.TryParse(PingInterval ?? "10", NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && int.TryParse(PingTimeout ?? "5", NumberStyles.None, CultureInfo.InvariantCulture, out var tenths)
        ? TimeSpan.FromSeconds(seconds) + TimeSpan.FromSeconds(tenths / 10.0) : null;

    /// <summary>Whether every level was read, so that null means that none sets a value.</summary>
    public bool IsComplete { get; init; } = true;

    public static DrbdOptions Of(PropertyLevels levels)
    {
        return new(Value(LinstorTranslation.QuorumKey), Value("DrbdOptions/Resource/on-no-quorum"), Value("DrbdOptions/Resource/on-no-data-accessible"), Value("DrbdOptions/Resource/on-suspended-primary-outdated"))
        {
            RoleConflict = Value("DrbdOptions/Net/rr-conflict"),
            PingInterval = Value("DrbdOptions/Net/ping-int"),
            PingTimeout = Value("DrbdOptions/Net/ping-timeout"),
            IsComplete = levels is { Definition.Value: not null, Controller.Value: not null } && levels.Group is not { Value: null },
        };

        string? Value(string key) => levels.Find(key)?.Value;
    }
}
