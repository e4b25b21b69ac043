namespace Piraeus.HighAvailability.Core;

/// <summary>The times that the core goes by, in one place. Those of the Lease are in <see cref="LeaseTimings"/>, those of the regular rounds of questions in <see cref="ResyncSchedule"/>.</summary>
internal static class Timings
{
    // Evidence: the safety argument rests on these.

    /// <summary>How long DRBD, or LINSTOR, takes at most to notice that a peer is gone: DRBD's <c>ping-int</c> of 10 s and <c>ping-timeout</c>, rounded up; LINSTOR's pings take 7 s.</summary>
    public static readonly TimeSpan LongestDetection = TimeSpan.FromSeconds(12);

    /// <summary>For how long a node has to say that its links are down and that it has quorum, before that is taken for more than a change that is half shown.</summary>
    public static readonly TimeSpan ShortestAdmission = TimeSpan.FromSeconds(1);

    /// <summary>The earliest time before the end of a grace period at which the answer that confirms the loss may have been asked for.</summary>
    public static readonly TimeSpan LongestLead = TimeSpan.FromSeconds(3);

    /// <summary>How long ago that answer may have arrived when a decision is made. The actuator sends within another half a second, or not at all: five seconds is the promise.</summary>
    public static readonly TimeSpan AnswerLasts = TimeSpan.FromSeconds(4.5);

    /// <summary>An answer that takes longer is slow.</summary>
    public static readonly TimeSpan SlowAnswer = TimeSpan.FromSeconds(1);

    /// <summary>How long ago the list of satellites may have been asked for when a decision is made, if LINSTOR is slow.</summary>
    public static readonly TimeSpan ListLasts = TimeSpan.FromSeconds(11.5);

    /// <summary>For how long the loss of a node is news to the storm watch, in the time in which LINSTOR answers.</summary>
    public static readonly TimeSpan NewsLasts = TimeSpan.FromMinutes(5);

    /// <summary>How long a process that has begun needs to see what is on a node that was lost before.</summary>
    public static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(30);

    /// <summary>How long a pod that comes to a node which was lost by then is left there at least.</summary>
    public static readonly TimeSpan ShortestStay = TimeSpan.FromMilliseconds(500);

    /// <summary>How many resources that are well are asked about at a time, because something was said of them.</summary>
    public const int MostOutdatedAtOnce = 8;

    /// <summary>How long ago the answer about the pods of a node may have arrived when a decision is made.</summary>
    public static readonly TimeSpan PodListLasts = TimeSpan.FromSeconds(4);

    /// <summary>For how long a replica that was regularly removed is remembered at least; while a node may go by members of which it was one, it is remembered in any case.</summary>
    public static readonly TimeSpan RemovalLasts = TimeSpan.FromHours(1);

    // Asking.

    /// <summary>How long LINSTOR may take for a question, on average and beside its other work, when it is asked about everything that was lost.</summary>
    public static readonly TimeSpan PerQuestion = TimeSpan.FromMilliseconds(2);

    /// <summary>How long before the end of a grace period the answers that confirm the loss are asked for, so that nobody waits for them: at least so long, at most <see cref="LongestLead"/>.</summary>
    public static readonly TimeSpan ShortestLead = TimeSpan.FromSeconds(1);

    /// <summary>How soon the same question may be asked again, if only a few are asked about.</summary>
    public static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>How soon the same question may be asked again, however many are asked about.</summary>
    public static readonly TimeSpan LongestIntervalInDoubt = TimeSpan.FromSeconds(10);

    /// <summary>The longest interval at which LINSTOR is asked about a resource that keeps a node's taint.</summary>
    public static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(2);

    /// <summary>How long a confirmation may take, and a deletion that is under way, before it is reported.</summary>
    public static readonly TimeSpan ConfirmationTakes = TimeSpan.FromSeconds(10);

    /// <summary>How soon a consumer whose judgement failed is judged again, if nothing is observed until then.</summary>
    public static readonly TimeSpan AfterError = TimeSpan.FromSeconds(5);

    /// <summary>When what is due already is looked at again.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);

    // Acting.

    /// <summary>An action that was accepted is repeated if its effect is not seen by then: accepted is not gone.</summary>
    public static readonly TimeSpan EffectShows = TimeSpan.FromSeconds(5);

    /// <summary>How rarely an accepted action is repeated in the end: what a finalizer holds back goes when the finalizer does, and no repetition helps.</summary>
    public static readonly TimeSpan LongestRepeat = TimeSpan.FromMinutes(5);

    /// <summary>The first pause after an action that failed; each further one is twice as long.</summary>
    public static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest pause after an action that failed.</summary>
    public static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(15);

    /// <summary>A server may ask for more time than that (<c>Retry-After</c>); it is not given, because a volume waits meanwhile.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(30);

    /// <summary>A dry run need not repeat itself while nothing changes.</summary>
    public static readonly TimeSpan DryRunDelay = TimeSpan.FromMinutes(10);

    /// <summary>How long a replacement that came to a lost node stays there, the first time; each further one stays twice as long.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>How long one stays there at most.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>How long it is remembered that a replacement came to a lost node.</summary>
    public static readonly TimeSpan ReturnLasts = TimeSpan.FromMinutes(10);

    // Following.

    /// <summary>How long a phase of a failover may take before it is reported as stuck. Many failovers at once take longer.</summary>
    public static readonly TimeSpan LongestPhase = TimeSpan.FromSeconds(10);

    /// <summary>What Kubernetes needs for one failover of many.</summary>
    public static readonly TimeSpan PerFailover = TimeSpan.FromMilliseconds(50);

    /// <summary>How long what Kubernetes has warned of may be repeated without asking again.</summary>
    public static readonly TimeSpan WarningLasts = TimeSpan.FromSeconds(10);

    /// <summary>How many objects Kubernetes is asked about at a time: of a thousand that wait for the same thing, a few tell as much as all.</summary>
    public const int MostInquiriesAtOnce = 4;

    /// <summary>For how long a failover is followed that gets no further.</summary>
    public static readonly TimeSpan LongestFailover = TimeSpan.FromMinutes(30);

    /// <summary>How long an incident that is over is remembered: what falls a little later on the same node belongs to it.</summary>
    public static readonly TimeSpan IncidentLasts = TimeSpan.FromSeconds(30);
}
