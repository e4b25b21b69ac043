namespace Piraeus.HighAvailability.Core;

/// <summary>The next step of a candidate.</summary>
public enum LeaseStep
{
    /// <summary>Another replica holds the lease: only look again.</summary>
    Look,

    /// <summary>It is free, or its holder went silent: try to write our name.</summary>
    Take,

    /// <summary>It is ours: renew it.</summary>
    Renew,
}

/// <summary>One candidate's view of the Lease. Immutable; time is an argument.</summary>
/// <remarks>
/// Two clocks are never compared. A holder counts from just before it <em>sent</em> the renewal that succeeded; a
/// challenger counts from when it <em>saw</em> the record change, and waits for longer. The first can only be earlier than
/// the second, so a holder always stops before a challenger starts. A change of the object's metadata changes no record:
/// a label on the Lease of a dead holder prolongs nothing.
/// </remarks>
/// <param name="Me">Our identity.</param>
/// <param name="RenewDeadline">How long a renewal lets us act; shorter than the duration that we ask others to wait.</param>
public sealed record LeaseView(string Me, TimeSpan RenewDeadline)
{
    /// <summary>The record as last seen; null if there is none yet.</summary>
    public LeaseRecord? Record { get; private init; }

    /// <summary>Whether the name on the Lease is ours, and this process put it there.</summary>
    public bool IsOurs => Record?.Holder == Me && HeldUntil is not null;

    /// <summary>From when the Lease is free, as far as was seen; null before the first read.</summary>
    public Instant? FreeFrom => Record is { IsReleased: false } held ? ChangedAt + held.Duration : ChangedAt;

    private Instant? ChangedAt { get; init; }

    // Deleting a Lease releases nothing for its holder, which acts until it notices, or until its hold ends.
    private Instant? DeletedHoldEnds { get; init; }

    private Instant? HeldUntil { get; init; }

    /// <summary>Whether we may act at that instant; checked before every request that changes the cluster.</summary>
    public bool Holds(Instant now) => now < HeldUntil;

    /// <summary>The next step now.</summary>
    public LeaseStep Next(Instant now) => Record switch
    {
        null => now < DeletedHoldEnds ? LeaseStep.Look : LeaseStep.Take,
        { IsReleased: true } => LeaseStep.Take,
        { Holder: var holder } when holder == Me => HeldUntil is null ? LeaseStep.Take : LeaseStep.Renew,
        { Duration: var duration } => now >= ChangedAt + duration ? LeaseStep.Take : LeaseStep.Look,
    };

    /// <summary>We read the Lease.</summary>
    public LeaseView Looked(LeaseRecord? record, Instant at) => this with
    {
        Record = record,
        ChangedAt = record == Record && ChangedAt is not null ? ChangedAt : at,
        HeldUntil = record?.Holder == Me ? HeldUntil : null,
        DeletedHoldEnds = (record, Record) switch
        {
            (not null, _) => null,
            (null, null) => DeletedHoldEnds,
            (null, var deleted) => deleted.Holder == Me && Holds(at) ? null : at + deleted.Duration, // it may have been renewed unseen, just before
        },
    };

    /// <summary>We wrote the Lease, with our name in it, in a request sent at <paramref name="sent"/>.</summary>
    public LeaseView Wrote(LeaseRecord record, Instant sent) => this with
    {
        Record = record,
        ChangedAt = sent,
        HeldUntil = sent + RenewDeadline,
    };

    /// <summary>We gave the Lease up, or are about to.</summary>
    public LeaseView Released() => this with { HeldUntil = null };
}
