using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Whether a consumer on one node has lost a resource, by LINSTOR's reports alone. Each clause of docs/safety.md is one method.</summary>
/// <remarks>Two clauses are in the policy instead, because they need more: that the loss has lasted, and that it was confirmed.</remarks>
internal sealed partial class LossRule
{
    private readonly Resource _resource;
    private readonly Speaker _own;
    private readonly LinstorView _linstor;
    private readonly Instant _now;
    private readonly ResourceView _view;
    private readonly List<Speaker> _others;
    private readonly List<Speaker> _peers;
    private readonly bool _ownSpeaks;
    private readonly ImmutableArray<NodeName> _lost;
    private Instant? _reviewAt;
    private bool _isUnknown;
    private bool _isOutvoted;

    private LossRule(Resource resource, Speaker own, ResourceView view, Instant now, ImmutableArray<NodeName> lost)
    {
        (_resource, _own, _linstor, _now, _view, _lost) = (resource, own, view.Linstor, now, view, lost);
        _others = new(resource.Speakers.Length);
        foreach (var other in resource.Speakers)
        {
            if (other.Node != own.Node && other.Presence != Presence.Removed)
            {
                _others.Add(other);
            }
        }

        _peers = _others.FindAll(IsPromotablePeer);
        _ownSpeaks = view.Speaks(own);
    }

    /// <summary>Assesses a consumer on the node of one of the resource's speakers.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="own">The speaker on the consumer's node.</param>
    /// <param name="view">Which speakers speak.</param>
    /// <param name="now">The current instant.</param>
    /// <param name="before">The assessment until now; null if there was none.</param>
    /// <param name="lost">The nodes that are also known to have lost the resource.</param>
    public static LossAssessment Assess(Resource resource, Speaker own, ResourceView view, Instant now, LossAssessment? before, ImmutableArray<NodeName> lost)
    {
        var rule = new LossRule(resource, own, view, now, lost);
        var (reason, by) = rule.Reason();
        var next = new LossAssessment(own.Node, reason, by, now, AtFirstSight: !resource.SeenOtherwise)
        {
            ReviewAt = rule._reviewAt,
            IsCorroborated = reason is null && rule.IsCorroborated(by!.Value),
            MayBothHaveQuorum = rule.MayBothHaveQuorum(reason),
            IsChanging = rule.MayBeAboutToAdmit(),
        };
        Instant? silentSince = reason switch
        {
            HoldReason.LinstorSilent => view.Linstor.AnsweredAt ?? now,
            HoldReason.PeerSilent => rule.PeersSilentSince() ?? now,
            HoldReason.NobodySpeaks or HoldReason.NoSuchResource => now,
            _ => rule._isUnknown ? now : null,
        };
        return before is null ? next : before.Then(next, silentSince);
    }

    private (HoldReason? Reason, NodeName? By) Reason()
    {
        if (_resource.ReportedAt is null || _linstor.Satellites is null)
        {
            return (HoldReason.NotAskedYet, null);
        }

        if (!_linstor.IsSynced)
        {
            return (HoldReason.LinstorSilent, null);
        }

        if (!_resource.Exists)
        {
            return (HoldReason.NoSuchResource, null);
        }

        if (HasNothingToLose() is { } nothing)
        {
            return nothing;
        }

        var peers = _peers.FindAll(peer => !peer.Leaving);
        if (peers.Count == 0)
        {
            return NoPeer(_others.FindAll(other => !other.Leaving && other.MayPromote is { Value: true }));
        }

        peers.Sort(static (one, other) => one.Node.CompareTo(other.Node));

        if (NotFenced() is { } unfenced)
        {
            return (unfenced, peers[0].Node);
        }

        if (InUseElsewhere() is { } consumer)
        {
            return (HoldReason.InUseElsewhere, consumer);
        }

        // Any one peer is proof. If none is, report the first peer's reason.
        (HoldReason? Reason, NodeName? By)? first = null;
        foreach (var peer in peers)
        {
            var found = ReasonAgainst(peer);
            if (found.Reason is null)
            {
                return found;
            }

            first ??= found;
        }

        return first!.Value;
    }

    private (HoldReason? Reason, NodeName? By) ReasonAgainst(Speaker peer) =>
        NotSeparated(peer) ?? Contradicted(peer) ?? MayHaveQuorumElsewhere(peer) ?? (null, peer.Node);

    // A node without the resource cannot lose it. If the consumer's own replica may promote, the resource is unused and the node is well: its pod is only starting or stopping. This statement
    // may also be stale.
    private (HoldReason, NodeName?)? HasNothingToLose() => _own switch
    {
        { Presence: Presence.Removed } => (HoldReason.NoLongerDeployed, _own.Node),
        { Presence: Presence.Missing } => Unknown(HoldReason.NoLongerDeployed, _own.Node), // removed, or lost with its node: the list of satellites will show which
        { MayPromote: { Current: true, Value: true } } when _ownSpeaks && !IsOutvoted() => (HoldReason.OwnReplicaMayPromote, _own.Node),
        _ => null,
    };

