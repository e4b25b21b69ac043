using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A source of observations.</summary>
public enum Source
{
    Linstor,
    Pods,
    Volumes,
    Attachments,
    Nodes,
    CsiNodes,
}

/// <summary>One thing that this process has observed: the only way into the core.</summary>
public abstract record Observation
{
    private Observation()
    {
    }

    /// <summary>LINSTOR's stream reported whether one replica may promote. The event may be a repetition, and it may be late.</summary>
    public sealed record PromotionChanged(ResourceName Resource, NodeName Node, Promotability Promotability) : Observation;

    /// <summary>LINSTOR answered a question about one resource definition.</summary>
    public sealed record ResourceReported(ResourceReport Report) : Observation;

    /// <summary>LINSTOR listed its satellites; those not listed are gone.</summary>
    public sealed record SatellitesListed(ImmutableArray<Satellite> Satellites, Instant AskedAt) : Observation;

    /// <summary>A Kubernetes source listed all its objects; those not listed are gone.</summary>
    public sealed record Listed<T>(ImmutableArray<T> Items) : Observation;

    /// <summary>A Kubernetes object was added or changed.</summary>
    public sealed record Updated<T>(T Item) : Observation;

    /// <summary>A Kubernetes object is gone: the goal of a deletion.</summary>
    public sealed record Deleted<T>(T Item) : Observation;

    /// <summary>A source no longer answers, so its data becomes stale.</summary>
    public sealed record SourceLost(Source Source) : Observation
    {
        /// <summary>Whether LINSTOR's event stream is still open, so that only the list of satellites failed. False for other sources.</summary>
        public bool IsStreamIntact { get; init; }

        /// <summary>What a process observes that has not looked at its sources since <paramref name="looked"/>, because it was suspended or got no processor time; null after an ordinary pause.</summary>
        /// <remarks>LINSTOR may have been silent meanwhile, and the queued observations do not say since when. So the process applies this first, as of <paramref name="looked"/>: the time that nobody watched counts into no grace period.</remarks>
        public static SourceLost? AfterPause(Instant looked, Instant now) => now - looked > Timings.LongestDetection ? new(Source.Linstor) : null;
    }

    /// <summary>Kubernetes listed the pods on a node, including those that the selector does not match, and the volumes that its kubelet last reported in use.</summary>
    public sealed record PodsOnNodeListed(NodeName Node, ImmutableArray<Pod> Pods, ImmutableArray<string> VolumesInUse, Instant AskedAt) : Observation
    {
        /// <summary>Whether Kubernetes calls the node Ready; false if it has no such node, null if not known.</summary>
        public bool? Ready { get; init; }

        /// <summary>Whether the node carries the taint <c>drbd.linbit.com/lost-quorum</c>; null if not known.</summary>
        public bool? Tainted { get; init; }
    }

    /// <summary>Kubernetes returned the newest warning about an object; null if there is none.</summary>
    public sealed record WarningsListed(Uid About, string? Warning, Instant AskedAt) : Observation;

    /// <summary>A mutation was carried out, or not; the actuator accepted it at the given instant.</summary>
    public sealed record MutationAnswered(Decision Decision, MutationAnswer Outcome, Instant TakenAt) : Observation;

    /// <summary>There is no news, but it is time to evaluate: the instant that the policy named has come, or this replica became the leader.</summary>
    public sealed record Tick : Observation;
}

/// <summary>How an action ended, as far as its sender can tell. A deletion is complete only when its object is seen <see cref="Observation.Deleted{T}"/>.</summary>
public enum MutationOutcome
{
    /// <summary>The server took it.</summary>
    Accepted,

    /// <summary>The wanted state already exists.</summary>
    Unchanged,

    /// <summary>The object is not there (404).</summary>
    AlreadyGone,

    /// <summary>Another incarnation has its name (409), which must not be touched.</summary>
    Replaced,

    /// <summary>We lack the permission (401, 403).</summary>
    Forbidden,

    /// <summary>The server refused or failed (429, 5xx, a broken connection).</summary>
    Refused,

    /// <summary>No answer in time: it may or may not have happened.</summary>
    TimedOut,

    /// <summary>Nothing was sent, because this is a dry run.</summary>
    DryRun,

    /// <summary>Nothing was sent, because its turn came too late. This is no failure: the policy decides again.</summary>
    NotSent,
}

/// <summary>The outcome of an action, the server's message, and how long the server asks us to wait.</summary>
public sealed record MutationAnswer(MutationOutcome Answer, string? Message = null, TimeSpan? RetryAfter = null);
