using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>What is to be said of one node's use of a resource, were it the user's, and since when.</summary>
/// <param name="Node">The LINSTOR node.</param>
/// <param name="Objection">What speaks against a loss; null if a user there has lost the resource.</param>
/// <param name="Witness">The LINSTOR node whose replica is the proof or the objection.</param>
/// <param name="Since">From when this has held without interruption, time in which LINSTOR could not be asked left out.</param>
/// <param name="AtFirstSight">Whether the resource was in this state when this process first saw it.</param>
public sealed record Finding(NodeName Node, HoldReason? Objection, NodeName? Witness, Instant Since, bool AtFirstSight);

/// <summary>What this process was told of one LINSTOR resource definition.</summary>
public sealed record Resource(ResourceName Name)
{
    /// <summary>How long LINSTOR, or the last replica, takes at most to notice a dead node.</summary>
    private static readonly TimeSpan LongestNotice = TimeSpan.FromSeconds(12);

    /// <summary>False once LINSTOR has answered that it has no such definition.</summary>
    public bool Exists { get; private init; } = true;

    /// <summary>The effective quorum policy; null until LINSTOR was asked.</summary>
    public Quorum? Quorum { get; private init; }

    /// <summary>The nodes that used it, or were not heard of, while it had no quorum policy that fences: one turned on later may not have reached them.</summary>
    private ImmutableHashSet<NodeName> Unfenced { get; init; } = [];

    /// <summary>The nodes that have ever said whether they use it: what is silent there now is no replica that is just being created.</summary>
    private ImmutableHashSet<NodeName> Reporters { get; init; } = [];

    /// <summary>When it was first asked about with a quorum policy that fences, which it has had since; null if it has none now.</summary>
    private Instant? FencesSince { get; init; }

    /// <summary>Every replica that was ever heard of, those that are gone included.</summary>
    public ImmutableArray<Replica> Replicas { get; private init; } = [];

    /// <summary>One finding per replica.</summary>
    public ImmutableArray<Finding> Findings { get; private init; } = [];

    /// <summary>When the question behind the newest report was sent; null if there was none.</summary>
    public Instant? ReportedAt { get; private init; }

    /// <summary>When the stream last told something new; a repetition is nothing new.</summary>
    public Instant? ChangedAt { get; private init; }

    /// <summary>Whether the resource was seen to change from one known state to another.</summary>
    public bool SeenOtherwise { get; private init; }

    /// <summary>How many replicas have a vote; those that are gone may still believe they have one.</summary>
    public int Voters => Replicas.Count(replica => !replica.Diskless);

    /// <summary>Whether the newest report includes everything the stream said.</summary>
    public bool ReportIsCurrent => ReportedAt is { } reported && !(ChangedAt >= reported);

    /// <summary>Whether something is to be said of it: not every replica's user would be plainly well.</summary>
    public bool IsDubious => !Exists || Findings.Any(finding => finding.Objection is not HoldReason.Healthy);

    /// <summary>Whether LINSTOR has anything to say of it. What a definition leaves behind when it is deleted is silence.</summary>
    public bool IsHeardOf => Replicas.Any(replica => replica.Promotability != Promotability.Unknown);

    /// <summary>Whether the quorum policy proves that a node without quorum cannot write: it fences, and the node has heard of it.</summary>
    public bool Fences(NodeName node) => Quorum?.Fences(Voters) == true && !Unfenced.Contains(node);

    /// <summary>The finding for a node, or null if the resource was never seen there.</summary>
    public Finding? FindingFor(NodeName node) => Findings.FirstOrDefault(finding => finding.Node == node);

