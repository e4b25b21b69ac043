using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>One replica's part in the election: what to ask of the API server next, and when. Immutable; time, chance and answers come in as arguments.</summary>
/// <remarks>
/// <para>The caller calls <see cref="Begin"/> at <see cref="WakeAt"/>, carries the request out, and brings the answer back with <see cref="Answered"/>, one at a time.</para>
/// <para>
/// A replica that cannot decide must not keep the Lease from one that can. Its hold ends <see cref="LeaseTimings.SourceLostFor"/> after the source was lost, as if it had not been renewed; no request
/// begins that would outlast the hold, so that nothing is under way when the Lease is given up at that moment. It competes again only for a Lease that nobody has wanted for
/// <see cref="LeaseTimings.FreeFor"/>, so that one replica reports, and offers it again after a <see cref="LeaseTimings.Term"/>. It cannot know whether anyone who can decide is waiting: to take turns with
/// nobody costs two writes a minute, and bounds what such a replica waits for.
/// </para>
/// </remarks>
public sealed partial record LeaderElection
{
    /// <param name="me">Our identity.</param>
    /// <param name="now">When this process began, as far as the election is concerned.</param>
    public LeaderElection(string me, Instant now) =>
        (Candidate, Lost, Due) = (new(me, LeaseTimings.RenewDeadline), LostSources.AtStart(now), now);

    /// <summary>What is known of the Lease.</summary>
    public LeaseCandidate Candidate { get; private init; }

    /// <summary>What keeps this replica from deciding, or will if it lasts.</summary>
    public LostSources Lost { get; private init; }

    /// <summary>When there is something to do, unless an answer or a source comes first.</summary>
    public Instant WakeAt => Candidate.IsOurs && HoldEnds < Due ? HoldEnds.Value : Due;

    private Instant Due { get; init; }

    private LeaseRequest? UnderWay { get; init; }

    private Instant SentAt { get; init; }

    /// <summary>The Lease was just read, and is to be taken: no second look is needed.</summary>
    private bool HasJustLooked { get; init; }

    /// <summary>Our write met another version: look what it says, and do no more in this turn.</summary>
    private bool LooksAgain { get; init; }

    /// <summary>We are giving the Lease up, and do not know yet that it arrived.</summary>
    private bool IsReleasing { get; init; }

    private bool IsStopping { get; init; }

    /// <summary>The request under way would take the Lease without our being able to decide.</summary>
    private bool IsTakingTerm { get; init; }

    /// <summary>When the Lease is to be offered again that was taken without being able to decide.</summary>
    private Instant? TermEnds { get; init; }

    private Instant? HoldEnds => TermEnds ?? Lost.Since + LeaseTimings.SourceLostFor;

    /// <summary>Whether we may act at that instant; asked before every request that changes the cluster.</summary>
    public bool Holds(Instant at) => Candidate.Holds(at) && !(HoldEnds <= at);

    /// <summary>Who leads, as far as we know; null if nobody does.</summary>
    public string? LeaderAt(Instant now) => Holds(now) ? Candidate.Me : Candidate.Record is { IsReleased: false } record && record.Holder != Candidate.Me ? record.Holder : null;

    /// <summary>The request that is due, if any; it is under way from now on.</summary>
    /// <param name="now">Now.</param>
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
            Candidate = request.IsRelease ? Candidate.Released() : Candidate, // what was sent may arrive, whatever becomes of its answer
            IsReleasing = IsReleasing || request.IsRelease,
            IsTakingTerm = request is { Record: not null, IsRelease: false } && !Candidate.IsOurs && Lost.CannotDecide(now),
        }, request);
    }

    /// <summary>It was seen which sources have told everything and go on telling.</summary>
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
        return Lost.CannotDecide(now) && next.Candidate.Next(now) == LeaseStep.Take ? next with { Due = now } : next;
    }

    /// <summary>We are to end: nothing more is begun but to give the Lease up, if it is ours. A request under way is cut off.</summary>
    public LeaderElection Stop(Instant now) => this with
    {
        IsStopping = true,
        IsReleasing = IsReleasing || Candidate.IsOurs,
        Candidate = Candidate.Released(),
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

        if (IsReleasing || (Candidate.IsOurs && HoldEnds <= now))
        {
            return new(Candidate.Record!.Released(wall), Version);
        }

        if (IsStopping)
        {
            return null;
        }

        return Candidate.Next(now) switch
        {
            LeaseStep.Renew => Mine(wall),
            LeaseStep.Take when MayCompete(now) && (HasJustLooked || Candidate.Record is not null) => Mine(wall),
            _ => new(null, null),
        };
    }

    private bool MayCompete(Instant now) => !Lost.CannotDecide(now) || now >= Candidate.FreeFrom + LeaseTimings.FreeFor;

    private LeaseRequest Mine(DateTimeOffset wall) => new(LeaseRecord.HeldBy(Candidate.Me, Candidate.Record, wall), Version);
}
