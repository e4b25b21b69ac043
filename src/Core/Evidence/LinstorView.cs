using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Whether LINSTOR answers, since when, and which satellites it reaches: what decides who speaks.</summary>
public sealed record LinstorView
{
    /// <summary>Nothing was heard of LINSTOR yet.</summary>
    internal static LinstorView Unknown { get; } = new();

    /// <summary>The newest list of satellites; null until there was one.</summary>
    public ImmutableDictionary<NodeName, Satellite>? Satellites { get; init; }

    /// <summary>When that list was asked for; null until there was one.</summary>
    public Instant? AskedAt { get; init; }

    /// <summary>How long LINSTOR took to answer it.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Whether LINSTOR answers: it has listed its satellites, and was not lost since.</summary>
    public bool IsSynced { get; init; }

    /// <summary>When it last failed to answer for the first time; null if it never did.</summary>
    internal Instant? LostAt { get; init; }

    /// <summary>Whether its event stream has gone on since it last answered. A list that could not be had is then no silence of LINSTOR's, if it is had soon: no satellite was away that the stream has not told of.</summary>
    internal bool IsStreamIntact { get; init; }

    /// <summary>Whether it reached any satellite when it last listed them.</summary>
    internal bool ReachesAny { get; init; }

    /// <summary>When LINSTOR answered for the first time, or for the first time after it had been silent or had reached no satellite; null until it did.</summary>
    public Instant? ReturnedAt { get; init; }

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

    /// <summary>The date of words that are heard now.</summary>
    /// <param name="isFirst">Whether they are the speaker's first since LINSTOR has returned.</param>
    /// <param name="at">Now.</param>
    /// <remarks>Satellites register one after the other: the order in which they do so proves nothing, so all first words within that time have one date.</remarks>
    internal Instant DateOf(bool isFirst, Instant at) => isFirst && ReturnedAt is { } returned && at - returned <= Timings.LongestDetection ? returned : at;

    internal bool IsSinceReturn(Instant? heard) => heard is { } at && at >= ReturnedAt;
}
