using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Who tells us things.</summary>
public enum Source
{
    Linstor,
    Pods,
    Volumes,
    Attachments,
    Nodes,
    CsiNodes,
}

/// <summary>Something the outside world told us. The only way in.</summary>
public abstract record Observation
{
    private Observation()
    {
    }

    /// <summary>LINSTOR's stream said one thing of one replica. It may be a repetition, and it may be late.</summary>
    public sealed record PromotionChanged(ResourceName Resource, NodeName Node, Promotability Promotability) : Observation;

    /// <summary>LINSTOR answered a question about one resource definition.</summary>
    public sealed record ResourceReported(ResourceReport Report) : Observation;

    /// <summary>LINSTOR answered which satellites it has; those not named are gone.</summary>
    public sealed record SatellitesListed(ImmutableArray<Satellite> Satellites, Instant AskedAt) : Observation;

    /// <summary>A Kubernetes source said everything it has; the unnamed is gone.</summary>
    public sealed record Listed<T>(ImmutableArray<T> Items) : Observation;

    /// <summary>A Kubernetes object was added or changed.</summary>
    public sealed record Updated<T>(T Item) : Observation;

    /// <summary>A Kubernetes object is gone; the fact that a deletion aims at.</summary>
    public sealed record Deleted<T>(T Item) : Observation;

    /// <summary>A source no longer answers: what it told us is ageing.</summary>
    public sealed record SourceLost(Source Source) : Observation
    {
        /// <summary>Whether LINSTOR's event stream goes on: then only the list of satellites could not be had. False for other sources.</summary>
        public bool IsStreamIntact { get; init; }
    }

    /// <summary>Kubernetes answered which pods are bound to a node, those that the selector does not match included, and which volumes its kubelet last said to use.</summary>
    public sealed record PodsOnNodeListed(NodeName Node, ImmutableArray<Pod> Pods, ImmutableArray<string> VolumesInUse, Instant AskedAt) : Observation
    {
        /// <summary>Whether Kubernetes calls the node Ready; false if it has no such node, null if it did not say.</summary>
        public bool? Ready { get; init; }

        /// <summary>Whether the node carries the taint <c>drbd.linbit.com/lost-quorum</c>; null if not known.</summary>
        public bool? Tainted { get; init; }
    }

    /// <summary>Kubernetes answered what it has lately warned of about an object; null if of nothing.</summary>
    public sealed record WarningsListed(Uid About, string? Warning, Instant AskedAt) : Observation;

    /// <summary>A decision was carried out, or not; it was taken on at the instant given.</summary>
    public sealed record MutationAnswered(Decision Decision, MutationAnswer Outcome, Instant TakenAt) : Observation;

    /// <summary>Nothing was said, but it is time to think: the hour the policy named has come, or leadership has.</summary>
    public sealed record Tick : Observation;
}

/// <summary>How an action ended, as far as its sender can tell. A deletion is complete only when its object is seen <see cref="Observation.Deleted{T}"/>.</summary>
public enum MutationOutcome
{
    /// <summary>The server took it.</summary>
    Accepted,

    /// <summary>What was wanted is so already.</summary>
    Unchanged,

    /// <summary>The object is not there (404).</summary>
    AlreadyGone,

    /// <summary>Another incarnation has its name (409): it is not ours to touch.</summary>
    Replaced,

    /// <summary>We lack the permission (401, 403).</summary>
    Forbidden,

    /// <summary>The server would not or could not (429, 5xx, a broken connection).</summary>
    Refused,

    /// <summary>No answer in time: it may or may not have happened.</summary>
    TimedOut,

    /// <summary>Nothing was sent, because the controller only rehearses.</summary>
    DryRun,

    /// <summary>Nothing was sent, because its turn came too late. No failure: it is to be decided anew.</summary>
    NotSent,
}

/// <summary>The answer to an action, what the server said of it, and how long it asks us to wait.</summary>
public sealed record MutationAnswer(MutationOutcome Answer, string? Message = null, TimeSpan? RetryAfter = null);
