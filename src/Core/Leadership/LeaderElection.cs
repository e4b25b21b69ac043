using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>One replica's part in the election: its next request to the API server, and when to send it. Immutable; time, chance and answers are arguments.</summary>
/// <remarks>
/// <para>The caller calls <see cref="Begin"/> at <see cref="WakeAt"/>, carries the request out, and passes the answer to <see cref="Answered"/>, one at a time.</para>
/// <para>
/// A replica that cannot decide must not keep the Lease from one that can. Its hold ends <see cref="LeaseTimings.SourceLostFor"/> after the source was lost, as if it had not been renewed. No
/// request begins that would outlast the hold, so that nothing is under way when the Lease is given up at that moment. Such a replica competes again only for a Lease that has been free for
/// <see cref="LeaseTimings.FreeFor"/>, so that one replica reports, and offers it again after a <see cref="LeaseTimings.Term"/>. It cannot know whether a replica that can decide is waiting.
/// The release costs two writes a minute even if none is, and bounds how long such a replica waits.
/// </para>
/// </remarks>
public sealed partial record LeaderElection
{
    /// <param name="me">Our identity.</param>
    /// <param name="now">When this process began, as far as the election is concerned.</param>
    public LeaderElection(string me, Instant now) =>
        (Lease, Lost, Due) = (new(me, LeaseTimings.RenewDeadline), UnsyncedSources.AtStart(now), now);

    /// <summary>The replica's view of the Lease.</summary>
    public LeaseView Lease { get; private init; }

    /// <summary>The lost sources that keep this replica from deciding, or will if the loss lasts.</summary>
    public UnsyncedSources Lost { get; private init; }

    /// <summary>When the next step is due, unless an answer or a change of a source comes first.</summary>
    public Instant WakeAt => Lease.IsOurs && HoldEnds < Due ? HoldEnds.Value : Due;

    private Instant Due { get; init; }

    private LeaseRequest? UnderWay { get; init; }

    private Instant SentAt { get; init; }

    /// <summary>The Lease was just read and is to be taken, so it need not be read again.</summary>
    private bool HasJustLooked { get; init; }

    /// <summary>Our write met another version: read it, and do no more in this turn.</summary>
    private bool LooksAgain { get; init; }

    /// <summary>We are giving the Lease up, and the release is not confirmed yet.</summary>
    private bool IsReleasing { get; init; }

    private bool IsStopping { get; init; }

    /// <summary>The request under way would take the Lease although we cannot decide.</summary>
    private bool IsTakingTerm { get; init; }

    /// <summary>When to offer the Lease again, if we took it although we cannot decide.</summary>
    private Instant? TermEnds { get; init; }

    private Instant? HoldEnds => TermEnds ?? Lost.Since + LeaseTimings.SourceLostFor;

    /// <summary>Whether we may act at that instant; checked before every request that changes the cluster.</summary>
    public bool Holds(Instant at) => Lease.Holds(at) && !(HoldEnds <= at);

    /// <summary>The leader, as far as we know; null if there is none.</summary>
    public string? LeaderAt(Instant now) => Holds(now) ? Lease.Me : Lease.Record is { IsReleased: false } record && record.Holder != Lease.Me ? record.Holder : null;

    /// <summary>The request that is due, if any; it is under way from now on.</summary>
    /// <param name="now">The current instant.</param>
    /// <param name="wall">The wall clock, for the record.</param>
    public (LeaderElection Next, LeaseRequest? Request) Begin(Instant now, DateTimeOffset wall)
    {
        if (UnderWay is not null || now < WakeAt || Choose(now, wall) is not { } request)
        {
            return (this, null);
        }

        return (this with
        {
            UnderWay = request,
            SentAt = now,
            HasJustLooked = false,
            Lease = request.IsRelease ? Lease.Released() : Lease, // the release may arrive, even if its answer does not
            IsReleasing = IsReleasing || request.IsRelease,
            IsTakingTerm = request is { Record: not null, IsRelease: false } && !Lease.IsOurs && Lost.CannotDecide(now),
        }, request);
    }

    /// <summary>Takes note of the sources that are synced.</summary>
    public LeaderElection Synced(ImmutableHashSet<Source> sources, Instant now)
    {
        var lost = Lost.Update(sources, now);
        if (ReferenceEquals(lost, Lost))
        {
            return this;
        }

        var next = this with { Lost = lost };
        if (IsStopping || lost.CannotDecide(now))
        {
            return next;
        }

        next = next with { TermEnds = null, IsTakingTerm = false, IsReleasing = false };
        return Lost.CannotDecide(now) && next.Lease.Next(now) == LeaseStep.Take ? next with { Due = now } : next;
    }

    /// <summary>This process is stopping: no new request begins except the release of the Lease, if it is ours. A request under way is cut off.</summary>
    public LeaderElection Stop(Instant now) => this with
    {
        IsStopping = true,
        IsReleasing = IsReleasing || Lease.IsOurs,
        Lease = Lease.Released(),
        UnderWay = null,
        LooksAgain = false,
        Due = now,
    };

    private LeaseRequest? Choose(Instant now, DateTimeOffset wall)
    {
        if (LooksAgain)
        {
            return new(null, null);
        }

        if (IsReleasing || (Lease.IsOurs && HoldEnds <= now))
        {
            return new(Lease.Record!.Released(wall), Version);
        }

        if (IsStopping)
        {
            return null;
        }

        return Lease.Next(now) switch
        {
            LeaseStep.Renew => Mine(wall),
            LeaseStep.Take when MayCompete(now) && (HasJustLooked || Lease.Record is not null) => Mine(wall),
            _ => new(null, null),
        };
    }

    private bool MayCompete(Instant now) => !Lost.CannotDecide(now) || now >= Lease.FreeFrom + LeaseTimings.FreeFor;

    private LeaseRequest Mine(DateTimeOffset wall) => new(LeaseRecord.HeldBy(Lease.Me, Lease.Record, wall), Version);
}
