using System.Collections.Immutable;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Leadership;

/// <summary>Decides whether this process may act, and keeps the state of the election. Checked before every request that changes the cluster.</summary>
/// <remarks>
/// Two tasks advance the election: one that talks to the API server, and one that sees which sources are synced. A source that comes back may remove the reason to give the Lease up, so each
/// task decides and records its step atomically.
/// </remarks>
/// <param name="clock">The clock of the election.</param>
/// <param name="me">Our identity.</param>
internal sealed class LeadershipStatus(MonotonicClock clock, string me = "")
{
    /// <summary>The log's text for "no leader".</summary>
    public const string NoReplica = "No replica";

    private readonly Lock _moving = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private volatile LeaderElection _election = new(me, clock.Now);

    /// <summary>True for a process that runs without leader election: it always acts.</summary>
    public bool IsUncontested { get; init; }

    /// <summary>The current state of the election.</summary>
    public LeaderElection Election => _election;

    /// <summary>The holder of the lease, as last seen; null if there is none, or without leader election.</summary>
    public string? Holder => _election.Lease.Record is { IsReleased: false } record ? record.Holder : null;

    /// <summary>The leader, as the log names it.</summary>
    public string Leader => IsUncontested ? "This replica" : _election.LeaderAt(clock.Now) is not { } leader ? NoReplica : leader == me ? "This replica" : leader;

    /// <summary>Whether we may act from now until a request of that length has ended.</summary>
    public bool Covers(TimeSpan request) => IsUncontested || _election.Holds(clock.Now + request);

    /// <summary>Whether nothing can be decided now because that source is lost.</summary>
    public bool IsKeptFromDecidingBy(Source source) => _election.Lost.All.Any(lost => lost.Source == source && lost.KeepsFromDeciding(clock.Now));

    /// <summary>The request about the Lease that is due, if any.</summary>
    public LeaseRequest? Begin(DateTimeOffset wall)
    {
        lock (_moving)
        {
            _changed.Wait(0); // all changes so far are included here
            (_election, var request) = _election.Begin(clock.Now, wall);
            return request;
        }
    }

    /// <summary>A request about the Lease has ended.</summary>
    public void Answered(LeaseRequest request, LeaseAnswer answer, double jitter)
    {
        lock (_moving)
        {
            _election = _election.Answered(request, answer, clock.Now, jitter);
        }
    }

    /// <summary>Takes note of the sources that are synced.</summary>
    public void Synced(ImmutableHashSet<Source> sources)
    {
        lock (_moving)
        {
            var before = _election;
            _election = before.Synced(sources, clock.Now);
            if (!ReferenceEquals(before, _election) && _changed.CurrentCount == 0)
            {
                _changed.Release();
            }
        }
    }

    /// <summary>This process is stopping.</summary>
    public void Stop()
    {
        lock (_moving)
        {
            _election = _election.Stop(clock.Now);
        }
    }

    /// <summary>Waits until another source is lost, or is synced again.</summary>
    public Task ChangedAsync(CancellationToken cancellation) => _changed.WaitAsync(cancellation);
}