    /// <summary>Whether a replica of another node may take over.</summary>
    public bool HasRivalOf(NodeName node)
    {
        // Asked with every word of the stream, and after a start LINSTOR says them all.
        foreach (var replica in Replicas)
        {
            if (replica.Node != node && replica.MayTakeOver)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The stream said something of one replica.</summary>
    internal Resource Hear(NodeName node, Promotability said, Instant at)
    {
        var known = Replicas.FirstOrDefault(replica => replica.Node == node);
        if (known is { Gone: false } && known.Promotability == said)
        {
            return this; // LINSTOR repeats everything to everybody whenever anybody connects
        }

        var replica = (known ?? new Replica(node)) with { Promotability = said, Gone = false };
        return this with
        {
            Replicas = known is null ? Replicas.Add(replica) : Replicas.Replace(known, replica),
            Exists = true,
            ChangedAt = at,
            SeenOtherwise = SeenOtherwise || known is { Promotability: not Promotability.Unknown },
        };
    }

    /// <summary>LINSTOR answered a question about the resource.</summary>
    internal Resource Hear(ResourceReport report, ImmutableDictionary<NodeName, Satellite>? satellites)
    {
        if (report.AskedAt < ReportedAt)
        {
            return this; // a late answer to an older question
        }

        var replicas = report.Replicas.Select(replica => ChangedAt >= report.AskedAt ? AsTheStreamSaid(replica) : replica).ToList();
        replicas.AddRange(
            from known in Replicas
            where !replicas.Exists(replica => replica.Node == known.Node)
            select known with { Gone = true, Promotability = Promotability.Unknown, Usage = Usage.Unknown, Score = null, Connections = [] });

        return (this with
        {
            Exists = report.Exists,
            Quorum = report.Quorum,
            Replicas = [.. replicas],
            ReportedAt = report.AskedAt,
            SeenOtherwise = SeenOtherwise || replicas.Exists(Contradicts),
            Reporters = Reporters.Union(from replica in replicas where replica.Usage != Usage.Unknown select replica.Node),
        }).KeepFences(satellites, report.AskedAt);
    }

    /// <summary>Keeps account of the nodes that may go on without the quorum policy, because they have not heard of it.</summary>
    private Resource KeepFences(ImmutableDictionary<NodeName, Satellite>? satellites, Instant asked)
    {
        // While a resource is created it has no policy yet, and nobody uses it: whoever will hears of the policy first.
        if (Quorum?.Fences(Voters) != true)
        {
            var deaf = Replicas.Where(replica => replica.Usage == Usage.InUse || (replica.Usage == Usage.Unknown && !IsBeingCreated(replica)));
            return this with { FencesSince = null, Unfenced = Unfenced.Union(deaf.Select(replica => replica.Node)) };

            bool IsBeingCreated(Replica replica) => satellites?.GetValueOrDefault(replica.Node)?.State == SatelliteState.Online && (replica.Gone || !Reporters.Contains(replica.Node));
        }

        // What LINSTOR says of a node for a while may have been true before it turned the policy on.
        return asked - FencesSince >= LongestNotice
            ? this with { Unfenced = Unfenced.Except(Replicas.Where(replica => replica.Usage != Usage.Unknown).Select(replica => replica.Node)) }
            : this with { FencesSince = FencesSince ?? asked };
    }

    /// <summary>Works out every finding again; those that stand keep their time.</summary>
    internal Resource Reassess(ImmutableDictionary<NodeName, Satellite>? satellites, Instant at)
    {
        var findings = Replicas.Select(replica => Find(replica, satellites, at)).ToImmutableArray();
        return findings.SequenceEqual(Findings) ? this : this with { Findings = findings };
    }

    /// <summary>Moves the beginning of every loss, because no time counts in which LINSTOR could not be asked.</summary>
    internal Resource Pause(Instant from, Instant to) => this with
    {
        Findings = [.. Findings.Select(finding => finding with { Since = finding.Since.Past(from, to) })],
    };

    private Finding Find(Replica replica, ImmutableDictionary<NodeName, Satellite>? satellites, Instant at)
    {
        var (objection, witness) = StorageLoss.ObjectionTo(this, replica, satellites);
        var before = FindingFor(replica.Node);
        if (before is not null && (before.Objection == objection || (objection is null && IsBeingNoticed(before, at))))
        {
            return before with { Objection = objection, Witness = witness };
        }

        return new(replica.Node, objection, witness, at, AtFirstSight: !SeenOtherwise && before?.Objection is null or HoldReason.NotAskedYet);
    }

    // DRBD may notice a dead node before LINSTOR does, which meanwhile repeats that node's last words. The loss began with the former.
    private static bool IsBeingNoticed(Finding before, Instant at) => before.Objection is HoldReason.SideHasQuorum && at - before.Since < LongestNotice;

    // What the stream said after the question was sent is newer than the answer may be.
    private Replica AsTheStreamSaid(Replica reported) =>
        Replicas.FirstOrDefault(replica => replica.Node == reported.Node) is { Gone: false } known
            ? reported with { Promotability = known.Promotability }
            : reported;

    private bool Contradicts(Replica reported) => Replicas.Any(known =>
        known.Node == reported.Node && known.Promotability != Promotability.Unknown && known.Promotability != reported.Promotability);
}
