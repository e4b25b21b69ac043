using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Whether a consumer on one node has lost a resource: the clauses of docs/safety.md, one method each, by what LINSTOR alone says.</summary>
/// <remarks>Two clauses are missing here, because they ask for more: that the loss has lasted and that it was confirmed are the policy's.</remarks>
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
    /// <param name="own">What is known of the consumer's node.</param>
    /// <param name="view">Who speaks.</param>
    /// <param name="now">The present.</param>
    /// <param name="before">The assessment until now; null if there was none.</param>
    /// <param name="lost">The nodes that are known to have lost the resource, too.</param>
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

        // Any one of them is a proof; if none is, the first one's reason is told.
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
        NotSeparated(peer) ?? Defended(peer) ?? MayHaveQuorumElsewhere(peer) ?? (null, peer.Node);

    // Who does not have the resource cannot lose it, and where the consumer's own replica may promote, nobody uses it and the node is well: its pod is only starting or stopping. That, too,
    // may be repeated from the past.
    private (HoldReason, NodeName?)? HasNothingToLose() => _own switch
    {
        { Presence: Presence.Removed } => (HoldReason.NoLongerDeployed, _own.Node),
        { Presence: Presence.Missing } => Unknown(HoldReason.NoLongerDeployed, _own.Node), // removed, or lost with its node: the list of satellites will tell
        { MayPromote: { Current: true, Value: true } } when _ownSpeaks && !IsOutvoted() => (HoldReason.OwnReplicaMayPromote, _own.Node),
        _ => null,
    };

    // That the node keeps quorum by its own word, whoever else speaks; or that it may have it beside a peer that has it, too. It is ruled out by a peer that may promote, or by the node:
    // it has no quorum, or misses nobody. Until then, what was known of that stands.
    private bool? MayBothHaveQuorum(HoldReason? reason)
    {
        if (reason is null or HoldReason.OwnReplicaMayPromote || _own.Presence is Presence.Removed or Presence.Lost)
        {
            return false;
        }

        if (KeepsQuorumAlone())
        {
            return true;
        }

        if (reason is HoldReason.LinstorSilent or HoldReason.NoSuchResource)
        {
            return null;
        }

        if (_peers.Count > 0)
        {
            return _peers.TrueForAll(peer => _view.LinkFrom(peer, _own.Node) is not { Current: true, Value: true } && MayHaveQuorumElsewhere(peer) is not null);
        }

        // A node that repeats the past misses nobody either; so one that may take over unseen is not ruled out by that.
        var mayTakeOverUnseen = _others.Exists(other => !_view.Speaks(other) && other is { Diskless: false, MayPromote.Value: true });
        return _ownSpeaks && (_own.Score is { Current: true, Value: 0 } || !(_own.MissesPeer || mayTakeOverUnseen)) ? false : null;
    }

    private (HoldReason, NodeName?) Unknown(HoldReason reason, NodeName? by)
    {
        _isUnknown = true;
        return (reason, by);
    }

    // A promotable peer speaks, may promote, and has all data itself: DRBD lets a replica promote on the strength of a peer's disk, but what it knows then of the other side is the peer's.
    private bool IsPromotablePeer(Speaker other) =>
        _view.Speaks(other) && other is { Promotability: Promotability.MayPromote, Diskless: false, Score: { Current: true, Value: var score } } && IsUpToDate(score);

    // The score's ten thousands say that every volume has a disk, its hundreds how many of them are UpToDate.
    private bool IsUpToDate(int score) => score >= 10_000 && score / 100 % 100 >= Math.Min(99, _resource.VolumeCount);

    // Until the last of those that proved it fell silent, the loss was known. One that LINSTOR lists as away and that is not yet silent was known until it was last heard.
    private Instant? PeersSilentSince() => _others
        .Where(other => !_view.Speaks(other) && other is { Diskless: false, Leaving: false, MayPromote.Value: true, Score.Value: var score } && IsUpToDate(score))
        .Max(LastHeardAt);

    private static Instant? LastHeardAt(Speaker other) => other.IsSilent ? other.SilentSince : other.HeardAt;

    // No peer could take over. Why, depends on what the others say: nothing at all is not the same as no.
    private (HoldReason, NodeName?) NoPeer(List<Speaker> promotable)
    {
        // What speaks against the loss while the peer is silent, ends it; its silence alone may turn out to be short.
        if (promotable.Find(other => !_view.Speaks(other) && !other.Diskless) is { } silent)
        {
            var isTakenBack = _others.Exists(other => _view.Speaks(other) && other.MayPromote is { Current: true, Value: false } no && no.Since >= LastHeardAt(silent));
            return Defended(silent) is { Reason: { } reason, By: var by } ? (reason, by) : isTakenBack ? (HoldReason.NothingMayPromote, null) : (HoldReason.PeerSilent, silent.Node);
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

    // Without a policy that fences, "may promote" proves nothing of the other side; and one that was turned on while the node was away may not have reached it.
    private HoldReason? NotFenced() => _resource switch
    {
        { QuorumProperties: null } => HoldReason.QuorumPolicyUnknown,
        { Fences: false } => HoldReason.NoQuorumPolicy,
        _ => _resource.HasHeardOfPolicy(_own.HeardAt) ? null : HoldReason.NoQuorumPolicy,
    };

    // Another node that has it in use, has it rightly: unless a newer word of another node's use shows that this one is old, or that node has lost it itself.
    private NodeName? InUseElsewhere() => _others.Find(other => other.InUse is { Value: true }
        && !_lost.Contains(other.Node)
        && !_resource.Speakers.Any(newer => newer.Node != other.Node && newer.InUse is { Value: true } word && word.Since > other.NewsAt))?.Node;

    // The peer says that its link to the node is down. Where no link is reported, the node's satellite is away, or the node was declared lost and has taken its links with it.
    private (HoldReason? Reason, NodeName? By)? NotSeparated(Speaker peer) => _view.LinkFrom(peer, _own.Node) switch
    {
        { Current: true, Value: true } => (HoldReason.StillConnected, peer.Node),
        { Current: true, Value: false } => null,
        { Value: true } when _own.Presence != Presence.Lost => (HoldReason.NotKnownOffline, peer.Node), // it was up when it was last reported
        _ => _own.Presence == Presence.Lost || _linstor.StateOf(_own.Node) == SatelliteState.Offline ? null : (HoldReason.NotKnownOffline, peer.Node),
    };

    // By the members and the policy as the node last knew them: the node, together with every member that may be on its side, has no quorum. Members that were added since do
    // not count for the peer; members that were declared lost may be on the node's side. Of a node that no answer has ever told of, this process does not know which of the members on
    // the peer's side were added since: all but one may have been, which has kept the data.
    private (HoldReason? Reason, NodeName? By)? MayHaveQuorumElsewhere(Speaker peer)
    {
        if (_own.Memberships.IsEmpty)
        {
            return (HoldReason.MayHaveQuorum, _own.Node);
        }

        foreach (var known in _isOutvoted ? [.. _own.Memberships, .. _own.MembershipsAtNews] : _own.Memberships)
        {
            var members = _own.ReportedAt is null ? [.. known.Members.Where(member => member.Node == peer.Node || MayBeOnOwnSide(member.Node, peer))] : known.Members;
            if (QuorumPolicy.MayHaveQuorum(PolicyOf(known), members, member => MayBeOnOwnSide(member.Node, peer)) || MayRemember(known, peer))
            {
                return (HoldReason.MayHaveQuorum, _own.Node);
            }
        }

        return null;
    }

    // DRBD remembers who had lost quorum when it was last seen. A node that had quorum while it missed every other voter keeps it alone, with whoever else it loses. These voters can
    // have quorum again only with the node, or with a voter that it does not know.
    private bool MayRemember(Membership known, Speaker peer) => _own.Score is { Value: > 0 } score
        && _others.Exists(other => other is { Presence: Presence.Listed, Diskless: false } && !known.Members.Contains(new(other.Node, Votes: true)))
        && known.Members.All(member => !member.Votes || MayBeOnOwnSide(member.Node, peer) || (_view.LinkFrom(_own, member.Node) is { Value: false } link && link.Last == score.Last));

    private bool MayBeOnOwnSide(NodeName member, Speaker peer)
    {
        if (member == _own.Node)
        {
            return true;
        }

        // A member that was removed has told the node so, if it was connected to it: that helps the node keep its quorum. And one that was created anew is not the one that the node knows.
        var known = _resource.Find(member);
        if (known?.RecreatedAt > _own.HeardAt || (known?.Presence == Presence.Removed && _view.LinkFrom(known, _own.Node) is { Value: true }))
        {
            return true;
        }

        return member != peer.Node && known?.Presence != Presence.Removed && !AreConnected(peer, member);
    }

    // Both ends of a connection see the same, within seconds. Where they differ, one of them repeats the past: the connection counts if the word that it is up is the newer one.
    private bool AreConnected(Speaker peer, NodeName member)
    {
        var there = _resource.Find(member) is { } other && _view.Speaks(other) ? _view.LinkFrom(other, peer.Node) : null;
        return (_view.LinkFrom(peer, member), there) switch
        {
            ({ Current: true } near, { Current: true } far) when near.Value != far.Value => near.Value ? near.Since > far.Since : far.Since > near.Since,
            ({ Current: true, Value: true }, _) or (_, { Current: true, Value: true }) => true,
            _ => false,
        };
    }

    // Between the words of one satellite that repeats the past and of one that is right, nothing can be told: another speaker has to say that the node is gone, that no
    // Primary is in its reach either, or, as the node itself, that it has no quorum. A disk that has fallen behind is no second voice: it may have been outdated by the node,
    // through the very peer that repeats the past. Nor is one that has no quorum: it may be cut off itself, and the node may reach more than that one does.
    private bool IsCorroborated(NodeName peer) => (_ownSpeaks && _own.Score is { Current: true, Value: 0 })
        || _others.Exists(other => other.Node != peer && _view.Speaks(other)
            && (other.Promotability == Promotability.MayPromote || (_view.LinkFrom(other, _own.Node) is { Current: true, Value: false }
                && other.Score is { Current: true, Value: var score } && (other.Diskless ? score > 0 : IsUpToDate(score)))));

    private string? PolicyOf(Membership known) => known.IsPolicyKnown ? known.Policy : _resource.Policy;
}
