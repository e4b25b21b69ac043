namespace Piraeus.HighAvailability.Core;

/// <summary>The durations of the core, in one place. Those of the Lease are in <see cref="LeaseTimings"/>, those of the regular resync in <see cref="ResyncSchedule"/>.</summary>
public static class Timings
{
    // Evidence: the safety argument rests on these.

    /// <summary>The longest time in which DRBD or LINSTOR notices that a peer is gone: DRBD's <c>ping-int</c> of 10 s and <c>ping-timeout</c>, rounded up; LINSTOR's pings take 7 s.</summary>
    public static readonly TimeSpan LongestDetection = TimeSpan.FromSeconds(12);

    /// <summary>How long a node must report that its links are down and that it has quorum, before this counts as more than half of a change.</summary>
    internal static readonly TimeSpan ShortestAdmission = TimeSpan.FromSeconds(1);

    /// <summary>The earliest time before the end of a grace period at which the request for the confirming answer may have been sent.</summary>
    internal static readonly TimeSpan LongestLead = TimeSpan.FromSeconds(3);

    /// <summary>How long ago that answer may have arrived when a decision is made. The actuator sends within another half second, or not at all, which keeps the promise of five seconds.</summary>
    internal static readonly TimeSpan AnswerLasts = TimeSpan.FromSeconds(4.5);

    /// <summary>How long after its request an answer of LINSTOR may arrive: the deadline of a request. An answer that arrives later has waited in this process, which was suspended, and may be as old as that.</summary>
    internal static readonly TimeSpan RequestLasts = TimeSpan.FromSeconds(5);

    /// <summary>The same for the list of a node's pods.</summary>
    internal static readonly TimeSpan PodListTakes = TimeSpan.FromSeconds(10);

    /// <summary>An answer that takes longer is slow.</summary>
    internal static readonly TimeSpan SlowAnswer = TimeSpan.FromSeconds(1);

    /// <summary>How long ago the request for the list of satellites may have been sent when a decision is made, if LINSTOR is slow.</summary>
    internal static readonly TimeSpan ListLasts = TimeSpan.FromSeconds(11.5);

    /// <summary>For how long the loss of a node is news to the storm watch, counting only time in which LINSTOR answers.</summary>
    internal static readonly TimeSpan NewsLasts = TimeSpan.FromMinutes(5);

    /// <summary>How long a new process needs to see what is on a node that was lost before.</summary>
    internal static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(30);

    /// <summary>The shortest time that a pod stays on a node that was already lost when the pod came.</summary>
    internal static readonly TimeSpan ShortestStay = TimeSpan.FromMilliseconds(500);

    /// <summary>How many healthy resources with an outdated answer are queried at a time.</summary>
    internal const int MostOutdatedAtOnce = 8;

    /// <summary>How long ago the answer about the pods of a node may have arrived when a decision is made.</summary>
    internal static readonly TimeSpan PodListLasts = TimeSpan.FromSeconds(4);

    /// <summary>The shortest time for which a regularly removed replica is remembered. While a node may count it as a member, it is remembered in any case.</summary>
    internal static readonly TimeSpan RemovalLasts = TimeSpan.FromHours(1);

    // Queries.

    /// <summary>How long LINSTOR may take for one query, on average and beside its other work, when everything that was lost is queried.</summary>
    internal static readonly TimeSpan PerQuestion = TimeSpan.FromMilliseconds(2);

    /// <summary>
    /// The shortest time before the end of a grace period at which the confirming queries are sent, so that acting need not wait for them; the longest is <see cref="LongestLead"/>.
    /// </summary>
    internal static readonly TimeSpan ShortestLead = TimeSpan.FromSeconds(1);

    /// <summary>How soon the same query may be repeated, if only a few resources are queried.</summary>
    internal static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>How soon the same query may be repeated, however many resources are queried.</summary>
    internal static readonly TimeSpan LongestIntervalInDoubt = TimeSpan.FromSeconds(10);

    /// <summary>The longest interval between two queries for a resource that keeps a node's taint.</summary>
    internal static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(2);

    /// <summary>How long a confirmation, or a deletion that is under way, may take before it is reported.</summary>
    internal static readonly TimeSpan ConfirmationTakes = TimeSpan.FromSeconds(10);

    /// <summary>How soon a consumer whose judgement failed is judged again, if nothing is observed until then.</summary>
    internal static readonly TimeSpan AfterError = TimeSpan.FromSeconds(5);

    /// <summary>How soon an overdue review takes place.</summary>
    internal static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);

    // Acting.

    /// <summary>An accepted action is repeated if its effect is not seen within this time, because an accepted deletion is not complete yet.</summary>
    internal static readonly TimeSpan EffectShows = TimeSpan.FromSeconds(5);

    /// <summary>The longest interval between repetitions of an accepted action. A finalizer may hold the object, and no repetition helps against that.</summary>
    internal static readonly TimeSpan LongestRepeat = TimeSpan.FromMinutes(5);

    /// <summary>The first pause after an action that failed; each further one is twice as long.</summary>
    internal static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest pause after an action that failed.</summary>
    internal static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(15);

    /// <summary>The longest <c>Retry-After</c> that is honoured: a volume waits meanwhile.</summary>
    internal static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(30);

    /// <summary>A dry run need not repeat itself while nothing changes.</summary>
    internal static readonly TimeSpan DryRunDelay = TimeSpan.FromMinutes(10);

    /// <summary>How long the first replacement that comes to a lost node stays there; each further one stays twice as long.</summary>
    internal static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>The longest time that such a replacement stays there.</summary>
    internal static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>How long the return of a replacement to a lost node is remembered.</summary>
    internal static readonly TimeSpan ReturnLasts = TimeSpan.FromMinutes(10);

    // Failover progress.

    /// <summary>How long a phase of a failover may take before it is reported as stuck. Many failovers at once take longer.</summary>
    internal static readonly TimeSpan LongestPhase = TimeSpan.FromSeconds(10);

    /// <summary>The time that Kubernetes needs for each of many failovers.</summary>
    internal static readonly TimeSpan PerFailover = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a Kubernetes warning is repeated before it is queried again.</summary>
    internal static readonly TimeSpan WarningLasts = TimeSpan.FromSeconds(10);

    /// <summary>How many objects Kubernetes is queried about at a time. Of a thousand that wait for the same thing, a few are enough.</summary>
    internal const int MostInquiriesAtOnce = 4;

    /// <summary>How long a failover without progress is followed.</summary>
    internal static readonly TimeSpan LongestFailover = TimeSpan.FromMinutes(30);

    /// <summary>How long a finished incident is remembered. A loss on the same node within that time belongs to it.</summary>
    internal static readonly TimeSpan IncidentLasts = TimeSpan.FromSeconds(30);
}
