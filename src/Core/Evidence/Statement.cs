namespace Piraeus.HighAvailability.Core;

/// <summary>One value that a node's DRBD has stated about a resource.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="Value">The value, as last stated.</param>
/// <param name="Since">When this value was first heard. Repetition and silence do not change it: repeating stale state is the most common fault.</param>
/// <param name="Last">How new it was when it was last heard, if the speaker's newest report omits it; null while that report contains it.</param>
public readonly record struct Statement<T>(T Value, Instant Since, LastHeard? Last = null)
    where T : struct, IEquatable<T>
{
    /// <summary>When the value may have been true at the earliest: its speaker may have come back from a silence with old state. Otherwise as <see cref="Since"/>.</summary>
    public Instant OldestSince => Oldest ?? Since;

    private Instant? Oldest { get; init; }

    /// <summary>Whether the newest report contains it; false if it is only remembered.</summary>
    public bool Current => Last is null;

    /// <summary>The statement after a new report, dated <paramref name="date"/>, that contains a value, or omits it (null).</summary>
    /// <param name="before">The earlier statement; null if there was none.</param>
    /// <param name="value">The value.</param>
    /// <param name="date">The date of the new report.</param>
    /// <param name="last">How new the previous report was.</param>
    /// <param name="oldest">How old the value may be; null if it is as new as the report.</param>
    internal static Statement<T>? After(Statement<T>? before, T? value, Instant date, LastHeard last, Instant? oldest = null) => (before, value) switch
    {
        ({ } known, { } same) when known.Value.Equals(same) => known with { Last = null },
        (_, { } other) => new(other, date) { Oldest = oldest < date ? oldest : null },
        ({ } known, null) => known.Remembered(last),
        _ => null,
    };

    internal Statement<T> Remembered(LastHeard last) => Current ? this with { Last = last } : this;
}

/// <summary>How new a speaker's statements were when they were last heard.</summary>
/// <param name="HeardAt">When the request for the answer that contains them was sent.</param>
/// <param name="ChangedAt">When the speaker had last changed a statement about the resource, or returned from silence.</param>
public readonly record struct LastHeard(Instant HeardAt, Instant ChangedAt);

/// <summary>The statement of a node's DRBD about its connection to one peer.</summary>
/// <param name="Peer">DRBD's name of the connection: the peer's host name, which may differ from its LINSTOR name.</param>
/// <param name="Up">Whether it is connected.</param>
public readonly record struct LinkStatement(string Peer, Statement<bool> Up);
