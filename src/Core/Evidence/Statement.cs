namespace Piraeus.HighAvailability.Core;

/// <summary>One thing that a node's DRBD has said of a resource.</summary>
/// <typeparam name="T">What it is about.</typeparam>
/// <param name="Value">The value, as last stated.</param>
/// <param name="Since">When this value was first heard. Repeats and silence do not change it: repeating the past is the commonest fault.</param>
/// <param name="Last">How new it was when it was last heard, if the speaker's newest words leave it out; null while they contain it.</param>
public readonly record struct Statement<T>(T Value, Instant Since, LastHeard? Last = null)
    where T : struct, IEquatable<T>
{
    /// <summary>How old it may be: its speaker may have come back from a silence with old state. Else as <see cref="Since"/>.</summary>
    public Instant OldestSince => Oldest ?? Since;

    private Instant? Oldest { get; init; }

    /// <summary>Whether the newest words contain it; false for what is only remembered.</summary>
    public bool Current => Last is null;

    /// <summary>The statement after new words, dated <paramref name="date"/>, that contain a value, or leave it out (null).</summary>
    /// <param name="before">What was known; null if nothing was.</param>
    /// <param name="value">The value.</param>
    /// <param name="date">The date of the new words.</param>
    /// <param name="last">How new the words before them were.</param>
    /// <param name="oldest">How old the value may be; null if it is as new as the words.</param>
    internal static Statement<T>? After(Statement<T>? before, T? value, Instant date, LastHeard last, Instant? oldest = null) => (before, value) switch
    {
        ({ } known, { } same) when known.Value.Equals(same) => known with { Last = null },
        (_, { } other) => new(other, date) { Oldest = oldest < date ? oldest : null },
        ({ } known, null) => known.Remembered(last),
        _ => null,
    };

    internal Statement<T> Remembered(LastHeard last) => Current ? this with { Last = last } : this;
}

/// <summary>How new a speaker's words were when they were last heard.</summary>
/// <param name="HeardAt">When the answer that contains them was asked for.</param>
/// <param name="ChangedAt">When the speaker had last changed anything that it says of the resource, or returned from silence.</param>
public readonly record struct LastHeard(Instant HeardAt, Instant ChangedAt);

/// <summary>What a node's DRBD has said of its connection to one peer.</summary>
/// <param name="Peer">DRBD's name of the connection: the peer's host name, which may differ from its LINSTOR name.</param>
/// <param name="Up">Whether it is connected.</param>
public readonly record struct LinkStatement(string Peer, Statement<bool> Up);
