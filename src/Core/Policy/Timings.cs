namespace Piraeus.HighAvailability.Core;

/// <summary>The times that the safety argument and its liveness rest on, in one place.</summary>
internal static class Timings
{
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
}
