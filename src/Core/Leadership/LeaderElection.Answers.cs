namespace Piraeus.HighAvailability.Core;

/// <content>Applies the answers to requests.</content>
public sealed partial record LeaderElection
{
    /// <summary>The version of the Lease that was last seen.</summary>
    private string? Version { get; init; }

    /// <summary>A request has ended.</summary>
    /// <param name="request">The request. The answer to one that was cut off says nothing.</param>
    /// <param name="answer">Its outcome.</param>
    /// <param name="now">The current instant.</param>
    /// <param name="jitter">From 0 to 1: how much longer than others this replica waits, so that candidates do not collide forever.</param>
    public LeaderElection Answered(LeaseRequest request, LeaseAnswer answer, Instant now, double jitter)
    {
        if (!ReferenceEquals(request, UnderWay))
        {
            return this;
        }

        var ended = this with { UnderWay = null };
        return (answer.Outcome, request) switch
        {
            (LeaseOutcome.Done, { Record: null }) => ended.Looked(answer, now, jitter),
            (LeaseOutcome.Done, { IsRelease: true }) => ended.GaveUp(answer, now).Rest(now, jitter),
            (LeaseOutcome.Done, _) => ended.Wrote(answer).Rest(now, jitter),
            (LeaseOutcome.Conflict, _) or (LeaseOutcome.NotFound, { Version: not null }) => ended with { LooksAgain = true, Due = now },
            _ => (ended with { IsReleasing = IsReleasing && !IsStopping }).Rest(now, jitter), // a process that stops does not wait: the lease expires by itself
        };
    }

    private LeaderElection Looked(LeaseAnswer answer, Instant now, double jitter)
    {
        var isOurs = answer.Record?.Holder == Lease.Me;
        var next = this with
        {
            Lease = Lease.Looked(answer.Record, now),
            Version = answer.Version,
            IsReleasing = IsReleasing && isOurs,
            TermEnds = isOurs ? TermEnds : null,
        };
        var goesOn = IsStopping || (!LooksAgain && next.Lease.Next(now) == LeaseStep.Take && next.MayCompete(now));
        return goesOn ? next with { HasJustLooked = true, LooksAgain = false, Due = now } : next.Rest(now, jitter);
    }

    private LeaderElection Wrote(LeaseAnswer answer) => this with
    {
        Lease = Lease.Wrote(answer.Record!, SentAt),
        Version = answer.Version,
        TermEnds = IsTakingTerm ? SentAt + LeaseTimings.Term : TermEnds,
    };

    private LeaderElection GaveUp(LeaseAnswer answer, Instant now) => this with
    {
        Lease = Lease.Looked(answer.Record, now),
        Version = answer.Version,
        IsReleasing = false,
        TermEnds = null,
    };

    private LeaderElection Rest(Instant now, double jitter) => this with
    {
        LooksAgain = false,
        Due = now + (LeaseTimings.RetryPeriod * (Holds(now) ? 1 : 1 + (jitter / 5))),
    };
}
