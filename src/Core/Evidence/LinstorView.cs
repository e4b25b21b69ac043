using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Whether LINSTOR answers, since when, and which satellites it reaches. This decides which speakers speak.</summary>
public sealed record LinstorView
{
    /// <summary>The view before the first answer from LINSTOR.</summary>
    internal static LinstorView Unknown { get; } = new();

    /// <summary>The newest list of satellites; null before the first one.</summary>
    public ImmutableDictionary<NodeName, Satellite>? Satellites { get; init; }

    /// <summary>The nodes' own quorum policies that any list has shown. One that is gone may still be in force on a node that LINSTOR could not tell so.</summary>
    internal ImmutableHashSet<(NodeName Node, string Policy)> SeenPolicies { get; init; } = [];

    /// <summary>Satellites that a list has shown and the newest one does not, and when the last list that showed them was requested. Empty once all satellites are ONLINE: then each node has news of its peers.</summary>
    internal ImmutableDictionary<NodeName, Instant> Gone { get; init; } = ImmutableDictionary<NodeName, Instant>.Empty;

    /// <summary>When the request for that list was sent; null before the first list.</summary>
    public Instant? AskedAt { get; init; }

    /// <summary>How long LINSTOR took to answer it.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Whether LINSTOR answers: it has listed its satellites, and was not lost since.</summary>
    public bool IsSynced { get; init; }

    /// <summary>When its last silence began; null if there was none.</summary>
    internal Instant? LostAt { get; init; }

    /// <summary>
    /// Whether its event stream has stayed open since it last answered. If so, a failed list that soon succeeds is no silence of LINSTOR: the stream has reported every satellite that went away.
    /// </summary>
    internal bool IsStreamIntact { get; init; }

    /// <summary>Whether it reached any satellite when it last listed them.</summary>
    internal bool ReachesAny { get; init; }

    /// <summary>When LINSTOR answered for the first time, or for the first time after it had been silent or had reached no satellite; null until it did.</summary>
    public Instant? ReturnedAt { get; init; }

    /// <summary>When it answered for the first time since this process began; null until it did.</summary>
    internal Instant? FirstReturnedAt { get; init; }

    /// <summary>When it last answered; null until it did.</summary>
    public Instant? AnsweredAt { get; init; }

    /// <summary>For how long it had answered before it was last silent.</summary>
    internal TimeSpan SpokenBefore { get; init; }

    /// <summary>For how long LINSTOR has answered in all, since this process began.</summary>
    internal TimeSpan SpokenFor(Instant at) => ReturnedAt is { } returned && (IsSynced ? at : AnsweredAt) is { } last ? SpokenBefore + (last - returned) : SpokenBefore;

    /// <summary>Whether LINSTOR answers and reaches the node's satellite.</summary>
    public bool IsOnline(NodeName node) => IsSynced && StateOf(node) == SatelliteState.Online;

    /// <summary>The state of a node's satellite; null if it is not listed.</summary>
    public SatelliteState? StateOf(NodeName node) => Find(node)?.State;

    /// <summary>A node's satellite; null if it is not listed.</summary>
    public Satellite? Find(NodeName node) => Satellites?.GetValueOrDefault(node);

    /// <summary>The date of statements that arrive now.</summary>
    /// <param name="isFirst">Whether they are the speaker's first since LINSTOR's return.</param>
    /// <param name="at">The current instant.</param>
    /// <remarks>Satellites register one after the other, in an order that proves nothing. So all first statements within that time have the same date.</remarks>
    internal Instant DateOf(bool isFirst, Instant at) => isFirst && ReturnedAt is { } returned && at - returned <= Timings.LongestDetection ? returned : at;

    internal bool IsSinceReturn(Instant? heard) => heard is { } at && at >= ReturnedAt;
}