    private (HoldReason, NodeName?) Unknown(HoldReason reason, NodeName? by)
    {
        _isUnknown = true;
        return (reason, by);
    }

    // A promotable peer speaks, may promote, and has all data itself. DRBD also lets a replica promote with a peer's disk, but then it knows of the other side only what that peer knows.
    private bool IsPromotablePeer(Speaker other) =>
        _view.Speaks(other) && other is { Promotability: Promotability.MayPromote, Diskless: false, Score: { Current: true, Value: var score } } && IsUpToDate(score);

    // The score's ten thousands say that every volume has a disk, its hundreds how many of them are UpToDate.
    private bool IsUpToDate(int score) => score >= 10_000 && score / 100 % 100 >= Math.Min(99, _resource.VolumeCount);

    // The loss was known until the last peer that proved it fell silent. A peer that LINSTOR lists as away, but that is not yet silent, proved it until it was last heard.
    private Instant? PeersSilentSince() => _others
        .Where(other => !_view.Speaks(other) && other is { Diskless: false, Leaving: false, MayPromote.Value: true, Score.Value: var score } && IsUpToDate(score))
        .Max(LastHeardAt);

    private static Instant? LastHeardAt(Speaker other) => other.IsSilent ? other.SilentSince : other.HeardAt;

    // No peer could take over. The reason depends on the other speakers: silence is not the same as "may not promote".
    private (HoldReason, NodeName?) NoPeer(List<Speaker> promotable)
    {
        // Counter-evidence while the peer is silent ends the loss. The peer's silence alone may turn out to be short.
        if (promotable.Find(other => !_view.Speaks(other) && !other.Diskless) is { } silent)
        {
            var isTakenBack = _others.Exists(other => _view.Speaks(other) && other.MayPromote is { Current: true, Value: false } no && no.Since >= LastHeardAt(silent));
            return Contradicted(silent) is { Reason: { } reason, By: var by } ? (reason, by) : isTakenBack ? (HoldReason.NothingMayPromote, null) : (HoldReason.PeerSilent, silent.Node);
        }

        if (promotable.Find(other => _view.Speaks(other) && other.Promotability == Promotability.MayPromote) is { } incomplete)
        {
            _isUnknown = incomplete is { Diskless: false, Score: not { Current: true } }; // the stream is faster than the answer that has the score
            return (HoldReason.NoUpToDatePeer, incomplete.Node);
        }

        if (_others.Find(other => _view.Speaks(other) && _view.LinkFrom(other, _own.Node) is { Current: true, Value: true }) is { } connected)
        {
            return (HoldReason.StillConnected, connected.Node);
        }

        return _others.Exists(other => _view.Speaks(other)) ? (HoldReason.NothingMayPromote, null) : (HoldReason.NobodySpeaks, null);
    }

    // Without a policy that fences, "may promote" proves nothing about the other side. A policy that was turned on while the node was away may not have reached it.
    private HoldReason? NotFenced() => _resource switch
    {
        { QuorumProperties: null } => HoldReason.QuorumPolicyUnknown,
        { Fences: false } => HoldReason.NoQuorumPolicy,
        _ => _resource.HasHeardOfPolicy(_own.HeardAt) ? null : HoldReason.NoQuorumPolicy,
    };

    // A use on another node is valid, unless a newer report of a use elsewhere shows that it is stale, or that node has lost the resource itself.
    private NodeName? InUseElsewhere() => _others.Find(other => other.InUse is { Value: true }
        && !_lost.Contains(other.Node)
        && !_resource.Speakers.Any(newer => newer.Node != other.Node && newer.InUse is { Value: true } word && word.Since > other.NewsAt))?.Node;

    // The peer must report its link to the node as down. If it reports no link, the node's satellite must be offline, or the node must have been declared lost, which removes its links.
    private (HoldReason? Reason, NodeName? By)? NotSeparated(Speaker peer) => _view.LinkFrom(peer, _own.Node) switch
    {
        { Current: true, Value: true } => (HoldReason.StillConnected, peer.Node),
        { Current: true, Value: false } => null,
        { Value: true } when _own.Presence != Presence.Lost => (HoldReason.NotKnownOffline, peer.Node), // it was up when it was last reported
        _ => _own.Presence == Presence.Lost || _linstor.StateOf(_own.Node) == SatelliteState.Offline ? null : (HoldReason.NotKnownOffline, peer.Node),
    };

    // A stale satellite and a correct one cannot be told apart. So another speaker must say that the node is gone or that it sees no Primary either, or the node itself must say that it has no
    // quorum. An outdated disk does not count: the node may have outdated it through the very peer that repeats stale state. A replica without quorum does not count either: it may be cut off
    // itself, and the node may reach more members than that replica does.
    private bool IsCorroborated(NodeName peer) => (_ownSpeaks && _own.Score is { Current: true, Value: 0 })
        || _others.Exists(other => other.Node != peer && _view.Speaks(other)
            && (other.Promotability == Promotability.MayPromote || (_view.LinkFrom(other, _own.Node) is { Current: true, Value: false }
                && other.Score is { Current: true, Value: var score } && (other.Diskless ? score > 0 : IsUpToDate(score)))));
}
